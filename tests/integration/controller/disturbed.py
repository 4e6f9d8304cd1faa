"""A world whose controller reaches the cluster through a proxy that can misbehave, and what to wait for in it.

Behind the proxy is a real node; `tests/cluster` puts a real API server there. What has to come is what the cluster
holds: pods are no part of it. What does not live here: the faults (`tests/cluster/fault_proxy.py`), and the tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from controller.live_objects import tree_of
from controller.loop import Controller
from core import names
from core.commit import Put
from tests.cluster.fault_proxy import FaultProxy, Upstream
from tests.integration.controller.world import World, open_world
from tests.node_process import NodeProcess


@pytest.fixture
def direct(node: NodeProcess) -> str:
    """The way to the API server that is never disturbed, for the test itself."""
    return node.target


@pytest.fixture
def upstream(node: NodeProcess) -> Upstream:
    """The way to it that the proxy takes."""
    return Upstream.on_socket(node.socket)


@pytest.fixture
async def proxy(upstream: Upstream, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    made = FaultProxy(tmp_path / "api.sock", upstream)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def world(direct: str, proxy: FaultProxy, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A tenant, and a controller that reaches the cluster through the proxy alone."""
    async with open_world(direct, database_url, tmp_path) as made:
        made.settings = replace(made.settings, cluster=proxy.target, relist_seconds=3.0)
        yield made


def change(world: World, text: str, service: str = "hello", *, public: bool = False) -> str:
    """A push; the commit."""
    descriptor = b"public: true\n" if public else b""
    handler = f"class Handler:\n    def run(self, req):\n        return {text!r}\n"
    return world.commit(Put(f"{service}/service.yaml", descriptor), Put(f"{service}/handler.py", handler.encode()))


def find_trees(world: World, commit_id: str) -> dict[str, str | None]:
    """The short tree of every service at a commit."""
    entries = world.repository.tree(world.repository.root_of(commit_id))
    return {entry.name.decode(): names.short_tree(entry.oid) for entry in entries if entry.kind == "tree"}


async def wait_applied(world: World, commit_id: str, seconds: float = 60) -> None:
    """Until the cluster holds what a commit says."""
    wanted = find_trees(world, commit_id)
    found: dict[str, str | None] = {}
    try:
        async with asyncio.timeout(seconds):
            while found != wanted:
                await asyncio.sleep(0.02)
                deployments, _ = await world.cluster.list("Deployment", namespace=world.tenant.namespace)
                found = {deployment["metadata"]["name"]: tree_of(deployment) for deployment in deployments}
    except TimeoutError:
        raise AssertionError(f"{found} is not {wanted}") from None


async def wait_quiet(controller: Controller) -> None:
    """Until the controller has had nothing to do for a second."""
    quiet = 0
    async with asyncio.timeout(60):
        while quiet < 20:
            await asyncio.sleep(0.05)
            quiet = 0 if controller.queue._waiting or controller.queue._working else quiet + 1


def count_waiting(controller: Controller) -> int:
    """How many keys the controller's queue holds, in whatever way; no key is held twice in one way."""
    queue = controller.queue
    return len({*queue._waiting, *queue._working, *queue._again, *queue._timers, *queue._failures})


async def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)
