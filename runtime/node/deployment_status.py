"""A Deployment's status, as `kubectl rollout status` and `kubectl wait` read it. Pure; the clock is passed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime.node.kinds import Object
from runtime.node.objects import format_time
from runtime.node.rollout import PodState

_DONE, _MOVING, _LATE = "NewReplicaSetAvailable", "ReplicaSetUpdated", "ProgressDeadlineExceeded"


@dataclass(frozen=True)
class Observed:
    """What is known of a Deployment's pods: `revision` is the one wanted; `refusal` is why no pod could be made."""

    revision: str
    pods: Sequence[PodState]
    refusal: str | None = None


def describe_deployment(deployment: Object, observed: Observed, now: float) -> Object:
    """The status; equal to the old one where nothing has changed."""
    old, spec = deployment.get("status") or {}, deployment["spec"]
    wanted, alive = spec["replicas"], [pod for pod in observed.pods if not pod.going]
    updated = sum(pod.revision == observed.revision for pod in alive)
    ready = sum(pod.ready for pod in alive)
    counts = {"replicas": len(alive), "updatedReplicas": updated, "readyReplicas": ready, "availableReplicas": ready}
    if missing := max(0, max(wanted, len(alive)) - ready):
        counts["unavailableReplicas"] = missing
    status = {key: count for key, count in counts.items() if count}
    status |= {"observedGeneration": deployment["metadata"]["generation"]}
    complete = updated == wanted == len(alive) == ready
    conditions = [_available(ready >= wanted), _progressing(deployment, observed, counts, complete, now)]
    if observed.refusal is not None:
        conditions.append(_condition("ReplicaFailure", True, "FailedCreate", observed.refusal))
    return status | {"conditions": [_date(condition, old, now) for condition in conditions]}


def find_deadline(status: Object, seconds: float, now: float) -> float | None:
    """Seconds until a rollout that does not move is late; None where none is under way."""
    condition = _find(status, "Progressing")
    if condition is None or condition["reason"] != _MOVING:
        return None
    return max(0.0, datetime.fromisoformat(condition["lastUpdateTime"]).timestamp() + seconds - now)


def _available(is_available: bool) -> Object:
    if is_available:
        message = "Deployment has minimum availability."
        return _condition("Available", True, "MinimumReplicasAvailable", message)
    message = "Deployment does not have minimum availability."
    return _condition("Available", False, "MinimumReplicasUnavailable", message)


def _progressing(deployment: Object, observed: Observed, counts: Object, complete: bool, now: float) -> Object:
    old = deployment.get("status") or {}
    before = _find(old, "Progressing")
    name = f'"{deployment["metadata"]["name"]}-{observed.revision}"'
    is_same = before is not None and old.get("observedGeneration") == deployment["metadata"]["generation"]
    # A rollout that has ended stays ended: what happens to its pods later is said by Available.
    if complete or (is_same and before is not None and before["reason"] == _DONE):
        return _condition("Progressing", True, _DONE, f"Revision {name} has successfully progressed.")
    is_still = is_same and all(old.get(key, 0) == counts[key] for key in ("updatedReplicas", "readyReplicas"))
    if is_still and before is not None:
        since = datetime.fromisoformat(before["lastUpdateTime"]).timestamp()
        if before["reason"] == _LATE or now - since >= deployment["spec"]["progressDeadlineSeconds"]:
            return _condition("Progressing", False, _LATE, f"Revision {name} has timed out progressing.")
        return {key: value for key, value in before.items() if key != "lastTransitionTime"}
    moved = _condition("Progressing", True, _MOVING, f"Revision {name} is progressing.")
    return moved | {"lastUpdateTime": format_time(now)}


def _condition(type_: str, status: bool, reason: str, message: str) -> Object:
    return {"type": type_, "status": str(status), "reason": reason, "message": message}


def _date(condition: Object, old: Object, now: float) -> Object:
    """The condition with its times, taken over from the old one as far as it says the same."""
    before = _find(old, condition["type"])
    if before is None or before["status"] != condition["status"]:
        return {"lastUpdateTime": format_time(now), "lastTransitionTime": format_time(now)} | condition
    times = {key: before[key] for key in ("lastUpdateTime", "lastTransitionTime")}
    if any(before[key] != condition[key] for key in ("reason", "message")):
        times["lastUpdateTime"] = format_time(now)
    return times | condition


def _find(status: Object, type_: str) -> Object | None:
    found: list[Object] = [one for one in status.get("conditions") or () if one["type"] == type_]
    return found[0] if found else None
