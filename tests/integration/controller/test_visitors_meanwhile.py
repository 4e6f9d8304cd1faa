"""RL-12 as visitors see it: a real dispatcher and a controller, both before an API server that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.cluster.fault_proxy import FaultProxy
from tests.dispatcher_process import DispatcherProcess
from tests.integration.controller.disturbed import change
from tests.integration.controller.world import World, running
from tests.integration.dispatcher.site import Answer, write


@pytest.fixture
async def door(disturbed: World, proxy: FaultProxy) -> AsyncIterator[DispatcherProcess]:
    """A dispatcher that knows the tenant; it reaches cluster and controller as in an installation."""
    door = DispatcherProcess(proxy.target)
    door.api.snapshot["tenants"] = {disturbed.tenant.slug: disturbed.tenant.id}
    await door.api.start()
    try:
        door.start(LINK=disturbed.settings.link)
        await door.wait_ready()
        yield door
        assert "Traceback" not in door.log.read_text()
    finally:
        door.remove()
        await door.api.stop()


async def test_rl_12_visitors_are_answered_throughout_and_get_the_last_push_afterwards(
    disturbed: World, proxy: FaultProxy, door: DispatcherProcess
) -> None:
    async def visit() -> Answer:
        return Answer(await door.exchange(write("GET", f"/~{disturbed.tenant.slug}/hello/")))

    statuses: list[int] = []
    over = asyncio.Event()

    async def keep_visiting() -> None:
        while not over.is_set():
            statuses.append((await visit()).status)
            await asyncio.sleep(0.01)

    async with running(disturbed):
        first = change(disturbed, "first", public=True)
        await disturbed.wait_for("hello", first, "live")
        visitor = asyncio.create_task(keep_visiting())
        await proxy.go_away()
        proxy.attempts.clear()
        for number in range(10):
            last = change(disturbed, f"push {number}", public=True)
            await asyncio.sleep(0.2)
        answer = await visit()
        assert (answer.status, answer.headers.get("paaks-revision")) == (200, first), answer.raw
        assert len(proxy.attempts) <= 100  # 50 a second, of controller and dispatcher together
        proxy.come_back()
        await disturbed.wait_for("hello", last, "live", seconds=60)
        async with asyncio.timeout(10):  # its name comes by another watch than its pods
            while (answer := await visit()).headers.get("paaks-revision") != last:
                assert answer.body == b"push 9"
        over.set()
        await visitor
    assert len(statuses) > 20
    assert set(statuses) == {200}
