"""A service's live pods → Ready, Progressing or Failed, with one reason and one sentence. Pure; the clock is passed in.

The reasons are a closed list. What does not live here: what follows from it (`controller/progress.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core import names

READY_SECONDS = 10.0  # from the container's start to readiness
CROWD = 4  # as many handlers load side by side in that time; where more do, each gets longer in proportion
START_SECONDS = 120.0  # from the apply to the container's start
REASONS = (
    "Running",
    "Starting",
    "Waiting",
    "ImportFailed",
    "Exited",
    "OutOfMemory",
    "ReadyTimeout",
    "StartTimeout",
    "QuotaExceeded",
)
Object = Mapping[str, Any]


@dataclass(frozen=True)
class Health:
    """What is known of one revision. `started` is when its first container started (epoch seconds).

    `message` is the evidence, a traceback for a failed import; `look_again` is when a deadline passes, if none has.
    """

    state: Literal["Ready", "Progressing", "Failed"]
    reason: str
    sentence: str
    message: str | None = None
    ready: int = 0
    started: float | None = None
    look_again: float | None = None


@dataclass(frozen=True)
class End:
    """How a pod's last process ended: a reason of the list, its exit code, and when (epoch seconds)."""

    reason: str
    code: int | None
    at: float | None


def judge(
    pods: Iterable[Object],
    tree: str,
    replicas: int,
    *,
    applied: float,
    now: float,
    deployment: Object | None = None,
    starts: Iterable[float] = (),
) -> Health:
    """The health of the revision with this short tree.

    `applied` is when it was applied (epoch seconds), `starts` when the tenant's handlers started (`find_starts`).
    """
    mine = [p for p in pods if names.label_of(p, names.LABEL_TREE) == tree and not _is_going(p)]
    ready = sum(map(is_ready, mine))
    started = min((s for s in map(_started, mine) if s is not None), default=None)
    if ready >= replicas:
        return Health("Ready", "Running", f"{ready} of {replicas} running", ready=ready, started=started)
    broken = next((p for p in mine if not is_ready(p) and _termination(p) is not None), None)
    if broken is not None:
        reason, sentence, message = _explain(_termination(broken) or {})
        return Health("Failed", reason, sentence, message, ready, started)
    refusal = _refusal(deployment)
    if refusal is not None and len(mine) < replicas:
        return Health("Failed", "QuotaExceeded", refusal, ready=ready, started=started)
    return _judge_time(mine, ready, replicas, started, applied, now, starts)


def _judge_time(
    pods: list[Object],
    ready: int,
    replicas: int,
    started: float | None,
    applied: float,
    now: float,
    starts: Iterable[float],
) -> Health:
    late = [s for p in pods if not is_ready(p) and (s := _started(p)) is not None]
    if late:
        # Those count too that are ready by now: the last of a crowd has shared with all of it.
        crowd = sum(abs(other - min(late)) <= READY_SECONDS for other in starts)
        patience = READY_SECONDS * max(1.0, crowd / CROWD)
        deadline = min(late) + patience
        if now >= deadline:
            sentence = f"not ready {patience:.0f} s after it started: the import of the handler takes too long"
            return Health("Failed", "ReadyTimeout", sentence, ready=ready, started=started)
        return Health("Progressing", "Starting", "loading the handler", None, ready, started, deadline)
    deadline = applied + START_SECONDS
    waiting: Object = next((w for p in pods if (w := _state(p).get("waiting"))), {})
    if now >= deadline:
        sentence = waiting.get("message") or "no process could be started"
        return Health("Failed", "StartTimeout", sentence, ready=ready, started=started)
    sentence = waiting.get("message") or f"{ready} of {replicas} running"
    return Health("Progressing", "Waiting", sentence, None, ready, started, deadline)


def is_ready(pod: Object) -> bool:
    """Does the pod say that it takes requests?"""
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def find_staying(pods: Iterable[Object]) -> frozenset[str]:
    """The uids of the pods that are not on their way out."""
    return frozenset(pod["metadata"].get("uid", "") for pod in pods if not _is_going(pod))


def is_observed(deployment: Object | None) -> bool:
    """Has the cluster taken note of what a Deployment asks for now? Pods that it has until then may be about to go."""
    if deployment is None:
        return False
    observed: int = deployment.get("status", {}).get("observedGeneration") or 0
    return observed >= int(deployment["metadata"].get("generation") or 0)


def find_starts(pods: Iterable[Object]) -> list[float]:
    """When the handlers of pods started that run now (epoch seconds)."""
    return [started for pod in pods if not _is_going(pod) and (started := _started(pod)) is not None]


def find_end(pod: Object) -> End | None:
    """How the pod's last process ended, if one has."""
    ended = _termination(pod)
    return End(_explain(ended)[0], ended.get("exitCode"), parse_time(ended.get("finishedAt"))) if ended else None


def _is_going(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def container_of(pod: Object) -> Object:
    """The status of the pod's container; empty before it has one."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return next(iter(statuses), {})


def _state(pod: Object) -> Object:
    return container_of(pod).get("state") or {}


def _started(pod: Object) -> float | None:
    running = _state(pod).get("running") or {}
    return parse_time(running.get("startedAt"))


def _termination(pod: Object) -> Object | None:
    """How the pod's last process ended, if one has."""
    for state in (_state(pod), container_of(pod).get("lastState") or {}):
        if state.get("terminated"):
            ended: Object = state["terminated"]
            return ended
    return None


def _explain(ended: Object) -> tuple[str, str, str | None]:
    """Reason, sentence and evidence of a process that ended before it was ready."""
    message = ended.get("message") or None
    if ended.get("reason") == "OOMKilled":
        return "OutOfMemory", "it used more memory than resources.memory allows; raise it in service.yaml", message
    if message and "Traceback (most recent call last)" in message:
        return "ImportFailed", _last_line(message), message
    code = ended.get("exitCode")
    how = f"signal {ended['signal']}" if ended.get("signal") else f"status {code}"
    return "Exited", _last_line(message or "") or f"it ended with {how} before it was ready", message


def _last_line(message: str) -> str:
    lines = [line for line in message.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else ""


def _refusal(deployment: Object | None) -> str | None:
    """Why the cluster refuses to make pods, if it does."""
    conditions = (deployment or {}).get("status", {}).get("conditions") or ()
    failure = next((c for c in conditions if c.get("type") == "ReplicaFailure" and c.get("status") == "True"), None)
    return str(failure.get("message") or failure.get("reason")) if failure else None


def parse_time(text: str | None) -> float | None:
    """RFC 3339 → epoch seconds."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None
