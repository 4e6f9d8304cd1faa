"""The wire to a cluster: a scripted server that says exactly these bytes, and the watch that survives them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core import sockets, watch
from core.cluster import Cluster, ConflictError, GoneError, InvalidError
from core.errors import RetryLater
from core.watch import Change, WatchSettings, follow

Object = dict[str, Any]
Answer = Callable[["Wire"], Awaitable[None]]
QUICK = WatchSettings(first_delay=0.001, longest_delay=0.01, timeout=60, inactivity=5)


def count_descriptors() -> int:
    """How many are open; what other tests left to the garbage collector is closed first."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


class Wire:
    """One request, and the means to answer it byte by byte."""

    def __init__(self, head: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.method, target, _ = head.split("\r\n")[0].split(" ")
        self.path = urlsplit(target).path
        self.query = {key: values[0] for key, values in parse_qs(urlsplit(target).query).items()}
        self.head, self.body, self.writer = head, body, writer

    async def say(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int, document: object, *headers: str) -> None:
        """A whole answer."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
        await self.say("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def begin(self) -> None:
        """The head of a streamed answer."""
        await self.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

    async def chunk(self, data: bytes) -> None:
        """One chunk of it."""
        await self.say(b"%x\r\n%s\r\n" % (len(data), data))

    async def event(self, type_: str, obj: Object) -> None:
        """One watch event."""
        await self.chunk(json.dumps({"type": type_, "object": obj}).encode() + b"\n")

    async def end(self) -> None:
        """The end of a streamed answer."""
        await self.say(b"0\r\n\r\n")


class Script:
    """A server that answers the n-th request with the n-th step, and the last one for ever."""

    def __init__(self, *steps: Answer) -> None:
        self._steps = list(steps)
        self.seen: list[Wire] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    (int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0
                )
                wire = Wire(head, await reader.readexactly(length), writer)
                self.seen.append(wire)
                await self._steps[min(len(self.seen), len(self._steps)) - 1](wire)
                if writer.is_closing():
                    break
        writer.close()


@contextlib.asynccontextmanager
async def serving(path: Path, *steps: Answer) -> AsyncIterator[tuple[Cluster, Script]]:
    """A cluster whose server follows a script."""
    script = Script(*steps)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await script.serve(reader, writer)
        writer.close()

    server = await asyncio.start_unix_server(serve, sock=sockets.listen_unix(path))
    cluster = Cluster.connect(f"unix:{path}")
    try:
        yield cluster, script
    finally:
        await cluster.close()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def pod(name: str, version: int, uid: str = "u", **labels: str) -> Object:
    """A pod as a server has it."""
    return {
        "metadata": {
            "name": name,
            "namespace": "n",
            "uid": f"{uid}-{name}",
            "resourceVersion": str(version),
            "labels": labels,
        }
    }


def listing(version: int, *items: Object) -> Answer:
    """A step: the whole list."""

    async def answer(wire: Wire) -> None:
        assert "watch" not in wire.query
        await wire.answer(200, {"metadata": {"resourceVersion": str(version)}, "items": list(items)})

    return answer


def streaming(*events: tuple[str, Object], then: Answer | None = None) -> Answer:
    """A step: watch events, then something else; without it, silence."""

    async def answer(wire: Wire) -> None:
        assert wire.query["watch"] == "true"
        await wire.begin()
        for type_, obj in events:
            await wire.event(type_, obj)
        await (then or silence)(wire)

    return answer


async def silence(_: Wire) -> None:
    """Say nothing more."""
    await asyncio.Event().wait()


async def polite_end(wire: Wire) -> None:
    """The server ends the stream, as it does after `timeoutSeconds`."""
    await wire.end()


async def cut(wire: Wire) -> None:
    """The connection breaks."""
    wire.writer.transport.abort()


def refusal(status: int, *headers: str, reason: str = "Expired") -> Answer:
    """A step: a Status."""

    async def answer(wire: Wire) -> None:
        await wire.answer(status, {"kind": "Status", "code": status, "reason": reason, "message": "because"}, *headers)

    return answer


async def follow_until(
    cluster: Cluster, changes: int, settings: WatchSettings = QUICK
) -> list[tuple[str, str | None, str | None]]:
    """The first changes of a watch: type, name, version."""
    seen: list[tuple[str, str | None, str | None]] = []
    async with (
        asyncio.timeout(10),
        contextlib.aclosing(follow(cluster, "Pod", selector="a=b", settings=settings)) as stream,
    ):
        async for change in stream:
            seen.append(_short(change))
            if len(seen) == changes:
                break
    return seen


def _short(change: Change) -> tuple[str, str | None, str | None]:
    metadata = change.object["metadata"] if change.object else {}
    return change.type, metadata.get("name"), metadata.get("resourceVersion")


LISTED = [("added", "a", "1"), ("synced", None, None)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the server listens."""
    return tmp_path / "s"


# -- watch ----------------------------------------------------------------------------------------------------------


async def test_a_list_and_then_its_changes(path: Path) -> None:
    events = (("ADDED", pod("b", 6)), ("MODIFIED", pod("a", 7)), ("BOOKMARK", pod("", 9)), ("DELETED", pod("a", 10)))
    async with serving(path, listing(5, pod("a", 1)), streaming(*events)) as (cluster, script):
        seen = await follow_until(cluster, 5)

    assert seen == [*LISTED, ("added", "b", "6"), ("modified", "a", "7"), ("deleted", "a", "10")]
    assert script.seen[0].path == "/api/v1/pods"
    assert script.seen[1].query["resourceVersion"] == "5"
    assert script.seen[1].query["allowWatchBookmarks"] == "true"
    assert script.seen[1].query["labelSelector"] == "a=b"


@pytest.mark.parametrize("end", [polite_end, cut], ids=["ended", "cut"])
async def test_a_stream_that_ends_goes_on_where_it_was(path: Path, end: Answer) -> None:
    """Also behind a bookmark, and nothing is delivered twice."""
    steps = (
        listing(5, pod("a", 1)),
        streaming(("ADDED", pod("b", 6)), ("BOOKMARK", pod("", 20)), then=end),
        streaming(("MODIFIED", pod("b", 21))),
    )
    async with serving(path, *steps) as (cluster, script):
        seen = await follow_until(cluster, 4)

    assert seen == [*LISTED, ("added", "b", "6"), ("modified", "b", "21")]
    assert script.seen[2].query["resourceVersion"] == "20"


async def test_a_line_that_is_cut_has_not_been_seen(path: Path) -> None:
    async def half(wire: Wire) -> None:
        await wire.begin()
        await wire.event("ADDED", pod("b", 6))
        whole = json.dumps({"type": "ADDED", "object": pod("c", 7)}).encode()
        await wire.chunk(whole)  # all of it but the newline
        await cut(wire)

    async def half_and_end(wire: Wire) -> None:
        await wire.begin()
        await wire.chunk(b'{"type":"ADDED","object":{"metada')
        await wire.end()

    steps = (listing(5, pod("a", 1)), half, half_and_end, streaming(("ADDED", pod("c", 7))))
    async with serving(path, *steps) as (cluster, script):
        seen = await follow_until(cluster, 4)

    assert seen == [*LISTED, ("added", "b", "6"), ("added", "c", "7")]
    assert [wire.query["resourceVersion"] for wire in script.seen[1:]] == ["5", "6", "6"]


async def test_events_may_come_in_any_pieces(path: Path) -> None:
    async def crumbs(wire: Wire) -> None:
        await wire.begin()
        data = b"".join(
            json.dumps({"type": "ADDED", "object": pod(n, 6, t="ä")}, ensure_ascii=False).encode() + b"\n"
            for n in "bcd"
        )
        for at in range(0, len(data), 11):
            await wire.chunk(data[at : at + 11])
        await silence(wire)

    async with serving(path, listing(5), crumbs) as (cluster, _):
        assert [name for _, name, _ in await follow_until(cluster, 4)] == [None, "b", "c", "d"]


GONE = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}


async def gone_in_the_stream(wire: Wire) -> None:
    """410 as an event."""
    await wire.begin()
    await wire.event("ERROR", GONE)
    await wire.end()


@pytest.mark.parametrize(
    "lost", [refusal(410), gone_in_the_stream, refusal(504)], ids=["at connect", "mid-stream", "too large"]
)
async def test_a_version_that_is_lost_leads_to_a_new_list_and_what_went_meanwhile_is_told(
    path: Path, lost: Answer
) -> None:
    again = listing(50, pod("c", 30), pod("b", 40), pod("d", 45, uid="new"))
    steps = (
        listing(5, pod("a", 1), pod("b", 2), pod("c", 30), pod("d", 3)),
        lost,
        again,
        streaming(("ADDED", pod("e", 51))),
    )
    async with serving(path, *steps) as (cluster, script):
        seen = await follow_until(cluster, 11)

    assert [entry[:2] for entry in seen[:5]] == [("added", n) for n in "abcd"] + [("synced", None)]
    # `a` is gone, `d` is another of the same name, `c` is as it was; what is gone comes first.
    assert seen[5:] == [
        ("missing", "a", "1"),
        ("missing", "d", "3"),
        ("modified", "b", "40"),
        ("added", "d", "45"),
        ("synced", None, None),
        ("added", "e", "51"),
    ]
    assert script.seen[3].query["resourceVersion"] == "50"


async def test_what_a_watch_has_not_told_is_found_by_a_list_after_a_while(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_LIST_SHARE", 1)  # a list may take long on a machine that has much to do
    lists = [listing(5, pod("a", 1), pod("b", 2)), listing(11, pod("a", 8))]

    async def answer(wire: Wire) -> None:
        if "watch" not in wire.query:
            await lists.pop(0)(wire)
        elif lists:
            await half_a_second(wire)
        else:
            await streaming()(wire)

    async def half_a_second(wire: Wire) -> None:
        await wire.begin()
        await wire.event("BOOKMARK", pod("", 9))
        await asyncio.sleep(0.5)
        await wire.end()

    settings = WatchSettings(first_delay=0.001, longest_delay=0.01, timeout=60, inactivity=5, relist=2)
    async with serving(path, answer) as (cluster, script):
        seen = await follow_until(cluster, 6, settings)

    assert seen[3:] == [("missing", "b", "2"), ("modified", "a", "8"), ("synced", None, None)]
    first, *others = [wire.query for wire in script.seen if "watch" in wire.query]
    assert (first["resourceVersion"], {query["resourceVersion"] for query in others}) == ("5", {"9"})


async def test_another_object_of_the_same_name_is_told_from_the_first(path: Path) -> None:
    async with serving(path, listing(5, pod("a", 1)), streaming(("ADDED", pod("a", 6, uid="new")))) as (cluster, _):
        assert await follow_until(cluster, 4) == [*LISTED, ("missing", "a", "1"), ("added", "a", "6")]


@pytest.mark.parametrize(
    "line",
    [
        b"garbage\n",
        b"[]\n",
        b"\n",
        b"{}\n",
        b'{"type":"ADDED","object":{}}\n',
        b'{"type":"X","object":{"metadata":{}}}\n',
        b"\xff\n",
        b'{"type":"ADDED","object":null}\n',
        b'{"type":"ERROR","object":{"code":"x"}}\n',
        b"[" * 50000 + b"\n",
    ],
)
async def test_an_event_that_is_none_breaks_the_stream_and_not_the_watch(path: Path, line: bytes) -> None:
    async def nonsense(wire: Wire) -> None:
        await wire.begin()
        await wire.chunk(line)
        await silence(wire)

    async with serving(path, listing(5, pod("a", 1)), nonsense, streaming(("ADDED", pod("b", 6)))) as (cluster, _):
        assert await follow_until(cluster, 3) == [*LISTED, ("added", "b", "6")]


@pytest.mark.parametrize(
    "list_answer",
    [
        refusal(403, reason="Forbidden"),
        refusal(500),
        refusal(429),
        cut,
        lambda wire: wire.answer(200, b"<html>"),
        lambda wire: wire.answer(200, []),
        lambda wire: wire.answer(200, {}),
        lambda wire: wire.answer(200, {"metadata": None}),
        lambda wire: wire.say(b"nonsense\r\n\r\n"),
    ],
    ids=["403", "500", "429", "cut", "html", "list", "empty", "null", "no http"],
)
async def test_a_list_that_fails_is_tried_again(path: Path, list_answer: Answer) -> None:
    async def answer(wire: Wire) -> None:
        await list_answer(wire)
        wire.writer.close()

    async with serving(path, answer, answer, listing(5, pod("a", 1)), streaming()) as (cluster, _):
        assert await follow_until(cluster, 2) == LISTED


@pytest.mark.parametrize("text", ["1", "²", "-1", "soon", ""])
async def test_the_server_says_when_to_come_again(path: Path, text: str) -> None:
    async with serving(path, refusal(429, f"Retry-After: {text}"), listing(5, pod("a", 1)), streaming()) as (
        cluster,
        _,
    ):
        loop = asyncio.get_running_loop()
        before = loop.time()
        assert await follow_until(cluster, 2) == LISTED
        assert (loop.time() - before >= 1) is (text == "1")


async def test_silence_is_given_up(path: Path) -> None:
    settings = WatchSettings(first_delay=0.001, longest_delay=0.01, timeout=60, inactivity=0.1)
    async with serving(path, listing(5, pod("a", 1)), streaming(), streaming(("ADDED", pod("b", 6)))) as (cluster, _):
        assert (await follow_until(cluster, 3, settings))[2] == ("added", "b", "6")


async def test_a_server_that_comes_late_is_found(path: Path) -> None:
    cluster = Cluster.connect(f"unix:{path}")
    task = asyncio.create_task(follow_until(cluster, 2))
    await asyncio.sleep(0.02)
    assert not task.done()
    async with serving(path, listing(5, pod("a", 1)), streaming()):
        assert await task == LISTED
        await cluster.close()


async def test_a_watch_that_is_left_closes_its_connection(path: Path) -> None:
    async with serving(path, listing(5, pod("a", 1)), streaming()) as (cluster, _):
        await follow_until(cluster, 2)
        await cluster.close()
        before = count_descriptors()
        for _ in range(3):
            await asyncio.sleep(0)
        assert count_descriptors() <= before


# -- calls ----------------------------------------------------------------------------------------------------------


async def test_apply_is_server_side_and_forced(path: Path) -> None:
    async with serving(path, lambda wire: wire.answer(200, {"applied": True})) as (cluster, script):
        obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "n"}}
        assert await cluster.apply(obj) == {"applied": True}
        await cluster.apply({"kind": "Namespace", "metadata": {"name": "n"}}, dry_run=True)

    first, second = script.seen
    assert (first.method, first.path) == ("PATCH", "/apis/apps/v1/namespaces/n/deployments/x")
    assert first.query == {"fieldManager": "paaks", "force": "true", "fieldValidation": "Ignore"}
    assert json.loads(first.body) == obj
    assert "application/apply-patch+yaml" in first.head
    assert (second.path, second.query["dryRun"]) == ("/api/v1/namespaces/n", "All")


async def test_delete_names_what_it_means(path: Path) -> None:
    async with serving(path, lambda wire: wire.answer(200, {}), refusal(404), refusal(409)) as (cluster, script):
        assert await cluster.delete("Pod", "n", "x", uid="u", resource_version="7", grace=0)
        assert not await cluster.delete("Pod", "n", "x")
        with pytest.raises(ConflictError):
            await cluster.delete("Pod", "n", "x")

    options = json.loads(script.seen[0].body)
    assert options["preconditions"] == {"uid": "u", "resourceVersion": "7"}
    assert options["gracePeriodSeconds"] == 0
    assert "preconditions" not in json.loads(script.seen[1].body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidError),
        (403, InvalidError),
        (422, InvalidError),
        (409, ConflictError),
        (410, GoneError),
        (429, RetryLater),
        (500, RetryLater),
        (503, RetryLater),
    ],
)
async def test_a_refusal_says_whose_fault_it_is(path: Path, status: int, kind: type[Exception]) -> None:
    async with serving(path, refusal(status, "Retry-After: 7")) as (cluster, _):
        with pytest.raises(kind, match="because") as caught:
            await cluster.get("Pod", "n", "x")
    if isinstance(caught.value, RetryLater):
        assert 7.0 <= caught.value.delay <= 8.4  # what was asked for, and up to a fifth more


async def test_get_tells_missing_from_refused(path: Path) -> None:
    async with serving(path, refusal(404), refusal(403)) as (cluster, _):
        assert await cluster.get("Pod", "n", "x") is None
        with pytest.raises(InvalidError):
            await cluster.get("Pod", "n", "x")


async def test_items_of_a_list_say_what_they_are(path: Path) -> None:
    async with serving(path, listing(5, pod("a", 1))) as (cluster, _):
        items, version = await cluster.list("Deployment", namespace="n")

    assert version == "5"
    assert (items[0]["apiVersion"], items[0]["kind"]) == ("apps/v1", "Deployment")


async def test_logs_are_lines(path: Path) -> None:
    async def answer(wire: Wire) -> None:
        await wire.begin()
        for piece in (b"one\ntw", b"o\n\n", b"\xff\nlast"):
            await wire.chunk(piece)
        await wire.end()

    async with serving(path, answer) as (cluster, script):
        lines = [line async for line in cluster.logs("n", "p", tail=10, since=0.2, timestamps=True)]

    assert lines == [b"one", b"two", b"", b"\xff", b"last"]
    assert script.seen[0].query == {"tailLines": "10", "sinceSeconds": "1", "timestamps": "true"}


async def test_nobody_there_is_the_worlds_fault_and_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 100) / "s"
    path.parent.mkdir()
    before = count_descriptors()
    cluster = Cluster.connect(f"unix:{path}")
    for _ in range(3):
        with pytest.raises(RetryLater):
            await cluster.get("Pod", "n", "x")
    async with serving(path, refusal(404)):
        assert await cluster.get("Pod", "n", "x") is None
        await cluster.close()
    await asyncio.sleep(0)
    assert count_descriptors() <= before


@pytest.mark.parametrize("target", ["", "unix:", "ftp://x", "kubeconfig:", "incluster", "x"])
def test_another_target_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        Cluster.connect(target)
