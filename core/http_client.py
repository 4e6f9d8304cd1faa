"""Calls to one HTTP server over connections that are kept: whole answers, and answers that come for ever.

It knows nothing of Kubernetes. An answer in which anything but its end is missing is an OSError. What does not live
here: the wire (`http_connection.py`), whom to call and what an answer means (`cluster.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core import sockets
from core.http_connection import HttpConnection

_CONNECT_SECONDS = 5.0
_IDLE_SECONDS = 15.0  # servers close what has waited for longer than that
_BUFFERED = 2**20  # bytes of an answer that may wait for its reader


class BrokenAnswerError(OSError):
    """The server has ended the connection before its answer was complete, or what came is none."""


@dataclass(frozen=True)
class Head:
    """An answer's status and its fields; names are in lower case, of several of one name the last counts."""

    status: int
    fields: Mapping[str, str]


class HttpClient:
    """Calls to the server at `base` (`http(s)://host[:port][/path]`), or at a unix socket in its stead."""

    def __init__(self, base: str, tls: ssl.SSLContext | None = None, socket: Path | None = None) -> None:
        parts = urlsplit(base)
        self._host, self._is_tls = parts.hostname or "localhost", parts.scheme == "https"
        self._port = parts.port or (443 if self._is_tls else 80)
        self._tls = (tls or ssl.create_default_context()) if self._is_tls else None
        self._socket = socket
        self._prefix = parts.path.rstrip("/")
        self._name = parts.netloc.rpartition("@")[2]
        self._idle: deque[HttpConnection] = deque()
        self._open: set[HttpConnection] = set()

    async def call(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> tuple[Head, bytes]:
        """One whole answer. Raises OSError, TimeoutError where no connection can be had; the caller's time is its own.

        What is on a connection that the server was about to close is sent once more: a call must bear that.
        """
        async with self.open(method, target, headers, body) as answer:
            parts = [part async for part in answer.parts()]
            return answer.head, b"".join(parts)

    @contextlib.asynccontextmanager
    async def open(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncGenerator[Answer, None]:
        """An answer of which the head has come. Raises as `call`."""
        request = self._write(method, target, headers, body)
        while True:
            connection = self._take() or await self._connect()
            was_used = connection.used
            answer = Answer(connection)
            connection.ask(answer, request, is_head_request=False)
            try:
                await answer.begun()
                break
            except BrokenAnswerError:
                if not was_used:
                    raise
            except BaseException:
                connection.close()
                raise
        try:
            yield answer
        finally:
            self._put(connection)

    async def close(self) -> None:
        """End all connections; returns when they have ended."""
        for connection in list(self._open):
            connection.close()
        self._idle.clear()
        while self._open:
            await asyncio.sleep(0)

    def _write(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        fields = {"Host": self._name, "User-Agent": "paaks", "Accept": "application/json", **headers}
        if body is not None:
            fields["Content-Length"] = str(len(body))
        lines = [f"{method} {self._prefix}{target} HTTP/1.1", *(f"{name}: {text}" for name, text in fields.items())]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a line break in the head of a request")
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")

    # -- connections --------------------------------------------------------------------------------------------------

    def _take(self) -> HttpConnection | None:
        """The connection that was used last, if it can be used again."""
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open() and connection.idle_since >= oldest:
                return connection
            connection.close()
        return None

    def _put(self, connection: HttpConnection) -> None:
        if not connection.is_reusable():
            connection.close()
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)

    async def _connect(self) -> HttpConnection:
        if self._socket is not None:
            connection = await sockets.connect_protocol(self._socket, self._make)
        else:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    self._make, self._host, self._port, ssl=self._tls, happy_eyeballs_delay=0.25
                )
        self._open.add(connection)
        return connection

    def _make(self) -> HttpConnection:
        return HttpConnection(self._open.discard)


class Answer:
    """One answer on its way. Its body is read by one reader, once."""

    def __init__(self, connection: HttpConnection) -> None:
        self._connection = connection
        self._head: Head | None = None
        self._parts: list[bytes] = []
        self._waiting = 0  # bytes in them
        self._is_paused = self._has_ended = False
        self._error: Exception | None = None
        self._news = asyncio.Event()

    @property
    def head(self) -> Head:
        """Its head, once it has begun."""
        assert self._head is not None
        return self._head

    async def begun(self) -> None:
        """Return when the head has come. Raises BrokenAnswerError."""
        while self._head is None:
            self._raise_lost()
            self._news.clear()
            await self._news.wait()

    async def parts(self) -> AsyncIterator[bytes]:
        """The body in parts, as they come, to its end. Raises BrokenAnswerError after what has come."""
        while True:
            if self._parts:
                parts, self._parts, self._waiting = self._parts, [], 0
                if self._is_paused:
                    self._is_paused = False
                    self._connection.resume()
                yield b"".join(parts)
                continue
            if self._has_ended:
                return
            self._raise_lost()
            self._news.clear()
            await self._news.wait()

    def _raise_lost(self) -> None:
        if self._error is not None:
            raise self._error

    # -- what the connection tells ------------------------------------------------------------------------------------

    def on_head(self, status: int, fields: list[tuple[bytes, bytes]], *, has_length: bool, is_chunked: bool) -> None:
        """The head has come."""
        del has_length, is_chunked
        self._head = Head(status, {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in fields})

    def on_data(self, data: bytes) -> None:
        """A part of the body."""
        self._parts.append(data)
        self._waiting += len(data)
        if self._waiting > _BUFFERED and not self._is_paused:
            self._is_paused = True
            self._connection.pause()

    def on_flush(self) -> None:
        """Nothing more for now."""
        self._news.set()

    def on_end(self) -> None:
        """It is complete."""
        self._has_ended = True
        self._news.set()

    def on_lost(self, error: Exception | None) -> None:
        """There will be no more of it."""
        self._error = BrokenAnswerError(f"the connection ended in the middle of an answer: {error or 'closed'}")
        self._news.set()

    def on_upload_pause(self) -> None:
        """A request is written as one."""

    def on_upload_resume(self) -> None:
        """As above."""
