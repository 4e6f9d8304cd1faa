"""The messages between our processes: JSON lines on a unix socket or an internal port. They are hints and may be lost.

What does not live here: what a message means, and who may connect (`internal_port.py`). Whoever sends one must come to
the same result without it, only later.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from core import internal_port, sockets
from core.internal_port import Address, PortServer

Message = dict[str, Any]

_LINE_LIMIT = 2**20  # bytes; a release with its traceback has some ten thousand
_BACKLOG_LIMIT = 4 * 2**20  # bytes that a peer may leave unread before it is dropped
_FIRST_DELAY, _LONGEST_DELAY = 0.02, 1.0  # seconds between attempts to connect


class _Lines(asyncio.Protocol):
    """One end of a connection: lines in, lines out; a line that is not a JSON object ends it."""

    def __init__(self, on_message: Callable[[Message], None], on_end: Callable[[], None]) -> None:
        self._on_message, self._on_end = on_message, on_end
        self._rest = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if self.transport is None or self.transport.is_closing():
                return
            message = _decode(line)
            if message is None:
                self.abort()
                return
            self._on_message(message)
        if len(self._rest) > _LINE_LIMIT:
            self.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        self._on_end()

    def send(self, message: Message) -> bool:
        """False where the message is lost: the connection has ended, or the other end does not read."""
        if self.transport is None or self.transport.is_closing():
            return False
        if self.transport.get_write_buffer_size() > _BACKLOG_LIMIT:
            self.abort()
            return False
        self.transport.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        return True

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def _decode(line: bytes) -> Message | None:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


class Peer:
    """A process that has said hello. `role` is what it is (`api`, `dispatcher`), `id` which one."""

    def __init__(self, role: str, id: str, lines: _Lines) -> None:
        self.role, self.id, self._lines = role, id, lines

    def send(self, message: Message) -> None:
        """Never blocks; a peer that does not read is dropped."""
        self._lines.send(message)


class Hub:
    """The controller's side. `on_message` gets what follows a hello; `on_change`: a peer came or went."""

    def __init__(self, on_message: Callable[[Peer, Message], None], on_change: Callable[[], None]) -> None:
        self._on_message, self._on_change = on_message, on_change
        self._peers: dict[_Lines, Peer] = {}
        self._connections: set[_Lines] = set()
        self._server: asyncio.Server | None = None
        self._port: PortServer | None = None

    async def serve(self, path: Path) -> None:
        """Listen at `path` from now on; returns at once."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._accept, sock=sockets.listen_unix(path))

    async def serve_port(self, host: str, number: int, token_file: Path) -> None:
        """Listen on a port too, for who has an internal token; returns at once."""
        self._port = PortServer(token_file, self._accept)
        await self._port.listen(host, number)

    async def close(self) -> None:
        """Stop listening and drop every peer."""
        if self._port is not None:
            self._port.close()
        if self._server is not None:
            self._server.close()
        for lines in list(self._connections):
            lines.abort()
        if self._server is not None:
            await self._server.wait_closed()

    def peers(self, role: str) -> list[Peer]:
        """Who of this role is connected."""
        return [peer for peer in self._peers.values() if peer.role == role]

    def broadcast(self, role: str, message: Message) -> None:
        """Send to every peer of a role. Never blocks."""
        for peer in self.peers(role):
            peer.send(message)

    def _accept(self) -> _Lines:
        lines = _Lines(lambda message: self._take(lines, message), lambda: self._drop(lines))
        self._connections.add(lines)
        return lines

    def _take(self, lines: _Lines, message: Message) -> None:
        peer = self._peers.get(lines)
        if peer is not None:
            self._on_message(peer, message)
        elif message.get("type") == "hello":
            self._peers[lines] = Peer(str(message.get("role")), str(message.get("id")), lines)
            self._on_change()
        else:
            lines.abort()

    def _drop(self, lines: _Lines) -> None:
        self._connections.discard(lines)
        if self._peers.pop(lines, None) is not None:
            self._on_change()


class Connection:
    """A client's side. Connects again for ever; each connection begins with the hello, then what `on_connect` gives.

    `token_file` is for a port: see `internal_port.py`.
    """

    def __init__(
        self,
        address: Address,
        role: str,
        id: str,
        on_message: Callable[[Message], None],
        on_connect: Callable[[], Iterable[Message]],
        token_file: Path | None = None,
    ) -> None:
        self._address, self._token_file = address, token_file
        self._on_message, self._on_connect = on_message, on_connect
        self._hello: Message = {"type": "hello", "role": role, "id": id}
        self._lines: _Lines | None = None
        self._closed = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Is there somebody at the other end?"""
        return self._lines is not None

    def send(self, message: Message) -> bool:
        """False: there is nobody at the other end, and the message is lost."""
        return self._lines is not None and self._lines.send(message)

    async def run(self) -> None:
        """Keep a connection until `close`."""
        delay = _FIRST_DELAY
        while not self._closed.is_set():
            try:
                await self._connect()
                delay = _FIRST_DELAY
            except OSError:
                delay = min(delay * 2, _LONGEST_DELAY)
            await self._pause(random.uniform(0, delay))

    async def close(self) -> None:
        """End the connection and `run`."""
        self._closed.set()
        if self._lines is not None and self._lines.transport is not None:
            self._lines.transport.close()

    async def _connect(self) -> None:
        """One connection, from its hello to its end."""
        ended = asyncio.Event()
        lines = await internal_port.connect_protocol(
            self._address, self._token_file, lambda: _Lines(self._on_message, ended.set)
        )
        if self._closed.is_set():
            lines.abort()
        lines.send(self._hello)
        for message in self._on_connect():
            lines.send(message)
        self._lines = lines
        try:
            await ended.wait()
        finally:
            self._lines = None
            lines.abort()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closed.wait(), seconds)
        except TimeoutError:
            return
