"""Services: how they are, what they say and what they answer."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from api.shapes.history import Author, Release
from api.shapes.words import PodState, ServiceState, Sha, Time


class ServiceStatus(TypedDict):
    """How the tip of a service is doing."""

    state: ServiceState
    reason: str | None
    sentence: str | None
    message: str | None


class LiveRevision(TypedDict):
    """What visitors get."""

    commit: Sha
    tree: Sha


class Drift(TypedDict):
    """What somebody else has changed last of what runs, and was put back; `pause` is in seconds."""

    reason: Literal["Corrected", "Contested"]
    object: str
    fields: list[str]
    manager: str | None
    operation: str | None
    changedAt: str | None
    correctedAt: Time
    pause: float


class Service(TypedDict):
    """A service at the head of main; `public` and `replicas` are null where its descriptor cannot be read.

    `ready` is there where it was asked for: how many pods answer, null where the cluster does not say.
    """

    name: str
    path: str
    tree: Sha
    commit: Sha
    subject: str
    author: Author
    at: Time
    public: bool | None
    replicas: int | None
    url: str
    status: ServiceStatus
    live: LiveRevision | None
    release: Release | None
    drift: Drift | None
    ready: NotRequired[int | None]


class Services(TypedDict):
    """By name; `head` is the tip of main."""

    head: Sha
    items: list[Service]


class PodEnd(TypedDict):
    """How the last process of a pod ended."""

    reason: str
    exitCode: int | None
    at: Time | None


class Pod(TypedDict):
    """One process of a revision. `commit` is null where it is not known any more, `sentence` says why it is no better.

    One that is `going` is gone by the time of `goneBy`.
    """

    name: str
    tree: str
    commit: Sha | None
    state: PodState
    reason: str
    sentence: str
    message: str | None
    createdAt: Time
    goneBy: Time | None
    restarts: int
    lastEnd: PodEnd | None


class Pods(TypedDict):
    """The newest first."""

    items: list[Pod]


class LogLine(TypedDict):
    """One line that a service has said; not `complete` where its end is left out."""

    at: str | None
    level: str | None
    requestId: str | None
    text: str
    pod: str
    commit: str | None
    complete: bool


class Invocation(TypedDict):
    """What a service answered: `body` where it is text, else `bodyBase64`."""

    status: int
    headers: dict[str, str]
    body: NotRequired[str]
    bodyBase64: NotRequired[str]
    truncated: bool
    revision: str | None
    requestId: str | None
    ms: float
