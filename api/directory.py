"""Who is who, in memory: users, roles, tokens and revocations, as the database had them a moment ago.

Every request is judged by it, so that none waits for the database, and it outlives the database. One counter in the
database says whether it is stale. What does not live here: changing any of it (`accounts.py`, `sessions.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.access import Role
from core import store


@dataclass(frozen=True)
class User:
    """A person, without the password."""

    id: str
    email: str
    name: str
    operator: bool
    disabled: bool
    created_at: datetime


@dataclass(frozen=True)
class Token:
    """A personal access token that is not revoked; it may have ended. `tenant_id` is None for an operator's only."""

    id: str
    user_id: str
    tenant_id: str | None
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    def is_good(self, now: float) -> bool:
        """Has it not ended yet?"""
        return self.expires_at is None or self.expires_at.timestamp() > now


@dataclass(frozen=True)
class Snapshot:
    """One state of the directory. `tokens` is by hash, `roles` by user and tenant; `revoked` are ids of sessions."""

    version: int = 0
    users: Mapping[str, User] = field(default_factory=dict)
    roles: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)
    tokens: Mapping[str, Token] = field(default_factory=dict)
    revoked: frozenset[str] = frozenset()

    def user_by_email(self, email: str) -> User | None:
        """The user with an address, in whatever case it is written."""
        wanted = email.lower()
        return next((user for user in self.users.values() if user.email.lower() == wanted), None)


class Directory:
    """The newest snapshot. `remember` is how long, in seconds, a revoked session has to be known: a token's lifetime.

    `on_change` is called after each new snapshot, on the event loop.
    """

    def __init__(self, engine: AsyncEngine, *, remember: float) -> None:
        self._engine = engine
        self._remember = timedelta(seconds=remember)
        self._turn = asyncio.Lock()
        self.now = Snapshot()
        self.loaded = False
        self.on_change: list[Callable[[], None]] = []

    async def refresh(self) -> None:
        """Reads all of it again if the database's counter has moved on. Raises RetryLater, and keeps what it has."""
        async with self._turn, store.reading(self._engine) as connection:
            version = await connection.scalar(sa.select(store.access_version.c.version))
            if self.loaded and version == self.now.version:
                return
            self.now = await self._read(connection, version or 0)
            self.loaded = True
        for notify in self.on_change:
            notify()

    async def _read(self, connection: AsyncConnection, version: int) -> Snapshot:
        """The counter was read first: a change that comes in between is found by the next look."""
        users = {row.id: _user(row) for row in await connection.execute(sa.select(store.users))}
        roles: dict[str, dict[str, Role]] = {}
        for row in await connection.execute(sa.select(store.memberships)):
            roles.setdefault(row.user_id, {})[row.tenant_id] = row.role
        unrevoked = sa.select(store.tokens).where(store.tokens.c.revoked_at.is_(None))
        tokens = {row.hash: read_token(row) for row in await connection.execute(unrevoked)}
        since = datetime.now(UTC) - self._remember
        recent = sa.select(store.sessions.c.id).where(store.sessions.c.revoked_at > since)
        revoked = frozenset((await connection.scalars(recent)).all())
        return Snapshot(version, users, roles, tokens, revoked)


async def count_up(connection: AsyncConnection) -> None:
    """Marks every directory as stale; part of the transaction that changes who may do what."""
    table = store.access_version
    await connection.execute(sa.update(table).values(version=table.c.version + 1))


def _user(row: Any) -> User:
    return User(row.id, row.email, row.name, row.operator, row.disabled, row.created_at)


def read_token(row: Any) -> Token:
    """A row of the table of tokens."""
    return Token(
        id=row.id,
        user_id=row.user_id,
        tenant_id=row.tenant_id,
        name=row.name,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
