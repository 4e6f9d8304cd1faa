"""What others do to a tenant's objects by right: another manager, an autoscaler, a quota (RL-18 and RL-19)."""

from __future__ import annotations

import asyncio
from typing import Any

from controller.live_objects import tree_of
from core.cluster import _path
from tests.integration.controller.disturbed import (
    Quota,
    change,
    find_trees,
    wait_applied,
    wait_quiet,
    wait_until,
)
from tests.integration.controller.world import World, running

Object = dict[str, Any]


async def test_rl_18_an_image_that_somebody_else_has_written_is_put_back_and_told(disturbed: World) -> None:
    async with running(disturbed) as controller:
        await wait_applied(disturbed, str(disturbed.repository.head()))
        before = await read_container(disturbed)
        theirs = before | {"image": "theirs:1"}
        await patch(disturbed, {"spec": {"template": {"spec": {"containers": [theirs]}}}}, "rival")
        async with asyncio.timeout(180):
            while await read_container(disturbed) != before:
                await asyncio.sleep(0.02)
        await wait_until(lambda: "hello" in controller._memory(disturbed.tenant.id).drifts.latest)
        drift = controller._memory(disturbed.tenant.id).drifts.latest["hello"]["drift"]
        assert (drift["object"], drift["manager"]) == ("Deployment/hello", "rival")
        assert drift["fields"] == ["spec.template.spec.containers[handler].image"]


async def test_rl_18_replicas_of_an_autoscaler_are_not_fought_over(disturbed: World) -> None:
    async with running(disturbed) as controller:
        await wait_applied(disturbed, str(disturbed.repository.head()))
        await patch(disturbed, {"spec": {"replicas": 2}}, "horizontal-pod-autoscaler")
        for text in ("one", "two"):
            await wait_applied(disturbed, change(disturbed, text))
            controller._memory(disturbed.tenant.id).settled.clear()
            controller.queue.add(disturbed.tenant.id)
            await wait_quiet(controller)
        found = await disturbed.cluster.get("Deployment", disturbed.tenant.namespace, "hello")
        assert found is not None
        assert found["spec"]["replicas"] == 2
        assert not controller._memory(disturbed.tenant.id).drifts.latest


async def patch(disturbed: World, fields: Object, manager: str) -> None:
    """Somebody else changes the Deployment."""
    path, query = _path("Deployment", disturbed.tenant.namespace, "hello"), {"fieldManager": manager}
    await disturbed.cluster._call("PATCH", path, query, fields, "application/merge-patch+json")


async def read_container(disturbed: World) -> Object:
    found = await disturbed.cluster.get("Deployment", disturbed.tenant.namespace, "hello")
    assert found is not None
    [container] = found["spec"]["template"]["spec"]["containers"]
    return dict(container)


async def test_rl_19_what_a_quota_refuses_fails_by_name_and_comes_by_itself_when_the_quota_is_raised(
    disturbed: World, quota: Quota
) -> None:
    async with running(disturbed) as controller:
        await wait_applied(disturbed, str(disturbed.repository.head()))
        await wait_quiet(controller)
        before = find_trees(disturbed, str(disturbed.repository.head()))
        await quota.lower()
        last = change(disturbed, "more", "more")
        release = await disturbed.wait_for("more", last, "failed")
        assert release.reason == "QuotaExceeded"
        assert 'deployments.apps "more" is forbidden: exceeded quota: cap' in str(release.sentence)
        deployments, _ = await disturbed.cluster.list("Deployment", namespace=disturbed.tenant.namespace)
        assert {deployment["metadata"]["name"]: tree_of(deployment) for deployment in deployments} == before
        await quota.lift()
        await wait_applied(disturbed, last)
