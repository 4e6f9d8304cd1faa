"""What a pod says of itself, read by the same code that reads a real cluster's pods."""

from __future__ import annotations

from typing import Any

from core import health
from runtime.node.pod_status import ContainerState, Ending, describe_pod, is_ready

NOW = 1_800_000_000.0
CRASH = Ending(
    1, None, "Error", "Traceback (most recent call last):\n  boom\nZeroDivisionError: by zero", NOW - 2, NOW - 1
)


def pod(state: ContainerState, old: dict[str, Any] | None = None, now: float = NOW) -> dict[str, Any]:
    spec = {"containers": [{"name": "handler", "image": "i"}]}
    obj: dict[str, Any] = {"metadata": {"name": "p", "labels": {"paaks.dev/tree": "t"}}, "spec": spec}
    obj["status"] = describe_pod(obj | ({"status": old} if old else {}), state, now)
    return obj


def judge(obj: dict[str, Any], now: float = NOW) -> health.Health:
    return health.judge([obj], "t", 1, applied=NOW, now=now)


def test_a_pod_that_waits() -> None:
    waiting = pod(ContainerState(waiting_message="no ConfigMap"))
    assert waiting["status"]["phase"] == "Pending"
    assert not is_ready(waiting)
    judged = judge(waiting)
    assert (judged.state, judged.reason, judged.sentence) == ("Progressing", "Waiting", "no ConfigMap")


def test_a_pod_that_starts_and_becomes_ready() -> None:
    starting = pod(ContainerState(None, started=NOW, pid=7))
    assert starting["status"]["phase"] == "Running"
    assert starting["status"]["containerStatuses"][0]["containerID"] == "process://7"
    assert judge(starting).reason == "Starting"
    assert judge(starting, NOW + 10).reason == "ReadyTimeout"
    ready = pod(ContainerState(None, started=NOW, ready=True), starting["status"], NOW + 1)
    assert is_ready(ready)
    assert health.is_ready(ready)
    assert judge(ready).state == "Ready"


def test_a_pod_that_crashed_carries_the_traceback() -> None:
    crashed = pod(ContainerState("CrashLoopBackOff", "back-off", restarts=1, last=CRASH))
    judged = judge(crashed)
    assert (judged.state, judged.reason, judged.sentence) == ("Failed", "ImportFailed", "ZeroDivisionError: by zero")
    assert judged.message == CRASH.message
    container = crashed["status"]["containerStatuses"][0]
    assert container["restartCount"] == 1
    assert container["state"]["waiting"] == {"reason": "CrashLoopBackOff", "message": "back-off"}
    assert container["lastState"]["terminated"]["exitCode"] == 1


def test_a_pod_that_used_too_much_memory() -> None:
    killed = Ending(137, 9, "OOMKilled", "", NOW - 2, NOW)
    crashed = pod(ContainerState("CrashLoopBackOff", last=killed))
    assert judge(crashed).reason == "OutOfMemory"
    assert crashed["status"]["containerStatuses"][0]["lastState"]["terminated"]["signal"] == 9


def test_times_change_only_with_what_they_date() -> None:
    first = pod(ContainerState(None, started=NOW))["status"]
    second = pod(ContainerState(None, started=NOW, ready=True), first, NOW + 60)["status"]
    since = [{one["type"]: one["lastTransitionTime"] for one in status["conditions"]} for status in (first, second)]
    assert since[0]["PodScheduled"] == since[1]["PodScheduled"]
    assert since[0]["Ready"] != since[1]["Ready"]
    assert first["startTime"] == second["startTime"]
