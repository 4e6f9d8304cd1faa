"""Answers that go on for long: a watch, and a pod's log that is followed.

Nothing is queued for a slow client: its socket's buffer fills, and the ring forgets without it (`watch.py`).
What does not live here: which path and verb lead here (`api.py`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from runtime.node import statuses, tables
from runtime.node.kinds import Object
from runtime.node.logs import Logs
from runtime.node.objects import Refusal, Store, Stored, encode
from runtime.node.watch import Ring, Scope, Seen

BOOKMARK_SECONDS = 10.0
_LONGEST = 3600.0  # seconds after which a watch ends that does not say when
_END_OF_INITIAL = {"annotations": {"k8s.io/initial-events-end": "true"}}


@dataclass(frozen=True)
class Form:
    """How objects are sent: as they are, or as rows of a Table with `include` beside the cells."""

    table: bool = False
    include: str = "Metadata"


@dataclass(frozen=True)
class WatchOptions:
    """From where a watch starts (None: from what is there, told first), whether it wants bookmarks, when it ends."""

    after: int | None
    bookmarks: bool
    seconds: float
    initial_end: bool = False


def read_watch_options(query: Mapping[str, str]) -> WatchOptions:
    """What a watch's query asks for. Raises Refusal (400)."""
    initial = query.get("sendInitialEvents") == "true"
    after = "" if initial else query.get("resourceVersion", "")
    seconds = query.get("timeoutSeconds") or "0"
    if not (after.isascii() and seconds.isascii() and (after or "0").isdigit() and seconds.isdigit()):
        raise statuses.bad_request(f"not numbers: resourceVersion {after!r}, timeoutSeconds {seconds!r}")
    return WatchOptions(
        after=int(after) if after not in ("", "0") else None,
        bookmarks=query.get("allowWatchBookmarks") in ("true", "1"),
        seconds=float(seconds) or _LONGEST,
        initial_end=initial,
    )


async def send_watch(
    request: web.Request, store: Store, ring: Ring, scope: Scope, options: WatchOptions, form: Form
) -> web.StreamResponse:
    """A watch, until it has lasted as long as asked. That the version is not kept is said in the stream (410)."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    pen = _Pen(scope, form, store)
    try:
        await _write_watch(response, ring, pen, options)
    except Refusal as refusal:
        await response.write(pen.line("ERROR", encode(statuses.describe_refusal(refusal))))
    await response.write_eof()
    return response


async def _write_watch(response: web.StreamResponse, ring: Ring, pen: _Pen, options: WatchOptions) -> None:
    now = time.monotonic()
    ends, next_bookmark = now + options.seconds, now + BOOKMARK_SECONDS
    place = ring.end if options.after is None else ring.place_after(options.after)
    if options.after is None:
        await _write(response, pen.initial())
        if options.initial_end and options.bookmarks:
            await response.write(pen.bookmark(ring.version_at(place), _END_OF_INITIAL))
    while now < ends:
        wake = min(ends, next_bookmark) if options.bookmarks else ends
        seen, place = await ring.advance(pen.scope, place, wake - now)
        await _write(response, pen.events(seen))
        now = time.monotonic()
        if options.bookmarks and now >= min(ends, next_bookmark):
            await response.write(pen.bookmark(ring.version_at(place)))
            next_bookmark = now + BOOKMARK_SECONDS


@dataclass(frozen=True)
class LogOptions:
    """Which lines of a log are sent: the last `tail`, those since a moment (epoch seconds), those still to come."""

    tail: int | None
    since: float | None
    previous: bool
    follow: bool
    timestamps: bool


def read_log_options(query: Mapping[str, str], now: float) -> LogOptions:
    """What a log's query asks for. Raises Refusal (400)."""
    try:
        tail = int(query["tailLines"]) if "tailLines" in query else None
        since = now - float(query["sinceSeconds"]) if "sinceSeconds" in query else None
        if "sinceTime" in query:
            since = datetime.fromisoformat(query["sinceTime"]).timestamp()
    except ValueError as error:
        raise statuses.bad_request(f"tailLines, sinceSeconds or sinceTime cannot be read: {error}") from error
    if tail is not None and tail < 0:
        raise statuses.bad_request("tailLines must be 0 or more")
    previous, follow, timestamps = (query.get(name) in ("true", "1") for name in ("previous", "follow", "timestamps"))
    return LogOptions(tail, since, previous, follow, timestamps)


async def send_log(
    request: web.Request, logs: Logs, namespace: str, pod: str, options: LogOptions
) -> web.StreamResponse:
    """The lines of a pod's log; where they are followed, until its process has ended. Raises NoSuchLog."""
    lines = logs.read(
        namespace,
        pod,
        tail=options.tail,
        since=options.since,
        previous=options.previous,
        follow=options.follow,
        timestamps=options.timestamps,
    )
    response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
    response.enable_chunked_encoding()
    async with contextlib.aclosing(lines):
        # That there is no log is known with the first step only, and must be known before the head is sent.
        first = await anext(lines, b"")
        await response.prepare(request)
        await response.write(first)
        async for chunk in lines:
            await response.write(chunk)
    await response.write_eof()
    return response


async def _write(response: web.StreamResponse, lines: Iterable[bytes]) -> None:
    if data := b"".join(lines):
        await response.write(data)


class _Pen:
    """Writes watch events in the form that was asked for."""

    def __init__(self, scope: Scope, form: Form, store: Store) -> None:
        self.scope, self._form, self._store = scope, form, store
        self._columns_told = False

    def initial(self) -> list[bytes]:
        """Everything that is there, as additions."""
        found = self._store.list(self.scope.kind, self.scope.namespace)
        return self.events(Seen("ADDED", stored) for stored in found if self.scope.covers(stored))

    def events(self, seen: Iterable[Seen]) -> list[bytes]:
        """A line for each change."""
        return [self.line(one.type, self._encode(one.stored)) for one in seen]

    def bookmark(self, version: int, metadata: Object | None = None) -> bytes:
        """A line that says how far the watch has come."""
        kind = self.scope.kind
        told = {"resourceVersion": str(version), "creationTimestamp": None} | (metadata or {})
        value = {"kind": kind.name, "apiVersion": kind.api_version, "metadata": told}
        return self.line("BOOKMARK", encode(value))

    def line(self, type_: str, data: bytes) -> bytes:
        """One event."""
        return b'{"type":"%b","object":%b}\n' % (type_.encode(), data)

    def _encode(self, stored: Stored) -> bytes:
        if not self._form.table:
            return stored.data
        version = stored.value["metadata"]["resourceVersion"]
        table = tables.build_table(self.scope.kind, [stored.value], version, self._store.now(), self._form.include)
        if self._columns_told:
            table["columnDefinitions"] = []
        self._columns_told = True
        return encode(table)
