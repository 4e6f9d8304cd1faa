"""Server-sent events: how they are written, and a stream that is kept alive and ends when its reader must not have it.

What does not live here: what is streamed (`live.py`, `pod_logs.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
RETRY_MILLISECONDS = 2_000
KEEP_ALIVE_SECONDS = 15.0
KEEP_ALIVE = b": keep-alive\n\n"
_LOOK_SECONDS = 2.0


def write_event(kind: str, data: Any, id: int | None = None) -> bytes:
    """One event (WHATWG HTML §9.2); `data` is JSON, which has no line ends of its own."""
    head = f"id: {id}\n" if id is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def write_start(id: int | None = None) -> bytes:
    """How a stream begins: when to come back after it breaks, and after which event."""
    return (f"id: {id}\n" if id is not None else "").encode() + f"retry: {RETRY_MILLISECONDS}\n\n".encode()


async def keep_alive(
    source: AsyncGenerator[bytes, None], *, may_go_on: Callable[[], bool], comment: bytes = KEEP_ALIVE
) -> AsyncGenerator[bytes, None]:
    """The source, with a comment after each long silence, until `may_go_on` says no (looked at often). Closes it."""
    coming: asyncio.Task[bytes] | None = None
    spoken = time.monotonic()
    try:
        while may_go_on():
            coming = coming or asyncio.create_task(_next(source))
            await asyncio.wait({coming}, timeout=_LOOK_SECONDS)
            if coming.done():
                chunk, coming = coming.result(), None
                if not chunk:
                    return
                spoken = time.monotonic()
                yield chunk
            elif time.monotonic() - spoken >= KEEP_ALIVE_SECONDS and comment:
                spoken = time.monotonic()
                yield comment
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await source.aclose()


async def _next(source: AsyncGenerator[bytes, None]) -> bytes:
    """The next chunk, empty at the end."""
    with contextlib.suppress(StopAsyncIteration):
        return await anext(source)
    return b""
