"""Services: how they are, what they say and what they answer."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from api.shapes.history import Author, Release
from api.shapes.words import PodState, ResourceState, ServiceState, Sha, Time


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


class Difference(TypedDict):
    """A field that is not as main says; `manager` is who of others has it, null where nobody is known."""

    field: str
    manager: str | None
    operation: str | None
    changedAt: str | None


class Resource(TypedDict):
    """An object of a service, as the cluster holds it (`live`) and as main says it (`desired`), both YAML.

    `live` is null of one that is missing, `desired` of what main does not say. `patch` is how one becomes the other, ""
    where nothing differs. `parent` is `<kind>/<name>` of what made it. `applied`: what main says was applied.
    """

    kind: Literal["Deployment", "Service", "ConfigMap", "Pod"]
    name: str
    namespace: str
    parent: str | None
    state: ResourceState
    sentence: str
    createdAt: Time | None
    live: str | None
    desired: str | None
    patch: str | None
    applied: bool
    differences: list[Difference]


class Resources(TypedDict):
    """The Deployment, its pods, the Service, the ConfigMaps; `head` is the tip of main that `desired` is of."""

    head: Sha
    items: list[Resource]


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
