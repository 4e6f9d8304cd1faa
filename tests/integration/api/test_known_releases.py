from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api import known_releases
from api.live import Live
from core import releases, store
from core.errors import RetryLater
from core.releases import Release

BEGAN = 1_795_532_400.0


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = store.open_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def no_database() -> AsyncIterator[AsyncEngine]:
    engine = store.open_engine("postgresql+psycopg://paaks@/none?host=/nonexistent")
    yield engine
    await engine.dispose()


@pytest.fixture
def tenant() -> str:
    return str(uuid.uuid4())


def make(tenant: str, service: str, number: int, state: str = "live", created: float = BEGAN) -> Release:
    return Release(tenant, service, f"{number:040x}", "t" * 40, state, created=created)


def shown(found: list[Release]) -> list[tuple[str, int]]:
    return [(release.service, int(release.commit, 16)) for release in found]


async def test_pages_have_no_gap_where_one_commit_began_many(engine: AsyncEngine, tenant: str) -> None:
    stored = [make(tenant, f"s{n}", 1) for n in range(5)] + [make(tenant, "s0", n, created=BEGAN + n) for n in (2, 3)]
    await releases.insert(engine, stored)
    pages, after = [], None
    while page := await known_releases.list_releases(Live(), engine, tenant, service=None, limit=2, after=after):
        pages.append(shown(page))
        after = page[-1].place
    assert pages == [[("s0", 3), ("s0", 2)], [("s0", 1), ("s1", 1)], [("s2", 1), ("s3", 1)], [("s4", 1)]]


async def test_what_is_known_here_goes_before_what_is_stored(engine: AsyncEngine, tenant: str) -> None:
    live, old = Live(), make(tenant, "a", 1, "pending")
    await releases.insert(engine, [old])
    live.publish(replace(old, state="failed"))
    live.publish(make(tenant, "b", 2, "pending", created=BEGAN + 1))
    found = await known_releases.list_releases(live, engine, tenant, service=None, limit=10, after=None)
    assert [(release.service, release.state) for release in found] == [("b", "pending"), ("a", "failed")]
    only = await known_releases.list_releases(live, engine, tenant, service="a", limit=10, after=None)
    assert shown(only) == [("a", 1)]
    further = await known_releases.list_releases(live, engine, tenant, service=None, limit=1, after=found[0].place)
    assert shown(further) == [("a", 1)]


async def test_all_that_is_known_here_is_listed_before_any_of_it_is_stored(engine: AsyncEngine, tenant: str) -> None:
    live = Live()
    for number in (1, 2, 3):
        live.publish(make(tenant, "a", number, created=BEGAN + number))
    found = await known_releases.list_releases(live, engine, tenant, service="a", limit=10, after=None)
    assert shown(found) == [("a", 3), ("a", 2), ("a", 1)]


async def test_one_release_is_found_in_either_place(engine: AsyncEngine, tenant: str) -> None:
    live = Live()
    await releases.insert(engine, [make(tenant, "a", 1)])
    live.publish(make(tenant, "a", 2, "pending"))
    for number in (1, 2):
        found = await known_releases.find_release(live, engine, tenant, "a", f"{number:040x}")
        assert found is not None
        assert found.commit == f"{number:040x}"
    assert await known_releases.find_release(live, engine, tenant, "a", f"{3:040x}") is None
    assert await known_releases.find_release(live, engine, str(uuid.uuid4()), "a", f"{1:040x}") is None


async def test_the_tips_are_those_of_the_commits_asked_for(engine: AsyncEngine, tenant: str) -> None:
    live = Live()
    await releases.insert(engine, [make(tenant, "a", 1), make(tenant, "b", 1), make(tenant, "b", 2, created=BEGAN + 1)])
    live.publish(make(tenant, "c", 1))
    commits = {"a": f"{1:040x}", "b": f"{2:040x}", "c": f"{1:040x}", "d": f"{1:040x}"}
    found = await known_releases.find_tips(live, engine, tenant, commits)
    assert shown(list(found.values())) == [("a", 1), ("b", 2), ("c", 1)]
    newest = await known_releases.find_newest(live, engine, tenant, ["b", "c", "d"])
    assert shown(list(newest.values())) == [("b", 2), ("c", 1)]


async def test_without_a_database_what_is_known_here_is_shown(no_database: AsyncEngine, tenant: str) -> None:
    live = Live()
    live.publish(make(tenant, "a", 1))
    found = await known_releases.list_releases(live, no_database, tenant, service=None, limit=5, after=None)
    assert shown(found) == [("a", 1)]
    assert await known_releases.find_release(live, no_database, tenant, "a", f"{1:040x}") == found[0]
    assert await known_releases.find_tips(live, no_database, tenant, {"b": "x"}) == {}
    with pytest.raises(RetryLater):
        await known_releases.find_release(live, no_database, tenant, "a", f"{2:040x}")
    with pytest.raises(RetryLater):
        await known_releases.list_releases(Live(), no_database, tenant, service=None, limit=5, after=None)
