from __future__ import annotations

import re

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dispatcher.head import check_partial, parse_head
from core.errors import Refused

TOKEN = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=12)
VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30)
OWN = ("host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "authorization", "accept")


def write(*lines: str, first: str = "GET / HTTP/1.1") -> bytes:
    return "\r\n".join([first, "Host: x", *lines, "", ""]).encode("latin-1")


def refuse(raw: bytes) -> str:
    with pytest.raises(Refused) as caught:
        parse_head(raw)
    return caught.value.problems[0].slug


@given(st.lists(st.tuples(TOKEN.filter(lambda name: name.lower() not in OWN), VALUE), max_size=20))
def test_fields_are_read_as_they_were_written(fields: list[tuple[str, str]]) -> None:
    head = parse_head(write(*[f"{name}: {value}" for name, value in fields]))

    expected = [(name.encode(), value.strip(" \t").encode("latin-1")) for name, value in fields]
    assert [(name, value) for _, name, value in head.fields[1:]] == expected
    assert all(lower == name.lower() for lower, name, _ in head.fields)


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_they_are_read_or_refused(data: bytes) -> None:
    for raw in (data, b"GET / HTTP/1.1\r\nHost: x\r\n" + data + b"\r\n\r\n", b"GET " + data + b" HTTP/1.1\r\n\r\n"):
        try:
            head = parse_head(raw)
        except Refused:
            continue
        assert not re.search(rb"[\x00\r\n]", b"".join(value for _, _, value in head.fields) + head.target + head.host)


class Seen:
    """What httptools makes of the same bytes."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.target = b""

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))


PIECES = st.sampled_from(
    [
        *(b"a: b\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b" folded\r\n", b"x:y\n", b"\r\n"),
        *(b"Content-Length: 3\r\n", b"TE : x\r\n", b"n\x00ul: 1\r\n", b"c: d\re: f\r\n", b":\r\n", b"novalue\r\n"),
        *(b"Connection: close, x\r\n", b"Host: y\r\n", b"\xff: x\r\n", b"v: \xff\r\n", b"\t\r\n"),
    ]
)


@given(st.lists(PIECES, max_size=6))
def test_what_is_accepted_another_strict_parser_reads_in_the_same_way(pieces: list[bytes]) -> None:
    raw = b"POST /a?b HTTP/1.1\r\nHost: x\r\n" + b"".join(pieces) + b"\r\n"
    try:
        head = parse_head(raw)
    except Refused:
        return
    seen = Seen()
    httptools.HttpRequestParser(seen).feed_data(raw)

    assert (seen.target, seen.fields) == (head.target, [(name, value) for _, name, value in head.fields])


@given(st.binary(max_size=60), st.data())
def test_what_is_hopeless_in_part_is_refused_as_a_whole(data: bytes, cut: st.DataObject) -> None:
    raw = b"GET / HTTP/1.1\r\nHost: x\r\n" + data + b"\r\n\r\n"
    part = raw[: cut.draw(st.integers(0, raw.find(b"\r\n\r\n") + 3))]
    try:
        check_partial(part)
    except Refused:
        with pytest.raises(Refused):
            parse_head(raw[: raw.find(b"\r\n\r\n") + 4])


@pytest.mark.parametrize(
    ("lines", "length"),
    [((), 0), (("Content-Length: 0",), 0), (("Content-Length: 12",), 12), (("Transfer-Encoding: Chunked",), None)],
)
def test_the_length_of_the_body(lines: tuple[str, ...], length: int | None) -> None:
    assert parse_head(write(*lines)).length == length


@pytest.mark.parametrize(
    ("first", "connection", "keeps"),
    [
        ("GET / HTTP/1.1", None, True),
        ("GET / HTTP/1.1", "close", False),
        ("GET / HTTP/1.1", "X-Own, Close", False),
        ("GET / HTTP/1.0", None, False),
        ("GET / HTTP/1.0", "Keep-Alive", True),
    ],
)
def test_whether_the_connection_is_kept(first: str, connection: str | None, keeps: bool) -> None:
    lines = [f"Connection: {connection}"] if connection else []
    assert parse_head(write(*lines, first=first)).keep_alive is keeps


def test_what_connection_nominates_is_known() -> None:
    assert parse_head(write("Connection: close, X-Own", "Connection: y")).nominated == {b"x-own", b"y"}


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        ("http://a.b:80/c?d", b"a.b:80", b"/c?d"),
        ("HTTPS://[::1]", b"[::1]", b"/"),
        ("http://a?b", b"a", b"/?b"),
        ("/x", b"x", b"/x"),
    ],
)
def test_the_host_of_an_absolute_target_decides(target: str, host: bytes, path: bytes) -> None:
    head = parse_head(write(first=f"GET {target} HTTP/1.1"))
    assert (head.host, head.target) == (host, path)


@pytest.mark.parametrize("target", ["*", "http://", "http://a@b/", "ftp://a/", "x", "http://a b/", "http:///x"])
def test_other_targets_are_refused(target: str) -> None:
    assert refuse(write(first=f"GET {target} HTTP/1.1")) == "malformed-request"


def test_an_upgrade_is_told_apart_from_a_remark() -> None:
    assert refuse(write("Connection: Upgrade", "Upgrade: h2c")) == "not-implemented"
    assert parse_head(write("Upgrade: h2c")).keep_alive


def test_expectations() -> None:
    assert parse_head(write("Expect: 100-Continue", "Content-Length: 1")).expects_continue
    assert not parse_head(write("Expect: 100-continue")).expects_continue
    assert refuse(write("Expect: miracles")) == "malformed-request"
