"""A service's log on a real node: real processes say something, restart and are replaced."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import aiohttp
import pytest

from api.log_lines import Filter, Line, make_filter
from api.pod_logs import Question, ServiceLogs
from core import tenants
from core.cluster import Cluster, Object
from tests.node_process import NodeProcess
from tests.tenant_objects import Tenant, ask, open_pod

TALKER = """
import os

print("imported {name}")


class Handler:
    def run(self, req):
        if req.path == "/die":
            print("dying")
            os._exit(3)
        print("said", req.path)
        return "ok"
"""
SECONDS = 30.0


def open_logs(tenant: Tenant, service: str = "hello") -> ServiceLogs:
    return ServiceLogs(tenant.cluster, tenants.Tenant(tenant.id, "test", "", ""), service)


def said(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


async def test_the_lines_of_all_pods_are_one_log_by_time(tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", TALKER.format(name="one"), replicas=2)
    await tenant.name_commit(tree)
    first, second = await tenant.wait_ready("hello", tree, 2)
    for number, pod in enumerate((first, second, first)):
        await ask(pod, f"/{number}")
    logs = open_logs(tenant)
    lines = await logs.read(Question(100))
    assert [text for text in said(lines) if text.startswith("said")] == ["said /0", "said /1", "said /2"]
    assert said(lines).count("imported one") == 2
    assert {line.pod.name for line in lines} == {pod["metadata"]["name"] for pod in (first, second)}
    assert {line.pod.commit for line in lines} == {"c" * 40}
    assert said(await logs.read(Question(1))) == ["said /2"]
    assert said(await logs.read(Question(1, filter=make_filter("info", "/0", None)))) == ["said /0"]
    assert said(await logs.read(Question(5, filter=make_filter("error", None, None)))) == []
    assert len(await logs.read(Question(100, since=3600))) == len(lines)
    assert await open_logs(tenant, "other").read(Question(100)) == []


async def test_following_goes_on_after_what_was_read(tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", TALKER.format(name="one"))
    (pod,) = await tenant.wait_ready("hello", tree)
    await ask(pod, "/before")
    logs = open_logs(tenant)
    assert said(await logs.read(Question(100)))[-1] == "said /before"
    async with asyncio.timeout(SECONDS), contextlib.aclosing(logs.follow(Filter())) as coming:
        for number in range(3):
            await ask(pod, f"/{number}")
            assert (await anext(coming)).text == f"said /{number}"


async def test_following_sees_the_pods_that_come_later(tenant: Tenant) -> None:
    old = await tenant.deploy("hello", TALKER.format(name="one"))
    await tenant.wait_ready("hello", old)
    logs = open_logs(tenant)
    await logs.read(Question(100))
    async with asyncio.timeout(SECONDS), contextlib.aclosing(logs.follow(make_filter(None, "i", None))) as coming:
        new = await tenant.deploy("hello", TALKER.format(name="two"))
        assert (await anext(coming)).text == "imported two"
        (pod,) = await tenant.wait_ready("hello", new)
        await ask(pod, "/die-not")
        assert (await anext(coming)).text == "said /die-not"


async def test_what_a_process_said_before_it_died_is_kept(tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", TALKER.format(name="one"))
    (pod,) = await tenant.wait_ready("hello", tree)
    logs = open_logs(tenant)
    seen = said(await logs.read(Question(100)))  # a pod may be ready before the first line of it has arrived
    async with asyncio.timeout(SECONDS), contextlib.aclosing(logs.follow(Filter())) as coming:
        await ask(pod, "/up")
        while "said /up" not in seen:
            seen.append((await anext(coming)).text)
        with contextlib.suppress(aiohttp.ClientError):
            await ask(pod, "/die")
        while len(seen) < 4:
            seen.append((await anext(coming)).text)
    assert seen == ["imported one", "said /up", "dying", "imported one"]
    previous = await open_logs(tenant).read(Question(100, previous=True))
    assert said(previous) == ["imported one", "said /up", "dying"]


async def test_what_a_replaced_pod_said_is_told_once_and_under_no_commit_of_its_successors(tenant: Tenant) -> None:
    old = await tenant.deploy("hello", TALKER.format(name="one"))
    await tenant.wait_ready("hello", old)
    new = await tenant.deploy("hello", TALKER.format(name="two"), replicas=2)
    await tenant.name_commit(new)
    pods = await tenant.wait_ready("hello", new, 2)
    for pod in pods:
        await ask(pod, "/now")
    async with asyncio.timeout(SECONDS):
        while len((await tenant.cluster.list("Pod", namespace=tenant.namespace))[0]) > 2:  # until the old one has gone
            await asyncio.sleep(0.05)
    previous = await open_logs(tenant).read(Question(100, previous=True))
    assert said(previous) == ["imported one"]
    assert {line.pod.commit for line in previous} == {None}


class HeldCluster(Cluster):
    """The node's, answering when it may: with a log that is followed from `may_follow` on, events from `may_watch`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked, self.may_follow, self.may_watch = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.lists = 0
        self.listed = asyncio.Event()

    async def list(self, *arguments: Any, **options: Any) -> Any:
        self.lists += 1
        if self.lists == 3:  # after that of the reader and that of the watch
            self.listed.set()
        return await super().list(*arguments, **options)

    async def logs(self, *arguments: Any, **options: Any) -> AsyncGenerator[bytes, None]:
        if options.get("follow"):
            self.asked.set()
            await self.may_follow.wait()
        async with contextlib.aclosing(super().logs(*arguments, **options)) as lines:
            async for line in lines:
                yield line

    async def stream(self, *arguments: Any, **options: Any) -> AsyncGenerator[Object, None]:
        async with contextlib.aclosing(super().stream(*arguments, **options)) as events:
            async for event in events:
                await self.may_watch.wait()
                yield event


@pytest.fixture
async def held(node: NodeProcess) -> AsyncIterator[HeldCluster]:
    cluster = HeldCluster.connect(node.target)
    assert isinstance(cluster, HeldCluster)
    yield cluster
    await cluster.close()


@pytest.mark.parametrize("first", ["log", "watch"])
async def test_a_restart_as_following_begins_loses_and_repeats_nothing(
    held: HeldCluster, tenant: Tenant, first: str
) -> None:
    """The log is asked for while the pod still runs, and answered when another container runs in it."""
    tree = await tenant.deploy("hello", TALKER.format(name="one"))
    (pod,) = await tenant.wait_ready("hello", tree)
    logs = ServiceLogs(held, tenants.Tenant(tenant.id, "test", "", ""), "hello")
    seen = said(await logs.read(Question(100)))
    async with asyncio.timeout(SECONDS), contextlib.aclosing(logs.follow(Filter())) as coming:
        next_line = asyncio.ensure_future(anext(coming))
        await held.asked.wait()
        await ask(pod, "/up")
        async with open_pod(pod) as session:
            with contextlib.suppress(aiohttp.ClientError):  # a GET would be sent again, and kill the next one too
                await session.post("/die")
        await tenant.wait("Pod", lambda pods: any(has_restarted(pod) for pod in pods))
        if first == "watch":
            held.may_watch.set()
        else:
            held.may_follow.set()
            await held.listed.wait()
        held.may_follow.set()
        held.may_watch.set()
        seen.append((await next_line).text)
        (pod,) = await tenant.wait_ready("hello", tree)
        await ask(pod, "/last")
        while seen[-1] != "said /last":
            seen.append((await anext(coming)).text)
    assert seen == ["imported one", "said /up", "dying", "imported one", "said /last"]


def has_restarted(pod: Object) -> bool:
    (status,) = pod["status"].get("containerStatuses") or [{}]
    return status.get("restartCount") == 1 and "running" in status.get("state", {})


async def test_a_follower_that_goes_away_leaves_nothing_behind(tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", TALKER.format(name="one"))
    await tenant.wait_ready("hello", tree)
    before = asyncio.all_tasks()
    logs = open_logs(tenant)
    await logs.read(Question(0))
    coming = logs.follow(Filter())
    waiting = asyncio.ensure_future(anext(coming))
    await asyncio.sleep(0.1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await coming.aclose()
    assert asyncio.all_tasks() == before
