"""What browsers get: the built pages of `web/dist`, and until they are there one page that says so; the API's docs.

What does not live here: any answer of the API, building the pages (`make web`), what a page's address means (`web/`).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

from api import content_policy, openapi

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_EACH_TIME = {"Cache-Control": "no-cache"}
# The addresses that the pages' own router knows (web/src/paths.ts), those of the original among them.
_PAGE = re.compile(r"(?:|login|sign-in|(?:t|admin|account|filesystem|fileview|fileedit|table)(?:/.*)?)", re.DOTALL)
# What programs ask for, and files: there a 404 stays what it is. The rest a person may have typed or kept.
_NO_PAGE = re.compile(
    r"(?:api|git|assets|docs|metrics|livez|readyz|healthz|health_check|problems|schemas)(?:/.*)?|.*[.\0][^/]*",
    re.DOTALL,
)
_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)")
# What the build writes; nothing else that may lie there is shown.
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_LOOK = (
    "body{font:16px/1.5 system-ui;color-scheme:light dark;background:light-dark(#fff,#0d1117);"
    "color:light-dark(#1b2129,#e4e8ee);margin:4rem auto;max-width:40rem;padding:0 1rem}"
)
_WAIT = (
    f"<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=1><title>PaaKS</title>"
    f"<style>{_LOOK}</style><h1>The web is being built</h1>"
    "<p>The platform runs already; this page comes back by itself when the web is there, in a minute at most the first "
    "time. If it does not, <code>make web</code> says why."
    "<p>Until then: <code>git push</code>, <code>paaks --help</code>, and <a href=/docs>the HTTP API</a>.</html>"
)
_NONE = (
    f"<!doctype html><html lang=en><meta charset=utf-8><title>PaaKS</title><style>{_LOOK}</style><h1>PaaKS</h1>"
    "<p>This installation comes without the web. <code>git push</code>, <code>paaks --help</code> and "
    "<a href=/docs>the HTTP API</a> do all that it does.</html>"
)


class Pages:
    """An ASGI application for GET and HEAD; `dist` holds an `index.html` as soon as the pages are built.

    What is at no address is 404, which is a page too where a browser asks.

    `describe` makes the API's document: when it is first asked for, since it takes a tenth of a start.
    """

    def __init__(self, dist: Path, describe: Callable[[], openapi.Document]) -> None:
        self._dist = dist.resolve()
        self._describe = describe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Raises HTTPException where there is nothing, or for another method."""
        if scope["type"] != "http":
            return
        response = self._find(scope["path"].removeprefix("/"), Headers(scope=scope))
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        await response(scope, receive, send)

    @functools.cached_property
    def _document(self) -> openapi.Document:
        return self._describe()

    def _find(self, path: str, headers: Headers) -> Response:
        if path == "openapi.json":
            return Response(json.dumps(self._document), media_type="application/json", headers=_EACH_TIME)
        if path == "docs":
            return self._write(openapi.draw(self._document))
        if _PAGE.fullmatch(path):
            return self._find_page(headers)
        file = (self._dist / path).resolve() if "\0" not in path else self._dist
        if not file.is_relative_to(self._dist) or file.suffix not in _TYPES or not file.is_file():
            return self._say_nothing_is_here(path, headers)
        return _send(file, headers, _FOR_EVER if path.startswith("assets/") else _EACH_TIME)

    def _find_page(self, headers: Headers) -> Response:
        """The page itself, which reads its address; before it is built, when it will be there."""
        index = self._dist / "index.html"
        if index.is_file():
            return _send(index, headers, _EACH_TIME)
        return self._write(_WAIT if (self._dist.parent / "package.json").is_file() else _NONE)

    def _say_nothing_is_here(self, path: str, headers: Headers) -> Response:
        """404: to a browser as a page that says so itself, with the ways on from there. Raises HTTPException."""
        index = self._dist / "index.html"
        if "text/html" not in headers.get("accept", "") or _NO_PAGE.fullmatch(path) or not index.is_file():
            raise HTTPException(404)
        return FileResponse(index, 404, headers=_EACH_TIME | {"Vary": "Accept"}, media_type="text/html")

    def _write(self, page: str) -> Response:
        """A page of our own: its style is in it, and its policy allows exactly that one."""
        return HTMLResponse(page, headers=_EACH_TIME | {"Content-Security-Policy": content_policy.allow_styles(page)})


def _send(file: Path, headers: Headers, caching: dict[str, str]) -> Response:
    """A file, compressed where the build has left it so and the browser takes it; 304 where the browser has it."""
    compressed = file.with_name(file.name + ".gz")
    is_compressed = _GZIP.search(headers.get("accept-encoding", "")) is not None and compressed.is_file()
    sent = compressed if is_compressed else file
    about = sent.stat()
    tag = f'"{about.st_mtime_ns:x}-{about.st_size:x}"'
    said = caching | {"ETag": tag, "Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if is_compressed else {})
    if tag in headers.get("if-none-match", ""):
        return Response(status_code=304, headers=said)
    return FileResponse(sent, headers=said, media_type=_TYPES[file.suffix], stat_result=about)
