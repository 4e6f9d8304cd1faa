"""What a visitor may send, and what of it reaches a handler: the PX rows of the threat model, on the wire."""

from __future__ import annotations

import asyncio
import statistics
import time

import pytest

from tests.integration.dispatcher.site import Site, write

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_px_01_neither_our_token_nor_our_cookies_reach_a_handler(site: Site) -> None:
    cookies = "Cookie: app=1; paaks_session=v; __Host-paaks_refresh=w; z=2"
    answer = await site.get("/safe/", cookies, token=site.token)

    assert answer.status == 200
    assert answer.told("Cookie") == ["app=1; z=2"]
    assert answer.told("Authorization") == []
    assert site.token.encode() not in answer.raw
    assert site.token.split(".")[2].encode() not in answer.raw


async def test_px_01_a_handlers_own_credential_passes_where_the_service_is_public(site: Site) -> None:
    for own in ("Basic dXNlcjpzZWNyZXQ=", "Bearer opaque-token-of-theirs", "Digest username=x"):
        assert (await site.get("/~ta/echo/", f"Authorization: {own}")).told("Authorization") == [own]


@pytest.mark.parametrize(
    "line",
    [
        "Proxy-Authorization: Bearer {token}",
        "X-Api-Key: {token}",
        "Sec-WebSocket-Protocol: bearer, {token}",
        "Referer: http://localhost/?access_token={token}",
    ],
)
async def test_px_03_a_token_in_another_header_is_no_credential_and_is_not_passed_on(site: Site, line: str) -> None:
    assert (await site.get("/safe/", line.format(token=site.token))).status == 401
    answer = await site.get("/~ta/echo/", line.format(token=site.token))
    assert answer.status == 200
    assert site.token.encode() not in answer.raw


async def test_px_03_a_token_in_the_address_is_refused_and_never_logged(site: Site) -> None:
    assert (await site.get(f"/safe/?access_token={site.token}")).status == 401
    assert (await site.get(f"/~ta/echo/?access_token={site.token}")).problem == "malformed-request"
    assert site.token not in site.door.log.read_text()


async def test_px_03_trace_and_connect_are_not_passed_on(site: Site) -> None:
    for method, target in (("TRACE", "/~ta/echo/"), ("CONNECT", "localhost:80")):
        answer = await site.get(target, method=method)
        assert (answer.status, answer.problem) == (405, "method-not-allowed")


async def test_px_04_content_length_beside_transfer_encoding_is_refused(site: Site) -> None:
    before = await site.seen()
    smuggled = b"0\r\n\r\nG" + write("GET", "/~ta/canary/")
    answer = await site.send(write("POST", "/~ta/echo/", "Content-Length: 6", "Transfer-Encoding: chunked") + smuggled)

    assert answer.status == 400
    assert answer.headers["connection"] == "close"
    assert answer.raw.count(b"HTTP/1.1 ") == 1
    assert await site.seen() == before


@pytest.mark.parametrize(
    "lines",
    [
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding:", " chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: \x0bchunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Content-Length: 5", "Content-Length: 5"],
        ["Content-Length: 5, 5"],
        ["Content-Length: +5"],
        ["Content-Length: -1"],
    ],
)
async def test_px_05_a_length_that_could_be_read_in_two_ways_is_refused(site: Site, lines: list[str]) -> None:
    before = await site.seen()
    answer = await site.send(write("POST", "/~ta/echo/", *lines) + b"5\r\nhello\r\n0\r\n\r\n")

    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert await site.seen() == before


async def test_px_05_transfer_encoding_in_http_1_0_or_with_an_underscore(site: Site) -> None:
    old = write("POST", "/~ta/echo/", "Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert (await site.send(old + b"0\r\n\r\n")).status == 400
    answer = await site.get("/~ta/echo/", "Transfer_Encoding: chunked")
    assert answer.status == 200
    assert b"chunked" not in answer.body


@pytest.mark.parametrize(
    "chunks",
    [
        b"-1\r\nhello\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFF1\r\nhello",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5;" + b"x" * 65536 + b"\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"5\r\nhelloXX0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nno trailer\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
    ],
)
async def test_px_07_chunks_that_are_none_are_refused(site: Site, chunks: bytes) -> None:
    before = await site.seen()
    answer = await site.send(write("POST", "/~ta/echo/", "Transfer-Encoding: chunked") + chunks)

    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert await site.seen() == before


async def test_px_07_trailers_are_dropped_and_the_body_arrives(site: Site) -> None:
    chunks = b"5;a=b\r\nhello\r\n3\r\n wo\r\n0\r\nAuthorization: Bearer x\r\nX-Late: 1\r\n\r\n"
    answer = await site.send(write("POST", "/~ta/echo/", "Transfer-Encoding: chunked") + chunks)

    assert answer.json()["length"] == 8
    assert answer.told("Authorization") == answer.told("X-Late") == []


@pytest.mark.parametrize(
    "data",
    [
        b"GET /~ta/echo/ HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /~ta/echo/ HTTP/1.1\r\nHost: localhost\r\nX: a\r\n folded\r\n\r\n",
        b"GET /~ta/echo/ HTTP/1.1\r\nHost: localhost\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n",
        b"GET /~ta/echo/ HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
        b"GET /~ta/echo/ HTTP/1.1\r\nX: a\r\n\r\n",
        b"GET /~ta/echo/ HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET /~ta/echo/ HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /~ta/echo/ http/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /~ta/echo/ HTTP/2.0\r\nHost: localhost\r\n\r\n",
        b"GE T /~ta/echo/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET  /~ta/echo/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /~ta/echo/ HTTP/1.1\nHost: localhost\n\n",
        b"GET /~ta/echo/ HTTP/1.1\r\n Host: localhost\r\n\r\n",
        b"GET ~ta/echo/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_px_08_what_is_not_exactly_a_request_is_refused(site: Site, data: bytes) -> None:
    answer = await site.send(data, seconds=5)
    assert (answer.status, answer.problem, answer.headers["connection"]) == (400, "malformed-request", "close")


async def test_px_08_in_absolute_form_the_targets_host_decides(site: Site) -> None:
    data = b"GET http://echo.ta.localhost/path HTTP/1.1\r\nHost: evil\r\n\r\n"
    assert (await site.send(data)).told("X-Forwarded-Host") == [f"echo.ta.localhost:{site.door.port}"]
    assert (await site.send(b"GET http://evil/ HTTP/1.1\r\nHost: echo.ta.localhost\r\n\r\n")).status == 404


async def test_px_09_identity_headers_are_the_platforms_own(site: Site) -> None:
    spoofed = [
        *("X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "Forwarded: for=6.6.6.6"),
        *("X-Real-IP: 6.6.6.6", "PaaKS-Tenant: tb", "PaaKS_Tenant: tb", "paaks-user: op", "X-Forwarded-Prefix: /evil"),
        *("PaaKS-Request-Id: evil", "Connection: PaaKS-User, X-Forwarded-For, close"),
    ]
    answer = await site.get("/safe/", *spoofed, token=site.token)

    assert answer.told("X-Forwarded-For") == ["127.0.0.1"]
    assert answer.told("X-Forwarded-Proto") == ["http"]
    assert answer.told("X-Forwarded-Prefix") == ["/safe"]
    assert answer.told("PaaKS-Tenant") == ["test"]
    assert answer.told("PaaKS-User") == ["ana@example.org"]
    assert answer.told("PaaKS-Request-Id") == [answer.headers["paaks-request-id"]]
    assert answer.told("X-Forwarded-Host") == [f"127.0.0.1:{site.door.port}"]
    assert b"evil" not in answer.body
    assert b"6.6.6.6" not in answer.body
    assert (await site.get("/~ta/echo/", "PaaKS-User: op")).told("PaaKS-User") == []


async def test_px_11_a_foreign_host_is_not_told_to_a_handler(site: Site) -> None:
    for host in ("evil.example", "127.0.0.1:3000", "echo.ta.localhost:3000"):
        target = "/" if host.startswith("echo") else "/~ta/echo/"
        answer = await site.send(write("GET", target, host=host))
        assert host not in answer.json()["url"]
    redirect = await site.send(write("GET", "/~ta/echo?x=1", host="evil.example"))
    assert (redirect.status, redirect.headers["location"]) == (308, "/~ta/echo/?x=1")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/~ta/echo/../canary/", 400),
        ("/~ta/echo/%2e%2e/canary/", 400),
        ("/~ta/echo/.%2E/canary/", 400),
        ("/~ta/echo/%2e%2e%2fcanary/", 400),
        ("/~ta/echo/..;/canary/", 400),
        ("/~ta/echo\\..\\canary/", 400),
        ("/~ta/echo/%00", 400),
        ("/~ta/echo%2Fx", 400),
        ("/~ta/%65cho/", 400),
        ("//~ta/echo/", 404),
        ("/~ta//echo/", 404),
        ("/~ta/ECHO/", 404),
        ("/~ta/echo;x/", 404),
        ("/~ta/echo.x/", 404),
    ],
)
async def test_px_12_a_path_means_one_service_or_none(site: Site, path: str, status: int) -> None:
    assert (await site.get(path)).status == status


async def test_px_12_below_the_service_the_path_reaches_the_handler_as_it_is(site: Site) -> None:
    answer = await site.get("/~ta/echo/a%2Fb//c%20d;e/.f?q=/../%00")
    assert answer.json()["path"] == "/a/b//c d;e/.f?q=/../%00"
    assert answer.json()["root"].rstrip("/") == "/~ta/echo"
    assert (await site.get("/%7Eta/echo/x")).json()["path"] == "/x?"


async def test_px_19_a_service_of_another_tenant_is_one_that_does_not_exist(site: Site) -> None:
    took: dict[str, list[float]] = {"other": [], "ghost": []}
    bodies = {}
    for _ in range(20):
        for name, times in took.items():
            began = time.perf_counter()
            answer = await site.get(f"/~tb/{name}/", token=site.token)
            times.append(time.perf_counter() - began)
            assert (answer.status, answer.problem) == (404, "no-such-service")
            body = answer.json()
            body.pop("requestId")
            bodies[name] = str(body).replace(name, "<name>")
    assert bodies["other"] == bodies["ghost"]
    assert abs(statistics.median(took["other"]) - statistics.median(took["ghost"])) < 0.005
    assert (await site.get("/other/", token=site.token)).status == 404
    assert (await site.get("/other/", token=site.other)).status == 200


async def test_px_20_an_upgrade_is_not_served_yet(site: Site) -> None:
    before = await site.seen()
    for extra in ([], ["Origin: http://evil.example"]):
        answer = await site.get(
            "/~ta/echo/", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x", *extra
        )
        assert (answer.status, answer.problem, answer.headers["connection"]) == (501, "not-implemented", "close")
    h2c = await site.get("/~ta/echo/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA")
    assert h2c.status == 501
    assert await site.seen() == before


@pytest.mark.parametrize(
    "path", ["/_internal", "/metrics", "/debug/", "/fission-function/echo", "/api/v1/tenants", "/"]
)
async def test_px_21_nothing_of_the_platform_is_behind_the_visitors_port(site: Site, path: str) -> None:
    answer = await site.get(path)
    assert answer.status in (401, 404, 308)
    assert b"paaks_dispatcher" not in answer.raw


async def test_requests_in_one_packet_are_answered_in_order(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.door.port)
    writer.write(
        b"".join(write("GET", f"/~ta/echo/{n}") for n in range(50)) + write("GET", "/~ta/x", "Connection: close")
    )
    data = await reader.read()
    writer.close()

    found = [data.find(b'"/%d?"' % n) for n in range(50)]
    assert data.count(b"HTTP/1.1 200") == 50
    assert found == sorted(found)
    assert -1 not in found
