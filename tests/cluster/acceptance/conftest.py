"""The platform of the acceptance tests, where it is the installation on Kubernetes.

What is marked `embedded` is about `paaks up` itself, and is left out.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import pytest_runtest_makereport
from tests.cluster.cluster import KubernetesCluster
from tests.cluster.installation import Installation
from tests.cluster.installed_platform import InstalledPlatform

__all__ = ["fresh_platform", "platform", "pytest_runtest_makereport", "service_name"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is asked of the embedded platform alone."""
    out = [item for item in items if item.path.parent == Path(__file__).parent and item.get_closest_marker("embedded")]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="session")
def platform(own_cluster: KubernetesCluster, installation: Installation) -> Iterator[InstalledPlatform]:
    """The installation, as the tenant `demo` has it."""
    with contextlib.closing(InstalledPlatform(own_cluster, installation)) as installed:
        yield installed


@pytest.fixture
def fresh_platform(own_cluster: KubernetesCluster, installation: Installation) -> Iterator[InstalledPlatform]:
    """The same installation, and a new tenant of it."""
    with contextlib.closing(InstalledPlatform(own_cluster, installation, is_own=True)) as installed:
        yield installed


@pytest.fixture
def service_name(platform: InstalledPlatform) -> Iterator[str]:
    """A name that no other test uses; what is called so goes when the test is over, for the node is small."""
    name = f"svc-{secrets.token_hex(4)}"
    yield name
    platform.remove_services(name)
