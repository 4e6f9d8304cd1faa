"""The ports of one `paaks up`: bound once, asked until they answer, and written down for scripts and for `kubectl`.

What does not live here: who listens on them (`up.py` hands them over).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from cli.failure import Failure
from core import sockets

_POLL_SECONDS = 0.02
_ATTEMPT_SECONDS = 5.0


def bind(host: str, port: int, option: str) -> socket.socket:
    """A listening socket; `port` 0 is a free one. Raises Failure that names the option where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Failure(
                f"port {port} is in use",
                hint=f"name another with {option}, or {option} 0 for a free one",
            ) from None
        raise Failure(f"cannot listen on {host} port {port}", error.strerror, hint="see --bind") from None


def url_of(listener: socket.socket) -> str:
    """The address that people on this machine type."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@dataclass(frozen=True)
class Probe:
    """Something that answers `GET <path>` with 200 when it is ready: at a TCP address, or on a unix socket."""

    name: str
    host: str = ""
    port: int = 0
    socket: Path | None = None
    path: str = "/readyz"

    async def wait(self) -> None:
        """Return when it is ready. It has no way to tell us, so it is asked again and again."""
        while not await self._answers():
            await asyncio.sleep(_POLL_SECONDS)

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                return await self._ask()
        except (OSError, TimeoutError):
            return False

    async def _ask(self) -> bool:
        if self.socket is not None:
            reader, writer = await sockets.open_unix(self.socket)
        else:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            status = await reader.readline()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return status.split(b" ")[1:2] == [b"200"]


def probe_of(name: str, listener: socket.socket) -> Probe:
    """The probe of a server on one of our listeners."""
    host, port = listener.getsockname()[:2]
    return Probe(name, {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)


def replace_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that a reader sees the old one or the new one, whole."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(fd, "w") as file:
        file.write(text)
    fresh.replace(path)


def write_endpoints(path: Path, addresses: dict[str, str]) -> None:
    """What `run/endpoints.json` says: name → URL."""
    replace_file(path, json.dumps(addresses, indent=2) + "\n")


def keep_token(path: Path) -> str:
    """The node's token for `kubectl`: kept over restarts, so that a copied kubeconfig goes on working."""
    with contextlib.suppress(FileNotFoundError):
        if token := path.read_text().strip():
            return token
    token = secrets.token_urlsafe(32)
    replace_file(path, token, 0o600)
    return token


def write_kubeconfig(path: Path, url: str, token: str) -> None:
    """A kubeconfig for the node. The token is in the URL: over plain http `kubectl` sends no other credential."""
    server = url.replace("://", f"://paaks:{token}@")
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "paaks", "cluster": {"server": server}}],
        "users": [{"name": "paaks", "user": {}}],
        "contexts": [{"name": "paaks", "context": {"cluster": "paaks", "user": "paaks"}}],
        "current-context": "paaks",
    }
    # JSON is YAML, and kubectl reads it.
    replace_file(path, json.dumps(document, indent=2) + "\n", 0o600)
