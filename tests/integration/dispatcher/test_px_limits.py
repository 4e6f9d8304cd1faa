"""How much, how long and how many: the PX rows on limits, and what of an answer reaches a visitor."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import Counter

import pytest

from tests.integration.dispatcher.site import Answer, Site, read_answer, write

pytestmark = pytest.mark.asyncio(loop_scope="module")
MI = 2**20


async def wait_until(holds: object, seconds: float = 10) -> None:
    """Until an awaited condition holds; there is no event to wait for in another process."""
    deadline = time.monotonic() + seconds
    while not await holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (write("GET", "/~ta/echo/", *[f"X-{n}: {'x' * 8000}" for n in range(5)]), 431),
        (write("GET", "/~ta/echo/", f"X: {'x' * 17 * 1024}"), 431),
        (write("GET", "/~ta/echo/?" + "x" * 17 * 1024), 414),
        (write("GET", "/~ta/echo/", *[f"X-{n}: x" for n in range(1000)]), 431),
        (b"GET /" + b"x" * 40_000, 414),
        (write("POST", "/~ta/echo/", f"Content-Length: {10 * MI + 1}"), 413),
        (write("POST", "/~ta/echo/", "Transfer-Encoding: chunked") + b"%x\r\n" % (10 * MI + 1), 413),
        (write("POST", "/~ta/echo/", "Content-Length: 99999999999999999999999"), 400),
    ],
    ids=["head", "header", "target", "headers", "endless target", "length", "chunk", "huge length"],
)
async def test_px_15_what_is_too_large_never_reaches_a_handler(site: Site, data: bytes, status: int) -> None:
    before = await site.seen()
    answer = await site.send(data)

    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert await site.seen() == before


async def test_px_15_a_body_in_chunks_is_cut_off_where_it_gets_too_large(site: Site) -> None:
    before = await site.seen()
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = await site.send(write("POST", "/~ta/echo/", "Transfer-Encoding: chunked") + chunk * 161)

    assert (answer.status, answer.problem) == (413, "body-too-large")
    assert await site.seen() == before


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 10 * MI])
async def test_a_body_arrives_byte_for_byte(site: Site, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"z" * (size % 256)
    digest = hashlib.sha256(body).hexdigest()
    whole = await site.post("/~ta/echo/", body)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (body[n : n + 9999] for n in range(0, size, 9999)) if p)
    parts = await site.send(write("POST", "/~ta/echo/", "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")

    assert (whole.json()["length"], whole.json()["sha"]) == (size, digest)
    assert (parts.json()["length"], parts.json()["sha"]) == (size, digest)


async def test_who_asks_first_is_told_to_go_on(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.door.port)
    writer.write(write("POST", "/~ta/echo/", "Content-Length: 5", "Expect: 100-continue"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"hello")
    answer = Answer(await read_answer(reader))
    writer.close()

    assert answer.json()["length"] == 5
    assert answer.told("Expect") == []
    refused = await site.send(write("POST", "/safe/", "Content-Length: 5", "Expect: 100-continue"))
    assert refused.status == 401


async def test_px_16_a_handler_that_takes_too_long_is_answered_for(site: Site) -> None:
    began = time.monotonic()
    answer = await site.get("/~ta/echo/sleep?s=4")

    assert 2 <= time.monotonic() - began < 3.5
    assert (answer.status, answer.problem) == (504, "handler-timeout")
    assert answer.headers["paaks-request-id"] == answer.json()["requestId"]


async def test_px_16_a_visitor_who_leaves_frees_the_place(site: Site) -> None:
    writers = [(await asyncio.open_connection("127.0.0.1", site.door.port))[1] for _ in range(16)]
    for writer in writers:
        writer.write(write("GET", "/~ta/canary/sleep?s=1"))
    await wait_until(lambda: gauge(site, "in_flight", 16))
    for writer in writers:
        writer.close()
    await wait_until(lambda: gauge(site, "in_flight", 0))
    assert (await site.get("/~ta/canary/")).status == 200


async def gauge(site: Site, name: str, expected: int) -> bool:
    return read_gauge(await read_metrics(site), name) == expected


async def read_metrics(site: Site) -> str:
    reader, writer = await asyncio.open_unix_connection(str(site.door.metrics_socket))
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    text = (await reader.read()).decode()
    writer.close()
    return text


def read_gauge(text: str, name: str) -> int:
    found = re.search(rf"^paaks_dispatcher_{name} (\d+)$", text, re.MULTILINE)
    assert found is not None
    return int(found[1])


async def test_px_18_what_would_speak_for_the_whole_origin_is_dropped(site: Site) -> None:
    lines = [
        *("Set-Cookie: paaks_session=x; Path=/", "Set-Cookie: __Host-paaks_refresh=x; Path=/; Secure"),
        *("Set-Cookie: own=1; Path=/; Domain=localhost; HttpOnly", "Set-Cookie: plain=2"),
        *("Service-Worker-Allowed: /", "Strict-Transport-Security: max-age=1", 'Clear-Site-Data: "*"'),
        *("Alt-Svc: h3", "X-Accel-Redirect: /etc/passwd", "X-Sendfile: /etc/passwd", "PaaKS-Revision: " + "f" * 40),
        *("X-Own: kept", "PaaKS-Service: evil"),
    ]
    answer = await site.post("/~ta/echo/headers", "\n".join(lines).encode())

    assert answer.all("Set-Cookie") == ["own=1; HttpOnly; Path=/~ta/echo/", "plain=2; Path=/~ta/echo/"]
    assert answer.headers["x-own"] == "kept"
    assert answer.all("PaaKS-Service") == ["echo"]
    dropped = ("service-worker", "strict-transport", "clear-site", "alt-svc", "x-accel", "x-sendfile")
    assert not [name for name in answer.headers if name.startswith(dropped)]
    assert "f" * 40 not in answer.raw.decode()


async def test_every_answer_says_what_it_is_and_how_long_it_took(site: Site) -> None:
    answer = await site.get("/~ta/echo/")

    assert answer.headers["paaks-service"] == "echo"
    assert re.fullmatch(r"[0-9a-f]{18}", answer.headers["paaks-request-id"])
    assert re.fullmatch(r"handler;dur=\d+\.\d, dispatch;dur=\d+\.\d", answer.headers["server-timing"])


async def test_a_head_request_is_answered_by_a_head(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.door.port)
    writer.write(write("HEAD", "/~ta/echo/") + write("HEAD", "/nowhere/", "Connection: close"))
    first, second, rest = (await reader.read()).split(b"\r\n\r\n")
    writer.close()

    assert first.startswith(b"HTTP/1.1 200")
    assert b"\r\nContent-Length: " in first
    assert second.startswith(b"HTTP/1.1 401")
    assert rest == b""


async def test_px_22_a_flood_runs_sixteen_queues_a_hundred_and_refuses_the_rest(site: Site) -> None:
    before = (await site.get("/~ta/canary/count")).json()["seen"]
    answers = await asyncio.gather(*(site.get("/~ta/canary/sleep?s=0.3", "Connection: close") for _ in range(300)))

    statuses = Counter(answer.status for answer in answers)
    assert statuses == {200: 116, 503: 184}
    refused = next(answer for answer in answers if answer.status == 503)
    assert (refused.problem, refused.headers["retry-after"]) == ("overloaded", "1")
    assert [a for a in answers if a.status == 200 and "hold;dur=" in a.headers["server-timing"]]
    after = (await site.get("/~ta/canary/count")).json()
    assert (after["seen"] - before, after["most"]) == (116, 16)
    assert (await site.get("/~ta/canary/")).status == 200


async def test_an_answer_is_streamed_as_it_comes(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.door.port)
    writer.write(write("GET", "/~ta/echo/stream?n=3&s=0.3"))
    await reader.readuntil(b"data: 0")
    began = time.monotonic()
    await reader.readuntil(b"data: 2")
    assert time.monotonic() - began > 0.4
    await reader.readuntil(b"0\r\n\r\n")
    writer.close()


async def test_an_old_client_gets_no_chunks(site: Site) -> None:
    request = write("GET", "/~ta/echo/stream?n=2&s=0").replace(b"HTTP/1.1", b"HTTP/1.0")
    answer = await site.send(request)
    assert answer.headers["connection"] == "close"
    assert answer.body == b"data: 0\n\ndata: 1\n\n"
    kept = await site.send(write("GET", "/~ta/echo/", "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert kept.headers["connection"] == "keep-alive"


async def test_a_slow_reader_slows_the_handler_and_fills_no_memory(site: Site) -> None:
    assert site.door.process is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", site.door.port, limit=4096)
    before = read_memory(site.door.process.pid)
    writer.write(write("GET", "/~ta/canary/large?n=1600"))
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.5)  # in which everything would come, if nothing held it back
    assert read_memory(site.door.process.pid) - before < 16 * MI
    received = 0
    while part := await reader.read(MI):
        received += len(part)
        if part.endswith(b"0\r\n\r\n"):
            break
    writer.close()
    assert received > 100 * MI


def read_memory(pid: int) -> int:
    with open(f"/proc/{pid}/status") as file:
        found = re.search(r"VmRSS:\s+(\d+) kB", file.read())
    assert found is not None
    return int(found[1]) * 1024


async def test_own_errors_are_problems_or_a_page(site: Site) -> None:
    problem = await site.get("/nowhere/", token=site.token)
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json() | {"requestId": ""} == {
        "type": "/problems/no-such-service",
        "title": "There is no such service",
        "status": 404,
        "detail": "no service 'nowhere'",
        "requestId": "",
        "errors": [{"type": "/problems/no-such-service", "detail": "no service 'nowhere'"}],
    }
    assert (await site.get("/sage/", token=site.token)).json()["hint"] == "did you mean safe?"
    page = await site.get("/~ta/nowhere/", "Accept: text/html,application/xhtml+xml,*/*;q=0.8")
    assert page.headers["content-type"].startswith("text/html")
    assert b"<h1>There is no such service</h1>" in page.body
    private = await site.get("/safe/")
    assert (private.status, private.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_handler_that_dies_is_answered_for_and_comes_back(site: Site) -> None:
    answer = await site.get("/safe/die", token=site.token)
    assert (answer.status, answer.problem) == (502, "handler-error")
    assert (await site.get("/safe/", token=site.token)).status == 200


async def test_metrics_count_requests_by_service_and_status(site: Site) -> None:
    await site.get("/~ta/echo/")
    text = await read_metrics(site)
    pattern = r'paaks_dispatcher_requests_total\{namespace="tnt-[0-9a-f]{8}",service="echo",status="2xx"\} \d+'
    assert re.search(pattern, text)
    assert 'paaks_dispatcher_seconds_bucket{le="+Inf"}' in text
    assert read_gauge(text, "held") == 0
