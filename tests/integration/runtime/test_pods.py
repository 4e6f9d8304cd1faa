"""The lives of pods, with real processes: crashes and how long they wait, deletion and its grace, files and sockets."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from core import health, names
from core.cluster import Cluster
from runtime.node import kinds
from runtime.node.backoff import BackoffSettings
from runtime.node.deployments import Deployments
from runtime.node.events import Events
from runtime.node.kinds import Object
from runtime.node.logs import Logs
from runtime.node.namespaces import Namespaces
from runtime.node.objects import Preconditions, Store
from runtime.node.pods import Pods, PodSettings
from runtime.node.processes import Processes
from runtime.node.volumes import Volumes
from tests.node_process import RUNTIME_PYTHON, is_running
from tests.tenant_objects import SECONDS, Tenant, ask, handler, open_pod

FAST = PodSettings(drain=0.05, backoff=BackoffSettings(first=0.2, longest=0.8, spread=0))
BROKEN = "raise RuntimeError('broken')\n"


class Machine:
    """A node without its HTTP: what is applied here runs."""

    def __init__(self, directory: Path, settings: PodSettings) -> None:
        self.store, self.directory = Store(), directory
        events, logs = Events(self.store), Logs(directory)
        self.processes = Processes(directory, RUNTIME_PYTHON, logs)
        self._settling = [Deployments(self.store, events), Namespaces(self.store, logs.forget)]
        self.pods = Pods(self.store, events, self.processes, Volumes(directory), settings)
        self._logs = logs
        self._tasks: list[asyncio.Task[None]] = []
        # Renders only; there is nothing to connect to.
        self.tenant = Tenant(Cluster.connect("unix:/nowhere"))

    async def start(self) -> None:
        await self.processes.start()
        self._tasks = [asyncio.create_task(part.run()) for part in self._settling]
        name = self.tenant.namespace
        self.store.apply(kinds.NAMESPACE, None, name, {"metadata": {"name": name}}, "paaks")

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.pods.close(0)
        await self.processes.close()
        await self._logs.close()

    def deploy(self, program: str, service: str = "hello", *, without: str = "", **fields: object) -> str:
        """Apply a service; the short tree of the revision. `without` is a kind that is left out."""
        objects = self.tenant.render(service, {"handler.py": program}, **fields)
        for obj in objects:
            if obj["kind"] != without:
                self.apply(obj)
        return str(objects[-1]["spec"]["template"]["metadata"]["labels"][names.LABEL_TREE])

    def apply(self, obj: Object) -> None:
        kind = kinds.kind_of(obj)
        self.store.apply(kind, self.tenant.namespace, obj["metadata"]["name"], obj, "paaks")

    def list(self, kind: kinds.Kind = kinds.POD) -> list[Object]:
        return [stored.value for stored in self.store.list(kind, self.tenant.namespace)]

    def delete(self, pod: Object, grace: int | None = None) -> None:
        stored = self.store.get(kinds.POD, self.tenant.namespace, pod["metadata"]["name"])
        assert stored is not None
        self.store.request_deletion(stored, Preconditions(pod["metadata"]["uid"]), grace, foreground=False)

    async def until(self, holds: Callable[[list[Object]], object]) -> list[Object]:
        """The pods, once something holds for them."""
        changed = asyncio.Event()
        self.store.subscribe(lambda _: changed.set())
        async with asyncio.timeout(SECONDS):
            while not holds(self.list()):
                changed.clear()
                await changed.wait()
        return self.list()

    async def ready(self, tree: str, count: int = 1) -> list[Object]:
        """The ready pods of a revision, once there are so many."""

        def found(pods: list[Object]) -> list[Object]:
            return [pod for pod in pods if names.label_of(pod, names.LABEL_TREE) == tree and health.is_ready(pod)]

        return found(await self.until(lambda pods: len(found(pods)) >= count))

    def files(self) -> list[Path]:
        """What it has on disk for its pods, but for their logs."""
        uids = {pod["metadata"]["uid"] for pod in self.list()}
        return [path for path in self.directory.rglob("*") if any(uid in path.name for uid in uids)]


async def _run(settings: PodSettings) -> AsyncIterator[Machine]:
    directory = Path(tempfile.mkdtemp(prefix="paaks-pods-"))
    machine = Machine(directory, settings)
    try:
        await machine.start()
        yield machine
    finally:
        await machine.close()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    async for machine in _run(FAST):
        yield machine


@pytest.fixture
async def narrow_machine() -> AsyncIterator[Machine]:
    async for machine in _run(PodSettings(starting=1, starting_seconds=0.3, backoff=FAST.backoff)):
        yield machine


def container(pod: Object) -> Object:
    found: Object = pod["status"]["containerStatuses"][0]
    return found


def pid_of(pod: Object) -> int:
    return int(container(pod)["containerID"].removeprefix("process://"))


async def test_a_process_that_never_gets_ready_waits_longer_each_time(machine: Machine) -> None:
    machine.deploy(BROKEN)
    moments: list[float] = []

    def crashed(pods: list[Object]) -> bool:
        for status in (container(pod) for pod in pods if "containerStatuses" in pod["status"]):
            waiting = status["state"].get("waiting") or {}
            if waiting.get("reason") == "CrashLoopBackOff" and status["restartCount"] == len(moments):
                moments.append(time.monotonic())
        return len(moments) == 4

    (pod,) = await machine.until(crashed)
    waits = [later - sooner for sooner, later in itertools.pairwise(moments)]
    assert [wait >= least for wait, least in zip(waits, (0.2, 0.4, 0.8), strict=True)] == [True] * 3
    assert "RuntimeError: broken" in container(pod)["lastState"]["terminated"]["message"]
    events = {event["reason"]: event["count"] for event in machine.list(kinds.EVENT)}
    assert events["BackOff"] >= 3


async def test_a_pod_is_marked_first_and_ends_when_it_has_answered(machine: Machine) -> None:
    slow = "import time\n" + handler("done").replace("        return", "        time.sleep(0.7)\n        return")
    tree = machine.deploy(slow)
    (pod,) = await machine.ready(tree)
    answering = asyncio.create_task(ask(pod))
    await asyncio.sleep(0.2)  # the request is in the handler now
    machine.deploy(handler("x"), without="Deployment")
    machine.delete(pod)
    (marked,) = [p for p in machine.list() if p["metadata"]["uid"] == pod["metadata"]["uid"]]
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 35
    await machine.until(
        lambda pods: not any(health.is_ready(p) for p in pods if p["metadata"]["uid"] == pod["metadata"]["uid"])
    )
    assert await answering == "done"
    await machine.until(lambda pods: all(p["metadata"]["uid"] != pod["metadata"]["uid"] for p in pods))
    assert not is_running(pid_of(pod))


STUBBORN = """
import signal, threading
class Handler:
    def run(self, req):
        threading.Event().wait()
"""


async def test_what_does_not_end_in_its_grace_is_killed(machine: Machine) -> None:
    tree = machine.deploy(STUBBORN)
    (pod,) = await machine.ready(tree)
    async with open_pod(pod) as session:
        hanging = asyncio.create_task(session.get("/"))
        await asyncio.sleep(0.2)  # the request is in the handler now
        started = time.monotonic()
        machine.delete(pod, 1)
        await machine.until(lambda pods: all(p["metadata"]["uid"] != pod["metadata"]["uid"] for p in pods))
        assert 0.9 <= time.monotonic() - started < 10
        with pytest.raises(aiohttp.ClientError):
            await hanging
    assert not is_running(pid_of(pod))


async def test_a_grace_can_be_shortened(machine: Machine) -> None:
    tree = machine.deploy(STUBBORN)
    (pod,) = await machine.ready(tree)
    async with open_pod(pod) as session:
        hanging = asyncio.create_task(session.get("/"))
        await asyncio.sleep(0.2)  # the request is in the handler now
        started = time.monotonic()
        machine.delete(pod)
        await asyncio.sleep(0.2)
        machine.delete(pod, 0)
        await machine.until(lambda pods: all(p["metadata"]["uid"] != pod["metadata"]["uid"] for p in pods))
        assert time.monotonic() - started < 10
        with pytest.raises(aiohttp.ClientError):
            await hanging


async def test_nothing_of_a_pod_is_left_behind(machine: Machine) -> None:
    tree = machine.deploy(handler("x"))
    (pod,) = await machine.ready(tree)
    files = machine.files()
    assert files
    machine.store.remove(next(iter(machine.list(kinds.DEPLOYMENT))))
    await machine.until(lambda pods: not pods)
    assert [path for path in files if path.exists()] == []
    assert not is_running(pid_of(pod))


async def test_a_namespace_ends_with_its_pods_and_their_logs(machine: Machine) -> None:
    tree = machine.deploy('print("said")\n' + handler("x"))
    (pod,) = await machine.ready(tree)
    logs = machine.directory / "logs" / machine.tenant.namespace
    assert logs.exists()
    space = machine.store.get(kinds.NAMESPACE, None, machine.tenant.namespace)
    assert space is not None
    machine.store.request_deletion(space, Preconditions(), None, foreground=False)
    await machine.until(lambda pods: not pods)
    assert not is_running(pid_of(pod))
    async with asyncio.timeout(SECONDS):
        while machine.store.get(kinds.NAMESPACE, None, machine.tenant.namespace) or logs.exists():
            await asyncio.sleep(0.01)  # files are removed by a thread
    assert machine.list(kinds.CONFIG_MAP) == []


async def test_deletion_in_the_foreground_ends_the_pods_first(machine: Machine) -> None:
    tree = machine.deploy(handler("x"))
    (pod,) = await machine.ready(tree)
    (stored,) = machine.store.list(kinds.DEPLOYMENT)
    machine.store.request_deletion(stored, Preconditions(), None, foreground=True)
    await machine.until(lambda pods: pods and "deletionTimestamp" in pods[0]["metadata"])
    assert machine.list(kinds.DEPLOYMENT)
    await machine.until(lambda pods: not pods and not machine.list(kinds.DEPLOYMENT))
    assert not is_running(pid_of(pod))


async def test_a_pod_waits_for_its_config_map(machine: Machine) -> None:
    machine.deploy(handler("x"), without="ConfigMap")
    await machine.until(lambda _: any(event["reason"] == "FailedMount" for event in machine.list(kinds.EVENT)))
    (pod,) = machine.list()
    assert "hello-" in container(pod)["state"]["waiting"]["message"]
    tree = machine.deploy(handler("x"))
    (pod,) = await machine.ready(tree)
    assert await ask(pod) == "x"


async def test_a_pod_that_waits_can_be_deleted(machine: Machine) -> None:
    machine.deploy(handler("x"), without="ConfigMap")
    await machine.until(lambda pods: len(pods) == 1)
    machine.store.remove(next(iter(machine.list(kinds.DEPLOYMENT))))
    await machine.until(lambda pods: not pods)
    machine.deploy(BROKEN, "broken")
    await machine.until(lambda pods: any("BackOff" in event["reason"] for event in machine.list(kinds.EVENT)))
    machine.store.remove(next(iter(machine.list(kinds.DEPLOYMENT))))
    await machine.until(lambda pods: not pods)


async def test_the_last_good_revision_is_made_again_while_a_newer_one_fails(machine: Machine) -> None:
    good = machine.deploy(handler("good"))
    (first,) = await machine.ready(good)
    machine.deploy(BROKEN)
    await machine.until(lambda pods: len(pods) == 2)
    machine.delete(first)
    await machine.until(lambda pods: all(p["metadata"]["uid"] != first["metadata"]["uid"] for p in pods))
    (second,) = await machine.ready(good)
    assert await ask(second) == "good"


async def test_one_that_hangs_while_it_loads_does_not_keep_the_others_from_starting(narrow_machine: Machine) -> None:
    narrow_machine.deploy("import time\ntime.sleep(600)\n", "hanging")
    await narrow_machine.until(lambda pods: len(pods) == 1)
    tree = narrow_machine.deploy(handler("x"))
    (pod,) = await narrow_machine.ready(tree)
    assert await ask(pod) == "x"


async def test_requests_are_answered_all_through_a_replacement(machine: Machine) -> None:
    """Whoever lets go of a pod at its mark loses nothing."""
    machine.deploy(handler("0"))
    answers: list[str] = []
    done = asyncio.Event()

    async def visit() -> None:
        while not done.is_set():
            serving = [p for p in machine.list() if health.is_ready(p) and "deletionTimestamp" not in p["metadata"]]
            if serving:
                answers.append(await ask(serving[-1]))
            await asyncio.sleep(0)

    await machine.until(lambda pods: any(map(health.is_ready, pods)))
    visitors = [asyncio.create_task(visit()) for _ in range(4)]
    for number in range(1, 5):
        await machine.ready(machine.deploy(handler(str(number))))
    await machine.until(lambda pods: len(pods) == 1)
    done.set()
    await asyncio.gather(*visitors)
    assert {"1", "2", "3", "4"} >= set(answers) - {"0"}
    assert answers[-1] == "4"
