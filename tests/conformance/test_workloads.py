"""What the controller and the dispatcher may rely on when a service starts, is replaced, fails and ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from core import health, names, pace, render
from core.cluster import Cluster
from core.watch import follow
from tests.tenant_objects import SECONDS, Object, Tenant, ask, handler

BROKEN = "import nothing_of_that_name\n"


async def test_a_service_starts_and_its_pod_answers(tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", handler("first"))
    (pod,) = await tenant.wait_ready("hello", tree)
    assert await ask(pod) == "first"
    assert await ask(pod, names.READY_PATH)
    assert pod["metadata"]["annotations"][names.ANNOTATION_PUBLIC] == "false"
    judged = health.judge([pod], tree, 1, applied=0, now=0)
    assert (judged.state, judged.ready) == ("Ready", 1)
    assert judged.started
    (deployment,) = await tenant.wait("Deployment", lambda found: found and is_available(found[0]))
    assert deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"]
    counts = [deployment["status"].get(key) for key in ("replicas", "updatedReplicas", "readyReplicas")]
    assert counts == [1, 1, 1]


def is_available(deployment: Object) -> bool:
    conditions = {one["type"]: one for one in deployment.get("status", {}).get("conditions") or ()}
    return "Available" in conditions and conditions["Available"]["status"] == "True"


async def test_files_arrive_as_they_are_in_git(cluster: Cluster, tenant: Tenant) -> None:
    program = """
import os, pathlib
class Handler:
    def run(self, req):
        here = pathlib.Path.cwd()
        found = {str(p.relative_to(here)): p.read_bytes().hex() for p in sorted(here.rglob("*")) if p.is_file()}
        return {k: v for k, v in found.items() if "__pycache__" not in k} | {"env": os.environ["GREETING"]}
"""
    files: dict[str, str | bytes] = {"handler.py": program, "data/größe b.bin": b"\x00\xff", "data/t.txt": "ä\r\n"}
    objects = tenant.render("files", files, env={"GREETING": "$(HOME) costs $5, $$"})
    for obj in objects:
        await cluster.apply(obj)
    tree = objects[-1]["spec"]["template"]["metadata"]["labels"][names.LABEL_TREE]
    (pod,) = await tenant.wait_ready("files", tree)
    answered = await ask(pod)
    for expected in (b"\x00\xff".hex(), "ä\r\n".encode().hex(), program.encode().hex(), "$(HOME) costs $5, $$"):
        assert expected in answered


@contextlib.asynccontextmanager
async def recording(tenant: Tenant) -> AsyncIterator[list[list[Object]]]:
    """Every state of the namespace's pods, one after the other, as a watch tells it."""
    states: list[list[Object]] = []
    synced = asyncio.Event()

    async def record() -> None:
        known: dict[str, Object] = {}
        async for change in follow(tenant.cluster, "Pod", namespace=tenant.namespace):
            if change.object is None:
                states.clear()  # what was listed one by one was never like that
                synced.set()
            elif change.type in ("deleted", "missing"):
                known.pop(change.object["metadata"]["uid"], None)
            else:
                known[change.object["metadata"]["uid"]] = change.object
            states.append(list(known.values()))

    task = asyncio.create_task(record())
    try:
        async with asyncio.timeout(SECONDS):
            await synced.wait()
        yield states
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_new_revision_replaces_the_old_one_without_a_gap(tenant: Tenant) -> None:
    first = await tenant.deploy("hello", handler("first"), replicas=2)
    await tenant.wait_ready("hello", first, 2)
    async with recording(tenant) as states:
        second = await tenant.deploy("hello", handler("second"), replicas=2)
        pods = await tenant.wait_ready("hello", second, 2)
        await tenant.wait("Pod", lambda found: len(found) == 2 and all_of(second)(found))
    assert [await ask(pod) for pod in pods] == ["second", "second"]
    seen_both = False
    for state in states:
        serving = [p for p in state if health.is_ready(p) and "deletionTimestamp" not in p["metadata"]]
        assert len(serving) >= 2
        going = [p for p in state if "deletionTimestamp" in p["metadata"]]
        assert all(names.label_of(pod, names.LABEL_TREE) == first for pod in going)
        seen_both |= len(state) == 4
    assert seen_both


def all_of(tree: str) -> Callable[[list[Object]], bool]:
    return lambda pods: all(names.label_of(pod, names.LABEL_TREE) == tree for pod in pods)


async def test_a_revision_that_cannot_start_says_why_and_the_old_one_stays(tenant: Tenant) -> None:
    good = await tenant.deploy("hello", handler("good"))
    (old,) = await tenant.wait_ready("hello", good)
    bad = await tenant.deploy("hello", BROKEN)
    pods = await tenant.wait("Pod", lambda found: judge(found, bad).state == "Failed")
    judged = judge(pods, bad)
    assert judged.reason == "ImportFailed"
    assert judged.sentence == "ModuleNotFoundError: No module named 'nothing_of_that_name'"
    assert judged.message is not None
    assert "Traceback (most recent call last)" in judged.message
    assert 'handler.py", line 1' in judged.message
    assert await ask(old) == "good"
    assert "deletionTimestamp" not in old["metadata"]


def judge(pods: list[Object], tree: str) -> health.Health:
    return health.judge(pods, tree, 1, applied=0, now=0)


async def test_the_next_revision_replaces_a_failing_one(tenant: Tenant) -> None:
    good = await tenant.deploy("hello", handler("good"))
    await tenant.wait_ready("hello", good)
    bad = await tenant.deploy("hello", BROKEN)
    await tenant.wait("Pod", lambda found: judge(found, bad).state == "Failed")
    better = await tenant.deploy("hello", handler("better"))
    (pod,) = await tenant.wait_ready("hello", better)
    assert await ask(pod) == "better"
    await tenant.wait("Pod", lambda found: len(found) == 1 and all_of(better)(found))


async def test_going_back_to_the_revision_that_still_runs_restarts_nothing(tenant: Tenant) -> None:
    good = await tenant.deploy("hello", handler("good"))
    (before,) = await tenant.wait_ready("hello", good)
    bad = await tenant.deploy("hello", BROKEN)
    await tenant.wait("Pod", lambda found: judge(found, bad).state == "Failed")
    await tenant.deploy("hello", handler("good"))
    (after,) = await tenant.wait("Pod", lambda found: len(found) == 1 and all_of(good)(found))
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


LOGGING = """
print("imported")
class Handler:
    def run(self, req):
        print("asked for", req.path)
        return "ok"
"""


async def test_who_follows_logs_that_say_nothing_holds_up_nobody(cluster: Cluster, tenant: Tenant) -> None:
    tree = await tenant.deploy("silent", handler("nothing to say"))
    (pod,) = await tenant.wait_ready("silent", tree)

    async def follow_log() -> None:
        async for _ in cluster.logs(tenant.namespace, pod["metadata"]["name"], follow=True):
            pass

    # More than there are calls at a time: the head of such an answer may come with its first line only.
    following = [asyncio.create_task(follow_log()) for _ in range(2 * round(pace.FIRST))]
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(SECONDS / 2):
            found, _ = await cluster.list("Pod", namespace=tenant.namespace)
        assert [one["metadata"]["name"] for one in found] == [pod["metadata"]["name"]]
        assert not any(task.done() for task in following)
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)


async def test_logs_are_read_and_followed(cluster: Cluster, tenant: Tenant) -> None:
    tree = await tenant.deploy("talk", LOGGING)
    (pod,) = await tenant.wait_ready("talk", tree)
    name = pod["metadata"]["name"]
    async with (
        contextlib.aclosing(cluster.logs(tenant.namespace, name, follow=True)) as lines,
        asyncio.timeout(SECONDS),
    ):
        assert b"imported" in await until(lines, b"imported")
        await ask(pod, "/somewhere")
        assert b"asked for /somewhere" in await until(lines, b"asked for")
    await ask(pod, "/last")
    async with asyncio.timeout(SECONDS):
        while not [line async for line in cluster.logs(tenant.namespace, name, tail=1) if b"asked for /last" in line]:
            await asyncio.sleep(0.05)  # a line is on its way through a pipe
    everything = [line async for line in cluster.logs(tenant.namespace, name)]
    assert sum(b"asked for" in line for line in everything) == 2
    stamped = [line async for line in cluster.logs(tenant.namespace, name, tail=1, timestamps=True)]
    assert stamped[0].split(b" ")[0].endswith(b"Z")


async def until(lines: AsyncIterator[bytes], wanted: bytes) -> bytes:
    async for line in lines:
        if wanted in line:
            return line
    raise AssertionError(f"the log ended without {wanted!r}")


DYING = """
import os, threading
print("alive")
class Handler:
    def run(self, req):
        threading.Timer(0.05, os._exit, [7]).start()
        return "bye"
"""


async def test_a_crash_is_told_and_the_log_of_the_process_before_is_kept(cluster: Cluster, tenant: Tenant) -> None:
    tree = await tenant.deploy("dying", DYING)
    (pod,) = await tenant.wait_ready("dying", tree)
    assert await ask(pod) == "bye"

    def restarted(pods: list[Object]) -> bool:
        return any(status["restartCount"] >= 1 for pod in pods for status in pod["status"].get("containerStatuses", ()))

    (crashed,) = await tenant.wait("Pod", restarted)
    assert crashed["metadata"]["uid"] == pod["metadata"]["uid"]
    ended = crashed["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (7, "Error")
    (again,) = await tenant.wait_ready("dying", tree)
    assert names.pod_address(again) == names.pod_address(pod)
    name = pod["metadata"]["name"]
    before = [line async for line in cluster.logs(tenant.namespace, name, previous=True)]
    assert any(b"alive" in line for line in before)


async def test_a_deleted_pod_is_replaced(cluster: Cluster, tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", handler("x"))
    (pod,) = await tenant.wait_ready("hello", tree)
    assert await cluster.delete("Pod", tenant.namespace, pod["metadata"]["name"], uid=pod["metadata"]["uid"])

    def replaced(pods: list[Object]) -> bool:
        return len(pods) == 1 and pods[0]["metadata"]["uid"] != pod["metadata"]["uid"] and health.is_ready(pods[0])

    (other,) = await tenant.wait("Pod", replaced)
    assert await ask(other) == "x"


async def test_a_deleted_deployment_takes_its_pods_along(cluster: Cluster, tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", handler("x"))
    await tenant.wait_ready("hello", tree)
    assert await cluster.delete("Deployment", tenant.namespace, "hello")
    await tenant.wait("Pod", lambda found: not found)
    assert await cluster.get("Deployment", tenant.namespace, "hello") is None


async def test_no_replicas_means_no_pods_and_one_means_one_again(cluster: Cluster, tenant: Tenant) -> None:
    objects = tenant.render("hello", {"handler.py": handler("x")})
    tree = objects[-1]["spec"]["template"]["metadata"]["labels"][names.LABEL_TREE]
    for replicas in (1, 0, 1):
        objects[-1]["spec"]["replicas"] = replicas
        for obj in objects:
            await cluster.apply(obj)
        await tenant.wait("Pod", lambda found, n=replicas: len(found) == n)  # type: ignore[misc]
    await tenant.wait_ready("hello", tree)


async def test_a_full_namespace_is_said_by_the_deployment(cluster: Cluster) -> None:
    tenant = Tenant(cluster)
    await tenant.create(render.Quota(pods=1))
    tree = await tenant.deploy("hello", handler("x"), replicas=2)
    await tenant.wait_ready("hello", tree, 1)

    def refused(found: list[Object]) -> bool:
        return bool(found) and health.judge([], tree, 2, applied=0, now=0, deployment=found[0]).state == "Failed"

    (deployment,) = await tenant.wait("Deployment", refused)
    judged = health.judge([], tree, 2, applied=0, now=0, deployment=deployment)
    assert judged.reason == "QuotaExceeded"
    assert "exceeded quota: paaks-quota" in judged.sentence
    await tenant.create(render.Quota(pods=2))
    await tenant.deploy("hello", handler("x"), replicas=2)
    await tenant.wait_ready("hello", tree, 2)
    await cluster.delete("Namespace", None, tenant.namespace)
