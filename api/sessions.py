"""What people hold after they have shown who they are: sessions, personal access tokens and one-time sign-in links.

Each is a row with the hash of a secret. What does not live here: users and roles (`accounts.py`), the wire (`auth.py`,
`routes/`), and who may ask (`access.py`).
"""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.directory import Directory, Token, count_up, read_token
from api.tokens import hash_secret, make_personal_token, make_secret
from core import store
from core.credentials import hash_personal_token
from core.errors import NotFound, Problem, Refused

# Two tabs may refresh at the same moment: the one that comes second with the old secret is no thief.
_GRACE = timedelta(seconds=10)
_AGENT_LENGTH = 300  # characters: enough to know a browser by


@dataclass(frozen=True)
class Session:
    """A session just opened or refreshed. `secret` is for the refresh cookie; None: the other tab has the new one."""

    id: str
    user_id: str
    secret: str | None


@dataclass(frozen=True)
class OpenSession:
    """A session that has not ended, as its owner sees it; `used_at` is when it was last refreshed."""

    id: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    user_agent: str


class Sessions:
    """The door to sessions, personal tokens and links; every change is in the directory when a call returns."""

    def __init__(self, engine: AsyncEngine, directory: Directory, *, lifetime: float) -> None:
        self._engine = engine
        self._directory = directory
        self._lifetime = timedelta(seconds=lifetime)

    async def open(self, user_id: str, user_agent: str = "") -> Session:
        """A new session, with an id that nobody could have set before. `user_agent` is what the caller says it is."""
        session = Session(str(uuid.uuid4()), user_id, make_secret())
        values = {"id": session.id, "user_id": user_id, "refresh_hash": hash_secret(session.secret or "")}
        values["user_agent"] = user_agent[:_AGENT_LENGTH]
        async with store.writing(self._engine) as connection:
            await connection.execute(sa.insert(store.sessions).values(**values, expires_at=_now() + self._lifetime))
        return session

    async def refresh(self, session_id: str, secret: str) -> Session:
        """The session with a new secret; the old one is worthless. Raises Refused.

        A secret that was replaced long ago is a copy in somebody else's hands: the session ends for both (RFC 9700
        §4.14.2).
        """
        table = store.sessions
        async with store.writing(self._engine) as connection:
            row = (await connection.execute(sa.select(table).where(table.c.id == session_id).with_for_update())).first()
            if row is None or row.revoked_at is not None or row.expires_at <= _now():
                raise not_signed_in()
            if hmac.compare_digest(row.refresh_hash, hash_secret(secret)):
                return await self._rotate(connection, session_id, row.user_id, row.refresh_hash)
            replaced = hmac.compare_digest(row.previous_hash or "", hash_secret(secret))
            if replaced and _now() - row.rotated_at < _GRACE:
                return Session(session_id, row.user_id, None)
            if replaced:
                await _revoke(connection, table.c.id == session_id)
        await self._directory.refresh()
        raise not_signed_in()

    async def _rotate(self, connection: AsyncConnection, session_id: str, user_id: str, old: str) -> Session:
        secret = make_secret()
        changes = {"refresh_hash": hash_secret(secret), "previous_hash": old, "rotated_at": _now()}
        change = sa.update(store.sessions).where(store.sessions.c.id == session_id)
        await connection.execute(change.values(**changes, expires_at=_now() + self._lifetime))
        return Session(session_id, user_id, secret)

    async def revoke(self, session_id: str) -> None:
        """Ends a session; its access tokens are refused everywhere within seconds."""
        async with store.writing(self._engine) as connection:
            await _revoke(connection, store.sessions.c.id == session_id)
        await self._directory.refresh()

    async def list_open(self, user_id: str) -> list[OpenSession]:
        """A user's sessions that have not ended, the newest first."""
        table = store.sessions
        own = sa.and_(table.c.user_id == user_id, table.c.revoked_at.is_(None), table.c.expires_at > _now())
        query = sa.select(table).where(own).order_by(table.c.created_at.desc(), table.c.id)
        async with store.reading(self._engine) as connection:
            return [
                OpenSession(row.id, row.created_at, row.rotated_at, row.expires_at, row.user_agent)
                for row in await connection.execute(query)
            ]

    async def revoke_own(self, user_id: str, session_id: str) -> None:
        """Ends one of a user's sessions, as `revoke` does. Raises NotFound where it is nobody's, or another's."""
        table = store.sessions
        async with store.writing(self._engine) as connection:
            if await _revoke(connection, sa.and_(table.c.id == session_id, table.c.user_id == user_id)) == 0:
                raise NotFound(Problem("not-found", "there is no such session"))
        await self._directory.refresh()

    async def revoke_others(self, user_id: str, kept: str) -> None:
        """Ends all sessions of a user but one."""
        table = store.sessions
        async with store.writing(self._engine) as connection:
            await _revoke(connection, sa.and_(table.c.user_id == user_id, table.c.id != kept))
        await self._directory.refresh()

    async def require(self, session_id: str) -> None:
        """Raises Refused where a session has ended, by whatever."""
        table = store.sessions
        good = sa.and_(table.c.id == session_id, table.c.revoked_at.is_(None), table.c.expires_at > _now())
        async with store.reading(self._engine) as connection:
            if await connection.scalar(sa.select(table.c.id).where(good)) is None:
                raise not_signed_in()

    async def use_link(self, code: str, user_agent: str = "") -> Session:
        """A session for a one-time sign-in link, the first time it is used. Raises Refused."""
        async with store.writing(self._engine) as connection:
            user_id = await spend_link(connection, code)
        return await self.open(user_id, user_agent)

    async def create_link(self, user_id: str, expires_in: float) -> tuple[str, datetime]:
        """The code of a new one-time sign-in link and when it ends; those from before are worthless."""
        table = store.sign_in_links
        code, ends = make_secret(), _now() + timedelta(seconds=expires_in)
        unused = sa.and_(table.c.user_id == user_id, table.c.used_at.is_(None))
        async with store.writing(self._engine) as connection:
            await connection.execute(sa.delete(table).where(unused))
            await connection.execute(sa.insert(table).values(hash=hash_secret(code), user_id=user_id, expires_at=ends))
        return code, ends

    async def create_token(
        self, user_id: str, tenant_id: str | None, name: str, scopes: tuple[str, ...], expires_in: float | None
    ) -> tuple[Token, str]:
        """A personal access token and its text, which is nowhere to be had again. `expires_in` is in seconds."""
        text = make_personal_token()
        ends = _now() + timedelta(seconds=expires_in) if expires_in is not None else None
        token = Token(str(uuid.uuid4()), user_id, tenant_id, name, scopes, _now(), ends, None)
        async with store.writing(self._engine) as connection:
            await insert_token(connection, token, text)
        await self._directory.refresh()
        return token, text

    async def list_tokens(self, user_id: str) -> list[Token]:
        """A user's tokens that are not revoked, oldest first, with their last uses."""
        table = store.tokens
        own = sa.select(table).where(table.c.user_id == user_id, table.c.revoked_at.is_(None))
        async with store.reading(self._engine) as connection:
            return [read_token(row) for row in await connection.execute(own.order_by(table.c.created_at, table.c.id))]

    async def revoke_token(self, token_id: str) -> None:
        """Makes a token worthless. Raises NotFound where there is none."""
        table = store.tokens
        change = sa.update(table).where(table.c.id == token_id, table.c.revoked_at.is_(None)).values(revoked_at=_now())
        async with store.writing(self._engine) as connection:
            if (await connection.execute(change)).rowcount == 0:
                raise NotFound(Problem("not-found", "there is no such token"))
            await count_up(connection)
        await self._directory.refresh()

    async def note_uses(self, uses: dict[str, datetime]) -> None:
        """Writes down when tokens (by id) were last used."""
        table = store.tokens
        change = sa.update(table).where(table.c.id == sa.bindparam("token")).values(last_used_at=sa.bindparam("at"))
        async with store.writing(self._engine) as connection:
            await connection.execute(change, [{"token": token, "at": at} for token, at in uses.items()])


async def spend_link(connection: AsyncConnection, code: str) -> str:
    """The user of a sign-in link, which is used up, as part of a transaction. Raises Refused."""
    table = store.sign_in_links
    good = sa.and_(table.c.hash == hash_secret(code), table.c.used_at.is_(None), table.c.expires_at > _now())
    use = sa.update(table).where(good).values(used_at=_now()).returning(table.c.user_id)
    user_id: str | None = await connection.scalar(use)
    if user_id is None:
        raise Refused(Problem("not-authenticated", "this sign-in link has been used, or its time is over"))
    return user_id


async def insert_token(connection: AsyncConnection, token: Token, text: str) -> None:
    """Stores a token as part of a transaction."""
    columns = ("id", "user_id", "tenant_id", "name", "created_at", "expires_at")
    values = {name: getattr(token, name) for name in columns}
    values |= {"scopes": list(token.scopes), "hash": hash_personal_token(text)}
    await connection.execute(sa.insert(store.tokens).values(**values))
    await count_up(connection)


async def revoke_sessions(connection: AsyncConnection, user_id: str) -> None:
    """Ends all sessions of a user as part of a transaction: whatever they were signed for is not so any more."""
    await _revoke(connection, store.sessions.c.user_id == user_id)


async def _revoke(connection: AsyncConnection, which: sa.ColumnElement[bool]) -> int:
    """How many it was."""
    table = store.sessions
    change = sa.update(table).where(which, table.c.revoked_at.is_(None)).values(revoked_at=_now())
    ended = (await connection.execute(change)).rowcount
    await count_up(connection)
    return ended


def not_signed_in() -> Refused:
    """One answer for everything that is wrong with a session."""
    return Refused(Problem("not-authenticated", "the session has ended"))


def _now() -> datetime:
    return datetime.now(UTC)
