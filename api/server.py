"""uvicorn as we run it: on a listener that was handed over, httptools, asyncio's own loop, limits on a request's head.

What does not live here: when it starts and ends (`__main__.py`), what it serves (`app.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD_BYTES = 96 * 1024  # where the connection is cut; what is less but too much is answered in words
_HEAD_SECONDS = 30.0
_IDLE_SECONDS = 75
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class LimitedProtocol(HttpToolsProtocol):
    """A connection whose heads are neither endless nor endlessly slow. The parser itself has no limits."""

    _in_head = True
    _bytes = 0
    _cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The first head has to arrive in time."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Counts what comes while a head is open."""
        self._bytes += len(data)
        super().data_received(data)
        if self._in_head and self._bytes > _HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._bytes = True, 0
        self._watch()

    def on_headers_complete(self) -> None:
        """A head is there."""
        self._in_head = False
        self._stop_watching()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop_watching()
        super().connection_lost(exc)

    def _watch(self) -> None:
        self._stop_watching()
        self._cut = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _stop_watching(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None


class Server(uvicorn.Server):
    """A server whose end is ours to say: it leaves signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def make_server(app: Callable[..., Any], drain_seconds: float) -> Server:
    """A server that takes no word of a proxy and says nothing of itself. Run it with `serve(sockets)`."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=max(1, round(drain_seconds)),
    )
    return Server(config)
