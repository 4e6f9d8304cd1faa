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
from dataclasses import dataclass
from typing import Any

import pytest

from core.cluster import Cluster
from core.watch import follow
from tests.cluster.cluster import KubernetesCluster
from tests.cluster.demo import Clone, ask, namespace_of
from tests.cluster.installation import SYSTEM, Installation

HANDLER = "def app(environ, start):\n    start('200 OK', [])\n    return [b'ok']\n"
_SECONDS = 30.0
Object = dict[str, Any]
Spec = tuple[int, str, list[str]]
Seen = asyncio.Queue[tuple[float, Spec]]


def read_spec(deployment: Object) -> Spec:
    """What is changed in these tests: replicas, the image, the names of the environment."""
    spec = deployment["spec"]
    [container] = spec["template"]["spec"]["containers"]
    return spec["replicas"], container["image"], sorted(variable["name"] for variable in container["env"])


@dataclass(frozen=True)
class Deployment:
    """A service's, live, and what others do with it."""

    cluster: KubernetesCluster
    namespace: str
    service: str

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[Seen]:
        """Every state of it, with when it was seen."""
        seen: Seen = asyncio.Queue()
        door = Cluster.connect(f"kubeconfig:{self.cluster.kubeconfig}")

        async def watch() -> None:
            selector = f"paaks.dev/service={self.service}"
            async for change in follow(door, "Deployment", namespace=self.namespace, selector=selector):
                if change.object is not None:
                    seen.put_nowait((time.monotonic(), read_spec(change.object)))

        task = asyncio.create_task(watch())
        try:
            yield seen
        finally:
            task.cancel()
            await asyncio.wait([task])
            await door.close()

    async def edit(self, expression: str) -> None:
        """`kubectl edit`, with sed(1) as the person."""
        await self._kubectl("edit", f"deployment/{self.service}", KUBE_EDITOR=f"sed -i {expression}")

    async def scale(self, replicas: int) -> None:
        """As KEDA and the HorizontalPodAutoscaler's controller do: `PUT …/scale`."""
        path = f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{self.service}/scale"
        scale = json.loads(await self._kubectl("get", "--raw", path))
        del scale["metadata"]["resourceVersion"]  # its status may move meanwhile
        scale["spec"] = {"replicas": replicas}
        path += "?fieldManager=kube-controller-manager"
        await self._kubectl("replace", "--raw", path, "--filename=-", text=json.dumps(scale))

    async def _kubectl(self, *arguments: str, text: str = "", **environment: str) -> str:
        program = str(self.cluster.binaries / "kubectl")
        command = [program, f"--kubeconfig={self.cluster.kubeconfig}", f"--namespace={self.namespace}", *arguments]
        done = await asyncio.to_thread(
            subprocess.run, command, input=text, env=os.environ | environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def deployment(
    own_cluster: KubernetesCluster, installation: Installation, clone: Clone, request: pytest.FixtureRequest
) -> Deployment:
    """Of a service of the test's own: what is fought over is put back slowly."""
    service = "-".join(request.node.name.split("_")[1:5])
    clone.save({f"{service}/service.yaml": "public: true\n", f"{service}/handler.py": HANDLER})
    clone.push()
    return Deployment(own_cluster, namespace_of(installation), service)


async def find(seen: Seen, holds: Callable[[Spec], bool]) -> tuple[float, Spec]:
    """The first state for which something holds."""
    async with asyncio.timeout(_SECONDS):
        while True:
            at, spec = await seen.get()
            if holds(spec):
                return at, spec


async def test_an_edit_is_undone_within_a_second_and_told(installation: Installation, deployment: Deployment) -> None:
    """RL-18: image, environment and replicas; the time is that between the two as a watch sees them."""
    took = {}
    async with deployment.watched() as seen:
        _, ours = await find(seen, lambda _: True)
        for what, expression in (
            ("image", "'s/image: .*/image: other:1/'"),
            ("env", "'s/name: PAAKS_TIMEOUT/name: WHO/'"),
            ("replicas", "'s/^  replicas: 1/  replicas: 3/'"),
        ):
            await deployment.edit(expression)
            changed, _ = await find(seen, lambda spec: spec != ours)
            undone, _ = await find(seen, lambda spec: spec == ours)
            took[what] = undone - changed
    print("undone after", {what: f"{seconds:.3f} s" for what, seconds in took.items()})
    drift = await asyncio.to_thread(lambda: ask(installation, f"services/{deployment.service}")["drift"])

    assert (drift["manager"], drift["reason"], drift["fields"]) == ("kubectl-edit", "Corrected", ["spec.replicas"])
    log = installation.kubectl("logs", "control-0", "--container=controller", namespace=SYSTEM)
    assert "spec.template.spec.containers[handler].image" in log
    assert statistics.median(took.values()) < 1.0
    assert max(took.values()) < 5.0  # the machine that runs these tests is shared


@pytest.fixture
def autoscaler(installation: Installation, deployment: Deployment) -> Iterator[None]:
    """A HorizontalPodAutoscaler for the service, as KEDA makes one."""
    name, namespace = deployment.service, deployment.namespace
    installation.kubectl("autoscale", f"deployment/{name}", "--max=4", "--cpu-percent=80", namespace=namespace)
    yield
    installation.kubectl("delete", f"hpa/{name}", namespace=namespace)


@pytest.mark.usefixtures("autoscaler")
async def test_an_autoscalers_replicas_are_left_alone_none_of_them_too(deployment: Deployment) -> None:
    async with deployment.watched() as seen:
        await find(seen, lambda _: True)
        for replicas in (3, 0):
            await deployment.scale(replicas)
            await find(seen, lambda spec: spec[0] == replicas)  # noqa: B023 - awaited here
            # Something of the same Deployment that is undone: the pass that does it has seen the number too.
            await deployment.edit("'s/image: .*/image: other:1/'")
            _, spoilt = await find(seen, lambda spec: spec[1] == "other:1")
            _, mended = await find(seen, lambda spec: spec[1] != "other:1")
            assert (spoilt[0], mended[0]) == (replicas, replicas)


async def test_a_persons_scale_to_nothing_is_undone(deployment: Deployment) -> None:
    """`kubectl scale` leaves the same trace as an autoscaler, but there is none for the service."""
    async with deployment.watched() as seen:
        await find(seen, lambda spec: spec[0] == 1)
        await deployment.scale(0)
        await find(seen, lambda spec: spec[0] == 0)
        await find(seen, lambda spec: spec[0] == 1)
