"""Where a target leads: a service by the first segments of the path, or by the host. Pure.

There is one normalisation, and it changes nothing that it does not have to: the segments that name tenant and service
are taken as they stand, no percent-escape in them means anything (`%7E` for `~` apart), nothing is resolved or merged,
and the rest reaches the handler byte for byte. What two readers could understand differently is refused: dot segments,
plain or escaped, `\\`, and NUL. Bytes beyond ASCII are escaped, as a browser would have done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from api.dispatcher.head import malformed
from core import names
from core.errors import Problem, Refused

_DOTS = re.compile(rb"(?:^|/|%2f|%5c)(?:\.|%2e){1,2}(?=/|%2f|%5c|;|$)", re.IGNORECASE)
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_SERVICE = re.compile(rb"[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Place:
    """A service as it was addressed. `slug` None: the tenant is the token's. `prefix` is what is taken from the path,
    `path` the rest with its query; `redirect` is where a service's address without its last slash leads instead."""

    slug: str | None
    service: str
    prefix: bytes
    path: bytes
    redirect: bytes | None = None


@lru_cache(maxsize=512)
def locate(target: bytes, host: bytes) -> Place:
    """The place of a target that starts with `/`. Raises Refused: malformed-request, or no-such-service."""
    if not target.isascii():
        target = _NOT_ASCII.sub(lambda match: b"%%%02X" % match[0][0], target)
    path, mark, query = target.partition(b"?")
    _check_path(target, path)
    if b".localhost" in host.lower() and (found := names.split_host(host.decode("latin-1"))) is not None:
        return Place(found[1], found[0], b"", target)
    first, slash, rest = path[1:].partition(b"/")
    if first[:1] == b"~" or first[:3].upper() == b"%7E":
        slug = first[1:] if first[:1] == b"~" else first[3:]
        service, slash, rest = rest.partition(b"/")
        prefix = b"/~" + slug + b"/" + service
    else:
        slug, service, prefix = None, first, b"/" + first
    for segment in (slug, service):
        if segment is not None and b"%" in segment:
            raise malformed("the names of tenant and service are written without escapes")
    if not _SERVICE.fullmatch(service) or (slug is not None and not _SERVICE.fullmatch(slug)):
        raise Refused(Problem("no-such-service", "no service can be at this address"))
    redirect = None if slash else prefix + b"/" + mark + query
    tenant = None if slug is None else slug.decode()
    return Place(tenant, service.decode(), prefix, b"/" + rest + mark + query, redirect)


def _check_path(target: bytes, path: bytes) -> None:
    if b"#" in target or b"\\" in path:
        raise malformed("the target holds a fragment or a backslash")
    if (b"." in path or b"%" in path) and _DOTS.search(path):
        raise malformed("the path holds `.` or `..` as a segment")
    if b"%00" in path:
        raise malformed("the path holds NUL")
