"""The door to the system database, PostgreSQL: every table of both sides, the engine, reads and transactions.

What the rows mean is said by who owns them: `api/accounts.py` (users to idempotency) and `core/releases.py`. How the
tables came to be is in `core/migrations/`. No module but the owners writes a query, and none opens another connection.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.errors import PaaksError, Problem, Refused, RetryLater

SCHEMA = "0002"  # the newest revision in core/migrations/versions; a test compares the two
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 4
POOL_SECONDS = 3.0
ANSWER_SECONDS = 4.5  # all together: a caller is answered within 5 seconds

metadata = sa.MetaData()
_UUID = sa.Uuid(as_uuid=False)
_TIME = sa.DateTime(timezone=True)
_NOW = sa.func.now()

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("operator", sa.Boolean, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
    sa.Index("users_email_key", sa.text("lower(email)"), unique=True),
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("user_id", _UUID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tenant_id", _UUID, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.CheckConstraint("role IN ('viewer', 'developer', 'admin')", name="memberships_role_check"),
)

# No foreign key: a deleted user's sessions stay, so that their revocation is still told to every dispatcher.
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("user_id", _UUID, nullable=False, index=True),
    sa.Column("refresh_hash", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.Text),
    sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
    sa.Column("rotated_at", _TIME, nullable=False, server_default=_NOW),
    sa.Column("expires_at", _TIME, nullable=False),
    sa.Column("revoked_at", _TIME),
    sa.Column("user_agent", sa.Text, nullable=False, server_default=""),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("user_id", _UUID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("tenant_id", _UUID),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
    sa.Column("expires_at", _TIME),
    sa.Column("last_used_at", _TIME),
    sa.Column("revoked_at", _TIME),
)

sign_in_links = sa.Table(
    "sign_in_links",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("user_id", _UUID, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("expires_at", _TIME, nullable=False),
    sa.Column("used_at", _TIME),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("user_id", _UUID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_hash", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", pg.JSONB, nullable=False),
    sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
)

# One row, counted up by every transaction that changes who may do what: a look at it says whether a cache is stale.
access_version = sa.Table(
    "access_version",
    metadata,
    sa.Column("only", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("only", name="access_version_only_check"),
)

releases = sa.Table(
    "releases",
    metadata,
    sa.Column("tenant_id", _UUID, primary_key=True),
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("commit", sa.Text, primary_key=True),
    sa.Column("tree", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("via", sa.Text, nullable=False),
    sa.Column("created_at", _TIME, nullable=False, server_default=_NOW),
    sa.Column("stages", pg.JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Column("subject", sa.Text, nullable=False, server_default=""),
    sa.Column("reason", sa.Text),
    sa.Column("sentence", sa.Text),
    sa.Column("message", sa.Text),
    sa.Column("superseded_by", sa.Text),
    sa.Column("updated_at", _TIME, nullable=False, server_default=_NOW),
    sa.Index("releases_newest", "tenant_id", sa.text("created_at DESC")),
)


class SchemaError(PaaksError):
    """The database has another schema version than this program; the message says which side is older."""


def open_engine(url: str) -> AsyncEngine:
    """An engine for `postgresql+psycopg://…`; connects when first used, waits a few seconds at most for anything."""
    return create_async_engine(
        shorten_socket(url),
        pool_size=8,
        max_overflow=8,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,  # a restarted database costs nobody an error
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "paaks",
            "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c timezone=UTC",
        },
    )


def shorten_socket(text: str) -> URL:
    """The URL, its socket directory named through a descriptor where libpq would find the path too long (107 bytes).

    The descriptor stays open as long as the process: the URL is good for that long.
    """
    url = make_url(text)
    directory = str(url.query.get("host", ""))
    if not directory.startswith("/") or len(os.fsencode(directory)) <= 85:
        return url
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    return url.update_query_dict({"host": f"/proc/self/fd/{descriptor}"})


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection without a transaction (AUTOCOMMIT). Raises RetryLater where the database does not answer."""
    async with _answering(), engine.connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction, committed at the end of the block. Raises RetryLater where the database does not answer."""
    async with _answering(), engine.begin() as connection:
        yield connection


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    """Refused connections, time-outs, lost locks and shutdowns are the world's fault; a violated constraint is not.

    A text that no database can hold (a NUL in it) is the caller's.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except DataError as error:
        raise Refused(Problem("bad-request", "a text has characters that cannot be stored")) from error
    except (OperationalError, InterfaceError, PoolTimeout, TimeoutError) as error:
        raise RetryLater("the database does not answer", delay=2.0) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise RetryLater("the database went away", delay=2.0) from error
        raise


async def check_schema(engine: AsyncEngine) -> None:
    """Refuses any schema but the one this program was written for. Raises SchemaError, or RetryLater."""
    found = await read_schema(engine)
    if found == SCHEMA:
        return
    if found is None or found < SCHEMA:
        raise SchemaError(
            f"the database has schema {found or 'none'}, this program needs {SCHEMA}: run `paaks migrate`"
        )
    raise SchemaError(f"the database has schema {found}, newer than this program's {SCHEMA}: use the newer program")


async def read_schema(engine: AsyncEngine) -> str | None:
    """The database's schema version, None where it has never been migrated."""
    async with reading(engine) as connection:
        if await connection.scalar(sa.text("SELECT to_regclass('alembic_version')")) is None:
            return None
        version: str | None = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return version
