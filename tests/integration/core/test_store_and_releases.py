"""Migrations and releases on the real PostgreSQL: two at once, killed in the middle, in any order."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from core import migrations, releases, store
from core.errors import RetryLater
from core.releases import Release, reach

ROOT = Path(__file__).parents[3]


def dsn(url: str) -> str:
    """The URL as psycopg takes it."""
    return url.replace("+psycopg", "")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The module's database."""
    engine = store.open_engine(database_url)
    yield engine
    await engine.dispose()


# -- migrations -----------------------------------------------------------------------------------------------------


def test_the_program_and_its_steps_agree() -> None:
    assert migrations.newest() == store.SCHEMA


async def test_a_migrated_database_is_the_one_that_the_tables_describe(engine: AsyncEngine) -> None:
    await store.check_schema(engine)
    async with engine.connect() as connection:
        found = await connection.run_sync(_read_tables)
    wanted = {
        table.name: {
            column.name: (str(column.type.compile(engine.dialect)), bool(column.nullable)) for column in table.columns
        }
        for table in store.metadata.tables.values()
    }

    assert {name: columns for name, columns in found.items() if name != "alembic_version"} == wanted


def _read_tables(connection: sa.Connection) -> dict[str, dict[str, tuple[str, bool]]]:
    inspector = sa.inspect(connection)
    return {
        name: {
            c["name"]: (str(c["type"].compile(connection.dialect)), bool(c["nullable"]))
            for c in inspector.get_columns(name)
        }
        for name in inspector.get_table_names()
    }


def test_two_migrations_at_once_are_one(postgres: Any) -> None:
    url = postgres.create_database()
    outcomes: list[object] = []

    def migrate() -> None:
        try:
            outcomes.append(migrations.migrate(url))
        except BaseException as error:  # noqa: BLE001  (a thread's failure is this test's)
            outcomes.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [store.SCHEMA] * 3
    assert migrations.migrate(url) == store.SCHEMA


async def test_a_migration_that_is_killed_in_the_middle_leaves_nothing_and_the_next_one_finishes(postgres: Any) -> None:
    """Another transaction holds the name of the last table, so that the process is in the middle for certain."""
    url = postgres.create_database()
    with psycopg.connect(dsn(url)) as holder, psycopg.connect(dsn(url), autocommit=True) as watcher:
        holder.execute("CREATE TABLE releases (x int)")
        process = subprocess.Popen(
            [sys.executable, "-c", f"from core.migrations import migrate; migrate({url!r})"], cwd=ROOT
        )
        table = "query LIKE '%CREATE TABLE releases%'"
        waiting = f"SELECT count(*) FROM pg_stat_activity WHERE {table} AND wait_event_type = 'Lock'"
        while watcher.execute(waiting).fetchone() != (1,):  # the server has no event for a lock that is waited for
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
        holder.rollback()
    engine = store.open_engine(url)
    try:
        assert await store.read_schema(engine) is None
        with pytest.raises(store.SchemaError, match="run `paaks migrate`"):
            await store.check_schema(engine)
        assert await asyncio.to_thread(migrations.migrate, url) == store.SCHEMA
        await store.check_schema(engine)
    finally:
        await engine.dispose()


async def test_a_newer_schema_is_refused_and_left_alone(postgres: Any) -> None:
    url = postgres.create_database()
    migrations.migrate(url)
    with psycopg.connect(dsn(url)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    engine = store.open_engine(url)
    try:
        with pytest.raises(store.SchemaError, match="newer"):
            await store.check_schema(engine)
        with pytest.raises(store.SchemaError, match="newer"):
            migrations.migrate(url)
        assert await store.read_schema(engine) == "9999"
    finally:
        await engine.dispose()


# -- the door -------------------------------------------------------------------------------------------------------


async def test_a_transaction_that_fails_leaves_nothing(engine: AsyncEngine) -> None:
    release = Release(str(uuid.uuid4()), "hello", "a" * 40, "b" * 40, created=1.0)

    async def fail_halfway() -> None:
        async with store.writing(engine) as connection:
            await connection.execute(sa.insert(store.releases).values(releases._row(release)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_halfway()
    assert await releases.find(engine, release.tenant, "hello", release.commit) is None


async def test_a_database_that_is_gone_is_the_worlds_fault_and_one_that_is_back_costs_nothing(
    new_postgres: Any,
) -> None:
    url = new_postgres.create_database()
    migrations.migrate(url)
    engine = store.open_engine(url)
    try:
        await store.check_schema(engine)
        with psycopg.connect(dsn(url), autocommit=True) as connection:
            connection.execute("CHECKPOINT")  # this server does not wait for the disk
        new_postgres.stop()
        before = time.monotonic()
        with pytest.raises(RetryLater):
            await store.check_schema(engine)
        assert time.monotonic() - before < 5
        new_postgres.start()
        await store.check_schema(engine)
    finally:
        await engine.dispose()


async def test_a_long_socket_path_is_reached(postgres: Any, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    (long / "pg").symlink_to(postgres.directory)
    url = postgres.create_database().replace(str(postgres.directory), str(long / "pg"))
    engine = store.open_engine(url)
    try:
        assert await store.read_schema(engine) is None
    finally:
        await engine.dispose()


# -- releases -------------------------------------------------------------------------------------------------------

TENANT = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
BASE = Release(TENANT, "hello", "a" * 40, "b" * 40, created=1_700_000_000.25, subject="Update", actor="", via="git")
# What the api knows: who and when. What the controller knows: how far it has come.
TOLD = replace(BASE, actor="ann@example.org", via="web", stages={"commit": 1_700_000_000.25, "check": 1_700_000_000.5})
SEEN = replace(BASE, subject="", stages={"commit": 1_700_000_000.0, "apply": 1_700_000_001.0})
DONE = replace(reach(reach(SEEN, "start", 1_700_000_002.0), "live", 1_700_000_003.0), state="live", reason="Running")


async def test_it_does_not_matter_who_is_first(engine: AsyncEngine) -> None:
    """Every interleaving of the api's one insert with the controller's two records."""
    outcomes = []
    for place in range(3):
        commit = f"{place:x}" * 40
        steps: list[Any] = [(releases.record, SEEN), (releases.record, DONE)]
        steps.insert(place, (releases.insert, TOLD))
        for write, release in steps:
            await write(engine, [replace(release, commit=commit)])
        found = await releases.find(engine, TENANT, "hello", commit)
        assert found is not None
        outcomes.append(replace(found, commit=""))

    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert (outcomes[0].state, outcomes[0].actor, outcomes[0].via, outcomes[0].created) == (
        "live",
        TOLD.actor,
        "web",
        TOLD.created,
    )
    assert outcomes[0].subject == "Update"
    assert outcomes[0].stages == {**DONE.stages, **TOLD.stages}


async def test_writing_again_changes_nothing(engine: AsyncEngine) -> None:
    release = replace(TOLD, commit="c" * 40)
    for _ in range(2):
        await releases.insert(engine, [release])
        await releases.record(engine, [replace(DONE, commit="c" * 40)])
    first = await releases.find(engine, TENANT, "hello", "c" * 40)
    await releases.record(engine, [replace(DONE, commit="c" * 40, stages={"live": 1_800_000_000.0})])

    assert first is not None
    again = await releases.find(engine, TENANT, "hello", "c" * 40)
    assert again is not None
    assert again.stages == first.stages


async def test_writers_of_many_releases_at_once_do_not_block_each_other(engine: AsyncEngine) -> None:
    """The api in the order of the services, the controller in its own."""
    tenant = str(uuid.uuid4())
    many = [replace(BASE, tenant=tenant, service=f"s{n}") for n in range(30)]
    orders = [many, many[::-1], many[15:] + many[:15]]
    writes = [write(engine, order) for write, order in itertools.product((releases.insert, releases.record), orders)]
    await asyncio.gather(*writes)

    assert len(await releases.list_releases(engine, tenant, service=None, limit=100)) == 30


async def test_pages_have_no_gap_where_one_commit_made_many(engine: AsyncEngine) -> None:
    tenant = str(uuid.uuid4())
    made = [
        replace(BASE, tenant=tenant, service=f"s{n % 7}", commit=f"{n:040x}", created=1_700_000_000.0 + n // 9 / 4)
        for n in range(31)
    ]
    await releases.insert(engine, made)
    seen: list[Release] = []
    while page := await releases.list_releases(
        engine, tenant, service=None, limit=4, after=seen[-1].place if seen else None
    ):
        seen += page

    assert len(seen) == len({release.id for release in seen}) == 31
    assert [release.created for release in seen] == sorted((release.created for release in seen), reverse=True)
    newest = await releases.load_newest(engine, tenant)
    assert {r.service for r in newest} == {f"s{n}" for n in range(7)}
    for release in newest:
        assert release.created == max(r.created for r in made if r.service == release.service)


async def test_tenants_do_not_see_each_other(engine: AsyncEngine) -> None:
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    await releases.insert(engine, [replace(BASE, tenant=one)])

    assert await releases.list_releases(engine, other, service=None, limit=10) == []
    assert await releases.load_newest(engine, other) == []
    assert await releases.find(engine, other, "hello", BASE.commit) is None


@given(
    st.builds(
        Release,
        tenant=st.just(TENANT),
        service=st.just("s"),
        commit=st.just("d" * 40),
        tree=st.text("ab", max_size=3),
        state=st.sampled_from(releases.STATES),
        stages=st.dictionaries(st.sampled_from(releases.STAGES), st.floats(0, 2e9)),
        created=st.floats(0, 2e9),
        message=st.none() | st.text(max_size=5),
    )
)
def test_a_release_crosses_the_link_and_can_be_shown(release: Release) -> None:
    assert releases.from_message(releases.to_message(release)) == release
    shown = releases.describe(release)
    assert shown["id"] == release.id
    assert list(shown["stages"]) == [stage for stage in releases.STAGES if stage in release.stages]
    assert all(stage["ms"] >= 0 for stage in shown["stages"].values())


@pytest.mark.parametrize("message", [{}, {"x": 1}, {"tenant": "t"}])
def test_what_is_no_release_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        releases.from_message(message)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 100_000])
async def test_any_message_can_be_kept(engine: AsyncEngine, text: str) -> None:
    """A traceback is whatever a handler printed; PostgreSQL holds no NUL and no surrogate."""
    release = replace(BASE, commit="e" * 40, state="failed", message=text, sentence=text[:300], subject=text[:100])
    await releases.record(engine, [release])
    found = await releases.find(engine, TENANT, "hello", "e" * 40)

    assert found is not None
    assert found.state == "failed"
