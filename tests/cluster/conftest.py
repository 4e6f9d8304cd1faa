"""The Kubernetes of these tests: the one that PAAKS_TEST_KUBECONFIG names, else one of our own, else a skip."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import KubernetesCluster, find_missing
from tests.conformance.conftest import cluster, tenant

__all__ = ["cluster", "kubernetes", "target", "tenant"]


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[str]:
    """The path of a kubeconfig with an administrator's rights."""
    if given := os.environ.get("PAAKS_TEST_KUBECONFIG"):
        yield given
        return
    if reason := find_missing():
        pytest.skip(f"{reason}; or set PAAKS_TEST_KUBECONFIG")
    started = KubernetesCluster()
    try:
        started.start()
        yield str(started.kubeconfig)
    finally:
        started.stop()


@pytest.fixture(scope="session")
def target(kubernetes: str) -> str:
    """Where the cluster is, as `Cluster.connect` wants it: in the place of the conformance suite's node."""
    return f"kubeconfig:{kubernetes}"
