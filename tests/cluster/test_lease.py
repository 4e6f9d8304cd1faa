"""RL-11 on Kubernetes: one installation per cluster; a second never applies, and the first goes on at once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.lease import NAME, HeldError, Lease, read_identity
from core.cluster import Cluster
from core.tenants import Tenants
from tests.cluster.cluster import KubernetesCluster
from tests.cluster.demo import Clone
from tests.cluster.installation import SYSTEM, Installation

PLACE = "lease-test"  # a namespace that is not there


@pytest.fixture
async def door(own_cluster: KubernetesCluster) -> AsyncIterator[Cluster]:
    """The cluster, with no lease at this test's place."""
    cluster = Cluster.connect(f"kubeconfig:{own_cluster.kubeconfig}")
    await cluster.delete("Lease", PLACE, NAME)
    yield cluster
    await cluster.close()


async def test_of_many_at_once_one_has_it(door: Cluster) -> None:
    leases = [Lease(door, f"installation {number}", PLACE) for number in range(8)]
    ends = await asyncio.gather(*(lease.acquire() for lease in leases), return_exceptions=True)
    [winner] = [number for number, end in enumerate(ends) if end is None]

    assert all(isinstance(end, HeldError) for number, end in enumerate(ends) if number != winner)
    assert f"another installation's: installation {winner}, since 20" in str(ends[winner - 1])
    await leases[winner].acquire()


async def test_whoever_has_it_takes_it_again_and_ends_when_it_is_anothers(door: Cluster) -> None:
    ours, theirs = Lease(door, "ours", PLACE), Lease(door, "theirs", PLACE)
    await ours.acquire()
    keeping = asyncio.create_task(ours.keep())
    try:
        await door.delete("Lease", PLACE, NAME)
        async with asyncio.timeout(20):
            while (found := await door.get("Lease", PLACE, NAME)) is None or not found.get("spec"):
                await asyncio.sleep(0.05)
        assert found["spec"]["holderIdentity"] == "ours"
        with pytest.raises(HeldError):
            await theirs.acquire()
        await door.patch(found, {"spec": {"holderIdentity": "theirs"}})
        with pytest.raises(HeldError, match="another installation's: theirs"):
            await asyncio.wait_for(keeping, 20)
        await theirs.acquire()
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


def test_an_installation_is_named_once(tmp_path: Path) -> None:
    assert read_identity(tmp_path) == read_identity(tmp_path)


async def test_a_second_installation_writes_nothing_and_names_the_first(
    own_cluster: KubernetesCluster, installation: Installation, database_url: str, tmp_path: Path
) -> None:
    """A controller on other data, with an administrator's kubeconfig: nothing but the lease is in its way."""
    tenant = await Tenants(tmp_path).create("intruder")
    environment = {
        "PATH": os.environ["PATH"],
        "PAAKS_DATA": str(tmp_path),
        "PAAKS_CLUSTER": f"kubeconfig:{own_cluster.kubeconfig}",
        "PAAKS_LINK": f"unix:{tmp_path}/link.sock",
        "PAAKS_DATABASE_URL": database_url,
    }
    command = [sys.executable, "-m", "controller"]
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )
    first = installation.kubectl(
        "exec", "control-0", "--container=controller", "--", "cat", "/data/paaks/installation", namespace=SYSTEM
    )

    assert done.returncode == 1
    assert f"this cluster is another installation's: {first.strip()}" in done.stderr
    assert read_identity(tmp_path) in done.stderr
    assert tenant.namespace not in {obj["metadata"]["name"] for obj in installation.list("namespaces", "default")}


def test_a_killed_controllers_replacement_goes_on_at_once(installation: Installation, clone: Clone) -> None:
    def find() -> dict[str, str]:
        [lease] = installation.list("leases", SYSTEM)
        spec: dict[str, str] = lease["spec"]
        return spec

    before = find()
    installation.kubectl("delete", "pod", "control-0", "--grace-period=0", "--force", namespace=SYSTEM)
    installation.kubectl("rollout", "status", "statefulset/control", "--timeout=180s", namespace=SYSTEM)
    clone.commit("after the lease's holder was killed")
    assert "live     hello" in clone.push()
    assert find() == before
