"""The controller before an API server that is away, overloaded, broken or forgetful (RL-12…16 of the threat model).

Behind the proxy is a real node; `tests/cluster` asks the same of a real API server. What has to come is what the
cluster holds: pods are no part of it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import aiohttp
import pytest

from controller.live_objects import KINDS
from controller.loop import Controller
from core import names
from core.cluster import Cluster
from core.watch import follow
from tests.cluster import fault_proxy
from tests.cluster.fault_proxy import Exchange, Fault, FaultProxy, forward, on_lists, on_watches, refuse, some
from tests.integration.controller.disturbed import (
    change,
    count_waiting,
    find_trees,
    wait_applied,
    wait_quiet,
    wait_until,
)
from tests.integration.controller.world import World, running

SOAK = bool(os.environ.get("SOAK"))
GRACE = 0.1  # seconds in which what was under way may still come
Rounds = Callable[[int], int]


def list_written(proxy: FaultProxy, since: float) -> set[str]:
    """The names of the ConfigMaps that were written after a time, one for each revision."""
    return {
        call.path.rpartition("/")[2]
        for call in proxy.calls
        if call.method == "PATCH" and "/configmaps/" in call.path and call.arrived >= since
    }


async def test_rl_12_pushes_while_nobody_answers_are_one_entry_and_the_last_one_is_applied(
    disturbed: World, proxy: FaultProxy, rounds: Rounds
) -> None:
    pushes, pause = rounds(100), 6.0 if SOAK else 0.4
    async with running(disturbed) as controller:
        await wait_applied(disturbed, str(disturbed.repository.head()))
        await wait_quiet(controller)
        await proxy.go_away()
        proxy.attempts.clear()
        began = time.monotonic()
        for number in range(pushes):
            last = change(disturbed, f"push {number}")
            controller._take_hint(disturbed.tenant.id, {"type": "moved", "commit": last})
            await asyncio.sleep(pause)
            assert count_waiting(controller) <= 1  # one tenant
        took = time.monotonic() - began
        assert 0 < len(proxy.attempts) <= 50 * took
        assert len(controller._memory(disturbed.tenant.id).origins) <= 500
        proxy.come_back()
        back = time.monotonic()
        await wait_applied(disturbed, last)
        entry = disturbed.repository.find(disturbed.repository.root_of(last), "hello")
        assert entry is not None
        assert list_written(proxy, back) == {
            names.config_map_name("hello", entry.oid)
        }  # what was pushed in between is not even written


async def test_rl_12_a_long_pause_ends_when_the_api_server_is_back(disturbed: World, proxy: FaultProxy) -> None:
    disturbed.settings = replace(disturbed.settings, retry_seconds=600.0, poll_seconds=600.0)
    async with running(disturbed) as controller:
        await wait_applied(disturbed, str(disturbed.repository.head()))
        await wait_quiet(controller)
        await proxy.go_away()
        last = change(disturbed, "meanwhile")
        controller.queue.add(disturbed.tenant.id)
        async with asyncio.timeout(20):
            while not controller.queue._failures:
                await asyncio.sleep(0.02)
        controller.queue.done(disturbed.tenant.id, failed=True, delay=600.0)
        proxy.come_back()
        await wait_applied(disturbed, last, seconds=20)


async def test_rl_13_nobody_comes_sooner_than_the_api_server_asked(disturbed: World, proxy: FaultProxy) -> None:
    asked, length = (5, 60) if SOAK else (1, 4)
    async with running(disturbed) as controller:
        await wait_applied(disturbed, str(disturbed.repository.head()))
        proxy.fault = refuse(429, "TooManyRequests", retry_after=asked)
        await proxy.break_all()
        proxy.calls.clear()
        end = time.monotonic() + length
        while time.monotonic() < end:
            last = change(disturbed, str(end - time.monotonic()))
            controller.queue.add(disturbed.tenant.id)
            await asyncio.sleep(0.1)
        proxy.fault = forward
        await wait_applied(disturbed, last)
    told = [call for call in proxy.calls if call.status == 429]
    assert told
    for call in told:
        assert call.ended is not None
        early = [o for o in proxy.calls if call.ended + GRACE < o.arrived < call.ended + asked]
        assert not early, [(o.method, o.target, o.arrived - call.ended) for o in early]


async def test_rl_13_clients_that_were_told_the_same_come_at_different_times(proxy: FaultProxy) -> None:
    clients = [Cluster.connect(proxy.target) for _ in range(6)]

    async def list_once(client: Cluster) -> None:
        async for seen in follow(client, "Namespace", selector="a=b"):
            if seen.type == "synced":
                return

    async def refuse_first(exchange: Exchange) -> None:
        first = len(proxy.calls) <= len(clients)
        await (refuse(429, "TooManyRequests", retry_after=1) if first else forward)(exchange)

    proxy.fault = refuse_first
    async with asyncio.timeout(20):
        await asyncio.gather(*map(list_once, clients))
    again = sorted(call.arrived for call in proxy.calls if call.status == 200 and not call.is_watch)
    assert len(again) == len(clients)
    assert again[-1] - again[0] > 0.02
    for client in clients:
        await client.close()


async def test_rl_14_with_every_fifth_call_failing_everything_comes_and_nothing_twice(
    disturbed: World, proxy: FaultProxy, rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.cluster._CALL", aiohttp.ClientTimeout(total=1.0, sock_connect=1.0))
    internal, unavailable = refuse(500, "InternalError"), refuse(503, "ServiceUnavailable")
    broken = (fault_proxy.reset, fault_proxy.reset_in_answer, fault_proxy.drop_answer, fault_proxy.hang)
    async with running(disturbed) as controller:
        await wait_applied(disturbed, str(disturbed.repository.head()))
        proxy.fault = some(0.2, internal, unavailable, *broken)
        for number in range(rounds(60)):
            change(disturbed, f"one {number}", f"s{number % 4}")
            last = change(disturbed, f"two {number}")
            await asyncio.sleep(5.0 if SOAK else 0.2)
        await wait_applied(disturbed, last, seconds=120)
        proxy.fault = forward
        await wait_no_garbage(disturbed, controller, last)
    failed = [call for call in proxy.calls if call.status is None or call.status >= 500]
    assert [call for call in failed if not call.is_watch]


async def wait_no_garbage(world: World, controller: Controller, commit_id: str, seconds: float = 60) -> None:
    """Until full passes have left one Service and one Deployment for each service, and at most two ConfigMaps."""
    once = dict.fromkeys(find_trees(world, commit_id), 1)
    counts: dict[str, Counter[str]] = {}

    async def count(kind: str) -> Counter[str]:
        items, _ = await world.cluster.list(kind, namespace=world.tenant.namespace, selector=names.MANAGED)
        return Counter(str(names.label_of(item, names.LABEL_SERVICE)) for item in items)

    try:
        async with asyncio.timeout(seconds):
            while not counts or max(counts["ConfigMap"].values()) > 2:
                controller._memory(world.tenant.id).settled.clear()
                controller.queue.add(world.tenant.id)
                await asyncio.sleep(0.2)
                counts = {kind: await count(kind) for kind in ("ConfigMap", "Service", "Deployment")}
    except TimeoutError:
        raise AssertionError(f"what is there: {counts}") from None
    assert (counts["Service"], counts["Deployment"], counts["ConfigMap"].keys()) == (once, once, once.keys())


FORGETFUL = {
    "410 at connect": on_watches(refuse(410, "Expired")),
    "410 in the stream": on_watches(fault_proxy.expire_in_stream),
    "cut in the middle of an event": on_watches(fault_proxy.cut_in_event),
    "only bookmarks": on_watches(fault_proxy.swallow_events),
}


@pytest.mark.parametrize("fault", FORGETFUL.values(), ids=FORGETFUL.keys())
async def test_rl_16_a_deletion_that_a_broken_watch_has_missed_is_repaired(
    disturbed: World, proxy: FaultProxy, fault: Fault
) -> None:
    await miss_a_deletion(disturbed, proxy, fault)


async def test_rl_16_a_list_that_has_expired_is_begun_again(disturbed: World, proxy: FaultProxy) -> None:
    """As where the token of its next page is no longer kept."""

    async def expire(exchange: Exchange) -> None:
        await (on_watches if exchange.is_watch else on_lists)(refuse(410, "Expired"))(exchange)

    await miss_a_deletion(disturbed, proxy, expire)


async def miss_a_deletion(disturbed: World, proxy: FaultProxy, fault: Fault) -> None:
    async with running(disturbed):
        await wait_applied(disturbed, str(disturbed.repository.head()))
        before = await disturbed.cluster.get("Service", disturbed.tenant.namespace, "hello")
        assert before is not None
        proxy.fault, calls = fault, len(proxy.calls)
        await proxy.break_all()
        await wait_until(lambda: any(call.is_watch for call in proxy.calls[calls:]))
        await disturbed.cluster.delete("Service", disturbed.tenant.namespace, "hello")
        await asyncio.sleep(1.0)
        proxy.fault = forward
        mended = time.monotonic()
        async with asyncio.timeout(180):
            while True:
                found = await disturbed.cluster.get("Service", disturbed.tenant.namespace, "hello")
                if found is not None and found["metadata"]["uid"] != before["metadata"]["uid"]:
                    break
                await asyncio.sleep(0.02)
        await wait_until(lambda: len(list_watched(proxy)) == len(KINDS), 10 - min(9.0, time.monotonic() - mended))


def list_watched(proxy: FaultProxy) -> set[str]:
    """What is being watched now."""
    return {call.path for call in proxy.calls if call.is_watch and call.ended is None and call.status == 200}


async def test_rl_16_a_version_that_is_never_kept_is_no_busy_loop(disturbed: World, proxy: FaultProxy) -> None:
    async with running(disturbed):
        await wait_applied(disturbed, str(disturbed.repository.head()))
        proxy.fault = on_watches(refuse(410, "Expired"))
        await proxy.break_all()
        proxy.calls.clear()
        await asyncio.sleep(4)
        for kind in ("pods", "deployments"):
            lists = [call.arrived for call in proxy.calls if call.path.endswith(kind) and not call.is_watch]
            assert 2 <= len(lists) <= 20
            assert max(later - before for before, later in pairwise(lists)) < 3
