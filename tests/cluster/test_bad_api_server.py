"""The controller before a real API server behind a proxy that misbehaves: the tests of the node, to the letter.

An etcd and an API server are enough: no pod runs here. What visitors see meanwhile is `test_survival.py`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from core.cluster import InvalidError, _path
from tests.cluster.binaries import build_binaries
from tests.cluster.cluster import find_missing
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fault_proxy import Upstream
from tests.cluster.sandbox import Sandbox
from tests.integration.controller.disturbed import Quota
from tests.integration.controller.test_bad_api_server import *  # noqa: F403
from tests.integration.controller.test_foreign_limits import *  # noqa: F403
from tests.integration.controller.world import World

_COUNTED = "count/deployments.apps"


@pytest.fixture(scope="module")
def control_plane() -> Iterator[ControlPlane]:
    """An API server of the module's own."""
    if reason := find_missing():
        pytest.skip(reason)
    binaries, sandbox = build_binaries(), Sandbox()
    try:
        sandbox.open()
        control_plane = ControlPlane(sandbox, binaries)
        control_plane.start_bare()
        yield control_plane
    finally:
        sandbox.close()


@pytest.fixture
def direct(control_plane: ControlPlane) -> str:
    return f"kubeconfig:{control_plane.kubeconfig}"


@pytest.fixture
def upstream(control_plane: ControlPlane) -> Upstream:
    return Upstream.with_tls(control_plane.url, control_plane.authority, control_plane.token)


class DeploymentQuota:
    """A ResourceQuota of somebody else's. Who else counts, the controller manager, is not there: its status is ours."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def lower(self) -> None:
        await self._limit(1)
        async with asyncio.timeout(20):
            while not await self._refuses():
                await asyncio.sleep(0.05)  # there is no event of an admission's cache

    async def lift(self) -> None:
        await self._limit(10)

    async def _limit(self, most: int) -> None:
        namespace, hard = self._world.tenant.namespace, {_COUNTED: str(most)}
        metadata = {"name": "cap", "namespace": namespace}
        quota: dict[str, Any] = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata}
        await self._world.cluster.apply(quota | {"spec": {"hard": hard}})
        status = {"status": {"hard": hard, "used": {_COUNTED: "1"}}}
        path = _path("ResourceQuota", namespace, "cap") + "/status"
        await self._world.cluster._call("PATCH", path, {}, status, "application/merge-patch+json")

    async def _refuses(self) -> bool:
        """Is one more Deployment too many by now?"""
        found = await self._world.cluster.get("Deployment", self._world.tenant.namespace, "hello")
        assert found is not None
        metadata = {"name": "probe", "namespace": self._world.tenant.namespace}
        one_more = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": found["spec"]}
        try:
            await self._world.cluster.apply(one_more, dry_run=True)
        except InvalidError as error:
            return "exceeded quota" in error.message
        return False


@pytest.fixture
def quota(disturbed: World) -> Quota:
    return DeploymentQuota(disturbed)
