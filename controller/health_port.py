"""`/livez` and `/readyz` of the controller, for whoever watches over it: is it running, and does it know the cluster?

What does not live here: what makes it ready (`loop.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core import sockets

_SECONDS = 5.0


async def serve_health(host: str, port: int, is_ready: Callable[[], bool]) -> asyncio.Server:
    """Answer on a port from now on; returns at once. Raises OSError where it is taken."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_answer(head, is_ready))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # who asked has gone, or never did
        finally:
            writer.close()

    return await asyncio.start_server(answer, sock=sockets.listen_tcp(host, port))


def _answer(head: bytes, is_ready: Callable[[], bool]) -> bytes:
    path = head.split(b" ", 2)[1].partition(b"?")[0] if b" " in head else b""
    if path == b"/livez" or (path == b"/readyz" and is_ready()):
        return _write("200 OK", b"ok\n")
    if path == b"/readyz":
        return _write("503 Service Unavailable", b"the cluster has not been listed yet\n")
    return _write("404 Not Found", b"")


def _write(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
