"""How far each release has come: what dispatchers have reported, and the moves from pending to live or failed.

The moves are pure functions of a release, a health and a clock. What does not live here: storing and telling
(`loop.py`), and what to apply (`reconcile.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace

from core import names
from core.health import Health
from core.releases import Release, reach

Route = tuple[str, str]  # namespace, service


@dataclass(frozen=True)
class Lead:
    """Where a dispatcher sends a service's visitors: a short tree, under a commit, and to which pods (their uids)."""

    tree: str
    commit: str | None
    pods: frozenset[str]


@dataclass
class Report:
    """What one dispatcher sends visitors to; it counts once it has told all of it."""

    routes: dict[Route, Lead] = field(default_factory=dict)
    complete: bool = False


class Routes:
    """What all connected dispatchers have reported: `routed(namespace, service)` → tree and commit, by dispatcher."""

    def __init__(self) -> None:
        self._reports: dict[object, Report] = {}

    def connect(self, dispatcher: object) -> None:
        """A dispatcher has come; it will tell all of its routes and then that it has."""
        self._reports.setdefault(dispatcher, Report())

    def disconnect(self, dispatcher: object) -> None:
        """A dispatcher has gone: it has no say any more."""
        self._reports.pop(dispatcher, None)

    def dispatchers(self) -> set[object]:
        """Those that are connected."""
        return set(self._reports)

    def take(self, dispatcher: object, message: Mapping[str, object]) -> str | None:
        """A message of a dispatcher. The namespace that it is about, if it changes anything."""
        report = self._reports.setdefault(dispatcher, Report())
        if message.get("type") == "synced":
            report.complete = True
            return None
        namespace, service = str(message.get("namespace")), str(message.get("service"))
        if message.get("type") == "routed":
            commit = message.get("commit")
            pods = message.get("pods")
            uids = frozenset(map(str, pods)) if isinstance(pods, list) else frozenset()
            report.routes[namespace, service] = Lead(str(message.get("tree")), str(commit) if commit else None, uids)
        elif message.get("type") == "unrouted":
            report.routes.pop((namespace, service), None)
        return namespace

    def are_complete(self) -> bool:
        """Is at least one dispatcher connected, and has every one told all?"""
        return bool(self._reports) and all(report.complete for report in self._reports.values())

    def lead_to(self, namespace: str, service: str, tree: str, commit: str, staying: Set[str]) -> bool:
        """Does every connected dispatcher, and at least one, send visitors to this short tree under this commit?

        `staying` are the pods that are not on their way out: to have one of those that are is no way to stay.
        """
        found = [report.routes.get((namespace, service)) for report in self._reports.values()]
        return bool(found) and all(
            lead is not None
            and (lead.tree, lead.commit or commit) == (tree, commit)
            and frozenset() < lead.pods <= staying
            for lead in found
        )


def advance(release: Release, health: Health, *, routed: bool, now: float) -> Release:
    """The release after a look at its pods; the same object where nothing has changed."""
    if health.started is not None:
        release = reach(release, "start", max(health.started, release.stages.get("apply", 0.0)))
    if routed:
        if release.state == "live":
            return release
        started = reach(release, "start", now)  # who answers has started, whether or not the cluster has said so
        return replace(reach(started, "live", now), state="live", reason=None, sentence=None, message=None)
    if release.state == "live" or health.state != "Failed":
        return release
    if release.state == "failed" and (health.message is None or health.message == release.message):
        return release
    return replace(release, state="failed", reason=health.reason, sentence=health.sentence, message=health.message)


def supersede(release: Release, successor: str) -> Release:
    """A release whose service has a later commit now, before it came to be live."""
    return replace(release, state="superseded", superseded_by=successor)


class Book:
    """The current release of every service of one tenant; `tell` gets each that has changed."""

    def __init__(self, tell: Callable[[Release], None]) -> None:
        self._tell = tell
        self.current: dict[str, Release] = {}

    def is_open(self, service: str, commit: str) -> bool:
        """Is the service's current release that of this commit?"""
        release = self.current.get(service)
        return release is not None and release.commit == commit

    def open(self, release: Release) -> Release:
        """Make this the service's current release; what it replaces before its end is superseded."""
        if self.is_open(release.service, release.commit):
            return self.current[release.service]
        before = self.current.get(release.service)
        if before is not None and before.state in ("pending", "failed", "held"):
            self._tell(supersede(before, release.commit))
        self.current[release.service] = release
        self._tell(release)
        return release

    def put(self, release: Release) -> None:
        """The current release has changed, or not."""
        if self.current.get(release.service) != release:
            self.current[release.service] = release
            self._tell(release)

    def load(self, release: Release) -> None:
        """What was stored before this process started; known already to everybody."""
        self.current.setdefault(release.service, release)

    def close(self, service: str) -> None:
        """The service is gone."""
        self.current.pop(service, None)


def short(tree: str) -> str:
    """The short form of a tree, as pods and routes carry it."""
    return names.short_tree(tree)
