"""Calls over connections that are kept: used again, noticed when they are stale, and half an answer is none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import http_client
from core.http_client import BrokenAnswerError, HttpClient

Script = Callable[["Conversation"], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Conversation:
    """One connection, from the server's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def hear(self) -> tuple[str, dict[str, str], bytes]:
        """The next request: its first line, its fields, its body."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        return head[0], fields, await self._reader.readexactly(int(fields.get("Content-Length", 0)))

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


class Server:
    """Answers as its script says, one call of it for each connection; `connections` counts them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connections = 0
        self.script: Script = answer_all
        self.serving: set[asyncio.Task[None] | None] = set()
        self.is_over = False
        self.client = HttpClient("http://localhost/base/", socket=path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.serving.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await self.script(Conversation(reader, writer))
        if self.is_over:
            writer.transport.abort()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def answer_all(conversation: Conversation) -> None:
    while True:
        await conversation.hear()
        await conversation.say(OK)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    made = Server(tmp_path / "http.sock")
    listening = await asyncio.start_unix_server(made.serve, made.path)
    yield made
    await made.client.close()
    listening.close()
    made.is_over = True
    serving = [task for task in made.serving if task is not None]
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)


async def call(server: Server, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    head, answer = await server.client.call(method, "/x", {}, body)
    return head.status, answer


async def test_a_call_is_what_it_says(server: Server) -> None:
    heard: list[tuple[str, dict[str, str], bytes]] = []

    async def listen(conversation: Conversation) -> None:
        heard.append(await conversation.hear())
        await conversation.say(b"HTTP/1.1 404 Not Found\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nnone")

    server.script = listen
    head, answer = await server.client.call("PATCH", "/a?b=c", {"Content-Type": "text/x"}, b"body")
    assert (head.status, head.fields["retry-after"], answer) == (404, "7", b"none")
    ((line, fields, body),) = heard
    assert (line, body) == ("PATCH /base/a?b=c HTTP/1.1", b"body")
    assert fields["Host"] == "localhost"
    assert (fields["Content-Type"], fields["Content-Length"]) == ("text/x", "4")


async def test_connections_are_used_again_and_one_for_each_call_at_a_time(server: Server) -> None:
    for _ in range(3):
        assert await call(server) == (200, b"ok")
    assert server.connections == 1
    assert await asyncio.gather(*(call(server) for _ in range(4))) == [(200, b"ok")] * 4
    assert server.connections == 4


async def test_one_that_has_waited_for_long_is_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "_IDLE_SECONDS", -1.0)
    await call(server)
    await call(server)
    assert server.connections == 2


async def test_a_call_on_a_connection_that_was_about_to_end_is_made_once_more(server: Server) -> None:
    async def answer_one(conversation: Conversation) -> None:
        await conversation.hear()
        await conversation.say(OK)
        await conversation.hear()  # and is gone

    server.script = answer_one
    assert await call(server) == (200, b"ok")
    assert await call(server, "PATCH", b"{}") == (200, b"ok")
    assert server.connections == 2


async def test_a_new_connection_that_ends_is_not_tried_again(server: Server) -> None:
    async def leave(conversation: Conversation) -> None:
        await conversation.hear()

    server.script = leave
    with pytest.raises(BrokenAnswerError):
        await call(server)
    assert server.connections == 1


BROKEN = [
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"nothing of the kind\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000,
]


@pytest.mark.parametrize("said", BROKEN, ids=range(len(BROKEN)))
async def test_half_an_answer_is_none(server: Server, said: bytes) -> None:
    async def break_off(conversation: Conversation) -> None:
        await conversation.hear()
        await conversation.say(said)

    server.script = break_off
    with pytest.raises(BrokenAnswerError):
        await call(server)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5), st.sampled_from(["length", "chunked", "end"]))
async def test_bodies_arrive_whole_however_they_are_framed(server: Server, parts: list[bytes], how: str) -> None:
    whole = b"".join(parts)

    async def send(conversation: Conversation) -> None:
        await conversation.hear()
        heads = {
            "length": b"Content-Length: %d\r\n" % len(whole),
            "chunked": b"Transfer-Encoding: chunked\r\n",
            "end": b"",
        }
        await conversation.say(b"HTTP/1.1 200 OK\r\n" + heads[how] + b"\r\n")
        for part in parts:
            await conversation.say(b"%x\r\n%b\r\n" % (len(part), part) if how == "chunked" else part)
        if how == "chunked":
            await conversation.say(b"0\r\n\r\n")

    server.script = send
    assert await call(server) == (200, whole)
    server.client._idle.clear()


async def test_parts_come_as_they_are_sent(server: Server) -> None:
    turns: asyncio.Queue[bytes] = asyncio.Queue()

    async def stream(conversation: Conversation) -> None:
        await conversation.hear()
        await conversation.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            part = await turns.get()
            await conversation.say(b"%x\r\n%b\r\n" % (len(part), part))

    server.script = stream
    async with server.client.open("GET", "/watch", {}) as answer:
        parts = answer.parts()
        for part in (b"one", b"two"):
            turns.put_nowait(part)
            assert await anext(parts) == part
    assert await call_fresh(server)


async def call_fresh(server: Server) -> bool:
    """Is a call after an answer that was left unread made on another connection?"""
    before, server.script = server.connections, answer_all
    return await call(server) == (200, b"ok") and server.connections == before + 1


async def test_a_reader_that_is_slow_slows_the_server(server: Server) -> None:
    sent = 0

    async def flood(conversation: Conversation) -> None:
        nonlocal sent
        await conversation.hear()
        await conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * 2**20))
        for _ in range(64):
            await conversation.say(bytes(2**20))
            sent += 1

    server.script = flood
    async with server.client.open("GET", "/large", {}) as answer:
        for _ in range(100):
            await asyncio.sleep(0.001)
        assert sent < 16
        assert sum([len(part) async for part in answer.parts()]) == 64 * 2**20


async def test_nobody_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await HttpClient("http://localhost", socket=tmp_path / "nobody.sock").call("GET", "/", {})


async def test_a_line_break_in_a_head_is_a_mistake_of_ours(server: Server) -> None:
    with pytest.raises(ValueError, match="line break"):
        await server.client.call("GET", "/x\r\nHost: other", {})


async def test_closing_ends_what_is_under_way(server: Server) -> None:
    async def wait(conversation: Conversation) -> None:
        await conversation.hear()
        await conversation.hear()

    server.script = wait
    calling = asyncio.create_task(call(server))
    while not server.connections:
        await asyncio.sleep(0)
    await server.client.close()
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    assert not server.client._open
