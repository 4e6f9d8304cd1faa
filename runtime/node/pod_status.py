"""A pod's status: conditions and the state of its one container. Pure; the clock is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.node.kinds import Object
from runtime.node.objects import format_time


@dataclass(frozen=True)
class Ending:
    """How a process ended: `reason` is `Completed`, `Error` or `OOMKilled`, times are epoch seconds."""

    code: int
    signal: int | None
    reason: str
    message: str
    started: float
    finished: float


@dataclass(frozen=True)
class ContainerState:
    """What the pod's container does: `waiting` says why it does not run, `started` is when the running one began."""

    waiting: str | None = "ContainerCreating"
    waiting_message: str = ""
    started: float | None = None
    pid: int | None = None
    ready: bool = False
    restarts: int = 0
    last: Ending | None = field(default=None)


def describe_pod(pod: Object, container: ContainerState, now: float) -> Object:
    """The status of a pod whose container is in this state; times of what has not changed are taken over."""
    old = pod.get("status") or {}
    has_started = container.started is not None or container.restarts or container.last is not None
    facts = {"PodScheduled": True, "Initialized": True, "ContainersReady": container.ready, "Ready": container.ready}
    return {
        "phase": "Running" if has_started else "Pending",
        "conditions": [_condition(old, type_, holds, now) for type_, holds in facts.items()],
        "hostIP": "127.0.0.1",
        "startTime": old.get("startTime") or format_time(now),
        "containerStatuses": [_container(pod["spec"]["containers"][0], container)],
        "qosClass": "Burstable",
    }


def is_ready(pod: Object) -> bool:
    """Does the pod say that it takes requests?"""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _condition(old: Object, type_: str, holds: bool, now: float) -> Object:
    before: Mapping[str, str] | None = next((c for c in old.get("conditions") or () if c["type"] == type_), None)
    kept = before is not None and before["status"] == str(holds)
    since = before["lastTransitionTime"] if before is not None and kept else format_time(now)
    condition: Object = {"type": type_, "status": str(holds), "lastProbeTime": None, "lastTransitionTime": since}
    return condition if holds else condition | {"reason": "ContainersNotReady"}


def _container(spec: Object, container: ContainerState) -> Object:
    identity = f"process://{container.pid}" if container.pid else ""
    return {
        "name": spec["name"],
        "image": spec.get("image", ""),
        "imageID": "",
        "containerID": identity,
        "ready": container.ready,
        "started": container.ready,
        "restartCount": container.restarts,
        "state": _state(container),
        "lastState": {"terminated": _ended(container.last)} if container.last else {},
    }


def _state(container: ContainerState) -> Object:
    if container.started is not None:
        return {"running": {"startedAt": format_time(container.started)}}
    waiting = {"reason": container.waiting or "ContainerCreating"}
    return {"waiting": waiting | ({"message": container.waiting_message} if container.waiting_message else {})}


def _ended(ending: Ending) -> Object:
    ended: Object = {
        "exitCode": ending.code,
        "reason": ending.reason,
        "startedAt": format_time(ending.started),
        "finishedAt": format_time(ending.finished),
    }
    if ending.signal:
        ended["signal"] = ending.signal
    return ended | ({"message": ending.message} if ending.message else {})
