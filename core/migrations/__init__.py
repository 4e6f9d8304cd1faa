"""The database's schema, step by step: `migrate(url)` brings it to the newest, one writer at a time.

Each step is one transaction: a process killed in the middle leaves the step undone, and the next run resumes there.
What the tables are for is in `core/store.py`; the steps never import it, for they describe what was, not what is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.store import SchemaError, shorten_socket

# An arbitrary number that all versions of the program agree on; see PostgreSQL, "Advisory Locks".
_LOCK = 7_205_759_403
_LOCK_SECONDS = 60


def migrate(url: str) -> str:
    """Brings the database at `url` to the newest schema and returns its version; waits while another process does.

    Raises SchemaError where the database is newer than this program, SQLAlchemy's OperationalError where it is down.
    """
    engine = sa.create_engine(shorten_socket(url), poolclass=sa.NullPool)
    with engine.connect() as connection, _locked(connection):
        scripts = Config()
        scripts.set_main_option("script_location", str(Path(__file__).parent))
        scripts.attributes["connection"] = connection
        _refuse_newer(connection, scripts)
        command.upgrade(scripts, "head")
        return _current(connection) or ""


def newest() -> str:
    """The newest version that this program knows."""
    return ScriptDirectory(str(Path(__file__).parent)).get_current_head() or ""


@contextmanager
def _locked(connection: sa.Connection) -> Iterator[None]:
    connection.execute(sa.text(f"SET lock_timeout = '{_LOCK_SECONDS}s'"))
    connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
    connection.commit()  # the lock belongs to the session, not to this transaction
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
        connection.commit()


def _current(connection: sa.Connection) -> str | None:
    version = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    return version


def _refuse_newer(connection: sa.Connection, scripts: Config) -> None:
    current = _current(connection)
    known = {script.revision for script in ScriptDirectory.from_config(scripts).walk_revisions()}
    if current is not None and current not in known:
        raise SchemaError(f"the database has schema {current}, which this program does not know: use the newer program")
