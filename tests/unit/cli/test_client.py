"""Answers of the api as exit codes and words; a stream that breaks. The server is a real one, on a socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cli import progress
from cli.client import Broken, Client
from cli.failure import Exit, Failure
from cli.target import Target

Answer = tuple[int, dict[str, str], bytes]


class Server(ThreadingHTTPServer):
    """Answers each path as it is told; what was asked is in `seen`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def tell(self, path: str, status: int, body: Any, **headers: str) -> None:
        """The next answer at a path; the last one is given for ever."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/problem+json" if status >= 400 else "application/json"
        self.answers.setdefault(path, []).append((status, {"Content-Type": kind, **headers}, data))


class Handler(BaseHTTPRequestHandler):
    """Looks its answer up."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        path = self.path.partition("?")[0]
        self.server.seen.append((self.path, dict(self.headers)))
        found = self.server.answers[path]
        status, headers, data = found.pop(0) if len(found) > 1 else found[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def serve() -> Iterator[Server]:
    """A server for one test."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server for one test."""
    with serve() as started:
        yield started


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client of it, as somebody of the tenant `demo`."""
    with Client(Target(server.url, "demo", "secret")) as opened:
        yield opened


CODES = {
    400: Exit.FAILED,
    401: Exit.NOT_LOGGED_IN,
    403: Exit.FORBIDDEN,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    412: Exit.CONFLICT,
    413: Exit.REFUSED,
    422: Exit.REFUSED,
    429: Exit.FAILED,
    500: Exit.FAILED,
    503: Exit.UNREACHABLE,
}


@pytest.mark.parametrize(("status", "code"), CODES.items())
def test_a_status_becomes_an_exit_code(server: Server, client: Client, status: int, code: Exit) -> None:
    entry = {"detail": "what", "file": "a/b.py", "line": 1}
    document = {"type": "/problems/some", "title": "No", "detail": "what", "errors": [entry], "requestId": "7f3c"}
    server.tell("/x", status, document)
    with pytest.raises(Failure) as raised:
        client.read("GET", "/x")
    failure = raised.value
    assert (failure.code, failure.title, failure.request_id) == (code, "No", "7f3c")
    assert list(failure.problems) == [entry]
    wanted = f"paaks login {server.url}" if status == 401 else "paaks help problems/some"
    assert failure.hint == wanted


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"\xff", b""])
def test_an_answer_that_is_none_of_ours_is_told_by_its_status(server: Server, client: Client, body: bytes) -> None:
    server.tell("/x", 418, body, **{"PaaKS-Request-Id": "9a"})
    with pytest.raises(Failure) as raised:
        client.read("GET", "/x")
    assert "418" in raised.value.title
    assert raised.value.request_id == "9a"


def test_a_path_that_is_refused_ends_with_8(server: Server, client: Client) -> None:
    server.tell("/x", 400, {"type": "/problems/path-not-allowed", "title": "No"})
    with pytest.raises(Failure) as raised:
        client.request("GET", "/x")
    assert raised.value.code is Exit.REFUSED


def test_what_is_no_json_object_is_no_answer(server: Server, client: Client) -> None:
    server.tell("/x", 200, b"hello")
    with pytest.raises(Failure, match="does not speak the API"):
        client.read("GET", "/x")


def test_nobody_there_ends_with_69() -> None:
    with Client(Target("http://127.0.0.1:1", "demo", "t")) as client, pytest.raises(Failure) as raised:
        client.read("GET", "/x")
    assert raised.value.code is Exit.UNREACHABLE


def test_requests_carry_the_token_the_wait_and_who_we_are(server: Server, client: Client) -> None:
    server.tell("/x", 200, {})
    client.read("GET", "/x", wait=30.0, query={"a": "b c", "none": None})
    path, headers = server.seen[0]
    assert path in ("/x?a=b+c", "/x?a=b%20c")
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Prefer"] == "wait=30"
    assert headers["User-Agent"].startswith("paaks/")


def test_parts_of_an_address_are_escaped(client: Client) -> None:
    assert client.service("a/b", "files") == "/api/v1/tenants/demo/services/a%2Fb/files"


def test_pages_are_read_until_there_are_enough(server: Server, client: Client) -> None:
    for start in (0, 200, 400):
        server.tell("/x", 200, {"items": list(range(start, start + 200)), "next": f"after-{start}"})
    found = client.read_pages("/x", 450)
    assert found["items"] == list(range(450)) + list(range(450, 600))
    assert [path for path, _ in server.seen] == [
        "/x?limit=200",
        "/x?limit=200&cursor=after-0",
        "/x?limit=50&cursor=after-200",
    ]


def make_release(state: str, **more: Any) -> dict[str, Any]:
    """A release of `hello`."""
    stages = {"apply": {"at": "", "ms": 4.0}} if state == "live" else {}
    base = {"id": "hello@" + "a" * 40, "service": "hello", "commit": "a" * 40, "stages": stages, "supersededBy": None}
    return {**base, "state": state, **more}


def write_events(*releases: dict[str, Any]) -> bytes:
    """Server-sent events as the api writes them."""
    events = [f"id: {n}\nevent: release.stage\ndata: {json.dumps(r)}\n\n" for n, r in enumerate(releases, 1)]
    return ("id: 0\nretry: 2000\n\n: keep-alive\n\n" + "".join(events)).encode()


EVENTS = "/api/v1/tenants/demo/events"
RELEASES = "/api/v1/tenants/demo/releases/hello@"


def test_a_release_is_followed_over_streams_that_break(server: Server, client: Client) -> None:
    server.tell(EVENTS, 200, write_events(make_release("pending")))
    server.tell(EVENTS, 200, write_events(make_release("live")))
    server.tell(RELEASES + "a" * 40, 200, make_release("pending"))

    states = [release["state"] for release in progress.watch(client, [make_release("pending")], 10)]

    assert states[-1] == "live"
    assert server.seen[2][1]["Last-Event-ID"] == "1"


def test_a_superseded_release_is_followed_by_its_successor(server: Server, client: Client) -> None:
    successor = make_release("live", id="hello@" + "b" * 40, commit="b" * 40)
    server.tell(EVENTS, 200, write_events())
    server.tell(RELEASES + "a" * 40, 200, make_release("superseded", supersededBy="b" * 40))
    server.tell(RELEASES + "b" * 40, 200, successor)
    last = list(progress.watch(client, [make_release("pending")], 10))[-1]
    assert (last["state"], last["commit"]) == ("live", "b" * 40)


def test_a_release_that_takes_too_long_ends_with_124(server: Server, client: Client) -> None:
    server.tell(EVENTS, 200, write_events())
    server.tell(RELEASES + "a" * 40, 404, {"type": "/problems/not-found", "title": "No"})
    with pytest.raises(Failure) as raised:
        progress.follow(client, [make_release("pending")], 0.3, quiet=True)
    assert raised.value.code is Exit.TIMEOUT
    assert raised.value.hint == "paaks status hello -w"


def test_a_stream_says_that_it_broke(server: Server, client: Client) -> None:
    server.tell("/x", 200, b"one\ntwo\n", **{"Content-Length": "100"})
    with client.stream("/x", silence=0.2) as lines, pytest.raises(Broken):
        list(lines)


def test_lines_of_progress_are_one_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    lines = progress.StageLines()
    for release in (make_release("pending"), make_release("live"), make_release("live")):
        lines.show(release)
    assert capsys.readouterr().out == "apply    hello  4ms\n"


def test_ends_are_told_with_their_evidence() -> None:
    live = make_release("live", url="http://x/hello/", liveMs=38.4)
    assert progress.end_lines(live) == ["live     http://x/hello/   aaaaaaa in 38ms"]
    failed = make_release("failed", reason="ImportFailed", sentence="KeyError", message="Traceback\n\x1b[31mKeyError\n")
    assert progress.end_lines(failed) == [
        "failed   hello  aaaaaaa  ImportFailed: KeyError",
        "    Traceback",
        "    \N{REPLACEMENT CHARACTER}[31mKeyError",
    ]
    assert progress.judge([live]) is Exit.DONE
    assert progress.judge([live, failed]) is Exit.NOT_LIVE
