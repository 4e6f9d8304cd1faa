"""Which headers pass, in both directions, and which are ours. Pure; a head is always written anew.

To the pod: nothing that speaks of a connection, nothing that could be taken for ours (also written with `_`), never a
credential of the platform. To the visitor: nothing that speaks for the whole origin, which all services share.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from api.dispatcher.callers import hides_credential
from api.dispatcher.head import Head, malformed
from api.dispatcher.targets import Place

Pair = tuple[bytes, bytes]

PLATFORM_COOKIES = frozenset(
    prefix + name for prefix in (b"", b"__Host-", b"__Secure-") for name in (b"paaks_session", b"paaks_refresh")
)
_HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings", b"content-length"),
    }
)
_NOT_TO_POD = _HOP_BY_HOP | {b"host", b"expect", b"forwarded", b"x-real-ip", b"authorization", b"cookie"}
_NOT_TO_VISITOR = _HOP_BY_HOP | {
    *(b"service-worker-allowed", b"strict-transport-security", b"clear-site-data", b"alt-svc", b"x-sendfile"),
    *(b"public-key-pins", b"nel", b"report-to"),
}
_OURS_TO_POD = (b"x-forwarded-", b"paaks-", b"proxy-")
_OURS_TO_VISITOR = (b"paaks-", b"x-accel-", b"proxy-")
_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Front:
    """How people reach the dispatcher, from `apps_url`: no handler is told another host."""

    def __init__(self, apps_url: str) -> None:
        parts = urlsplit(apps_url)
        self.scheme = parts.scheme.encode()
        self.host = parts.netloc.rpartition("@")[2].encode()
        port = f":{parts.port}" if parts.port else ""
        self._port = port.encode()
        self._hosts = {self.host.lower(), *(f"{name}{port}".encode() for name in ("localhost", "127.0.0.1", "[::1]"))}

    def name_host(self, host: bytes, place: Place) -> bytes:
        """The host that a handler is told: the visitor's, where it leads here; else that of `apps_url`."""
        if host in self._hosts or host.lower() in self._hosts:
            return host
        if not place.prefix:  # `<service>.<slug>.localhost`, as `targets.py` has read it
            return host.lower().partition(b":")[0] + self._port
        return self.host


@dataclass(frozen=True, slots=True)
class Reply:
    """How an answer goes to the visitor: its head's lines, without those of the dispatcher and the last."""

    lines: list[bytes]
    is_chunked: bool
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What a handler is told about a request besides what the visitor said. `user` is None for strangers;
    `has_credential`: the Authorization header was ours, and is not passed on."""

    peer: bytes
    tenant: bytes
    user: bytes | None
    request_id: bytes
    has_credential: bool = False


def write_request(head: Head, place: Place, front: Front, told: Told) -> bytes:
    """The head for the pod.

    Raises Refused where the target holds a credential of ours: addresses end up in logs.
    """
    if b"paaks_pat_" in place.path or b"eyJ" in place.path:
        _check_target(place.path)
    host = front.name_host(head.host, place)
    if head.passed is None:
        head.passed = b"".join(line + b"\r\n" for line in _pass_fields(head))
    lines = [b"%b %b HTTP/1.1\r\nHost: %b\r\n%b" % (head.method, place.path, host, head.passed)]
    if head.authorization is not None and not told.has_credential and not _is_basic_with_token(head.authorization):
        lines.append(b"Authorization: %b\r\n" % head.authorization)
    lines.append(
        b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n" % (told.peer, front.scheme, host)
    )
    lines.append(b"PaaKS-Tenant: %b\r\nPaaKS-Request-Id: %b\r\n" % (told.tenant, told.request_id))
    if place.prefix:
        lines.append(b"X-Forwarded-Prefix: %b\r\n" % place.prefix)
    if told.user is not None:
        lines.append(b"PaaKS-User: %b\r\n" % told.user)
    if head.length is None:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif head.length or head.method in (b"POST", b"PUT", b"PATCH"):
        lines.append(b"Content-Length: %d\r\n" % head.length)
    lines.append(b"\r\n")
    return b"".join(lines)


def _pass_fields(head: Head) -> Iterable[bytes]:
    for lower, name, value in head.fields:
        if lower in _NOT_TO_POD:
            if lower == b"cookie" and (kept := _strip_cookies(value)):
                yield b"Cookie: " + kept
        elif not (
            lower.startswith(_OURS_TO_POD)
            or b"_" in lower
            or lower in head.nominated
            or ((b"eyJ" in value or b"paaks_pat_" in value) and hides_credential(value.decode("latin-1")))
        ):
            yield name + b": " + value


def _strip_cookies(value: bytes) -> bytes:
    """A Cookie header without the platform's cookies, and without any that holds a credential of ours."""
    if b"paaks_" not in value and b"eyJ" not in value:
        return value
    kept = []
    for cookie in value.split(b";"):
        name, _, content = cookie.strip(b" \t").partition(b"=")
        if name.strip(b" \t") not in PLATFORM_COOKIES and not hides_credential(content.decode("latin-1")):
            kept.append(cookie.strip(b" \t"))
    return b"; ".join(kept)


def _check_target(path: bytes) -> None:
    if hides_credential(path.decode("latin-1")):
        raise malformed("a credential of the platform does not belong in an address")


def _is_basic_with_token(value: bytes) -> bool:
    """`curl -u :<token>`: not accepted as a credential, and so not passed on either."""
    scheme, _, encoded = value.partition(b" ")
    if scheme.lower() != b"basic":
        return hides_credential(value.decode("latin-1"))
    try:
        decoded = base64.b64decode(encoded.strip(), validate=False)
    except (binascii.Error, ValueError):
        return False
    return hides_credential(decoded.decode("latin-1"))


def write_status(status: int) -> bytes:
    """The first line of an answer; a handler's own words for a status are not passed on."""
    return b"HTTP/1.1 %d %b\r\n" % (status, _REASONS.get(status, b""))


def frame_answer(
    head: Head, status: int, fields: list[Pair], place: Place, *, has_length: bool, may_keep_alive: bool
) -> Reply | None:
    """A handler's answer to `head` as it goes on: what passes, and how its end is told.

    `has_length`: it has a Content-Length and no chunks. None where a header cannot be sent on at all.
    """
    lines = pass_answer(fields, place)
    if lines is None:
        return None
    has_body = head.method != b"HEAD" and status not in (204, 304)
    is_chunked = has_body and not has_length and not head.is_http_1_0
    keep_alive = may_keep_alive and (is_chunked or has_length or not has_body)
    if is_chunked:
        lines.append(b"Transfer-Encoding: chunked")
    elif has_length and status != 204:
        lines += [b"Content-Length: " + value for name, value in fields if name.lower() == b"content-length"]
    if not keep_alive:
        lines.append(b"Connection: close")
    elif head.is_http_1_0:
        lines.append(b"Connection: keep-alive")
    return Reply(lines, is_chunked, keep_alive)


def pass_answer(fields: Iterable[Pair], place: Place) -> list[bytes] | None:
    """The lines of a handler's headers that pass; None where one of them cannot be sent on at all."""
    lines: list[bytes] = []
    nominated: frozenset[bytes] = frozenset()
    for name, value in fields:
        lower = name.lower()
        if lower == b"connection":
            nominated |= frozenset(option.strip() for option in value.lower().split(b","))
        if lower in _NOT_TO_VISITOR or lower.startswith(_OURS_TO_VISITOR):
            continue
        if _BAD_VALUE.search(value):
            return None
        if lower == b"set-cookie":
            cookie = rewrite_cookie(value, place.prefix + b"/")
            if cookie is not None:
                lines.append(b"Set-Cookie: " + cookie)
        else:
            lines.append(name + b": " + value)
    if len(nominated) > 1 or (nominated and not nominated <= {b"close", b"keep-alive"}):
        lines = [line for line in lines if line.partition(b":")[0].lower() not in nominated]
    return lines


def rewrite_cookie(value: bytes, path: bytes) -> bytes | None:
    """A Set-Cookie of a handler, bound to its service; None for a cookie of the platform (RFC 6265 §4.1)."""
    pair, *attributes = value.split(b";")
    name = pair.partition(b"=")[0].strip(b" \t")
    if name.lower() in _LOWER_COOKIES:
        return None
    kept = [a for a in attributes if a.partition(b"=")[0].strip(b" \t").lower() not in (b"path", b"domain")]
    return b";".join([pair, *kept, b" Path=" + path])


_LOWER_COOKIES = frozenset(name.lower() for name in PLATFORM_COOKIES)
