"""The head of a visitor's request: bytes → what they say, or why they are refused. Pure, strict (RFC 9112).

There is one parser, and what it has not understood is not passed on: the head for the pod is written anew
(`headers.py`). What does not live here: chunks (`chunks.py`), where a target leads (`targets.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import Problem, Refused

HEAD_LIMIT = 32 * 1024  # bytes of a head
FIELD_LIMIT = 16 * 1024  # bytes of one header's line
TARGET_LIMIT = 16 * 1024
FIELDS_LIMIT = 128
BODY_LIMIT = 10 * 2**20

Field = tuple[bytes, bytes, bytes]  # lower-case name, name, value

_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])\r\n")
_FIELDS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t\x20-\x7e\x80-\xff]*+\r\n)*+")
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#@]+)((?:[/?].*)?)")
_LENGTH = re.compile(rb"[0-9]{1,18}")
# What can never become a head, however it goes on: a line that ends in LF or CR alone, NUL, a first byte of no method.
_HOPELESS = re.compile(rb"(?<!\r)\n|\r(?=[^\n])|\x00|\A(?:\r\n)*[^!#$%&'*+.^_`|~0-9A-Za-z\r-]")


@dataclass(slots=True)
class Head:
    """A request's head. `length` is that of the body in bytes, None where it comes in chunks.

    `passed` is for `headers.py`: the fields that reach a pod, once they have been written.
    """

    method: bytes
    target: bytes
    host: bytes
    fields: list[Field]
    length: int | None
    keep_alive: bool
    is_http_1_0: bool
    authorization: bytes | None
    accept: bytes
    expects_continue: bool
    nominated: frozenset[bytes]
    passed: bytes | None = None


def malformed(detail: str) -> Refused:
    """400: not a request that can be passed on."""
    return Refused(Problem("malformed-request", detail))


def check_partial(data: bytes | bytearray) -> None:
    """Raises Refused where the beginning of a head can never become one that is accepted."""
    if _HOPELESS.search(data):
        raise malformed("a line does not end with CR LF, or a character is not allowed")
    if len(data) > TARGET_LIMIT + 64 and b"\r\n" not in data:
        raise Refused(Problem("target-too-long", "the request's first line does not end"))
    if len(data) > HEAD_LIMIT:
        raise Refused(Problem("head-too-large", f"more than {HEAD_LIMIT:,} bytes"))


def parse_head(raw: bytes) -> Head:
    """The head that `raw` is, from its first line to the empty one. Raises Refused, whatever the bytes are."""
    if len(raw) > HEAD_LIMIT:
        raise Refused(Problem("head-too-large", f"more than {HEAD_LIMIT:,} bytes"))
    line = _LINE.match(raw)
    if line is None:
        raise malformed("the first line is not `<method> <target> HTTP/1.1`")
    method, target, minor = line.groups()
    if method in (b"TRACE", b"CONNECT"):
        raise Refused(Problem("method-not-allowed", f"{method.decode()} is not passed on"))
    if len(target) > TARGET_LIMIT:
        raise Refused(Problem("target-too-long", f"{len(target):,} bytes"))
    fields = _split_fields(raw, line.end())
    head = Head(method, target, b"", fields, 0, True, minor == b"0", None, b"", False, frozenset())
    _read_fields(head)
    if not target.startswith(b"/"):
        _read_absolute(head)
    return head


def _split_fields(raw: bytes, start: int) -> list[Field]:
    end = len(raw) - 2
    match = _FIELDS.match(raw, start)
    if match is None or match.end() != end:
        raise malformed("a header is not `Name: value` on one line")
    if start == end:
        return []
    lines = raw[start : end - 2].split(b"\r\n")
    if len(lines) > FIELDS_LIMIT:
        raise Refused(Problem("head-too-large", f"{len(lines):,} headers: {FIELDS_LIMIT} are accepted"))
    fields = []
    for text in lines:
        if len(text) > FIELD_LIMIT:
            raise Refused(Problem("head-too-large", f"a header of {len(text):,} bytes"))
        name, _, value = text.partition(b":")
        fields.append((name.lower(), name, value.strip(b" \t")))
    return fields


_READ = frozenset(
    {
        *(b"host", b"content-length", b"transfer-encoding", b"connection"),
        *(b"authorization", b"accept", b"expect", b"upgrade"),
    }
)


def _read_fields(head: Head) -> None:
    """What the head's own fields say; each that frames or routes may stand once."""
    seen: dict[bytes, bytes] = {}
    for name, _, value in head.fields:
        if name in _READ:
            if name not in seen:
                seen[name] = value
            elif name in (b"connection", b"accept", b"upgrade"):
                seen[name] += b", " + value
            else:
                raise malformed(f"two {name.decode().title()} headers")
    host = seen.get(b"host")
    if host is None or not _HOST.fullmatch(host):
        raise malformed("no Host" if host is None else "the Host is not a host and a port")
    head.host = host
    head.authorization = seen.get(b"authorization")
    head.accept = seen.get(b"accept", b"")
    _read_length(head, seen)
    _read_connection(head, seen)
    _read_expectation(head, seen)


def _read_length(head: Head, seen: dict[bytes, bytes]) -> None:
    coding, length = seen.get(b"transfer-encoding"), seen.get(b"content-length")
    if coding is not None:
        if length is not None:
            raise malformed("both Content-Length and Transfer-Encoding")
        if coding.lower() != b"chunked" or head.is_http_1_0:
            raise malformed("the only Transfer-Encoding is `chunked`, in HTTP/1.1")
        head.length = None
    elif length is not None:
        if not _LENGTH.fullmatch(length):
            raise malformed("the Content-Length is not a number")
        head.length = int(length)
        if head.length > BODY_LIMIT:
            raise Refused(Problem("body-too-large", f"{head.length:,} bytes: {BODY_LIMIT:,} are accepted"))


def _read_connection(head: Head, seen: dict[bytes, bytes]) -> None:
    connection = seen.get(b"connection")
    if connection is None:
        head.keep_alive = not head.is_http_1_0
        if b"upgrade" in seen:
            return  # without `Connection: upgrade` it is a mere remark (RFC 9110 §7.8), and not passed on
    else:
        options = frozenset(option.strip(b" \t") for option in connection.lower().split(b","))
        head.keep_alive = b"close" not in options and (not head.is_http_1_0 or b"keep-alive" in options)
        head.nominated = options - {b"close", b"keep-alive", b""}
        if b"upgrade" in options and b"upgrade" in seen:
            raise Refused(Problem("not-implemented", f"`Upgrade: {seen[b'upgrade'][:40].decode('latin-1')}`"))


def _read_expectation(head: Head, seen: dict[bytes, bytes]) -> None:
    expect = seen.get(b"expect")
    if expect is not None:
        if expect.lower() != b"100-continue":
            raise malformed("the only expectation is `100-continue`")
        head.expects_continue = not head.is_http_1_0 and head.length != 0


def _read_absolute(head: Head) -> None:
    """`GET http://host/path`: its host counts, not the header's (RFC 9112 §3.2.2)."""
    match = _ABSOLUTE.fullmatch(head.target)
    if match is None or not _HOST.fullmatch(match[1]):
        raise malformed("the target is not a path")
    head.host = match[1]
    head.target = match[2] if match[2].startswith(b"/") else b"/" + match[2]
