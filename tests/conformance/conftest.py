"""The cluster that the conformance suite asks: a real node, or the Kubernetes that PAAKS_TEST_KUBECONFIG names."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from core.cluster import Cluster
from tests.node_process import NodeProcess
from tests.tenant_objects import Tenant

KUBECONFIG = os.environ.get("PAAKS_TEST_KUBECONFIG")


@pytest.fixture(scope="session")
def target() -> Iterator[str]:
    """Where the cluster is, as `Cluster.connect` wants it."""
    if KUBECONFIG:
        yield f"kubeconfig:{KUBECONFIG}"
        return
    node = NodeProcess()
    try:
        node.start()
        yield node.target
    finally:
        node.remove()


@pytest.fixture
async def cluster(target: str) -> AsyncIterator[Cluster]:
    """A client of it."""
    cluster = Cluster.connect(target)
    yield cluster
    await cluster.close()


@pytest.fixture
async def tenant(cluster: Cluster) -> AsyncIterator[Tenant]:
    """A tenant with a namespace of its own, which goes when the test is over."""
    tenant = Tenant(cluster)
    await tenant.create()
    yield tenant
    await cluster.delete("Namespace", None, tenant.namespace)
