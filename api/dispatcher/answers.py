"""The dispatcher's own answers: problems as JSON, or as a page for a browser; redirects and health. Pure."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from email.utils import formatdate

from api.dispatcher.headers import write_status
from core.errors import Problem
from core.problems import CATALOGUE, MEDIA_TYPE, document

_EXTRA = {
    "not-authenticated": b"WWW-Authenticate: Bearer\r\n",
    "no-such-service": b"Cache-Control: no-store\r\n",
    "not-live-yet": b"Retry-After: 2\r\n",
    "overloaded": b"Retry-After: 1\r\n",
    "unavailable": b"Retry-After: 2\r\n",
    "method-not-allowed": b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n",
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{status} {title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:38rem;margin:20vh auto;padding:0 1.5rem;color:#1d2433;\
background:#fff}}small{{color:#67718a}}@media(prefers-color-scheme:dark){{body{{color:#e6e9f0;background:#12151c}}}}\
</style>
<h1>{title}</h1><p>{detail}</p><p>{text}</p><small>{status} · {slug} · request {request_id}</small>
"""


def write_answer(
    status: int, body: bytes, media_type: str, lines: bytes, *, keep_alive: bool, has_body: bool = True
) -> bytes:
    """An answer of our own. `has_body` False: it is for a HEAD request."""
    head = b"".join(
        (
            write_status(status),
            b"Date: %b\r\nContent-Type: %b\r\n" % (formatdate(usegmt=True).encode(), media_type.encode()),
            b"Content-Length: %d\r\n" % len(body),
            lines,
            b"" if keep_alive else b"Connection: close\r\n",
            b"\r\n",
        )
    )
    return head + body if has_body else head


def write_problem(
    problems: Sequence[Problem], *, accept: bytes, request_id: str, keep_alive: bool, has_body: bool = True
) -> tuple[int, bytes]:
    """A problem's status and answer; a page where `accept` prefers `text/html` to JSON."""
    kind = CATALOGUE[problems[0].slug]
    if _prefers_html(accept):
        body, media_type = _draw_page(problems[0], request_id), "text/html; charset=utf-8"
    else:
        body = json.dumps(document(tuple(problems), request_id=request_id), ensure_ascii=False).encode()
        media_type = MEDIA_TYPE
    lines = b"PaaKS-Request-Id: %b\r\nX-Content-Type-Options: nosniff\r\n" % request_id.encode()
    lines += b"Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
    lines += _EXTRA.get(kind.slug, b"")
    answer = write_answer(kind.status, body, media_type, lines, keep_alive=keep_alive, has_body=has_body)
    return kind.status, answer


def _prefers_html(accept: bytes) -> bool:
    """Does `text/html` stand in it, and before any JSON? Browsers write it so; programs do not name it."""
    found = accept.lower()
    page, data = found.find(b"text/html"), found.find(b"json")
    return page >= 0 and (data < 0 or page < data)


def _draw_page(problem: Problem, request_id: str) -> bytes:
    kind = CATALOGUE[problem.slug]
    values = {
        "status": str(kind.status),
        "title": kind.title,
        "detail": problem.detail,
        "text": kind.text.replace("`", ""),
        "slug": kind.slug,
        "request_id": request_id,
    }
    return _PAGE.format(**{name: html.escape(value) for name, value in values.items()}).encode()
