"""Both wires in one process, with pods that misbehave as no handler can, and with time that passes at will."""

from __future__ import annotations

import asyncio
import functools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from api.dispatcher import listener, proxy, upstream
from api.dispatcher.admission import Admission
from api.dispatcher.callers import Callers
from api.dispatcher.desk import Desk
from api.dispatcher.headers import Front
from api.dispatcher.hold import Hold
from api.dispatcher.listener import Visitors
from api.dispatcher.metrics import Metrics
from api.dispatcher.proxy import Exchange
from api.dispatcher.route_table import Listeners, Pod, RouteTable
from api.dispatcher.upstream import Pool
from core import names, sockets
from tests.dispatcher_process import read_answer
from tests.integration.dispatcher.site import Answer, write

TENANT = "0a1b2c3d-0000-4000-8000-000000000000"
NAMESPACE = names.namespace_of(TENANT)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Door:
    """A dispatcher's insides without a cluster: pods are told by the test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.hold, self.pool, self.callers = Hold(), Pool(), Callers()
        self.probed: list[Pod] = []
        self.table = RouteTable(Listeners(lambda _m: None, self.probed.append, self.pool.leave, self.hold.wake))
        admission = Admission(self.table, self.callers)
        self.desk = Desk(
            admission, self.hold, self.pool, Front("http://localhost"), Metrics({}), self.table.mark_unready, bool, 5.0
        )
        self.visitors = Visitors(functools.partial(Exchange, self.desk), self.desk.name_request)
        self.port = 0
        self.servers: list[asyncio.Server] = []
        self.requests = 0

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self.visitors.accept, "127.0.0.1", 0)
        self.servers.append(server)
        self.port = server.sockets[0].getsockname()[1]
        labels, annotations = names.tenant_labels(TENANT), {names.ANNOTATION_SLUG: "demo"}
        self.table.take_namespace({"metadata": {"name": NAMESPACE, "labels": labels, "annotations": annotations}})
        self.table.finish_sync()

    async def add_pod(self, serve: Serve, name: str = "p1", **annotations: str) -> dict[str, object]:
        """A public pod that is ready, and answers as the test says."""

        async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            finally:
                writer.close()

        path = self.directory / f"{name}.sock"
        self.servers.append(await asyncio.start_unix_server(count, sock=sockets.listen_unix(path)))
        given = {names.ANNOTATION_PUBLIC: "true", names.ANNOTATION_SOCKET: str(path), names.ANNOTATION_TIMEOUT: "5"}
        labels = names.service_labels(TENANT, "hello") | {names.LABEL_TREE: "a" * 12}
        metadata = {"uid": name, "namespace": NAMESPACE, "labels": labels, "annotations": given | annotations}
        pod: dict[str, object] = {"metadata": metadata}
        self.table.take_pod(pod)
        self.table.mark_ready(self.probed[-1])
        return pod

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, data: bytes) -> Answer:
        reader, writer = await self.connect()
        writer.write(data)
        try:
            return Answer(await read_answer(reader))
        finally:
            writer.close()

    def pass_seconds(self, seconds: float) -> None:
        """Time passes for all connections of visitors."""
        self.visitors.check(time.monotonic() + seconds)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    door = Door(tmp_path)
    await door.start()
    yield door
    for visitor in list(door.visitors.open):
        visitor.abort()
    for server in door.servers:
        server.close()
    await asyncio.sleep(0.01)


def answer_with(*parts: bytes, close: bool = True) -> Serve:
    """A pod that reads a head, says these, and closes or goes on."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            if close:
                return

    return serve


GET = write("GET", "/~demo/hello/")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000,
    ],
    ids=["nothing", "nonsense", "two lengths", "length and chunks", "NUL", "upgrade", "endless head"],
)
async def test_what_is_no_answer_is_a_bad_gateway(door: Door, said: bytes) -> None:
    await door.add_pod(answer_with(said))
    answer = await door.ask(GET)
    assert (answer.status, answer.problem) == (502, "handler-error")


async def test_an_answer_without_a_length_ends_with_its_connection(door: Door) -> None:
    await door.add_pod(answer_with(b"HTTP/1.1 200 OK\r\n\r\n", b"all ", b"there is"))
    answer = await door.ask(GET)
    assert (answer.status, answer.body) == (200, b"all there is")


async def test_an_interim_answer_is_not_the_answer(door: Door) -> None:
    await door.add_pod(answer_with(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK))
    answer = await door.ask(GET)
    assert (answer.status, answer.body, "link" in answer.headers) == (200, b"ok", False)


@pytest.mark.parametrize("cut", [b"Content-Length: 9\r\n\r\nok", b"Transfer-Encoding: chunked\r\n\r\n9\r\nok"])
async def test_an_answer_that_breaks_off_is_cut_off(door: Door, cut: bytes) -> None:
    await door.add_pod(answer_with(b"HTTP/1.1 200 OK\r\n" + cut))
    reader, writer = await door.connect()
    writer.write(GET)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readuntil(b"0\r\n\r\n")
    writer.close()


async def test_more_than_one_answer_never_reaches_the_next_visitor(door: Door) -> None:
    await door.add_pod(answer_with(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", close=False))
    answers = [await door.ask(GET) for _ in range(3)]
    assert [answer.body for answer in answers] == [b"ok"] * 3


async def test_a_body_behind_a_head_request_never_reaches_the_next_visitor(door: Door) -> None:
    await door.add_pod(answer_with(OK, close=False))
    reader, writer = await door.connect()
    writer.write(write("HEAD", "/~demo/hello/"))
    await reader.readuntil(b"\r\n\r\n")
    writer.write(GET)
    assert Answer(await read_answer(reader)).body == b"ok"
    writer.close()


async def test_a_request_that_was_left_unread_goes_to_a_fresh_connection(door: Door) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        if connections == 1:  # the next request comes, and is never read
            sock: socket.socket = writer.transport.get_extra_info("socket")
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            assert await has_come(sock)
            writer.transport.abort()
        else:
            await reader.read()

    await door.add_pod(serve)
    assert (await door.ask(GET)).body == b"ok"
    answer = await door.ask(write("POST", "/~demo/hello/", "Content-Length: 0"))
    assert (answer.status, answer.body, connections) == (200, b"ok", 2)


async def has_come(sock: socket.socket) -> bool:
    """Wait until something has come on a socket that is not read."""
    for _ in range(500):
        try:
            return bool(sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            await asyncio.sleep(0.002)
    return False


async def test_a_request_that_was_read_is_never_sent_twice(door: Door) -> None:
    seen = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        while True:
            await reader.readuntil(b"\r\n\r\n")
            seen += 1
            if seen == 2:
                return
            writer.write(OK)

    await door.add_pod(serve)
    assert (await door.ask(GET)).status == 200
    assert (await door.ask(GET)).status == 502
    assert seen == 2


async def test_a_pod_that_nobody_listens_at_is_left_for_another(door: Door) -> None:
    await door.add_pod(answer_with(OK, close=False), "p1")
    await door.add_pod(answer_with(OK, close=False), "p2")
    (door.directory / "p1.sock").unlink()
    assert [(await door.ask(GET)).status for _ in range(4)] == [200] * 4
    assert [pod.uid for pod in door.probed] == ["p1", "p2", "p1"]


async def test_connections_to_a_pod_are_kept_and_left_with_it(door: Door) -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer_with(OK, close=False)(reader, writer)
        ended.set()

    pod = await door.add_pod(serve)
    for _ in range(3):
        await door.ask(GET)
    assert len(door.servers[1].sockets) == 1
    pod["metadata"]["deletionTimestamp"] = "now"  # type: ignore[index]
    door.table.take_pod(pod)
    await asyncio.wait_for(ended.wait(), 5)


async def test_an_idle_connection_is_closed_before_the_server_would(door: Door) -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer_with(OK, close=False)(reader, writer)
        ended.set()

    await door.add_pod(serve)
    await door.ask(GET)
    door.pool.sweep(time.monotonic() + upstream.IDLE_SECONDS - 1)
    assert not ended.is_set()
    door.pool.sweep(time.monotonic() + upstream.IDLE_SECONDS + 1)
    await asyncio.wait_for(ended.wait(), 5)


async def test_requests_take_turns_between_pods(door: Door) -> None:
    seen: list[str] = []
    for name in ("p1", "p2", "p3"):

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str = name) -> None:
            while True:
                try:
                    await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    return
                seen.append(name)
                writer.write(OK)

        await door.add_pod(serve, name)
    for _ in range(6):
        await door.ask(GET)
    assert sorted(seen) == ["p1", "p1", "p2", "p2", "p3", "p3"]


async def test_when_a_visitor_leaves_the_pod_is_told(door: Door) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        assert await reader.read() == b""
        ended.set()

    await door.add_pod(serve)
    _, writer = await door.connect()
    writer.write(GET)
    await begun.wait()
    writer.close()
    await asyncio.wait_for(ended.wait(), 5)
    assert [pod.in_flight for pod in door.probed] == [0]


async def test_an_answer_that_stops_is_cut_off(door: Door) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")
        await reader.read()

    await door.add_pod(serve)
    reader, writer = await door.connect()
    writer.write(GET)
    await reader.readuntil(b"ok")
    door.pass_seconds(proxy.ANSWER_IDLE_SECONDS - 1)
    await asyncio.sleep(0)
    assert not reader.at_eof()
    door.pass_seconds(proxy.ANSWER_IDLE_SECONDS + 1)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(1)
    writer.close()


async def test_px_13_a_head_that_does_not_come_is_not_waited_for(door: Door) -> None:
    silent, partial = await door.connect(), await door.connect()
    partial[1].write(b"GET / HT")
    while len(door.visitors.open) < 2:
        await asyncio.sleep(0)
    await asyncio.sleep(0.02)
    door.pass_seconds(listener.HEAD_SECONDS + 1)

    assert (await silent[0].read()) == b""
    answer = Answer(await read_answer(partial[0]))
    assert (answer.status, answer.problem) == (408, "request-timeout")
    for _, writer in (silent, partial):
        writer.close()


async def test_px_14_a_body_that_trickles_is_not_waited_for(door: Door) -> None:
    await door.add_pod(answer_with(OK))
    reader, writer = await door.connect()
    writer.write(write("POST", "/~demo/hello/", f"Content-Length: {2**20}") + b"x" * 100)
    await asyncio.sleep(0.05)
    door.pass_seconds(0)
    writer.write(b"x" * 20)
    await asyncio.sleep(0.05)
    door.pass_seconds(listener.RATE_SECONDS + 1)

    answer = Answer(await read_answer(reader))
    assert (answer.status, answer.problem, answer.headers["connection"]) == (408, "request-timeout", "close")
    writer.close()


async def test_px_14_a_visitor_who_does_not_read_is_not_waited_for(door: Door) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n" + b"x" * 104857600)
        await writer.drain()

    await door.add_pod(serve)
    with socket.create_connection(("127.0.0.1", door.port)) as visitor:
        visitor.sendall(GET)
        while not any(each.is_busy and each._unsent() for each in door.visitors.open):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        door.pass_seconds(0)
        assert door.visitors.open
        door.pass_seconds(listener.RATE_SECONDS + 1)
        await asyncio.sleep(0.01)
        assert not door.visitors.open


async def test_a_silent_connection_is_closed_after_a_while(door: Door) -> None:
    await door.add_pod(answer_with(OK, close=False))
    reader, writer = await door.connect()
    writer.write(GET)
    await read_answer(reader)
    door.pass_seconds(listener.IDLE_SECONDS - 1)
    writer.write(GET)
    await read_answer(reader)
    door.pass_seconds(listener.IDLE_SECONDS + 1)
    assert await reader.read() == b""
    writer.close()


async def test_while_draining_each_answer_is_the_last(door: Door) -> None:
    await door.add_pod(answer_with(OK, close=False))
    reader, writer = await door.connect()
    writer.write(GET)
    assert "connection" not in Answer(await read_answer(reader)).headers
    door.visitors.drain()
    writer.write(GET)
    answer = Answer(await read_answer(reader))
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await reader.read() == b""
    writer.close()


async def test_a_large_body_waits_for_a_slow_pod(door: Door) -> None:
    """The dispatcher takes no more from the visitor than it can pass on."""
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await go_on.wait()
        assert len(await reader.readexactly(10 * 2**20)) == 10 * 2**20
        writer.write(OK)

    await door.add_pod(serve)
    reader, writer = await door.connect()
    writer.write(write("POST", "/~demo/hello/", f"Content-Length: {10 * 2**20}") + b"x" * 10 * 2**20)
    await asyncio.sleep(0.3)
    assert writer.transport.get_write_buffer_size() > 2**20
    go_on.set()
    assert Answer(await read_answer(reader)).status == 200
    writer.close()
