"""A door before an API server that behaves as badly as it is told to; it remembers every call and when it came.

HTTP/1.1 on a unix socket, one call a connection; behind it a real API server (TLS, a token) or the embedded node. What
happens to a call is a `Fault`: a coroutine that is given the `Exchange`. What does not live here: what a test expects.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from core import sockets

Object = dict[str, Any]
Fault = Callable[["Exchange"], Awaitable[None]]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_HOP_BY_HOP = ("connection:", "host:", "authorization:", "accept-encoding:")
_LIMIT = 2**25


@dataclass(frozen=True)
class Upstream:
    """The API server behind the proxy."""

    connect: Callable[[], Awaitable[Connection]]
    token: str | None = None

    @classmethod
    def on_socket(cls, path: Path) -> Upstream:
        """The node on its unix socket."""
        return cls(lambda: asyncio.open_unix_connection(str(path), limit=_LIMIT))

    @classmethod
    def with_tls(cls, url: str, authority: Path, token: str) -> Upstream:
        """A real API server."""
        at, tls = urlsplit(url), ssl.create_default_context(cafile=str(authority))
        return cls(lambda: asyncio.open_connection(at.hostname, at.port, ssl=tls, limit=_LIMIT), token)


@dataclass
class Answer:
    """What the API server says: status, head, and a body that may have no end."""

    status: int
    lines: list[str]
    reader: asyncio.StreamReader

    @property
    def is_chunked(self) -> bool:
        return any(line.lower() == "transfer-encoding: chunked" for line in self.lines)

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes, without its frame."""
        if not self.is_chunked:
            while part := await self.reader.read(65536):
                yield part
            return
        while size := int(await self.reader.readline(), 16):
            yield await self.reader.readexactly(size)
            await self.reader.readexactly(2)

    async def read(self) -> bytes:
        """All of it."""
        return b"".join([part async for part in self.parts()])

    async def events(self) -> AsyncIterator[bytes]:
        """The lines of a watch, each with its newline."""
        rest = b""
        async for part in self.parts():
            *whole, rest = (rest + part).split(b"\n")
            for line in whole:
                yield line + b"\n"


@dataclass(eq=False)
class Exchange:
    """One call at the proxy. `status` is what the client was answered, None while or where it was not."""

    method: str
    target: str
    lines: list[str]
    body: bytes
    upstream: Upstream
    writer: asyncio.StreamWriter
    arrived: float = field(default_factory=time.monotonic)
    ended: float | None = None
    status: int | None = None

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") == "true"

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    @contextlib.asynccontextmanager
    async def ask(self) -> AsyncIterator[Answer]:
        """Hand the call on to the API server."""
        reader, writer = await self.upstream.connect()
        try:
            lines = [line for line in self.lines if not line.lower().startswith(_HOP_BY_HOP)]
            lines += ["Host: localhost", "Connection: close"]
            lines += [f"Authorization: Bearer {self.upstream.token}"] if self.upstream.token else []
            writer.write("\r\n".join([f"{self.method} {self.target} HTTP/1.1", *lines, "", ""]).encode() + self.body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            yield Answer(int(head[0].split()[1]), [line for line in head[1:] if line], reader)
        finally:
            writer.transport.abort()

    async def forward(self) -> None:
        """Hand the call on, and its answer back, as it comes."""
        async with self.ask() as answer:
            await self.begin(answer.status, answer.lines)
            async for part in answer.parts():
                await self.say(b"%x\r\n%s\r\n" % (len(part), part) if answer.is_chunked else part)
            if answer.is_chunked:
                await self.say(b"0\r\n\r\n")

    async def begin(self, status: int, lines: list[str]) -> None:
        """The head of an answer; it is the last one on this connection."""
        self.status = status
        kept = [line for line in lines if not line.lower().startswith("connection:")]
        await self.say("\r\n".join([f"HTTP/1.1 {status} X", *kept, "Connection: close", "", ""]).encode())

    async def begin_watch(self) -> None:
        """The head of a watch."""
        await self.begin(200, ["Content-Type: application/json", "Transfer-Encoding: chunked"])

    async def say_event(self, line: bytes) -> None:
        """One line of it, or a part."""
        await self.say(b"%x\r\n%s\r\n" % (len(line), line))

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def refuse(self, status: int, reason: str, *lines: str, message: str = "as it was told to") -> None:
        """A Status."""
        said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "reason": reason}
        body = json.dumps(said | {"message": message}).encode()
        await self.begin(status, ["Content-Type: application/json", f"Content-Length: {len(body)}", *lines])
        await self.say(body)

    def reset(self) -> None:
        """Break the connection."""
        self.writer.transport.abort()


class FaultProxy:
    """One door. `fault` decides what becomes of a call; `calls` are all that came, `attempts` all connections."""

    def __init__(self, path: Path, upstream: Upstream) -> None:
        self.path = path
        self.upstream = upstream
        self.fault: Fault = forward
        self.calls: list[Exchange] = []
        self.attempts: list[float] = []
        self.is_reachable = True
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def target(self) -> str:
        """Where `core.cluster` finds it."""
        return f"unix:{self.path}"

    async def start(self) -> None:
        """Listen."""
        listener = sockets.listen_unix(self.path)
        self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=_LIMIT)

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        await self.break_all()

    async def break_all(self) -> None:
        """Break every connection that is open."""
        open_now = list(self._open)
        for task in open_now:
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)

    async def go_away(self) -> None:
        """Nobody is answered any more; attempts are counted."""
        self.is_reachable = False
        await self.break_all()

    def come_back(self) -> None:
        """Everybody is."""
        self.is_reachable = True

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.attempts.append(time.monotonic())
        if not self.is_reachable:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(lambda done: self._end(done, writer))

    def _end(self, task: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
        self._open.discard(task)
        if task.cancelled():
            writer.transport.abort()
        else:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._exchange(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        lines = [line for line in lines if line]
        length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
        method, target, _ = first.split(" ")
        body = await reader.readexactly(length)
        exchange = Exchange(method, target, lines, body, self.upstream, writer)
        self.calls.append(exchange)
        gone = asyncio.create_task(reader.read())  # a client that has left needs no answer
        answering = asyncio.ensure_future(self.fault(exchange))
        try:
            await asyncio.wait([gone, answering], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                await answering
        finally:
            exchange.ended = time.monotonic()
            gone.cancel()
            answering.cancel()
            await asyncio.gather(gone, answering, return_exceptions=True)


# -- faults: any call -----------------------------------------------------------------------------------------------


async def forward(exchange: Exchange) -> None:
    """None."""
    await exchange.forward()


def refuse(status: int, reason: str, retry_after: int | None = None) -> Fault:
    """A refusal, with a time to come again or without."""
    lines = [] if retry_after is None else [f"Retry-After: {retry_after}"]
    return lambda exchange: exchange.refuse(status, reason, *lines)


async def reset(exchange: Exchange) -> None:
    """The connection breaks before the API server has seen the call."""
    exchange.reset()


async def drop_answer(exchange: Exchange) -> None:
    """The API server has done what it was asked, and the client does not hear of it."""
    async with exchange.ask() as answer:
        await answer.read()
    exchange.reset()


async def reset_in_answer(exchange: Exchange) -> None:
    """The connection breaks in the middle of an answer."""
    async with exchange.ask() as answer:
        body = await answer.read()
    await exchange.begin(answer.status, [f"Content-Length: {len(body)}"])
    await exchange.say(body[: len(body) // 2])
    exchange.reset()


async def hang(_exchange: Exchange) -> None:
    """No answer, for as long as the client waits."""
    await asyncio.Event().wait()


def some(share: float, *faults: Fault, seed: int = 0) -> Fault:
    """Some of the calls, watches not among them, meet one of these faults."""
    chance = random.Random(seed)

    async def fault(exchange: Exchange) -> None:
        unlucky = chance.random() < share and not exchange.is_watch
        await (chance.choice(faults) if unlucky else forward)(exchange)

    return fault


# -- faults: watches ------------------------------------------------------------------------------------------------


def on_watches(fault: Fault) -> Fault:
    """Watches alone meet it."""

    async def chosen(exchange: Exchange) -> None:
        await (fault if exchange.is_watch else forward)(exchange)

    return chosen


def on_lists(fault: Fault) -> Fault:
    """Lists alone meet it: they have a plural last, as nothing else without a body but a watch."""

    async def chosen(exchange: Exchange) -> None:
        is_list = not exchange.is_write and not exchange.is_watch and "labelSelector" in exchange.query
        await (fault if is_list else forward)(exchange)

    return chosen


async def expire_in_stream(exchange: Exchange) -> None:
    """In the place of the next event 410: the version is no longer kept."""
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    async with exchange.ask() as answer:
        await exchange.begin_watch()
        async for _ in answer.events():
            await exchange.say_event(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
            await exchange.say(b"0\r\n\r\n")
            return


async def cut_in_event(exchange: Exchange) -> None:
    """The next event comes by half."""
    async with exchange.ask() as answer:
        await exchange.begin_watch()
        async for line in answer.events():
            await exchange.say_event(line[: len(line) // 2])
            exchange.reset()
            return


async def swallow_events(exchange: Exchange) -> None:
    """Every event is lost but for its version, which comes as a bookmark."""
    async with exchange.ask() as answer:
        await exchange.begin_watch()
        async for line in answer.events():
            obj = json.loads(line)["object"]
            metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            bookmark = {"kind": obj["kind"], "apiVersion": obj["apiVersion"], "metadata": metadata}
            await exchange.say_event(json.dumps({"type": "BOOKMARK", "object": bookmark}).encode() + b"\n")
