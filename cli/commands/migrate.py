"""`migrate`: bring a system database to the schema of this version. `paaks up` does it by itself."""

from __future__ import annotations

import click

from cli.failure import Exit, Failure


@click.command()
@click.option("--database-url", envvar="PAAKS_DATABASE_URL", metavar="URL", help="PAAKS_DATABASE_URL.")
def migrate(database_url: str | None) -> None:
    """Bring the system database to this version's schema."""
    if not database_url:
        hint = "PAAKS_DATABASE_URL=postgresql+psycopg://…; an embedded database is migrated by `paaks up`"
        raise Failure("no database is named", hint=hint, code=Exit.USAGE)
    import sqlalchemy.exc  # with Alembic, half a second

    from core import migrations, store

    try:
        version = migrations.migrate(database_url)
    except store.SchemaError as error:
        raise Failure("the database could not be migrated", str(error)) from None
    except sqlalchemy.exc.ArgumentError as error:
        raise Failure("this is no database's URL", str(error), code=Exit.USAGE) from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        said = str(error).partition("\n")[0]
        raise Failure("the database does not answer", said, code=Exit.UNREACHABLE) from None
    print(f"The database has the schema {version}.")
