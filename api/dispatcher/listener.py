"""The visitor's side of the wire: one connection, request after request, in order and within limits.

What does not live here: what a head means (`head.py`), and who answers (`proxy.py`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from api.dispatcher.answers import write_problem
from api.dispatcher.chunks import ChunkDecoder
from api.dispatcher.head import BODY_LIMIT, Head, check_partial, parse_head
from core.errors import Problem, Refused

HEAD_SECONDS = 10.0  # for a whole head
IDLE_SECONDS = 30.0  # between two requests
RATE_SECONDS = 20.0  # in which a slow peer has to move RATE_BYTES, in either direction
RATE_BYTES = 4096
LINGER_SECONDS = 2.0  # in which what a refused visitor still sends is taken and thrown away
PIPELINE_LIMIT = 64 * 1024  # bytes of further requests that are read while one is answered
_HIGH_WATER = 256 * 1024


class Served(Protocol):
    """One request being answered. It calls the visitor's `write` and then `finish`, or `abort`."""

    def begin(self) -> None:
        """The head is all that has come yet."""

    def on_body(self, data: bytes) -> None:
        """A part of the request's body."""

    def on_body_end(self) -> None:
        """It is complete."""

    def on_refused(self, problem: Refused) -> None:
        """The body is wrong, too large or too slow: answer with that, if nothing has been."""

    def on_gone(self) -> None:
        """The visitor has gone."""

    def on_pause(self) -> None:
        """The visitor does not read as fast as is written."""

    def on_resume(self) -> None:
        """It does again."""

    def check(self, now: float) -> None:
        """Time has passed."""


class Visitors:
    """All connections of visitors. `serve` begins to answer a request; `name_request` makes an id for one."""

    def __init__(self, serve: Callable[[Visitor, Head], Served], name_request: Callable[[], str]) -> None:
        self.serve, self.name_request = serve, name_request
        self.open: set[Visitor] = set()
        self.is_draining = False

    def accept(self) -> Visitor:
        """The protocol of a new connection."""
        return Visitor(self)

    def check(self, now: float) -> None:
        """Close those that are too slow; tell the others that time has passed."""
        for visitor in list(self.open):
            visitor.check(now)

    def drain(self) -> None:
        """From now on each answer is the last of its connection."""
        self.is_draining = True

    @property
    def busy(self) -> int:
        """Connections on which a request is being answered."""
        return sum(visitor.is_busy for visitor in self.open)

    def close_idle(self) -> None:
        """Close the connections on which nothing is being answered."""
        for visitor in list(self.open):
            if not visitor.is_busy:
                visitor.abort()


class Visitor(asyncio.Protocol):
    """One connection."""

    def __init__(self, visitors: Visitors) -> None:
        self.peer = b""
        self.body_complete = True
        self._visitors = visitors
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._served: Served | None = None
        self._head: Head | None = None
        self._last: tuple[bytes, Head] | None = None
        self._left = 0
        self._chunks: ChunkDecoder | None = None
        self._deadline = 0.0  # for a head to be complete, or for what lingers to end
        self._is_lingering = self._is_reading_paused = self._is_writing_paused = False
        self._has_begun = False  # a part of a head has come
        self._window = (0.0, 0)  # since when, and how many bytes were still to move then
        self._received = 0

    # -- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(_HIGH_WATER)
        peer = transport.get_extra_info("peername")
        self.peer = str(peer[0]).encode() if peer else b"unknown"
        self._deadline = time.monotonic() + HEAD_SECONDS
        self._has_begun = True
        self._visitors.open.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self._visitors.open.discard(self)
        served, self._served = self._served, None
        if served is not None:
            served.on_gone()

    def eof_received(self) -> bool:
        return False  # whoever does not listen any more is not answered

    def pause_writing(self) -> None:
        self._is_writing_paused = True
        self._window = (time.monotonic(), self._unsent())
        if self._served is not None:
            self._served.on_pause()

    def resume_writing(self) -> None:
        self._is_writing_paused = False
        if self._served is not None:
            self._served.on_resume()

    def data_received(self, data: bytes) -> None:
        if self._is_lingering:
            return
        if self._served is None:
            self._buffer = self._buffer + data if self._buffer else data
            self._read_head()
        elif not self.body_complete:
            self._read_body(data)
        else:
            self._keep_for_later(data)

    def _keep_for_later(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > PIPELINE_LIMIT:
            self.pause_reading()

    # -- reading

    def _read_head(self) -> None:
        """Begin with the next request, if its head has come."""
        while self._buffer[:2] == b"\r\n":
            self._buffer = self._buffer[2:]
        if not self._buffer:
            return
        end = self._buffer.find(b"\r\n\r\n")
        try:
            if end < 0:
                self._wait_for_head()
                return
            head = self._parse(self._buffer[: end + 4])
        except Refused as refused:
            self._refuse(refused)
            return
        rest, self._buffer = self._buffer[end + 4 :], b""
        self._begin(head, rest)

    def _parse(self, raw: bytes) -> Head:
        """The head that `raw` is. A client that asks for the same again and again has it parsed once."""
        last = self._last
        if last is None or last[0] != raw:
            head = parse_head(raw)
            self._last = last = (raw, head) if head.length == 0 else None
            return head
        return last[1]

    def _wait_for_head(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._deadline = time.monotonic() + HEAD_SECONDS
        check_partial(self._buffer)

    def _begin(self, head: Head, rest: bytes) -> None:
        self._head = head
        self._left = head.length or 0
        self._chunks = ChunkDecoder(BODY_LIMIT) if head.length is None else None
        self.body_complete = head.length == 0
        self._received = 0
        self._window = (0.0, 0)
        self._buffer = rest if self.body_complete else b""
        served = self._served = self._visitors.serve(self, head)
        served.begin()
        if rest and self._served is served and not self.body_complete:
            self._read_body(rest)

    def _read_body(self, data: bytes) -> None:
        served = self._served
        assert served is not None
        self._received += len(data)
        try:
            if self._chunks is None:
                part, rest = data[: self._left], data[self._left :]
                self._left -= len(part)
                self.body_complete = self._left == 0
            else:
                part = self._chunks.feed(data)
                self.body_complete, rest = self._chunks.is_done, self._chunks.rest
        except Refused as refused:
            served.on_refused(refused)
            return
        if rest:
            self._keep_for_later(rest)
        if part:
            served.on_body(part)
        if self.body_complete and self._served is served:
            served.on_body_end()

    # -- what who answers may do

    def write(self, data: bytes) -> None:
        """A part of the answer."""
        if self._transport is not None:
            self._transport.write(data)

    def send_continue(self, head: Head) -> None:
        """Say once to who waits for it that the body is wanted."""
        if head.expects_continue and not self._received:
            head.expects_continue = False
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def keeps_alive(self) -> bool:
        """May another request follow the answer whose head is now written?"""
        head = self._head
        return head is not None and head.keep_alive and self.body_complete and not self._visitors.is_draining

    def finish(self, keep_alive: bool) -> None:
        """The answer is complete. `keep_alive` is what its head has said."""
        self._served = None
        self._end_request(keep_alive)

    def _end_request(self, keep_alive: bool) -> None:
        if self._transport is None:
            return
        if not keep_alive or not self.body_complete:
            self._close()
            return
        self._deadline = time.monotonic() + IDLE_SECONDS
        self._has_begun = False
        self.resume_reading()
        if self._buffer:  # from the loop: a thousand requests in one packet must not nest
            asyncio.get_running_loop().call_soon(self._read_next)

    def _read_next(self) -> None:
        if self._served is None and self._transport is not None and not self._is_lingering:
            self._read_head()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self) -> None:
        """Take nothing more for now."""
        if not self._is_reading_paused and self._transport is not None and not self._transport.is_closing():
            self._is_reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on."""
        if self._is_reading_paused and self._transport is not None and not self._transport.is_closing():
            self._is_reading_paused = False
            self._window = (0.0, 0)
            self._transport.resume_reading()

    # -- ends

    @property
    def is_busy(self) -> bool:
        """Is a request being answered, or an answer still on its way?"""
        return self._served is not None or self._unsent() > 0

    def _refuse(self, refused: Refused) -> None:
        """Answer what could not be read; where the next request begins is unknown, so there is none."""
        request_id = self._visitors.name_request()
        _, answer = write_problem(refused.problems, accept=b"", request_id=request_id, keep_alive=False)
        self.write(answer)
        self._close()

    def _close(self) -> None:
        """End the connection behind what is written; what still comes is thrown away for a moment, for a reset would
        take the answer from who has not read it."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._is_lingering = True
        self._buffer = b""
        self._deadline = time.monotonic() + LINGER_SECONDS
        self.resume_reading()
        transport.write_eof()

    def _unsent(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def check(self, now: float) -> None:
        """Time has passed: who is too slow is not waited for."""
        unsent = self._unsent()
        if unsent:
            self._check_rate(now, unsent, is_falling=True)
        elif self._is_lingering or self._served is None:
            if now > self._deadline:
                self._give_up()
        elif not self.body_complete and not self._is_reading_paused:
            self._check_rate(now, self._received, is_falling=False)
        else:
            self._window = (0.0, 0)
        if self._served is not None:
            self._served.check(now)

    def _check_rate(self, now: float, amount: int, *, is_falling: bool) -> None:
        since, before = self._window
        if not since:
            self._window = (now, amount)
        elif now - since > RATE_SECONDS:
            moved = before - amount if is_falling else amount - before
            if moved >= RATE_BYTES or (is_falling and amount > before):
                self._window = (now, amount)
            elif is_falling or self._served is None:
                self.abort()
            else:
                self._served.on_refused(Refused(Problem("request-timeout", "the body came too slowly")))

    def _give_up(self) -> None:
        if self._is_lingering or not self._has_begun or not self._buffer:
            self.abort()
        else:
            self._refuse(Refused(Problem("request-timeout", f"no whole head in {HEAD_SECONDS:.0f} seconds")))
