"""Ports between our processes, on real sockets: who has no token is not served, is told nothing, and is soon gone."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from core import internal_port, sockets
from core.internal_port import Port, PortServer, connect_protocol, open_stream, parse_address

TOKEN = "first-token-of-some-length"


class Served(asyncio.Protocol):
    """Greets who is let in, and keeps what it says."""

    def __init__(self, heard: list[bytes], opened: list[asyncio.Transport]) -> None:
        self._heard, self._opened = heard, opened
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._opened.append(transport)
        transport.write(b"welcome\n")

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._heard.append(data)
        self._transport.write(data)


class Door:
    """A port that listens, its token file, and what came through it."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "token"
        self.file.write_text(TOKEN + "\n")
        self.heard: list[bytes] = []
        self.opened: list[asyncio.Transport] = []
        self.server = PortServer(self.file, lambda: Served(self.heard, self.opened))
        self.address = Port("127.0.0.1", find_port())

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that has said nothing."""
        return await asyncio.open_connection(self.address.host, self.address.number)

    async def enter(self) -> bytes:
        """What a client with the file's token hears first."""
        reader, writer = await open_stream(self.address, self.file, 2**16)
        try:
            async with asyncio.timeout(5):
                return await reader.readline()
        finally:
            await end(writer)


async def end(writer: asyncio.StreamWriter) -> None:
    """Close our end, whatever the other has done."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def find_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    door = Door(tmp_path)
    await door.server.listen(door.address.host, door.address.number)
    yield door
    door.server.close()
    for transport in door.opened:
        transport.abort()
    await asyncio.sleep(0.01)  # what is aborted is closed in the loop's next rounds


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """All that comes before the other end closes, politely or not."""
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), 10)
    return b""


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:/run/link.sock", Path("/run/link.sock")),
        ("tcp:control.paaks-system:3001", Port("control.paaks-system", 3001)),
        ("tcp:[::1]:3001", Port("::1", 3001)),
        ("tcp:10.0.0.1:65535", Port("10.0.0.1", 65535)),
    ],
)
def test_an_address_is_a_path_or_a_port(text: str, address: object) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "unix:", "tcp:", "tcp:3001", "tcp::1", "tcp:h:0", "tcp:h:65536", "tcp:h:x", "/a"])
def test_nothing_else_is_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not unix:<path>"):
        parse_address(text)


async def test_who_says_the_token_is_served(door: Door) -> None:
    reader, writer = await open_stream(door.address, door.file, 2**16)
    writer.write(b"hello\n")
    assert await reader.readline() == b"welcome\n"
    assert await reader.readline() == b"hello\n"
    await end(writer)
    assert door.heard == [b"hello\n"]


async def test_a_protocol_is_connected_when_it_has_said_the_token(door: Door) -> None:
    heard: list[bytes] = []

    class Client(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            heard.append(data)
            came.set()

        def connection_lost(self, _error: Exception | None) -> None:
            gone.set()

    came, gone = asyncio.Event(), asyncio.Event()
    client = await connect_protocol(door.address, door.file, Client)
    await asyncio.wait_for(came.wait(), 5)
    assert isinstance(client, Client)
    assert heard == [b"welcome\n"]
    door.opened[0].close()
    await asyncio.wait_for(gone.wait(), 5)


async def test_the_token_may_come_in_pieces_and_with_what_follows(door: Door) -> None:
    reader, writer = await door.open()
    for byte in TOKEN.encode():
        writer.write(bytes([byte]))
        await writer.drain()
    writer.write(b"\r\nmore")
    assert await reader.readexactly(12) == b"welcome\nmore"
    await end(writer)


@pytest.mark.parametrize(
    "said",
    [b"\n", b"wrong\n", TOKEN[:-1].encode() + b"\n", TOKEN.encode() + b"x\n", b"\xff\xfe\n", b"GET / HTTP/1.1\r\n\r\n"],
)
async def test_who_says_something_else_is_told_nothing_and_dropped(door: Door, said: bytes) -> None:
    reader, writer = await door.open()
    writer.write(said + b'{"type":"hello"}\n')
    assert await read_to_end(reader) == b""
    await end(writer)
    assert door.heard == []


async def test_a_first_line_without_an_end_is_cut_off(door: Door) -> None:
    reader, writer = await door.open()
    writer.write(b"x" * 2000)
    began = time.monotonic()
    assert await read_to_end(reader) == b""
    await end(writer)
    assert time.monotonic() - began < internal_port.GREETING_SECONDS


async def test_who_says_nothing_is_dropped_in_time(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(internal_port, "GREETING_SECONDS", 0.1)
    reader, writer = await door.open()
    writer.write(TOKEN.encode())
    assert await read_to_end(reader) == b""
    await end(writer)
    assert door.heard == []


async def test_no_longer_than_five_seconds_are_given() -> None:
    assert internal_port.GREETING_SECONDS <= 5


async def test_a_token_is_replaced_while_both_ends_run(door: Door, tmp_path: Path) -> None:
    assert await door.enter() == b"welcome\n"
    old = tmp_path / "old"
    old.write_text(TOKEN)
    door.file.write_text("second-token-of-some-length\n" + TOKEN + "\n")
    assert await door.enter() == b"welcome\n"
    _, writer = await open_stream(door.address, old, 2**16)  # a client whose file has not come yet
    await end(writer)

    door.file.write_text("second-token-of-some-length\n")
    reader, writer = await open_stream(door.address, old, 2**16)
    assert await read_to_end(reader) == b""
    await end(writer)
    assert await door.enter() == b"welcome\n"


@pytest.mark.parametrize("text", ["", "\n\n", "short\n", "größer-als-sechzehn-zeichen\n"])
async def test_without_a_token_nobody_enters_and_nobody_asks(door: Door, text: str) -> None:
    door.file.write_text(text)
    with pytest.raises(OSError, match="holds no token"):
        await open_stream(door.address, door.file, 2**16)
    reader, writer = await door.open()
    writer.write(text.strip().encode() + b"\n")
    assert await read_to_end(reader) == b""
    await end(writer)


async def test_a_lost_file_is_an_error_of_the_world(door: Door) -> None:
    door.file.unlink()
    with pytest.raises(FileNotFoundError):
        await open_stream(door.address, door.file, 2**16)
    with pytest.raises(OSError, match="no file with the internal token"):
        await open_stream(door.address, None, 2**16)


async def test_nobody_listening_and_unknown_hosts_are_errors_of_the_world(door: Door) -> None:
    with pytest.raises(OSError):
        await open_stream(Port("127.0.0.1", find_port()), door.file, 2**16)
    with pytest.raises(OSError):
        await open_stream(Port("no-such-host.invalid", 1), door.file, 2**16)


async def test_closing_drops_who_has_not_greeted(door: Door) -> None:
    reader, writer = await door.open()
    writer.write(b"abc")
    await writer.drain()
    await asyncio.sleep(0.05)
    door.server.close()
    assert await asyncio.wait_for(read_to_end(reader), 2) == b""
    await end(writer)
    with pytest.raises(OSError):
        await door.open()


async def test_a_connection_is_kept_alive_by_the_system(door: Door) -> None:
    _, writer = await open_stream(door.address, door.file, 2**16)
    sock = writer.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) > 0
    await end(writer)


async def test_a_unix_socket_needs_no_token(tmp_path: Path) -> None:
    opened: list[asyncio.Transport] = []
    factory: Callable[[], asyncio.Protocol] = lambda: Served([], opened)  # noqa: E731
    server = await asyncio.get_running_loop().create_unix_server(factory, sock=sockets.listen_unix(tmp_path / "s"))
    reader, writer = await open_stream(tmp_path / "s", None, 2**16)
    assert await reader.readline() == b"welcome\n"
    await end(writer)
    opened[0].abort()
    server.close()
    await server.wait_closed()
