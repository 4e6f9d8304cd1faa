"""What browsers get: the built pages of `web/dist` where they are, else one page that says where things are; the docs.

What does not live here: any answer of the API.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

from api import openapi

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_EACH_TIME = {"Cache-Control": "no-cache"}
_WELCOME = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>PaaKS</title><style>body{font:16px/1.5 system-ui;"
    "margin:4rem auto;max-width:40rem;padding:0 1rem}</style><h1>PaaKS</h1>"
    "<p>This platform answers, and its web interface comes with a later version."
    "<p>Until then: <code>git push</code>, the command line (<code>paaks --help</code>), and the HTTP API below "
    "<code>/api/v1</code>: <a href=/docs>its operations</a>, <a href=/openapi.json>its schemas</a>.</html>"
)


class Pages:
    """An ASGI application for GET and HEAD; `dist` holds an `index.html` once the pages are built."""

    def __init__(self, dist: Path, document: openapi.Document) -> None:
        self._dist = dist.resolve()
        self._is_built = (self._dist / "index.html").is_file()
        self._document = json.dumps(document).encode()
        self._docs = openapi.draw(document)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Raises HTTPException where there is nothing, or for another method."""
        if scope["type"] != "http":
            return
        response = self._find(scope["path"].removeprefix("/"))
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        await response(scope, receive, send)

    def _find(self, path: str) -> Response:
        if path == "openapi.json":
            return Response(self._document, media_type="application/json", headers=_EACH_TIME)
        if path == "docs":
            return HTMLResponse(self._docs, headers=_EACH_TIME)
        if self._is_built:
            return self._find_built(path)
        if path in ("", "sign-in"):
            return HTMLResponse(_WELCOME, headers=_EACH_TIME)
        raise HTTPException(404)

    def _find_built(self, path: str) -> Response:
        """A file of the pages, or the page itself for its own addresses: those without a dot in the last part."""
        file = (self._dist / path).resolve() if "\0" not in path else self._dist
        if file.is_file() and file.is_relative_to(self._dist):
            return FileResponse(file, headers=_FOR_EVER if path.startswith("assets/") else _EACH_TIME)
        if path.startswith(("api/", "git/")) or "." in path.rpartition("/")[2]:
            raise HTTPException(404)
        return FileResponse(self._dist / "index.html", headers=_EACH_TIME)
