"""A world whose controller reaches the cluster through a proxy that can misbehave, and what to wait for in it.

Behind the proxy is what `upstream` is: a real node here, and in `tests/cluster` a real API server; `direct` is the way
around it. What has to come is what the cluster
holds: pods are no part of it. What does not live here: the faults (`tests/cluster/fault_proxy.py`), and the tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from controller.live_objects import tree_of
from controller.loop import Controller
from core import names
from core.commit import Put
from tests.cluster.fault_proxy import Exchange, FaultProxy, Upstream, forward
from tests.integration.controller.world import World, open_world


@pytest.fixture
async def proxy(upstream: Upstream, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    made = FaultProxy(tmp_path / "api.sock", upstream)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def disturbed(
    direct: str, proxy: FaultProxy, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """A tenant, and a controller that reaches the cluster through the proxy alone."""
    monkeypatch.setattr("core.watch._LIST_SHARE", 1)  # a slow machine must not make lists rare
    async with open_world(direct, database_url, tmp_path) as made:
        made.settings = replace(made.settings, cluster=proxy.target, relist_seconds=3.0)
        yield made


class Quota(Protocol):
    """What limits the tenant's Deployments to those that are there, beside our own quota."""

    async def lower(self) -> None: ...

    async def lift(self) -> None: ...


class RefusedDeployments:
    """The node counts pods alone: the proxy says what a real API server says of a third object."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy

    async def lower(self) -> None:
        self._proxy.fault = self._refuse_new

    async def lift(self) -> None:
        self._proxy.fault = forward

    @staticmethod
    async def _refuse_new(exchange: Exchange) -> None:
        if exchange.is_write and exchange.path.endswith("/deployments/more"):
            said = 'deployments.apps "more" is forbidden: exceeded quota: cap, requested: count/deployments.apps=1'
            await exchange.refuse(403, "Forbidden", message=said)
        else:
            await exchange.forward()


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
