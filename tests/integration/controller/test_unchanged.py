"""What is unchanged costs the cluster nothing, counted at the API server's door: no write, and no read but the watches.

And what is new and large gives way: a tip that moves is not kept waiting until the one before it has been written.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.live_objects import KINDS
from controller.loop import Controller
from core import names
from core.commit import Put
from tests.cluster.fault_proxy import Exchange, FaultProxy, Upstream
from tests.integration.controller.world import World, open_world, running
from tests.node_process import NodeProcess

SERVICES = 200
MANY = 100  # more than are written side by side
HANDLER = b"class Handler:\n    def run(self, req):\n        return 'ok'\n"


@pytest.fixture
async def proxy(node: NodeProcess, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    """The door to the node; it counts, and disturbs nobody."""
    made = FaultProxy(tmp_path / "api.sock", Upstream.on_socket(node.socket))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def world(node: NodeProcess, proxy: FaultProxy, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A tenant whose controller reaches the node through that door alone."""
    async with open_world(node.target, database_url, tmp_path) as made:
        made.settings = replace(made.settings, cluster=proxy.target)
        yield made


def add_services(world: World, number: int) -> str:
    """A commit that adds so many services; its id."""
    files = {"service.yaml": b"", "handler.py": HANDLER}
    return world.commit(*(Put(f"s{n}/{name}", data) for n in range(number) for name, data in files.items()))


class Counted(Controller):
    """Says when a pass has come to its end without a failure."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.passed = asyncio.Event()

    async def _pass(self, key: str) -> bool:
        failed = await super()._pass(key)
        if not failed:
            self.passed.set()
        return failed

    async def compare_all(self, tenant: str) -> None:
        """Compare all of it with the cluster, as every ten minutes."""
        self._memory(tenant).settled.clear()
        self.passed.clear()
        self.queue.add(tenant)
        async with asyncio.timeout(60):
            await self.passed.wait()


def split(calls: list[Exchange]) -> tuple[list[str], list[str]]:
    """The paths of writes, and of reads that are no watches; the lease is no part of it."""
    told = [call for call in calls if "/leases/" not in call.path]
    return [c.path for c in told if c.is_write], [c.path for c in told if not c.is_write and not c.is_watch]


async def wait_for_deployments(world: World, number: int) -> None:
    async with asyncio.timeout(60):
        while len((await world.cluster.list("Deployment", namespace=world.tenant.namespace))[0]) < number:
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def controlled(world: World) -> AsyncIterator[Counted]:
    async with running(world, Counted) as controller:
        assert isinstance(controller, Counted)
        yield controller


async def test_many_unchanged_services_cost_no_write_and_no_read(
    world: World, proxy: FaultProxy, node: NodeProcess
) -> None:
    add_services(world, SERVICES)
    async with controlled(world) as controller:
        await wait_for_deployments(world, SERVICES + 1)
        await controller.compare_all(world.tenant.id)  # what was under way is done
        before = len(proxy.calls)
        for _ in range(3):
            await controller.compare_all(world.tenant.id)
        assert split(proxy.calls[before:]) == ([], [])
        held = controller._objects.of(world.tenant.namespace).values()
        assert not any("data" in obj for obj in held)  # the tenant's files are in git, not in memory
    before = len(proxy.calls)
    async with controlled(world) as controller:
        async with asyncio.timeout(60):
            await controller.passed.wait()
        await controller.compare_all(world.tenant.id)
    writes, reads = split(proxy.calls[before:])
    assert writes == []
    assert len(reads) == len(KINDS)  # each kind is listed once
    node.kill()  # and with it all those pods
    node.start()


async def test_a_tip_that_moves_is_not_kept_waiting_for_the_rest_of_the_one_before(
    world: World, proxy: FaultProxy
) -> None:
    add_services(world, MANY)
    last = f"s{MANY - 1}"
    moved: list[str] = []

    async def move(exchange: Exchange) -> None:
        if not moved and exchange.is_write and "/deployments/" in exchange.path:
            moved.append(world.commit(Put(f"{last}/handler.py", HANDLER + b"# newer\n")))
        await exchange.forward()

    proxy.fault = move
    async with running(world):
        await wait_for_deployments(world, MANY + 1)
    entry = world.repository.find(world.repository.root_of(moved[0]), last)
    assert entry is not None
    written = {call.path.rpartition("/")[2] for call in proxy.calls if call.is_write and f"/{last}-" in call.path}
    assert written == {names.config_map_name(last, entry.oid)}


async def test_what_is_lost_while_its_service_is_written_is_written_again(world: World, proxy: FaultProxy) -> None:
    namespace, lost = world.tenant.namespace, list[str]()

    async with controlled(world) as controller:

        async def lose(exchange: Exchange) -> None:
            if not lost and exchange.is_write and "/deployments/" in exchange.path:
                maps, _ = await world.cluster.list("ConfigMap", namespace=namespace)
                lost.extend(found["metadata"]["name"] for found in maps)
                for name in lost:
                    await world.cluster.delete("ConfigMap", namespace, name)
                while any(controller._objects.find(namespace, "ConfigMap", name) for name in lost):
                    await asyncio.sleep(0.01)  # until the controller has heard of it, in the middle of its pass
            await exchange.forward()

        proxy.fault = lose
        async with asyncio.timeout(30):
            while not lost or not all([await world.cluster.get("ConfigMap", namespace, name) for name in lost]):
                await asyncio.sleep(0.05)
