from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from api import invocation
from api.invocation import MAX_BODY, Call, check_call, invoke
from core.errors import Refused, RetryLater


class Dispatcher:
    """A server in the dispatcher's place, which shows what reached it."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[web.Request] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        body = await request.read()
        match request.path:
            case "/hello/away":
                raise web.HTTPFound("http://127.0.0.1:1/elsewhere")
            case "/hello/large":
                return web.Response(body=b"x" * (MAX_BODY + 1))
            case "/hello/cookies":
                headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("PaaKS-Revision", "c" * 40)]
                return web.Response(status=418, headers=headers)
        return web.json_response({"raw": request.raw_path, "method": request.method, "body": body.decode()})


@pytest.fixture
async def dispatcher() -> AsyncIterator[Dispatcher]:
    found = Dispatcher()
    app = web.Application(client_max_size=2 * MAX_BODY)
    app.router.add_route("*", "/{any:.*}", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


def call(path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Call:
    return Call(method, path, {name.replace("_", "-"): value for name, value in headers.items()}, body)


async def test_a_call_reaches_the_service_as_it_is(dispatcher: Dispatcher) -> None:
    reply = await invoke(dispatcher.url, "hello", "secret", call("/a%2Fb/../c?x=1&y=%20", "POST", b"data", X_Own="1"))
    assert reply.status == 200
    assert b'"raw": "/hello/a%2Fb/../c?x=1&y=%20"' in reply.body
    assert b'"method": "POST", "body": "data"' in reply.body
    assert dispatcher.seen[0].headers["X-Own"] == "1"
    assert dispatcher.seen[0].headers["Authorization"] == "Bearer secret"
    assert reply.seconds > 0


async def test_the_caller_chooses_neither_credential_nor_host_nor_framing(dispatcher: Dispatcher) -> None:
    headers = {
        "Authorization": "Bearer other",
        "Host": "evil",
        "Cookie": "paaks_session=x",
        "Transfer-Encoding": "chunked",
    }
    await invoke(dispatcher.url, "hello", "secret", Call("POST", "/", headers | {"Content-Length": "1"}, b"four"))
    seen = dispatcher.seen[0].headers
    assert seen["Authorization"] == "Bearer secret"
    assert seen["Host"] == urlsplit(dispatcher.url).netloc
    assert "Cookie" not in seen
    assert seen["Content-Length"] == "4"
    assert "Content-Type" not in seen


async def test_a_redirect_is_answered_not_followed(dispatcher: Dispatcher) -> None:
    reply = await invoke(dispatcher.url, "hello", "secret", call("/away"))
    assert (reply.status, reply.headers["location"]) == (302, "http://127.0.0.1:1/elsewhere")


async def test_an_answer_is_cut_where_it_becomes_too_large(dispatcher: Dispatcher) -> None:
    reply = await invoke(dispatcher.url, "hello", "secret", call("/large"))
    assert (len(reply.body), reply.truncated) == (MAX_BODY, True)


async def test_headers_come_back_in_lower_case_and_together(dispatcher: Dispatcher) -> None:
    reply = await invoke(dispatcher.url, "hello", "secret", call("/cookies"))
    assert (reply.status, reply.headers["set-cookie"]) == (418, "a=1\nb=2")
    assert reply.headers["paaks-revision"] == "c" * 40


async def test_a_dispatcher_that_is_down_is_the_worlds_fault() -> None:
    with pytest.raises(RetryLater, match="dispatcher"):
        await invoke("http://127.0.0.1:1", "hello", "secret", call())


@pytest.mark.parametrize(
    "bad",
    [
        *(
            call(path)
            for path in ("", "x", "http://evil/", "/a b", "/a\r\nX: y", "/ä", "/a#b", "/\x7f", "/" + "x" * 9000)
        ),
        *(call(method=method) for method in ("", "GET /", "CONNECT", "TRACE", "get", "G\r\n")),
        Call("GET", "/", {"X: y": "z"}, b""),
        Call("GET", "/", {"": "z"}, b""),
        Call("GET", "/", {"X": "a\r\nY: b"}, b""),
        Call("GET", "/", {"X": "\0"}, b""),
        Call("GET", "/", {"X": "\u2028"}, b""),
        Call("POST", "/", {}, b"x" * (MAX_BODY + 1)),
    ],
    ids=lambda bad: repr(bad)[:50],
)
def test_what_could_be_read_as_another_request_is_refused(bad: Call) -> None:
    with pytest.raises(Refused):
        check_call(bad)


def test_two_slashes_name_no_other_host() -> None:
    assert invocation.locate("http://127.0.0.1:8080", "hello", "//evil/x").host == "127.0.0.1"
