"""What others do to a tenant's objects by right: another manager, an autoscaler, a quota (RL-18 and RL-19)."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import pytest

from controller.live_objects import tree_of
from core.cluster import _path
from tests.cluster.fault_proxy import Exchange, FaultProxy, forward
from tests.integration.controller.disturbed import (
    change,
    direct,
    find_trees,
    proxy,
    upstream,
    wait_applied,
    wait_quiet,
    wait_until,
    world,
)
from tests.integration.controller.world import World, running

__all__ = ["direct", "proxy", "upstream", "world"]
Object = dict[str, Any]


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


@pytest.fixture
def quota(world: World, proxy: FaultProxy) -> Quota:
    return RefusedDeployments(proxy)


async def test_rl_18_an_image_that_somebody_else_has_written_is_put_back_and_told(world: World) -> None:
    async with running(world) as controller:
        await wait_applied(world, str(world.repository.head()))
        before = await read_container(world)
        theirs = before | {"image": "theirs:1"}
        await patch(world, {"spec": {"template": {"spec": {"containers": [theirs]}}}}, "rival")
        async with asyncio.timeout(180):
            while await read_container(world) != before:
                await asyncio.sleep(0.02)
        await wait_until(lambda: "hello" in controller._memory(world.tenant.id).drifts.latest)
        drift = controller._memory(world.tenant.id).drifts.latest["hello"]["drift"]
        assert (drift["object"], drift["manager"]) == ("Deployment/hello", "rival")
        assert drift["fields"] == ["spec.template.spec.containers[handler].image"]


async def test_rl_18_replicas_of_an_autoscaler_are_not_fought_over(world: World) -> None:
    async with running(world) as controller:
        await wait_applied(world, str(world.repository.head()))
        await patch(world, {"spec": {"replicas": 2}}, "horizontal-pod-autoscaler")
        for text in ("one", "two"):
            await wait_applied(world, change(world, text))
            controller._memory(world.tenant.id).settled.clear()
            controller.queue.add(world.tenant.id)
            await wait_quiet(controller)
        found = await world.cluster.get("Deployment", world.tenant.namespace, "hello")
        assert found is not None
        assert found["spec"]["replicas"] == 2
        assert not controller._memory(world.tenant.id).drifts.latest


async def patch(world: World, fields: Object, manager: str) -> None:
    """Somebody else changes the Deployment."""
    path, query = _path("Deployment", world.tenant.namespace, "hello"), {"fieldManager": manager}
    await world.cluster._call("PATCH", path, query, fields, "application/merge-patch+json")


async def read_container(world: World) -> Object:
    found = await world.cluster.get("Deployment", world.tenant.namespace, "hello")
    assert found is not None
    [container] = found["spec"]["template"]["spec"]["containers"]
    return dict(container)


async def test_rl_19_what_a_quota_refuses_fails_by_name_and_comes_by_itself_when_the_quota_is_raised(
    world: World, quota: Quota
) -> None:
    async with running(world) as controller:
        await wait_applied(world, str(world.repository.head()))
        await wait_quiet(controller)
        before = find_trees(world, str(world.repository.head()))
        await quota.lower()
        last = change(world, "more", "more")
        release = await world.wait_for("more", last, "failed")
        assert release.reason == "QuotaExceeded"
        assert 'deployments.apps "more" is forbidden: exceeded quota: cap' in str(release.sentence)
        deployments, _ = await world.cluster.list("Deployment", namespace=world.tenant.namespace)
        assert {deployment["metadata"]["name"]: tree_of(deployment) for deployment in deployments} == before
        await quota.lift()
        await wait_applied(world, last)
        async with asyncio.timeout(60):
            while controller._memory(world.tenant.id).book.current["more"].reason == "QuotaExceeded":
                await asyncio.sleep(0.02)
