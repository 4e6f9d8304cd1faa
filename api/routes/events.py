"""What happens in a tenant, as it happens: one stream of server-sent events, which goes on where it broke off.

What does not live here: the events (`api/live.py`), a service's log (`logs.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response, StreamingResponse

from api import sse
from api.deps import Reader, ThePlatform
from api.live import Live
from api.operations import describe, stream
from api.shapes.events import TenantEvent
from api.welcome import make_watch
from core.errors import Problem, Refused

router = APIRouter()
_ALWAYS = frozenset({"reset", "bye"})
_LATEST = 2**53  # what a browser's numbers hold


@router.get(
    "/api/v1/tenants/{slug}/events",
    response_class=Response,
    **describe("streamEvents", "events", {200: stream(events=TenantEvent)}),
)
async def stream_events(
    platform: ThePlatform,
    reader: Reader,
    topics: Annotated[
        str | None, Query(description="release, commit, service; separated by commas; all without")
    ] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """`release.stage`, `release.finished`, `commit.created`, `service.updated`, `service.deleted`; `reset`: some were
    missed, read everything again; `bye`: the platform restarts, come back."""
    principal, tenant = reader
    after = platform.live.mark(tenant.id) if last_event_id is None else _read_id(last_event_id)
    wanted = frozenset(part.strip() for part in (topics or "").split(",") if part.strip())
    stream = sse.keep_alive(
        _write(platform.live, tenant.id, after, wanted), may_go_on=make_watch(platform, principal, tenant)
    )
    return StreamingResponse(stream, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)


async def _write(live: Live, tenant: str, after: int, wanted: frozenset[str]) -> AsyncGenerator[bytes, None]:
    # Without an event yet, whoever comes back must still say from where.
    yield sse.write_start(after)
    events = live.stream(tenant, after)
    async with contextlib.aclosing(events):
        async for event in events:
            if not wanted or event.type in _ALWAYS or event.type.partition(".")[0] in wanted:
                yield sse.write_event(event.type, event.data, event.id)


def _read_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:20]) < _LATEST):
        raise Refused(Problem("bad-request", f"Last-Event-ID is none of ours: {text[:40]!r}"))
    return int(text)
