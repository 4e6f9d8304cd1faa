"""What the controller's tests stand on: a real node for each module, and a world on it for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.fault_proxy import FaultProxy, Upstream
from tests.integration.controller.disturbed import Quota, RefusedDeployments, disturbed, proxy
from tests.integration.controller.world import World, open_world
from tests.node_process import NodeProcess

__all__ = ["direct", "disturbed", "proxy", "quota", "upstream", "world"]


@pytest.fixture
async def world(node: NodeProcess, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A tenant with a repository, on that node and a database of its own."""
    async with open_world(node.target, database_url, tmp_path) as made:
        yield made


@pytest.fixture
def direct(node: NodeProcess) -> str:
    """The way to the API server that is never disturbed, for the test itself."""
    return node.target


@pytest.fixture
def upstream(node: NodeProcess) -> Upstream:
    """The way to it that the proxy takes."""
    return Upstream.on_socket(node.socket)


@pytest.fixture
def quota(proxy: FaultProxy) -> Quota:
    """One Deployment and no more, where the node itself would count pods alone."""
    return RefusedDeployments(proxy)
