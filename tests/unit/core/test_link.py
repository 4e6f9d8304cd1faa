"""Hints between processes, on real sockets: they arrive, or they are lost without harm."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core import link, sockets
from core.link import Connection, Hub, Message, Peer


class Ends:
    """A hub and what it has heard; whoever waits is woken by every event."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[tuple[str, Message]] = []
        self.changes = 0
        self.happened = asyncio.Event()
        self.hub = Hub(self._hear, self._change)

    def _hear(self, peer: Peer, message: Message) -> None:
        self.heard.append((peer.id, message))
        self.happened.set()

    def _change(self) -> None:
        self.changes += 1
        self.happened.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for events until a condition holds."""
        async with asyncio.timeout(10):
            while not condition():
                self.happened.clear()
                if not condition():
                    await self.happened.wait()

    async def until_heard(self, messages: int) -> None:
        """Wait for so many messages."""
        await self.until(lambda: len(self.heard) == messages)

    @asynccontextmanager
    async def connected(
        self, id: str = "1", role: str = "api", greeting: Iterable[Message] = ()
    ) -> AsyncIterator[tuple[Connection, list[Message]]]:
        """A client, and what it hears."""
        got: list[Message] = []

        def hear(message: Message) -> None:
            got.append(message)
            self.happened.set()

        connection = Connection(self.path, role, id, hear, lambda: greeting)
        task = asyncio.create_task(connection.run())
        try:
            yield connection, got
        finally:
            await connection.close()
            await asyncio.wait_for(task, 5)


@pytest.fixture
async def ends(tmp_path: Path) -> AsyncIterator[Ends]:
    """A hub that listens."""
    ends = Ends(tmp_path / "link")
    await ends.hub.serve(ends.path)
    yield ends
    await ends.hub.close()


async def raw(ends: Ends) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection without manners."""
    return await sockets.open_unix(ends.path)


async def assert_ended(reader: asyncio.StreamReader) -> None:
    """The other end has closed, politely or not, and said nothing."""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_messages_arrive_in_order_after_the_greeting(ends: Ends) -> None:
    async with ends.connected(greeting=[{"type": "known"}]) as (connection, got):
        await ends.until(lambda: len(ends.heard) == 1)
        for n in range(100):
            assert connection.send({"n": n})
        await ends.until(lambda: len(ends.heard) == 101)
        ends.hub.broadcast("api", {"type": "release", "text": "größe\n"})
        ends.hub.broadcast("dispatcher", {"type": "other"})
        await ends.until(lambda: bool(got))

    assert ends.heard == [("1", {"type": "known"}), *(("1", {"n": n}) for n in range(100))]
    assert got == [{"type": "release", "text": "größe\n"}]


async def test_peers_are_known_by_their_role_and_gone_when_they_go(ends: Ends) -> None:
    async with ends.connected("a", "api"), ends.connected("d", "dispatcher"):
        await ends.until(lambda: ends.changes == 2)
        assert [peer.id for peer in ends.hub.peers("api")] == ["a"]
        assert [peer.id for peer in ends.hub.peers("dispatcher")] == ["d"]
    await ends.until(lambda: ends.changes == 4)
    assert ends.hub.peers("api") == []


async def test_a_client_connects_again_and_greets_again(tmp_path: Path) -> None:
    first = Ends(tmp_path / "link")
    async with first.connected(greeting=[{"type": "hi"}]) as (connection, _):
        assert not connection.connected
        assert not connection.send({"lost": True})
        for ends in (first, Ends(tmp_path / "link")):
            await ends.hub.serve(ends.path)
            await ends.until_heard(1)
            assert ends.heard == [("1", {"type": "hi"})]
            await ends.hub.close()


@pytest.mark.parametrize(
    "line",
    [b"garbage", b"[]", b"1", b"", b"\xff\xfe", b'"x"', b"null", b"[" * 100_000, b'{"a":' * 100_000],
    ids=["text", "list", "number", "empty", "bytes", "string", "null", "deep", "deeper"],
)
async def test_a_line_that_is_no_message_ends_the_connection_and_only_that(ends: Ends, line: bytes) -> None:
    reader, writer = await raw(ends)
    writer.write(b'{"type":"hello","role":"api","id":"x"}\n' + line + b'\n{"after":1}\n')
    await assert_ended(reader)
    writer.close()
    await ends.until(lambda: ends.changes == 2)
    assert ends.heard == []
    async with ends.connected() as (connection, _):
        await ends.until(lambda: ends.changes == 3)
        connection.send({"ok": 1})
        await ends.until(lambda: ends.heard == [("1", {"ok": 1})])


async def test_nobody_is_heard_before_a_hello(ends: Ends) -> None:
    reader, writer = await raw(ends)
    writer.write(b'{"type":"moved"}\n')
    await assert_ended(reader)
    writer.close()
    assert (ends.heard, ends.changes) == ([], 0)


async def test_a_line_without_an_end_is_given_up(ends: Ends) -> None:
    reader, writer = await raw(ends)
    writer.write(b'{"type":"hello","role":"api","id":"x"}\n' + b"x" * (2 * link._LINE_LIMIT))
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        await writer.drain()
    await assert_ended(reader)
    writer.close()
    await ends.until(lambda: ends.changes == 2)


async def test_a_message_may_come_in_pieces_and_many_at_once(ends: Ends) -> None:
    _, writer = await raw(ends)
    text = (
        b'{"type":"hello","role":"api","id":"x"}\n'
        + "".join(json.dumps({"n": n, "t": "ä"}, ensure_ascii=False) + "\n" for n in range(50)).encode()
    )
    for at in range(0, len(text), 7):
        writer.write(text[at : at + 7])
        await writer.drain()
    await ends.until(lambda: len(ends.heard) == 50)
    writer.close()
    await ends.until(lambda: ends.changes == 2)
    assert [message["n"] for _, message in ends.heard] == list(range(50))


async def test_a_peer_that_does_not_read_is_dropped_and_nobody_waits_for_it(ends: Ends) -> None:
    _, writer = await raw(ends)
    writer.write(b'{"type":"hello","role":"api","id":"slow"}\n')
    async with ends.connected("quick") as (_, got):
        await ends.until(lambda: len(ends.hub.peers("api")) == 2)
        sent = 0
        while len(ends.hub.peers("api")) == 2:
            ends.hub.broadcast("api", {"text": "x" * 100_000})
            sent += 1
            await asyncio.sleep(0)
            assert sent < 2000
        await ends.until(lambda: len(got) >= sent - 1)
        assert [peer.id for peer in ends.hub.peers("api")] == ["quick"]
    writer.close()


async def test_a_large_message_arrives_whole(ends: Ends) -> None:
    async with ends.connected() as (connection, got):
        await ends.until(lambda: ends.changes == 1)
        connection.send({"text": "y" * 900_000})
        ends.hub.broadcast("api", {"text": "x" * 900_000})
        await ends.until(lambda: bool(got) and bool(ends.heard))
    assert len(got[0]["text"]) == len(ends.heard[0][1]["text"]) == 900_000


async def test_closing_is_prompt_in_every_state(tmp_path: Path) -> None:
    waiting = Connection(tmp_path / "nobody", "api", "1", lambda _: None, tuple)
    task = asyncio.create_task(waiting.run())
    await asyncio.sleep(0)
    await waiting.close()
    await asyncio.wait_for(task, 1)
    never: Any = Hub(lambda *_: None, lambda: None)
    await never.close()
