"""What pods a Deployment should gain and lose, from those that it has. Pure.

A new revision starts whole, beside the old one, and replaces it whole once it is ready: maxSurge 100 %, maxUnavailable
0, whatever else a Deployment asks for. While it is not ready, the last revision that was keeps serving, and is
completed again where its pods are lost. What does not live here: making and ending pods (`deployments.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PodState:
    """One pod; `revision` names its template, `going` is one that is being deleted."""

    name: str
    revision: str
    ready: bool
    going: bool = False


@dataclass(frozen=True)
class Kept:
    """The last revision of which all pods that it asked for were ready at once."""

    revision: str
    replicas: int


@dataclass(frozen=True)
class Plan:
    """What to do: make one pod of each revision in `create`, delete the pods named in `stop`."""

    create: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()


def is_available(revision: str, replicas: int, pods: Sequence[PodState]) -> bool:
    """Are as many pods of a revision ready as there should be?"""
    return sum(pod.ready for pod in pods if pod.revision == revision and not pod.going) >= replicas


def plan_pods(revision: str, replicas: int, pods: Sequence[PodState], kept: Kept | None = None) -> Plan:
    """The next step towards `replicas` pods of a revision and no others; `pods` are in the order of their age.

    It never takes a ready pod away unless `replicas` ready ones of one revision remain; where no revision has ever had
    that many, the revision that has most ready ones keeps them, for nobody visits the others.
    """
    alive = [pod for pod in pods if not pod.going]
    new = [pod for pod in alive if pod.revision == revision]
    old = [pod for pod in alive if pod.revision != revision]
    create = [revision] * max(0, replicas - len(new))
    surplus = sorted(new, key=lambda pod: not pod.ready)[replicas:]
    if is_available(revision, replicas, alive):
        return Plan(tuple(create), _names([*surplus, *old]))
    if kept is None:
        best = _find_readiest(old)
        return Plan(tuple(create), _names([*surplus, *(pod for pod in old if not pod.ready or pod.revision != best)]))
    if kept.revision == revision:
        return Plan(tuple(create), _names([*surplus, *_unready(old)]))
    good = [pod for pod in old if pod.revision == kept.revision]
    failed = [pod for pod in old if pod.revision != kept.revision]
    if not is_available(kept.revision, kept.replicas, good):
        failed = _unready(failed)
    create += [kept.revision] * max(0, kept.replicas - len(good))
    return Plan(tuple(create), _names([*surplus, *failed]))


def _find_readiest(pods: Sequence[PodState]) -> str | None:
    """The revision with the most ready pods, the newest of several; None where no pod is ready."""
    ready = [pod.revision for pod in pods if pod.ready]
    return max(reversed(ready), key=ready.count, default=None)


def _unready(pods: Sequence[PodState]) -> list[PodState]:
    return [pod for pod in pods if not pod.ready]


def _names(pods: Sequence[PodState]) -> tuple[str, ...]:
    return tuple(pod.name for pod in pods)
