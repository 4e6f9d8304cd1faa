"""What somebody else changes of ours, on a real node: put back, told with who and what, slowed where it is a fight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from core import link
from core.cluster import Cluster, _path
from tests.integration.controller.world import World, running

Object = dict[str, Any]


async def change(world: World, patch: Object, manager: str = "kubectl-edit", kind: str = "Deployment") -> Object:
    """A merge patch by somebody else."""
    path = _path(kind, world.tenant.namespace, "hello")
    return await world.cluster._call("PATCH", path, {"fieldManager": manager}, patch, "application/merge-patch+json")


async def wait_until(cluster: Cluster, world: World, holds: Callable[[Object], bool], seconds: float = 10) -> Object:
    async with asyncio.timeout(seconds):
        while True:
            found = await cluster.get("Deployment", world.tenant.namespace, "hello")
            if found is not None and holds(found):
                return found
            await asyncio.sleep(0.01)


class Listener:
    """An api that hears of drift."""

    def __init__(self, world: World) -> None:
        self.told: asyncio.Queue[link.Message] = asyncio.Queue()
        self._connection = link.Connection(world.settings.link_path, "api", "1", self._take, list)
        self._running = asyncio.create_task(self._connection.run())

    def _take(self, message: link.Message) -> None:
        if message["type"] == "drift":
            self.told.put_nowait(message)

    async def next(self) -> Object:
        async with asyncio.timeout(10):
            message = await self.told.get()
        assert message["service"] == "hello"
        drift: Object = message["drift"]
        return drift

    async def close(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)


@pytest.fixture
async def listener(world: World) -> AsyncIterator[Listener]:
    made = Listener(world)
    yield made
    await made.close()


async def test_a_change_is_put_back_and_told_with_who_and_what(world: World, listener: Listener) -> None:
    async with running(world):
        await world.wait_for("hello", str(world.repository.head()), "live")
        await change(world, {"spec": {"replicas": 0}})
        await wait_until(world.cluster, world, lambda found: found["spec"]["replicas"] == 1)
        drift = await listener.next()
        assert (drift["reason"], drift["manager"], drift["operation"]) == ("Corrected", "kubectl-edit", "Update")
        assert (drift["object"], drift["fields"]) == ("Deployment/hello", ["spec.replicas"])


async def test_a_change_of_metadata_alone_is_put_back(world: World, listener: Listener) -> None:
    async with running(world):
        await world.wait_for("hello", str(world.repository.head()), "live")
        await change(world, {"metadata": {"labels": {"app.kubernetes.io/part-of": "theirs"}}})
        drift = await listener.next()
        assert drift["fields"] == ["metadata.labels[app.kubernetes.io/part-of]"]


async def test_a_variable_that_somebody_adds_is_taken_out_again(world: World, listener: Listener) -> None:
    async with running(world):
        await world.wait_for("hello", str(world.repository.head()), "live")
        found = await wait_until(world.cluster, world, lambda _: True)
        (container,) = found["spec"]["template"]["spec"]["containers"]
        more = container | {"env": [*container["env"], {"name": "THEIRS", "value": "x"}]}
        await change(world, {"spec": {"template": {"spec": {"containers": [more]}}}})
        drift = await listener.next()
        assert drift["fields"] == ["spec.template.spec.containers[handler].env[THEIRS]"]
        again = await wait_until(world.cluster, world, lambda _: True)
        assert again["spec"]["template"]["spec"] == found["spec"]["template"]["spec"]


async def test_a_change_while_the_controller_was_away_is_put_back_though_values_are_the_same(
    world: World, listener: Listener
) -> None:
    async with running(world):
        await world.wait_for("hello", str(world.repository.head()), "live")
    for limit in (7, 2):
        await change(world, {"spec": {"revisionHistoryLimit": limit}}, "somebody")
    async with running(world):
        drift = await listener.next()
        assert (drift["manager"], drift["fields"]) == ("somebody", ["spec.revisionHistoryLimit"])


async def test_replicas_of_an_autoscaler_are_left_alone(world: World, listener: Listener) -> None:
    async with running(world) as controller:
        await world.wait_for("hello", str(world.repository.head()), "live")
        await change(world, {"spec": {"replicas": 2}}, "horizontal-pod-autoscaler")
        await change(world, {"spec": {"revisionHistoryLimit": 7}})
        found = await wait_until(world.cluster, world, lambda obj: obj["spec"]["revisionHistoryLimit"] == 2)
        assert found["spec"]["replicas"] == 2
        assert (await listener.next())["fields"] == ["spec.revisionHistoryLimit"]
        controller._memory(world.tenant.id).settled.clear()
        controller.queue.add(world.tenant.id)
        await change(world, {"spec": {"revisionHistoryLimit": 8}})
        assert (await listener.next())["fields"] == ["spec.revisionHistoryLimit"]
        assert (await wait_until(world.cluster, world, lambda _: True))["spec"]["replicas"] == 2


async def test_a_fight_is_told_as_contested_and_slowed(world: World, listener: Listener) -> None:
    async with running(world):
        await world.wait_for("hello", str(world.repository.head()), "live")
        told = []
        for limit in range(10, 15):
            await change(world, {"spec": {"revisionHistoryLimit": limit}}, "rival")
            told.append(await listener.next())
        assert [drift["reason"] for drift in told] == [*["Corrected"] * 4, "Contested"]
        assert (told[-1]["manager"], told[-1]["pause"]) == ("rival", 2.0)
        await change(world, {"spec": {"revisionHistoryLimit": 20}}, "rival")
        await asyncio.sleep(0.5)
        assert (await wait_until(world.cluster, world, lambda _: True))["spec"]["revisionHistoryLimit"] == 20
        last = await listener.next()  # by itself, after the pause
        assert (last["reason"], last["pause"]) == ("Contested", 4.0)


async def test_a_deploy_is_no_drift(world: World, listener: Listener) -> None:
    async with running(world):
        await world.wait_for("hello", str(world.repository.head()), "live")
        second = world.commit_handler(b"class Handler:\n    def run(self, req):\n        return 'two'\n")
        await world.wait_for("hello", second, "live")
        assert listener.told.empty()
