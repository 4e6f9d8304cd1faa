"""Where our processes reach each other: a unix socket, or a TCP port whose clients first say the internal token.

A port is for processes of other machines. Until the token has come nothing is said and nothing is taken; the unix
socket's mode does that for processes of this one. What does not live here: what is said then (`link.py`).
"""

from __future__ import annotations

import asyncio
import hmac
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core import sockets

P = TypeVar("P", bound=asyncio.BaseProtocol)

GREETING_SECONDS = 5.0  # for a client's first line
_CONNECT_SECONDS = 5.0
_GREETING_LIMIT = 1024  # bytes
_SHORTEST_TOKEN = 16  # characters: what is shorter was not drawn
_BACKLOG = 128
# A peer whose machine is gone says nothing: seconds of silence, seconds between probes, probes. See tcp(7).
_KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 5), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 2))
_UNSENT_MILLISECONDS = 15_000


@dataclass(frozen=True)
class Port:
    """A TCP port on some machine."""

    host: str
    number: int


Address = Path | Port


def parse_address(text: str) -> Address:
    """`unix:<path>` or `tcp:<host>:<port>` (an IPv6 address in brackets). Raises ValueError for anything else."""
    scheme, _, rest = text.partition(":")
    if scheme == "unix" and rest:
        return Path(rest)
    host, _, number = rest.rpartition(":")
    if scheme == "tcp" and host and number.isascii() and number.isdigit() and 0 < int(number) < 65536:
        return Port(host.removeprefix("[").removesuffix("]"), int(number))
    raise ValueError(f"{text!r} is not unix:<path> or tcp:<host>:<port>")


def read_tokens(file: Path) -> list[str]:
    """The tokens that a file holds, one a line: the first is said, all are taken. Read anew each time, for it changes.

    Raises OSError where it cannot be read or holds none.
    """
    tokens = [line.strip() for line in file.read_text(errors="replace").splitlines() if line.strip()]
    if not tokens or any(len(token) < _SHORTEST_TOKEN or not token.isascii() for token in tokens):
        raise OSError(f"{file} holds no token of at least {_SHORTEST_TOKEN} ASCII characters a line")
    return tokens


async def connect_protocol(address: Address, token_file: Path | None, factory: Callable[[], P]) -> P:
    """A connection that speaks the factory's protocol; on a port it has said the token. Raises OSError."""
    if isinstance(address, Path):
        return await sockets.connect_protocol(address, factory)
    sock = await _connect_port(address, token_file)
    _, protocol = await asyncio.get_running_loop().create_connection(factory, sock=sock)
    return protocol


async def open_stream(
    address: Address, token_file: Path | None, limit: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The same as a stream; `limit` is the longest line in bytes. Raises OSError."""
    if isinstance(address, Path):
        return await sockets.open_unix(address, limit)
    return await asyncio.open_connection(sock=await _connect_port(address, token_file), limit=limit)


async def _connect_port(address: Port, token_file: Path | None) -> socket.socket:
    """A connected socket that has said the token. Raises OSError, TimeoutError too."""
    if token_file is None:
        raise OSError("no file with the internal token is named")
    greeting = read_tokens(token_file)[0].encode() + b"\n"
    async with asyncio.timeout(_CONNECT_SECONDS):
        sock = await _open_socket(address)
        try:
            keep_alive(sock)
            await asyncio.get_running_loop().sock_sendall(sock, greeting)
        except BaseException:
            sock.close()
            raise
    return sock


async def _open_socket(address: Port) -> socket.socket:
    """Connected to the first of the host's addresses that answers."""
    loop = asyncio.get_running_loop()
    refused = OSError(f"{address.host} has no address")
    for family, kind, protocol, _, place in await loop.getaddrinfo(
        address.host, address.number, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, place)
        except OSError as error:
            sock.close()
            refused = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise refused


def keep_alive(sock: socket.socket) -> None:
    """Have the system end a connection whose other end is no longer there."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEP_ALIVE:
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNSENT_MILLISECONDS)


class PortServer:
    """A port that listens: the factory's protocol gets each connection whose first line is a token."""

    def __init__(self, token_file: Path, factory: Callable[[], asyncio.Protocol]) -> None:
        self._token_file, self._factory = token_file, factory
        self._greetings: set[_Greeting] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, number: int) -> None:
        """From now on; returns at once. Raises OSError where the port is taken."""
        listener = sockets.listen_tcp(host, number, _BACKLOG)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Greeting(self._token_file, self._factory, self._greetings), sock=listener
        )

    def close(self) -> None:
        """Stop listening, and drop who has not said a token yet; the others are their protocols'."""
        if self._server is not None:
            self._server.close()
        for greeting in list(self._greetings):
            greeting.abort()


class _Greeting(asyncio.Protocol):
    """A connection before its token has come. Wrong, too long or too late: it ends, and nothing is said."""

    def __init__(self, token_file: Path, factory: Callable[[], asyncio.Protocol], pending: set[_Greeting]) -> None:
        self._token_file, self._factory, self._pending = token_file, factory, pending
        self._said = b""
        self._transport: asyncio.Transport | None = None
        self._cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        keep_alive(transport.get_extra_info("socket"))
        self._cut = asyncio.get_running_loop().call_later(GREETING_SECONDS, transport.abort)
        self._pending.add(self)

    def data_received(self, data: bytes) -> None:
        self._said += data
        line, end, rest = self._said.partition(b"\n")
        if len(line) > _GREETING_LIMIT:
            self.abort()
        elif end and self._knows(line.removesuffix(b"\r")):
            self._hand_over(rest)
        elif end:
            self.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        self._leave()

    def abort(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.abort()

    def _leave(self) -> None:
        self._pending.discard(self)
        if self._cut is not None:
            self._cut.cancel()

    def _knows(self, said: bytes) -> bool:
        try:
            tokens = read_tokens(self._token_file)
        except OSError:
            return False
        matches = [hmac.compare_digest(said, token.encode()) for token in tokens]
        return any(matches)

    def _hand_over(self, rest: bytes) -> None:
        assert self._transport is not None
        self._leave()
        protocol = self._factory()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if rest:
            protocol.data_received(rest)
