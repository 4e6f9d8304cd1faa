"""Unix sockets at paths of any length."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import stat
from pathlib import Path

import pytest

from core import sockets


def count_descriptors() -> int:
    """How many are open; what other tests left to the garbage collector is closed first."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(params=["s", "x" * 60 + "/" + "y" * 60 + "/s"], ids=["short", "long"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where a socket shall be; the long one is longer than 107 bytes."""
    path = tmp_path / str(request.param)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


async def test_what_is_said_arrives(place: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(answer, sock=sockets.listen_unix(place))
    async with server:
        reader, writer = await sockets.open_unix(place)
        writer.write(b"hello\n")
        assert await reader.read() == b"HELLO\n"
        writer.close()
        await writer.wait_closed()


def test_a_socket_is_its_owners_alone(place: Path) -> None:
    before = os.umask(0o022)
    try:
        with sockets.listen_unix(place):
            assert stat.S_IMODE(place.stat().st_mode) == 0o600
        with sockets.listen_unix(place, mode=0o660):
            assert stat.S_IMODE(place.stat().st_mode) == 0o660
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_what_a_dead_process_left_is_replaced(place: Path) -> None:
    sockets.listen_unix(place).close()
    with pytest.raises(ConnectionRefusedError, match=place.name):  # and it says where
        sockets.connect_unix(place)
    with sockets.listen_unix(place), sockets.connect_unix(place) as client:
        assert not client.getblocking()


def test_failures_leave_no_descriptor_open(place: Path) -> None:
    before = count_descriptors()
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            sockets.connect_unix(place)
        with pytest.raises(FileNotFoundError):
            sockets.listen_unix(place.parent / "missing" / "s")
        with pytest.raises(OSError):
            sockets.listen_unix(place.parent / ("z" * 200))
        sockets.listen_unix(place).close()
        place.unlink()
    assert count_descriptors() <= before


def test_a_listener_is_adopted(tmp_path: Path) -> None:
    parent = socket.create_server(("127.0.0.1", 0))
    fd = os.dup(parent.fileno())
    os.set_inheritable(fd, True)
    with parent, sockets.adopt_listener(fd) as child:
        assert child.getsockname() == parent.getsockname()
        assert not child.getblocking()
        assert not os.get_inheritable(fd)
