"""What dispatchers may know, told on a unix socket and an internal port: a snapshot, then what has changed.

A bookmark comes each second. Keys, tenants by slug, hashes of live tokens with what they are good for, revoked
sessions; no secret of anybody. What does not live here: who is who (`directory.py`), and what a dispatcher makes of it
(`dispatcher/callers.py`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.directory import Directory, Snapshot
from api.tokens import KeyRing
from core import sockets
from core.internal_port import PortServer
from core.tenants import Tenants

Message = dict[str, Any]
_BACKLOG_BYTES = 16 * 2**20  # that a dispatcher may leave unread before it is dropped: it connects again


@dataclass(frozen=True)
class Picture:
    """Everything that a dispatcher may know at one moment; `tokens` is by hash, `tenants` slug → id."""

    issuer: str
    keys: tuple[Mapping[str, str], ...] = ()
    tenants: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    revoked: frozenset[str] = frozenset()


def draw(now: Snapshot, tenants: Mapping[str, str], issuer: str, keys: list[dict[str, str]], moment: float) -> Picture:
    """The picture of a directory: only tokens of users who are there, have a role, and whose time is not over."""
    tokens = {}
    for digest, token in now.tokens.items():
        user = now.users.get(token.user_id)
        if user is None or user.disabled or token.tenant_id is None or not token.is_good(moment):
            continue
        if token.tenant_id in now.roles.get(user.id, {}):
            ends = token.expires_at.timestamp() if token.expires_at else None
            tokens[digest] = {
                "tenant": token.tenant_id,
                "user": user.email,
                "scopes": list(token.scopes),
                "expires": ends,
            }
    return Picture(issuer, tuple(keys), dict(tenants), tokens, now.revoked)


def write_snapshot(picture: Picture, version: int) -> Message:
    """All of a picture."""
    return {
        "type": "snapshot",
        "version": version,
        "issuer": picture.issuer,
        "keys": list(picture.keys),
        "tenants": picture.tenants,
        "tokens": picture.tokens,
        "revoked": sorted(picture.revoked),
    }


def write_delta(old: Picture, new: Picture, version: int) -> Message | None:
    """What leads from one picture to another of the same installation; None where nothing does."""
    delta: Message = {}
    if old.keys != new.keys:
        delta["keys"] = list(new.keys)
    for name in ("tenants", "tokens"):
        before, after = getattr(old, name), getattr(new, name)
        changed = {key: value for key, value in after.items() if before.get(key) != value}
        removed = [key for key in before if key not in after]
        if changed or removed:
            delta[name] = {"set": changed, "removed": removed}
    if old.revoked != new.revoked:
        gone, come = old.revoked - new.revoked, new.revoked - old.revoked
        delta["revoked"] = {"set": sorted(come), "removed": sorted(gone)}
    return {"type": "delta", "version": version, **delta} if delta else None


class AccessStream:
    """The server. `look` compares with what was told last; it is called after every change and each second."""

    def __init__(self, directory: Directory, tenants: Tenants, keys: KeyRing) -> None:
        self._directory = directory
        self._tenants = tenants
        self._keys = keys
        self._picture = Picture(keys.issuer)
        self._version = 0
        self._readers: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None
        self._port: PortServer | None = None

    async def serve(self, path: Path) -> None:
        """Listen from now on; returns at once."""
        self.look()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _Reader(self), sock=sockets.listen_unix(path))

    async def serve_port(self, host: str, number: int, token_file: Path) -> None:
        """Listen on a port too, for who has an internal token; returns at once. After `serve`."""
        self._port = PortServer(token_file, lambda: _Reader(self))
        await self._port.listen(host, number)

    async def run(self, seconds: float) -> None:
        """Look and send a bookmark again and again."""
        while True:
            await asyncio.sleep(seconds)
            self.look()
            self._send({"type": "bookmark", "version": self._version})

    def look(self) -> None:
        """Tell what has changed since the last look."""
        if not self._directory.loaded:
            return
        slugs = {tenant.slug: tenant.id for tenant in self._tenants.all()}
        new = draw(self._directory.now, slugs, self._keys.issuer, self._keys.jwks, time.time())
        delta = write_delta(self._picture, new, self._version + 1)
        if delta is not None:
            self._version += 1
            self._picture = new
            self._send(delta)

    async def close(self) -> None:
        """Stop listening and drop every reader."""
        if self._port is not None:
            self._port.close()
        if self._server is not None:
            self._server.close()
        for transport in list(self._readers):
            transport.abort()

    def join(self, transport: asyncio.Transport) -> None:
        """A dispatcher has connected."""
        self._readers.add(transport)
        transport.write(_encode(write_snapshot(self._picture, self._version)))

    def leave(self, transport: asyncio.Transport) -> None:
        """A dispatcher has gone."""
        self._readers.discard(transport)

    def _send(self, message: Message) -> None:
        line = _encode(message)
        for transport in list(self._readers):
            if transport.get_write_buffer_size() > _BACKLOG_BYTES:
                transport.abort()
            else:
                transport.write(line)


class _Reader(asyncio.Protocol):
    """One dispatcher; it has nothing to say."""

    def __init__(self, stream: AccessStream) -> None:
        self._stream = stream
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._stream.join(transport)

    def data_received(self, _data: bytes) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        if self._transport is not None:
            self._stream.leave(self._transport)


def _encode(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
