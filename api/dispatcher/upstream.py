"""The pod's side of the wire: the connections to pods, and the pool of those that wait for the next request.

What does not live here: one connection and what is said on it (`core/http_connection.py`), which pod
(`route_table.py`), and what a request or an answer is turned into (`proxy.py`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from api.dispatcher.route_table import Pod
from core import sockets
from core.http_connection import HttpConnection
from core.names import Address

IDLE_SECONDS = 50.0  # below the idle limit of the server in the pod (120 s): it never closes first
CONNECT_SECONDS = 5.0


class PodConnection(HttpConnection):
    """A connection to one pod."""

    def __init__(self, pod: Pod, on_closed: Callable[[PodConnection], None]) -> None:
        super().__init__(lambda _: on_closed(self))
        self.pod = pod


class Pool:
    """Connections to pods that wait for the next request."""

    def __init__(self) -> None:
        self._idle: dict[Pod, list[PodConnection]] = {}

    def take(self, pod: Pod) -> PodConnection | None:
        """A connection that is open, the one that was used last; None where there is none."""
        idle = self._idle.get(pod)
        while idle:
            connection = idle.pop()
            if connection.is_open():
                return connection
        return None

    def put(self, connection: PodConnection, now: float) -> None:
        """Keep it for the next request, unless its pod is about to go."""
        if connection.pod.terminating or not connection.is_open():
            connection.close()
            return
        connection.idle_since = now
        self._idle.setdefault(connection.pod, []).append(connection)

    def forget(self, connection: PodConnection) -> None:
        """It has closed."""
        idle = self._idle.get(connection.pod)
        if idle and connection in idle:
            idle.remove(connection)

    def leave(self, pod: Pod) -> None:
        """Close what waits there."""
        for connection in self._idle.pop(pod, ()):
            connection.close()

    def sweep(self, now: float) -> None:
        """Close what has waited for `IDLE_SECONDS`."""
        for idle in list(self._idle.values()):
            while idle and idle[0].idle_since + IDLE_SECONDS < now:
                idle.pop(0).close()

    async def connect(self, pod: Pod) -> PodConnection:
        """A new connection. Raises OSError where nobody listens."""
        loop = asyncio.get_running_loop()
        sock = await _open_socket(pod.address)
        _, connection = await loop.create_connection(lambda: PodConnection(pod, self.forget), sock=sock)
        return connection


async def _open_socket(address: Address) -> socket.socket:
    if address.path is not None:
        return sockets.connect_unix(Path(address.path))
    sock = socket.socket(socket.AF_INET6 if ":" in (address.host or "") else socket.AF_INET)
    sock.setblocking(False)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(sock, (address.host, address.port))
    except BaseException:
        sock.close()
        raise
    return sock
