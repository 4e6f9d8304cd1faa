"""What stands around every request, as plain ASGI: its id, who sent it, security headers, the count, the last resort.

Below `/api/v1` nobody gets further without a credential; the few open addresses are listed here. What does not live
here: judging credentials (`auth.py`), what a caller may do (`deps.py`), writing problems (`answers.py`).
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

from api import content_policy
from api.answers import REQUEST_ID, answer
from api.deps import PRINCIPAL, Platform, read_wire
from api.metrics import Metrics
from core.credentials import BadCredential
from core.errors import Problem, Refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_BASE = "/api/v1/"
_SIGNING_IN = frozenset({"/api/v1/session", "/api/v1/session/refresh"})  # by POST: with a password or a cookie
_OPEN = ("/api/v1/schemas/", "/api/v1/problems/")  # by GET
_FILE = re.compile(r"/api/v1/tenants/[^/]+/services/[^/]+/files/.+", re.DOTALL)
_PROBES = frozenset({"/livez", "/readyz", "/healthz"})  # asked all the time: their answers are not news
_HEAD_BYTES = 32 * 1024
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": content_policy.STRICT,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_log: Any = structlog.get_logger(component="api")


class Envelope:
    """The outermost application; every answer leaves through it."""

    def __init__(self, app: App, platform: Platform, metrics: Metrics) -> None:
        self._app = app
        self._platform = platform
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[REQUEST_ID] = secrets.token_hex(8)
        sending = _Sending(send, scope, self._platform.settings.secure)
        began = time.monotonic()
        try:
            self._admit(Request(scope))
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - the process boundary of a request
            if sending.status is None:  # else it was answered, or broke off, and is in the log
                await answer(Request(scope), error)(scope, receive, sending)
        finally:
            self._count(scope, sending.status or 499, time.monotonic() - began)

    def _admit(self, request: Request) -> None:
        """Raises Refused or RetryLater for a request that is not to be read any further."""
        size = sum(len(name) + len(value) for name, value in request.scope["headers"])
        if size > _HEAD_BYTES:
            raise Refused(Problem("head-too-large", f"{size:,} bytes: {_HEAD_BYTES:,} are the most"))
        path = request.scope["path"]
        if not path.startswith(_BASE):
            return
        if path in _SIGNING_IN and request.method == "POST":
            self._refuse_other_sites(request)
        elif not (path.startswith(_OPEN) and request.method in _SAFE):
            request.scope[PRINCIPAL] = self._platform.authenticator.authenticate(read_wire(request))
        _refuse_other_types(request)

    def _refuse_other_sites(self, request: Request) -> None:
        try:
            self._platform.authenticator.refuse_other_sites(read_wire(request))
        except BadCredential as error:
            raise Refused(Problem("cross-site", "another site's page cannot sign anybody in")) from error

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None)
        label = route or ("/git" if scope["path"].startswith("/git/") else "other")
        self._metrics.count_request(label, scope["method"], status, seconds)
        if label not in _PROBES and (status >= 500 or (scope["method"] not in _SAFE and label != "/git")):
            principal = scope.get(PRINCIPAL)
            who = principal.email if principal is not None else None
            line = {"route": label, "method": scope["method"], "status": status, "ms": round(seconds * 1000, 1)}
            _log.info("request", request_id=scope[REQUEST_ID], user=who, **line)


def _refuse_other_types(request: Request) -> None:
    """A body is JSON and says so: other types are what a page of another site could send without asking."""
    if request.method in _SAFE or (request.method == "PUT" and _FILE.fullmatch(request.scope["path"])):
        return
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and kind != "application/json":
        raise Refused(Problem("unsupported-media-type", f"{kind[:60] or 'a body without a type'} is not accepted"))


def _is_wordless(scope: Scope, message: Message) -> bool:
    """Is it the framework's own word for a body that is too large, which is no problem+json?"""
    is_text = (b"content-type", b"text/plain; charset=utf-8") in message.get("headers", ())
    return message["status"] == 413 and is_text and not scope["path"].startswith("/git/")


class _Sending:
    """The way out: an answer's head gets what every answer has, unless the route has said it itself."""

    def __init__(self, send: Send, scope: Scope, secure: bool) -> None:
        self._send = send
        self._scope = scope
        self._secure = secure
        self._is_replaced = False
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if self._is_replaced:
            return
        if message["type"] == "http.response.start" and _is_wordless(self._scope, message):
            response = answer(Request(self._scope), HTTPException(413))
            await self({"type": "http.response.start", "status": 413, "headers": response.raw_headers})
            await self({"type": "http.response.body", "body": response.body})
            self._is_replaced = True
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=list(message.get("headers", ())))
            headers["PaaKS-Request-Id"] = self._scope[REQUEST_ID]
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._secure:
                headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            if self._scope["path"].startswith(_BASE):
                headers.setdefault("Cache-Control", "no-store")
            message = {**message, "headers": headers.raw}
        await self._send(message)
