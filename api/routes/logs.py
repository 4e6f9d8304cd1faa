"""What a service has said and is saying, as lines of JSON or as server-sent events.

What does not live here: gathering it from the pods (`api/pod_logs.py`), what a line says (`api/log_lines.py`).
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncGenerator, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from api import sse
from api.deps import Reader, ThePlatform
from api.log_lines import Line, make_filter, read_since
from api.operations import describe, stream
from api.pod_logs import Question, ServiceLogs
from api.shapes.events import LogEvent
from api.shapes.services import LogLine
from api.welcome import make_watch
from core.errors import NotFound, Problem, Refused

router = APIRouter()
_NDJSON = "application/x-ndjson"
Writer = Callable[[Line], bytes]


@router.get(
    "/api/v1/tenants/{slug}/services/{service}/logs",
    response_class=Response,
    **describe("readLogs", "services", {200: stream(ndjson=LogLine, events=LogEvent)}),
)
async def read_logs(
    service: str,
    request: Request,
    platform: ThePlatform,
    reader: Reader,
    tail: Annotated[int, Query(ge=0, le=10_000)] = 500,
    since: Annotated[str | None, Query(description="10m, 2h, or an RFC 3339 time")] = None,
    previous: Annotated[bool, Query(description="of the processes before the running ones")] = False,
    follow: bool = False,
    level: Annotated[str | None, Query(description="separated by commas")] = None,
    q: Annotated[str | None, Query(max_length=1_000, description="a text in the line")] = None,
    request_id: Annotated[str | None, Query(alias="requestId", max_length=200)] = None,
) -> Response:
    """The last lines of all of the service's pods by time; with `follow`, what comes after them too, without end."""
    principal, tenant = reader
    if previous and follow:
        raise Refused(Problem("bad-request", "what has ended cannot be followed", hint="leave out `previous`"))
    overview = await platform.index.read(tenant)
    logs = ServiceLogs(platform.cluster, tenant, service)
    wanted = make_filter(level, q, request_id)
    seconds = read_since(since, time.time()) if since else None
    lines = await logs.read(Question(tail, seconds, previous, wanted))
    if not lines and service not in overview.services:
        raise NotFound(Problem("not-found", f"there is no service {service[:60]!r}"))
    as_events = sse.MEDIA_TYPE in request.headers.get("accept", "")
    write = _write_event if as_events else _write_line
    media_type = sse.MEDIA_TYPE if as_events else _NDJSON
    head = sse.write_start() if as_events else b""
    body = head + b"".join(map(write, lines))
    if not follow:
        return Response(body, media_type=media_type, headers=sse.HEADERS)
    may_stay = make_watch(platform, principal, tenant)
    stream = sse.keep_alive(
        _follow(body, logs.follow(wanted), write),
        may_go_on=lambda: may_stay() and not platform.live.is_closed,
        comment=sse.KEEP_ALIVE if as_events else b"",
    )
    return StreamingResponse(stream, media_type=media_type, headers=sse.HEADERS)


async def _follow(before: bytes, coming: AsyncGenerator[Line, None], write: Writer) -> AsyncGenerator[bytes, None]:
    if before:
        yield before
    async with contextlib.aclosing(coming):
        async for line in coming:
            yield write(line)


def _write_line(line: Line) -> bytes:
    return json.dumps(line.show(), separators=(",", ":")).encode() + b"\n"


def _write_event(line: Line) -> bytes:
    return sse.write_event("log", line.show())
