"""Ports, probes and the files that tell scripts of them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cli import endpoints
from cli.endpoints import Probe
from cli.failure import Failure


def test_a_free_port_is_bound_and_told() -> None:
    with endpoints.bind("127.0.0.1", 0, "--api-port") as listener:
        port = listener.getsockname()[1]
        assert endpoints.url_of(listener) == f"http://127.0.0.1:{port}"
        with pytest.raises(Failure, match=f"port {port} is in use") as raised:
            endpoints.bind("127.0.0.1", port, "--api-port")
        assert "--api-port" in str(raised.value.hint)


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(Failure, match="cannot listen on"):
        endpoints.bind("192.0.2.1", 0, "--api-port")


def test_every_address_is_told_as_this_machine() -> None:
    with endpoints.bind("0.0.0.0", 0, "--api-port") as listener:
        assert endpoints.url_of(listener).startswith("http://127.0.0.1:")


@asynccontextmanager
async def serve(listener: socket.socket, *answers: bytes) -> AsyncIterator[None]:
    """Answer one request after the other; the last answer for ever."""
    left = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        writer.close()

    async with await asyncio.start_server(answer, sock=listener):
        yield


async def test_a_probe_waits_until_the_answer_is_200() -> None:
    with endpoints.bind("127.0.0.1", 0, "--api-port") as listener:
        answers = (b"", b"nonsense\r\n", b"HTTP/1.1 503 Wait\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")
        async with serve(listener, *answers), asyncio.timeout(5):
            await endpoints.probe_of("api", listener).wait()


async def test_a_probe_reaches_a_socket_with_a_long_path(tmp_path: Path) -> None:
    place = tmp_path / ("x" * 120)
    place.mkdir()
    path = place / "node.sock"
    listener = socket.socket(socket.AF_UNIX)
    fd = os.open(place, 0)
    listener.bind(f"/proc/self/fd/{fd}/node.sock")
    os.close(fd)
    async with serve(listener, b"HTTP/1.1 200 OK\r\n\r\n"), asyncio.timeout(5):
        await Probe("node", socket=path).wait()


async def test_nobody_there_is_asked_again() -> None:
    with endpoints.bind("127.0.0.1", 0, "--api-port") as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await Probe("api", "127.0.0.1", port).wait()


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    endpoints.write_endpoints(path, {"api": "http://a"})
    endpoints.write_endpoints(path, {"api": "http://b"})
    assert json.loads(path.read_text()) == {"api": "http://b"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["endpoints.json"]


def test_the_nodes_token_is_kept_and_secret(tmp_path: Path) -> None:
    path = tmp_path / "node-token"
    token = endpoints.keep_token(path)
    assert len(token) >= 32
    assert endpoints.keep_token(path) == token
    assert path.stat().st_mode & 0o777 == 0o600
    endpoints.write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1", token)
    document = json.loads((tmp_path / "kubeconfig").read_text())
    assert document["clusters"][0]["cluster"]["server"] == f"http://paaks:{token}@127.0.0.1:1"
    assert (tmp_path / "kubeconfig").stat().st_mode & 0o777 == 0o600
