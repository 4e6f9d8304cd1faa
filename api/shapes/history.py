"""Commits and releases."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from api.shapes.words import ReleaseState, ServiceChange, Sha, Time, Via


class Author(TypedDict):
    """Who wrote a commit, as it claims."""

    name: str
    email: str


class Commit(TypedDict):
    """A commit of main; `services` are those that it changed."""

    sha: Sha
    subject: str
    message: str
    author: Author
    at: Time
    parents: list[Sha]
    services: list[str]


class FileDifference(TypedDict):
    """What became of one file; `patch` is null where the whole would be too long."""

    path: str
    oldPath: str
    status: Literal["added", "deleted", "modified", "renamed"]
    added: int
    removed: int
    patch: str | None


class Comparison(TypedDict):
    """What two commits differ in; the base is null where one was compared with nothing."""

    base: Sha | None
    head: Sha
    files: list[FileDifference]
    services: dict[str, ServiceChange]


class StageTime(TypedDict):
    """When a stage was reached, and how long after what was before it."""

    at: Time
    ms: float


class ReleaseStages(TypedDict, total=False):
    """The stages that a release has reached."""

    commit: StageTime
    check: StageTime
    apply: StageTime
    start: StageTime
    live: StageTime


class Release(TypedDict):
    """One revision of one service on its way; `reason` is one word, `message` the evidence (a traceback)."""

    id: str
    service: str
    commit: Sha
    tree: str
    state: ReleaseState
    actor: str
    via: Via
    subject: str
    createdAt: Time
    stages: ReleaseStages
    liveMs: float | None
    reason: str | None
    sentence: str | None
    message: str | None
    supersededBy: Sha | None
    url: str | None


class PastRelease(Release):
    """What became of a commit in one service; `liveUntil` is when another one took its place."""

    liveUntil: Time | None


class PastCommit(Commit):
    """A commit of main, and what became of it."""

    releases: list[PastRelease]


class Commits(TypedDict):
    """Newest first; `next` is the cursor of the next page."""

    items: list[PastCommit]
    next: str | None


class Releases(TypedDict):
    """Newest first; `next` is the cursor of the next page."""

    items: list[Release]
    next: str | None


class Reconciliation(TypedDict):
    """What the controller was asked to look at again."""

    head: Sha
    requestedAt: Time
    releases: list[Release]


class ConfirmedPrune(TypedDict):
    """The commit whose removals are confirmed."""

    commit: Sha
