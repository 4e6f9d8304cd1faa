"""The door to the dispatcher: one request to a service, as the caller, and what came back. Nowhere else can it go.

What does not live here: who may call (`deps.py`); finding the service's pods (the dispatcher).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from core import names
from core.errors import Problem, Refused, RetryLater

MAX_BODY = 8 * 2**20  # bytes, of the request and of the answer
_TIMEOUT = aiohttp.ClientTimeout(total=630, sock_connect=5)  # a handler may take 600 s
_METHOD = re.compile(r"[A-Z]{1,20}")
_PATH = re.compile(r"/[\x21\x22\x24-\x7e]*")  # printable ASCII, no space, no fragment
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8192}")
_OWN = frozenset(
    {
        *("host", "authorization", "cookie", "content-length", "transfer-encoding", "te", "trailer", "upgrade"),
        *("connection", "keep-alive", "proxy-authorization", "proxy-connection", "expect"),
    }
)


@dataclass(frozen=True)
class Call:
    """What is sent to a service. `path` is below the service and may have a query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What came back; `seconds` is how long it took. `truncated`: the body was longer than MAX_BODY."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    truncated: bool


def check_call(call: Call) -> None:
    """Raises Refused for what could be read as another request than the one that is meant."""
    path = call.path.encode("utf-8", errors="replace")
    if not _METHOD.fullmatch(call.method) or call.method in ("CONNECT", "TRACE"):
        raise _refuse(f"the method {call.method[:20]!r} is not passed on")
    if not _PATH.fullmatch(call.path) or len(path) > 8192:
        raise _refuse("the path has to start with / and be ASCII without spaces: escape the rest with %")
    for name, value in call.headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise _refuse(f"the header {name[:60]!r} cannot be sent")
    if len(call.body) > MAX_BODY:
        raise Refused(Problem("body-too-large", f"{len(call.body):,} bytes: {MAX_BODY:,} are the most here"))


async def invoke(apps_url: str, service: str, token: str, call: Call) -> Reply:
    """Send a call through the dispatcher at `apps_url`, as whom `token` says. Never follows a redirect.

    Raises Refused for a call that cannot be sent, RetryLater where the dispatcher does not answer.
    """
    check_call(call)
    url = locate(apps_url, service, call.path)
    headers = {name: value for name, value in call.headers.items() if name.lower() not in _OWN}
    headers.setdefault("Accept-Encoding", "identity")
    headers["Authorization"] = f"Bearer {token}"
    began = time.monotonic()
    try:
        async with (
            # One connection for one call: nothing of one caller is left for the next.
            aiohttp.ClientSession(
                timeout=_TIMEOUT, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
            session.request(
                call.method,
                url,
                headers=headers,
                data=call.body or None,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Content-Type"),
            ) as response,
        ):
            body, truncated = await _read_body(response)
            return Reply(response.status, _join(response), body, time.monotonic() - began, truncated)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise RetryLater(f"the dispatcher does not answer: {type(error).__name__}", delay=1.0) from error


def locate(apps_url: str, service: str, path: str) -> URL:
    """Where a path of a service is; nothing in it is escaped, unescaped or resolved."""
    return URL(names.service_url(apps_url, service).rstrip("/") + path, encoded=True)


async def _read_body(response: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    body = bytearray()
    async for chunk in response.content.iter_chunked(2**16):
        body += chunk
        if len(body) > MAX_BODY:
            return bytes(body[:MAX_BODY]), True
    return bytes(body), False


def _join(response: aiohttp.ClientResponse) -> dict[str, str]:
    """The headers, lower-case; those that came several times are joined by commas, cookies by line ends."""
    joined: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        separator = "\n" if key == "set-cookie" else ", "
        joined[key] = f"{joined[key]}{separator}{value}" if key in joined else value
    return joined


def _refuse(detail: str) -> Refused:
    return Refused(Problem("bad-request", detail))
