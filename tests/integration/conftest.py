"""A real node for a module of tests, a client of it, and a tenant of one's own, for who asks for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.cluster import Cluster
from tests.node_process import NodeProcess, running_node
from tests.tenant_objects import Tenant


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    """A node that is there for a module."""
    with running_node() as node:
        yield node


@pytest.fixture
async def cluster(node: NodeProcess) -> AsyncIterator[Cluster]:
    """A client of the module's node."""
    cluster = Cluster.connect(node.target)
    yield cluster
    await cluster.close()


@pytest.fixture
async def tenant(cluster: Cluster) -> AsyncIterator[Tenant]:
    """A tenant with a namespace of its own, which goes when the test is over."""
    tenant = Tenant(cluster)
    await tenant.create()
    yield tenant
    await cluster.delete("Namespace", None, tenant.namespace)
