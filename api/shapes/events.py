"""Events, as the fields of server-sent events (WHATWG HTML §9.2); `data` is JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from api.shapes.history import Commit, Release
from api.shapes.services import LogLine


class Nothing(TypedDict):
    """An event that says all by its name."""


class ServiceNews(TypedDict):
    """Which service, and its newest release, if one is known."""

    name: str
    release: Release | None


class ReleaseStageEvent(TypedDict):
    """A release has begun, or has come one stage further."""

    id: str
    event: Literal["release.stage"]
    data: Release


class ReleaseFinishedEvent(TypedDict):
    """A release is final, or another one has taken its place; a failed one may still turn live."""

    id: str
    event: Literal["release.finished"]
    data: Release


class CommitCreatedEvent(TypedDict):
    """main has moved."""

    id: str
    event: Literal["commit.created"]
    data: Commit


class ServiceUpdatedEvent(TypedDict):
    """A service is another than before: read it again."""

    id: str
    event: Literal["service.updated"]
    data: ServiceNews


class ServiceDeletedEvent(TypedDict):
    """A service is gone."""

    id: str
    event: Literal["service.deleted"]
    data: ServiceNews


class ResetEvent(TypedDict):
    """Some events were missed: read everything again."""

    id: str
    event: Literal["reset"]
    data: Nothing


class ByeEvent(TypedDict):
    """The platform ends the stream: come back."""

    id: str
    event: Literal["bye"]
    data: Nothing


class LogEvent(TypedDict):
    """A line of a service's log."""

    event: Literal["log"]
    data: LogLine


TenantEvent = TypeAliasType(
    "TenantEvent",
    Annotated[
        ReleaseStageEvent
        | ReleaseFinishedEvent
        | CommitCreatedEvent
        | ServiceUpdatedEvent
        | ServiceDeletedEvent
        | ResetEvent
        | ByeEvent,
        Field(discriminator="event"),
    ],
)
