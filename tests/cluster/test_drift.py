"""What somebody else changes of a service on the cluster: how soon it is undone, who it was, and what is left alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from core.cluster import Cluster
from core.watch import follow
from tests.cluster.cluster import KubernetesCluster
from tests.cluster.demo import Clone, ask, namespace_of
from tests.cluster.installation import SYSTEM, Installation
from tests.cluster.sandbox import run

SERVICE = "drifting"
HANDLER = "def app(environ, start):\n    start('200 OK', [])\n    return [b'ok']\n"
_SECONDS = 30.0
Object = dict[str, Any]
Spec = tuple[int, str, list[str]]


@pytest.fixture
def namespace(installation: Installation, clone: Clone) -> str:
    """Where the service of these tests is live."""
    if not (clone.path / SERVICE).exists():
        clone.save({f"{SERVICE}/service.yaml": "public: true\n", f"{SERVICE}/handler.py": HANDLER})
        clone.push()
    return namespace_of(installation)


def read_spec(deployment: Object) -> Spec:
    """What is changed in these tests: replicas, the image, the names of the environment."""
    spec = deployment["spec"]
    [container] = spec["template"]["spec"]["containers"]
    return spec["replicas"], container["image"], sorted(variable["name"] for variable in container["env"])


@contextlib.asynccontextmanager
async def watching(cluster: KubernetesCluster, namespace: str) -> AsyncIterator[asyncio.Queue[tuple[float, Spec]]]:
    """Every state of the service's Deployment, with when it was seen."""
    seen: asyncio.Queue[tuple[float, Spec]] = asyncio.Queue()
    door = Cluster.connect(f"kubeconfig:{cluster.kubeconfig}")

    async def watch() -> None:
        selector = f"paaks.dev/service={SERVICE}"
        async for change in follow(door, "Deployment", namespace=namespace, selector=selector):
            if change.object is not None:
                seen.put_nowait((time.monotonic(), read_spec(change.object)))

    task = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.wait([task])
        await door.close()


async def find(seen: asyncio.Queue[tuple[float, Spec]], holds: Callable[[Spec], bool]) -> tuple[float, Spec]:
    """The first state for which something holds."""
    async with asyncio.timeout(_SECONDS):
        while True:
            at, spec = await seen.get()
            if holds(spec):
                return at, spec


def edit(cluster: KubernetesCluster, namespace: str, expression: str) -> None:
    """`kubectl edit deployment`, with sed(1) as the person."""
    command = [str(cluster.binaries / "kubectl"), f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}"]
    environment = os.environ | {"KUBE_EDITOR": f"sed -i {expression}"}
    subprocess.run([*command, "edit", f"deployment/{SERVICE}"], env=environment, check=True, capture_output=True)


async def test_an_edit_is_undone_within_a_second_and_told(
    own_cluster: KubernetesCluster, installation: Installation, namespace: str
) -> None:
    """RL-18: image, environment and replicas; the time is that between the two as a watch sees them."""
    took = {}
    async with watching(own_cluster, namespace) as seen:
        _, ours = await find(seen, lambda _: True)
        for what, expression in (
            ("image", "'s/image: .*/image: other:1/'"),
            ("env", "'s/name: PAAKS_TIMEOUT/name: WHO/'"),
            ("replicas", "'s/^  replicas: 1/  replicas: 3/'"),
        ):
            await asyncio.to_thread(edit, own_cluster, namespace, expression)
            changed, _ = await find(seen, lambda spec: spec != ours)
            undone, _ = await find(seen, lambda spec: spec == ours)
            took[what] = undone - changed
    print("undone after", {what: f"{seconds:.3f} s" for what, seconds in took.items()})
    drift = await asyncio.to_thread(lambda: ask(installation, f"services/{SERVICE}")["drift"])

    assert (drift["manager"], drift["reason"], drift["fields"]) == ("kubectl-edit", "Corrected", ["spec.replicas"])
    log = installation.kubectl("logs", "control-0", "--container=controller", namespace=SYSTEM)
    assert "spec.template.spec.containers[handler].image" in log
    assert statistics.median(took.values()) < 1.0
    assert max(took.values()) < 5.0  # the machine that runs these tests is shared


def scale_as_autoscaler(cluster: KubernetesCluster, namespace: str, replicas: int) -> None:
    """As KEDA and the HorizontalPodAutoscaler's controller do: `PUT …/scale`."""
    kubectl = (str(cluster.binaries / "kubectl"), f"--kubeconfig={cluster.kubeconfig}")
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{SERVICE}/scale?fieldManager=kube-controller-manager"
    scale = json.loads(run(*kubectl, "get", "--raw", path))
    scale["spec"] = {"replicas": replicas}
    put = [*kubectl, "replace", "--raw", path, "--filename=-"]
    subprocess.run(put, input=json.dumps(scale), text=True, check=True, capture_output=True)


@pytest.fixture
def autoscaler(installation: Installation, namespace: str) -> Iterator[None]:
    """A HorizontalPodAutoscaler for the service, as KEDA makes one."""
    installation.kubectl("autoscale", f"deployment/{SERVICE}", "--max=4", "--cpu-percent=80", namespace=namespace)
    yield
    installation.kubectl("delete", f"hpa/{SERVICE}", namespace=namespace)
    installation.kubectl("scale", f"deployment/{SERVICE}", "--replicas=1", namespace=namespace)


@pytest.mark.usefixtures("autoscaler")
async def test_an_autoscalers_replicas_are_left_alone_none_of_them_too(
    own_cluster: KubernetesCluster, namespace: str
) -> None:
    async with watching(own_cluster, namespace) as seen:
        await find(seen, lambda _: True)
        for replicas in (3, 0):
            await asyncio.to_thread(scale_as_autoscaler, own_cluster, namespace, replicas)
            await find(seen, lambda spec: spec[0] == replicas)  # noqa: B023 - awaited here
            # Something of the same Deployment that is undone: the pass that does it has seen the number too.
            await asyncio.to_thread(edit, own_cluster, namespace, "'s/image: .*/image: other:1/'")
            _, spoilt = await find(seen, lambda spec: spec[1] == "other:1")
            _, mended = await find(seen, lambda spec: spec[1] != "other:1")
            assert (spoilt[0], mended[0]) == (replicas, replicas)


async def test_a_persons_scale_to_nothing_is_undone(own_cluster: KubernetesCluster, namespace: str) -> None:
    """`kubectl scale` leaves the same trace as an autoscaler, but there is none for the service."""
    async with watching(own_cluster, namespace) as seen:
        await find(seen, lambda spec: spec[0] == 1)
        await asyncio.to_thread(scale_as_autoscaler, own_cluster, namespace, 0)
        await find(seen, lambda spec: spec[0] == 0)
        await find(seen, lambda spec: spec[0] == 1)
