"""The node's two doors: a unix socket for the platform (0600, no token), and a TCP listener with a token for `kubectl`.

What does not live here: what is answered (`api.py`).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from runtime.node import statuses
from runtime.node.api import MAX_BODY, Api, answer_health, refuse

_USER = "paaks"
_BACKLOG = 1024
_CLIENT_CLOSED = 499
_SHORT_PATH = 107  # bytes of a unix socket's path: unix(7)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Serves the API on sockets that are listening already; must be closed."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._runners: list[web.AppRunner] = []

    async def serve(self, listener: socket.socket, token: str | None = None) -> None:
        """Answer on a listener; with a token, only those who send it (as Bearer, or Basic as user `paaks`)."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", _guard(self._api.answer, token))
        # A watch whose client has gone is cancelled; one that is open when the node ends is not waited for.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        self._runners.append(runner)

    async def close(self) -> None:
        """Close both doors and everything that goes through them."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()


def _guard(handler: Handler, token: str | None) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        if (health := answer_health(request.path)) is not None:
            return health
        if token is not None and not carries_token(request.headers.get("Authorization", ""), token):
            return refuse(statuses.unauthorized())
        try:
            return await handler(request)
        except ConnectionError:
            # The client has gone; nobody reads this.
            return web.Response(status=_CLIENT_CLOSED)

    return answer


def carries_token(authorization: str, token: str) -> bool:
    """Does the header carry the token, as `Bearer <token>` (RFC 6750) or Basic `paaks:<token>` (RFC 7617)?"""
    scheme, _, value = authorization.strip().partition(" ")
    given, wanted = value.strip().encode(), token.encode()
    if scheme.lower() == "basic":
        try:
            given, wanted = base64.b64decode(given, validate=True), f"{_USER}:{token}".encode()
        except binascii.Error:
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given, wanted)


def listen_unix(path: Path) -> socket.socket:
    """A listening unix socket for our user only; what a dead node left at the path is replaced."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous = os.umask(0o177)
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        name = str(path) if len(os.fsencode(path)) <= _SHORT_PATH else f"/proc/self/fd/{directory}/{path.name}"
        sock.bind(name)
    finally:
        os.close(directory)
        os.umask(previous)
    sock.listen(_BACKLOG)
    sock.setblocking(False)
    return sock


def adopt_listener(fd: int) -> socket.socket:
    """The listening socket that the parent handed over as a descriptor."""
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    os.set_inheritable(fd, False)
    return sock
