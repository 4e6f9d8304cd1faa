"""A service's log on a real node: real processes say something, restart and are replaced."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from api.log_lines import Filter, Line, make_filter
from api.pod_logs import Question, ServiceLogs
from core import names, tenants
from core.cluster import Cluster
from tests.node_process import NodeProcess
from tests.tenant_objects import Tenant, ask

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


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    process = NodeProcess()
    try:
        process.start()
        yield process
    finally:
        process.remove()


@pytest.fixture
async def tenant(node: NodeProcess) -> AsyncIterator[Tenant]:
    cluster = Cluster.connect(node.target)
    made = Tenant(cluster)
    await made.create()
    yield made
    await cluster.close()


def open_logs(tenant: Tenant, service: str = "hello") -> ServiceLogs:
    return ServiceLogs(tenant.cluster, tenants.Tenant(tenant.id, "test", "", ""), service)


async def name_commit(tenant: Tenant, tree: str) -> None:
    """Write on the Service which commit a tree is of, as the controller does."""
    service = await tenant.cluster.get("Service", tenant.namespace, "hello")
    assert service is not None
    metadata = {key: service["metadata"][key] for key in ("name", "namespace", "labels")}
    metadata["annotations"] = {names.ANNOTATION_COMMITS: json.dumps({tree: "c" * 40})}
    spec = {key: service["spec"][key] for key in ("clusterIP", "selector", "ports")}
    await tenant.cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


def said(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


async def test_the_lines_of_all_pods_are_one_log_by_time(tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", TALKER.format(name="one"), replicas=2)
    await name_commit(tenant, tree)
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
