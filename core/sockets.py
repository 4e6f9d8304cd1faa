"""Unix sockets at paths of any length, and TCP listeners, new or handed over. Knows nothing of what is said on them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

P = TypeVar("P", bound=asyncio.BaseProtocol)

_LIMIT = 107  # bytes in sockaddr_un.sun_path, less the final NUL: unix(7)


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of at most 107 bytes for a socket's path: through the directory's descriptor where it is longer."""
    if len(os.fsencode(path)) <= _LIMIT:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def listen_unix(path: Path, mode: int = 0o600, backlog: int = 128) -> socket.socket:
    """A listening, non-blocking unix socket at `path`; what a dead process left there is replaced."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous = os.umask(0o777 & ~mode)
    try:
        with _short(path) as name:
            sock.bind(name)
        sock.listen(backlog)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    finally:
        os.umask(previous)
    return sock


def connect_unix(path: Path) -> socket.socket:
    """A connected, non-blocking unix socket. Raises OSError where nobody listens (a unix connect does not wait)."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        with _short(path) as name:
            sock.connect(name)
    except OSError as error:
        sock.close()
        error.filename = str(path)  # a socket's errors do not say which
        raise
    return sock


async def open_unix(path: Path, limit: int = 2**20) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream to the unix socket at `path`. Raises OSError where nobody listens."""
    return await asyncio.open_connection(sock=connect_unix(path), limit=limit)


async def connect_protocol(path: Path, factory: Callable[[], P]) -> P:
    """A connection to the unix socket at `path` that speaks the factory's protocol."""
    _, protocol = await asyncio.get_running_loop().create_connection(factory, sock=connect_unix(path))
    return protocol


def listen_tcp(host: str, port: int, backlog: int = 512) -> socket.socket:
    """A listening, non-blocking socket at an IPv4 or IPv6 address; `::` takes IPv4 too where the system can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    sock = socket.create_server((host, port), family=family, backlog=backlog, dualstack_ipv6=both)
    sock.setblocking(False)
    return sock


def adopt_listener(fd: int) -> socket.socket:
    """The listening socket that the parent handed over as a descriptor."""
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    os.set_inheritable(fd, False)
    return sock
