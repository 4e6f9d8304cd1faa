"""`python -m core.migrations`, which is `paaks migrate`: brings PAAKS_DATABASE_URL to the newest schema, then ends."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from core.migrations import migrate
from core.process import SettingError, configure_logging, read_settings
from core.store import SchemaError


@dataclass(frozen=True)
class Settings:
    """What `paaks migrate` is told."""

    database_url: str
    """The database: `postgresql+psycopg://…`."""
    log_format: str = "json"
    """`json`, or `text` for people."""


def main() -> int:
    """Exit status: 0 migrated, 1 the database does not answer, 2 a setting is wrong or the schema is newer."""
    try:
        settings = read_settings(Settings, os.environ)
    except SettingError as error:
        configure_logging("migrate").error("setting", problem=str(error))
        return 2
    log = configure_logging("migrate", settings.log_format)
    try:
        log.info("migrated", schema=migrate(settings.database_url))
    except SchemaError as error:
        log.error("schema", problem=str(error))
        return 2
    except OperationalError as error:
        log.error("database", problem=str(error.orig))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
