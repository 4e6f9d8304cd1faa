"""The Kubernetes of these tests: the one that PAAKS_TEST_KUBECONFIG names, else one of our own, else a skip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import KubernetesCluster, find_missing
from tests.cluster.demo import Clone
from tests.cluster.installation import Installation
from tests.conformance.conftest import cluster, tenant
from tests.integration.controller.disturbed import disturbed, proxy

__all__ = [
    "clone",
    "cluster",
    "disturbed",
    "installation",
    "kubernetes",
    "own_cluster",
    "proxy",
    "target",
    "tenant",
]


@pytest.fixture(scope="session")
def own_cluster() -> Iterator[KubernetesCluster]:
    """A cluster that these tests have started."""
    if reason := find_missing():
        pytest.skip(f"{reason}; or set PAAKS_TEST_KUBECONFIG")
    started = KubernetesCluster()
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def kubernetes(request: pytest.FixtureRequest) -> str:
    """The path of a kubeconfig with an administrator's rights."""
    if given := os.environ.get("PAAKS_TEST_KUBECONFIG"):
        return given
    return str(request.getfixturevalue("own_cluster").kubeconfig)


@pytest.fixture(scope="session")
def installation(own_cluster: KubernetesCluster) -> Installation:
    """PaaKS, installed and ready. Its images have no registry: only a cluster of one's own can be given them."""
    installation = Installation(own_cluster)
    installation.install()
    return installation


@pytest.fixture(scope="session")
def target(kubernetes: str) -> str:
    """Where the cluster is, as `Cluster.connect` wants it: in the place of the conformance suite's node."""
    return f"kubeconfig:{kubernetes}"


@pytest.fixture
def clone(installation: Installation, tmp_path: Path) -> Clone:
    """A fresh clone of the demo tenant's repository."""
    return Clone(tmp_path / "demo", installation)
