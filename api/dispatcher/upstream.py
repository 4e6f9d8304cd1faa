"""The pod's side of the wire: one connection and what is said on it, and the pool of those that wait for more.

What does not live here: which pod (`route_table.py`), and what a request or an answer is turned into (`proxy.py`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import httptools

from api.dispatcher.route_table import Pod
from core import sockets
from core.names import Address

IDLE_SECONDS = 50.0  # below the idle limit of the server in the pod (120 s): it never closes first
CONNECT_SECONDS = 5.0
HEAD_LIMIT = 64 * 1024  # bytes of a pod's head
_HIGH_WATER = 256 * 1024


class Asker(Protocol):
    """Who has sent a request and is told of its answer, in this order; `on_lost` instead of what did not come."""

    def on_head(self, status: int, fields: list[tuple[bytes, bytes]], *, has_length: bool, is_chunked: bool) -> None:
        """The answer's head."""

    def on_data(self, data: bytes) -> None:
        """A part of its body."""

    def on_end(self) -> None:
        """It is complete."""

    def on_flush(self) -> None:
        """All that has come so far has been told."""

    def on_lost(self, error: Exception | None) -> None:
        """The connection has ended, or what came is no answer. The connection is closed."""

    def on_upload_pause(self) -> None:
        """The pod does not read as fast as is written."""

    def on_upload_resume(self) -> None:
        """It does again."""


class PodConnection(asyncio.Protocol):
    """One connection to one pod. Serves one asker after the other."""

    def __init__(self, pod: Pod, on_closed: Callable[[PodConnection], None]) -> None:
        self.pod = pod
        self.transport: asyncio.Transport | None = None
        self.idle_since = 0.0
        self.used = False  # it has answered before
        self._on_closed = on_closed
        self._asker: Asker | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._is_head_request = False
        self._begin_message()

    def _begin_message(self) -> None:
        self._fields: list[tuple[bytes, bytes]] = []
        self._status = 0
        self._has_length = self._is_chunked = self._until_end = False
        self.has_ended = self._is_poisoned = False
        self._head_bytes = 0
        self.keeps_alive = False

    # -- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(_HIGH_WATER)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._on_closed(self)
        asker, self._asker = self._asker, None
        if asker is not None:
            if self._until_end and exc is None:
                asker.on_end()
            else:
                asker.on_lost(exc)

    def pause_writing(self) -> None:
        if self._asker is not None:
            self._asker.on_upload_pause()

    def resume_writing(self) -> None:
        if self._asker is not None:
            self._asker.on_upload_resume()

    def data_received(self, data: bytes) -> None:
        asker = self._asker
        if asker is None:  # nobody has asked: whatever this is, the next one must not get it
            self.close()
            return
        try:
            assert self._parser is not None
            if not self._status:
                self._count_head(data)
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)
            return
        except httptools.HttpParserUpgrade:
            self._fail(None)
            return
        asker.on_flush()
        if self.has_ended:
            self._finish()

    def eof_received(self) -> bool:
        return False

    # -- asking

    def ask(self, asker: Asker, head: bytes, *, is_head_request: bool) -> None:
        """Send a request's head; its body follows by `write`."""
        assert self.transport is not None
        self._asker = asker
        self._begin_message()
        self._is_head_request = is_head_request
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        self.transport.write(head)

    def write(self, data: bytes) -> None:
        """More of the request."""
        if self.transport is not None:
            self.transport.write(data)

    def is_open(self) -> bool:
        """Can it be asked?"""
        return self.transport is not None and not self.transport.is_closing()

    def is_reusable(self) -> bool:
        """Has the answer come whole, and may another be asked for?"""
        return self.has_ended and self.keeps_alive and self._asker is None and self.is_open()

    def pause(self) -> None:
        """Do not read on: the visitor is slower."""
        if self.is_open():
            assert self.transport is not None
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self.is_open():
            assert self.transport is not None
            self.transport.resume_reading()

    def close(self) -> None:
        """End it; whoever asked is not told any more."""
        self._asker = None
        if self.transport is not None:
            self.transport.abort()

    def _fail(self, error: Exception | None) -> None:
        asker, self._asker = self._asker, None
        if self.transport is not None:
            self.transport.abort()
        if asker is not None:
            asker.on_lost(error)

    def _count_head(self, data: bytes) -> None:
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_LIMIT and b"\r\n\r\n" not in data[:HEAD_LIMIT]:
            raise httptools.HttpParserError("the head does not end")

    def _finish(self) -> None:
        asker, self._asker = self._asker, None
        if self._is_head_request or not self.keeps_alive or self._is_poisoned:
            self._parser = None
        self.keeps_alive = self.keeps_alive and not self._is_poisoned
        self.used = True
        if asker is not None:
            asker.on_end()

    # -- httptools

    def on_message_begin(self) -> None:
        if self.has_ended:
            self._is_poisoned = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._status:
            return  # a trailer
        self._fields.append((name, value))
        lower = name.lower()
        if lower == b"content-length":
            self._has_length = True
        elif lower == b"transfer-encoding":
            self._is_chunked = True

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        if self.has_ended:
            self._is_poisoned = True
            return
        status = self._parser.get_status_code()
        if status < 200:
            if status == 101:
                raise httptools.HttpParserError("an upgrade that nobody asked for")
            self._fields = []
            self._has_length = self._is_chunked = False
            return
        self._status = status
        self.keeps_alive = self._parser.should_keep_alive()
        has_body = not self._is_head_request and status not in (204, 304)
        self._until_end = has_body and not self._has_length and not self._is_chunked
        if self._asker is not None:
            self._asker.on_head(status, self._fields, has_length=self._has_length, is_chunked=self._is_chunked)
        if self._is_head_request:
            self.has_ended = True

    def on_body(self, body: bytes) -> None:
        if self.has_ended:
            self._is_poisoned = True
        elif self._asker is not None and self._status:
            self._asker.on_data(body)

    def on_message_complete(self) -> None:
        if self._status:
            self.has_ended = True


class Pool:
    """Connections to pods that wait for the next request."""

    def __init__(self) -> None:
        self._idle: dict[Pod, list[PodConnection]] = {}

    def take(self, pod: Pod) -> PodConnection | None:
        """A connection that is open, the one that was used last; None where there is none."""
        idle = self._idle.get(pod)
        while idle:
            connection = idle.pop()
            if connection.is_open():
                return connection
        return None

    def put(self, connection: PodConnection, now: float) -> None:
        """Keep it for the next request, unless its pod is about to go."""
        if connection.pod.terminating or not connection.is_open():
            connection.close()
            return
        connection.idle_since = now
        self._idle.setdefault(connection.pod, []).append(connection)

    def forget(self, connection: PodConnection) -> None:
        """It has closed."""
        idle = self._idle.get(connection.pod)
        if idle and connection in idle:
            idle.remove(connection)

    def leave(self, pod: Pod) -> None:
        """Close what waits there."""
        for connection in self._idle.pop(pod, ()):
            connection.close()

    def sweep(self, now: float) -> None:
        """Close what has waited for `IDLE_SECONDS`."""
        for idle in list(self._idle.values()):
            while idle and idle[0].idle_since + IDLE_SECONDS < now:
                idle.pop(0).close()

    async def connect(self, pod: Pod) -> PodConnection:
        """A new connection. Raises OSError where nobody listens."""
        loop = asyncio.get_running_loop()
        sock = await _open_socket(pod.address)
        _, connection = await loop.create_connection(lambda: PodConnection(pod, self.forget), sock=sock)
        return connection


async def _open_socket(address: Address) -> socket.socket:
    if address.path is not None:
        return sockets.connect_unix(Path(address.path))
    sock = socket.socket(socket.AF_INET6 if ":" in (address.host or "") else socket.AF_INET)
    sock.setblocking(False)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(sock, (address.host, address.port))
    except BaseException:
        sock.close()
        raise
    return sock
