from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dispatcher.head import parse_head
from api.dispatcher.headers import Front, Told, frame_answer, pass_answer, rewrite_cookie, write_request
from api.dispatcher.targets import Place
from core import credentials
from core.errors import Refused

PLACE = Place("demo", "hello", b"/~demo/hello", b"/x?y")
FRONT = Front("http://apps.example:8080")
TOLD = Told(b"1.2.3.4", b"demo", b"ana@example.org", b"r1")
PERSONAL = credentials.write_personal_token("a" * 30)


def write(*lines: str, told: Told = TOLD, place: Place = PLACE, first: str = "GET /~demo/hello/x?y HTTP/1.1") -> bytes:
    raw = "\r\n".join([first, "Host: apps.example:8080", *lines, "", ""]).encode("latin-1")
    return write_request(parse_head(raw), place, FRONT, told)


def test_the_whole_head_for_a_pod() -> None:
    assert write("Accept: */*", "X-Own: 1", "x-own: 2").split(b"\r\n") == [
        *(b"GET /x?y HTTP/1.1", b"Host: apps.example:8080", b"Accept: */*", b"X-Own: 1", b"x-own: 2"),
        *(b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-Proto: http", b"X-Forwarded-Host: apps.example:8080"),
        *(b"PaaKS-Tenant: demo", b"PaaKS-Request-Id: r1", b"X-Forwarded-Prefix: /~demo/hello"),
        *(b"PaaKS-User: ana@example.org", b"", b""),
    ]


@pytest.mark.parametrize(
    "line",
    [
        *("Connection: X-Own", "Keep-Alive: 5", "Proxy-Connection: close", "TE: trailers", "Trailer: x"),
        *("Upgrade: x", "Forwarded: for=x", "X-Real-IP: x", "X-Forwarded-Anything: x", "PAAKS-Tenant: x"),
        *(
            "Paaks_Tenant: x",
            "X_Forwarded_For: x",
            "Proxy-Authorization: x",
            "Content_Length: 7",
            "Cookie: paaks_session=x",
        ),
        *(
            f"X-Api-Key: {PERSONAL}",
            f"Cookie: t={PERSONAL}",
            f"Authorization: Basic {base64.b64encode(PERSONAL.encode()).decode()}",
        ),
    ],
)
def test_what_does_not_reach_a_pod(line: str) -> None:
    assert write(line) == write()


def test_what_connection_nominates_does_not_pass_but_ours_does() -> None:
    assert write("Connection: X-Own, PaaKS-Tenant, Host", "X-Own: 1") == write()


def test_a_credential_of_ours_is_left_out_and_another_passes() -> None:
    assert b"\r\nAuthorization: Basic eDp5\r\n" in write("Authorization: Basic eDp5")
    theirs = Told(TOLD.peer, TOLD.tenant, TOLD.user, TOLD.request_id, has_credential=True)
    assert b"Authorization" not in write("Authorization: Bearer x", told=theirs)
    with pytest.raises(Refused):
        write(place=Place("demo", "hello", b"/~demo/hello", f"/?t={PERSONAL}".encode()))


def test_the_length_is_told_once() -> None:
    assert write("Content-Length: 5", first="POST / HTTP/1.1").count(b"Content-Length: 5\r\n") == 1
    assert b"\r\nTransfer-Encoding: chunked\r\n" in write("Transfer-Encoding: chunked", first="POST / HTTP/1.1")
    assert b"\r\nContent-Length: 0\r\n" in write(first="POST / HTTP/1.1")
    assert b"Content-Length" not in write()


@given(
    st.lists(st.sampled_from(["a=1", "b", "c=x=y", "paaks_session=s", "__Host-paaks_refresh=r", "paaks_sessions=ok"]))
)
def test_only_our_cookies_are_taken_out(cookies: list[str]) -> None:
    kept = [c for c in cookies if "session=" not in c and "refresh=" not in c]
    expected = f"\r\nCookie: {'; '.join(kept)}\r\n".encode() if kept else b""
    written = write(f"Cookie: {'; '.join(cookies)}")
    assert expected in written
    assert written.count(b"Cookie") == (1 if kept else 0)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        (b"apps.example:8080", b"apps.example:8080"),
        (b"APPS.example:8080", b"APPS.example:8080"),
        (b"127.0.0.1:8080", b"127.0.0.1:8080"),
        (b"127.0.0.1:3000", b"apps.example:8080"),
        (b"evil", b"apps.example:8080"),
    ],
)
def test_a_handler_is_told_only_hosts_that_lead_here(host: bytes, told: bytes) -> None:
    assert FRONT.name_host(host, PLACE) == told


@pytest.mark.parametrize(
    ("cookie", "rewritten"),
    [
        (b"a=1", b"a=1; Path=/hello/"),
        (b"a=1; path=/; DOMAIN=.example.org; Secure; Max-Age=5", b"a=1; Secure; Max-Age=5; Path=/hello/"),
        (b"a=1; Path=/hello/sub", b"a=1; Path=/hello/"),
        (b"paaks_session=x", None),
        (b" PAAKS_REFRESH =x; Path=/", None),
        (b"__Host-paaks_session=x", None),
        (b"paaks_other=1", b"paaks_other=1; Path=/hello/"),
    ],
)
def test_cookies_are_bound_to_their_service(cookie: bytes, rewritten: bytes | None) -> None:
    assert rewrite_cookie(cookie, b"/hello/") == rewritten


def test_an_answer_with_control_characters_cannot_be_sent_on() -> None:
    assert pass_answer([(b"X", b"a\r\nSet-Cookie: b")], PLACE) is None
    assert pass_answer([(b"X", b"a\0")], PLACE) is None


@pytest.mark.parametrize(
    ("first", "status", "length", "chunked", "keeps"),
    [
        ("GET / HTTP/1.1", 200, True, False, True),
        ("GET / HTTP/1.1", 200, False, True, True),
        ("GET / HTTP/1.0", 200, False, False, False),
        ("HEAD / HTTP/1.1", 200, True, False, True),
        ("HEAD / HTTP/1.1", 200, False, False, True),
        ("GET / HTTP/1.1", 204, False, False, True),
        ("GET / HTTP/1.1", 304, True, False, True),
    ],
)
def test_how_an_answers_end_is_told(first: str, status: int, length: bool, chunked: bool, keeps: bool) -> None:
    head = parse_head(f"{first}\r\nHost: x\r\nConnection: keep-alive\r\n\r\n".encode())
    fields = [(b"Content-Length", b"7")] if length else []
    reply = frame_answer(head, status, fields, PLACE, has_length=length, may_keep_alive=True)

    assert reply is not None
    assert (reply.is_chunked, reply.keep_alive) == (chunked, keeps)
    assert (b"Content-Length: 7" in reply.lines) is length
