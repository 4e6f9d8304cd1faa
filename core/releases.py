"""A release is one revision of one service on its way: what it is, how it moves on, and its rows in the database.

The api inserts a row with the commit; the controller moves it on and adds missing ones. Rows can be lost without
loss of a service: they hold who, when and how long. What does not live here: deciding a state (`controller/`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from core import names, store
from core.history import format_time

STATES = ("pending", "live", "failed", "superseded", "removed", "held")
FINAL = frozenset({"live", "failed", "removed", "held"})
HELD = "PruneHeld"  # the reason of a removal that waits for a person
STAGES = ("commit", "check", "apply", "start", "live")
Place = tuple[float, str, str]  # where a release stands among all: created (epoch seconds), service, commit


@dataclass(frozen=True)
class Release:
    """One revision of a service on its way. `stages` maps a stage to when it was reached (epoch seconds).

    `reason` is one word, `message` the evidence (a traceback); `superseded_by` is the commit that came after it.
    """

    tenant: str
    service: str
    commit: str
    tree: str
    state: str = "pending"
    actor: str = ""
    via: str = "git"
    subject: str = ""
    created: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    sentence: str | None = None
    message: str | None = None
    superseded_by: str | None = None
    url: str | None = None

    @property
    def id(self) -> str:
        """`<service>@<commit>`."""
        return names.release_id(self.service, self.commit)

    @property
    def place(self) -> Place:
        """Where it stands in `list_releases`."""
        return self.created, self.service, self.commit

    @property
    def has_failed(self) -> bool:
        """Could it not run, whatever came after it? One that was superseded keeps why it had failed."""
        return self.state == "failed" or (self.state == "superseded" and self.reason not in (None, HELD))

    @property
    def is_final(self) -> bool:
        """Has it come to where a waiting person wants an answer? A failed one may still turn live."""
        return self.state in FINAL


def reach(release: Release, stage: str, at: float) -> Release:
    """The release with a stage reached; the first time counts."""
    return release if stage in release.stages else replace(release, stages={**release.stages, stage: at})


def describe(release: Release) -> dict[str, Any]:
    """The release as the API shows it; a stage's `ms` counts from what happened before it."""
    started, live = release.created or min(release.stages.values(), default=0.0), release.stages.get("live")
    times = {stage: release.stages[stage] for stage in STAGES if stage in release.stages}
    earlier = {stage: max((t for t in times.values() if t < at), default=started) for stage, at in times.items()}
    stages = {
        stage: {"at": format_time(at), "ms": round(max(0.0, at - earlier[stage]) * 1000, 1)}
        for stage, at in times.items()
    }
    return {
        "id": release.id,
        "service": release.service,
        "commit": release.commit,
        "tree": release.tree,
        "state": release.state,
        "actor": release.actor,
        "via": release.via,
        "subject": release.subject,
        "createdAt": format_time(started),
        "stages": stages,
        "liveMs": round((live - started) * 1000, 1) if live else None,
        "reason": release.reason,
        "sentence": release.sentence,
        "message": release.message,
        "supersededBy": release.superseded_by,
        "url": release.url,
    }


def to_message(release: Release) -> dict[str, Any]:
    """The release as it crosses the link."""
    return {name: getattr(release, name) for name in Release.__dataclass_fields__} | {"stages": dict(release.stages)}


def from_message(message: Mapping[str, Any]) -> Release:
    """A release that came over the link. Raises TypeError where it is not one."""
    return Release(**message)


def _row(release: Release) -> dict[str, Any]:
    row = {
        "tenant_id": release.tenant,
        "service": release.service,
        "commit": release.commit,
        "tree": release.tree,
        "state": release.state,
        "actor": release.actor,
        "via": release.via,
        "created_at": datetime.fromtimestamp(release.created, UTC),
        "stages": dict(release.stages),
        "reason": release.reason,
        "message": release.message,
        "subject": release.subject,
        "sentence": release.sentence,
        "superseded_by": release.superseded_by,
    }
    return {name: _clean(value) if isinstance(value, str) else value for name, value in row.items()}


def _clean(text: str) -> str:
    """Text as PostgreSQL can hold it: what a handler printed may have NUL in it, and half of a surrogate pair."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _in_order(releases: Iterable[Release]) -> list[Release]:
    """Every writer locks rows in one order, so that no two wait for each other."""
    return sorted(releases, key=lambda r: (r.tenant, r.service, r.commit))


def _release(row: sa.Row[Any]) -> Release:
    return Release(
        tenant=row.tenant_id,
        service=row.service,
        commit=row.commit,
        tree=row.tree,
        state=row.state,
        actor=row.actor,
        via=row.via,
        subject=row.subject,
        created=row.created_at.timestamp(),
        stages=row.stages,
        reason=row.reason,
        sentence=row.sentence,
        message=row.message,
        superseded_by=row.superseded_by,
    )


async def insert(engine: AsyncEngine, releases: Iterable[Release]) -> None:
    """Store what the api knows of new releases; where the controller was first, who and when are filled in."""
    table = store.releases
    async with store.writing(engine) as connection:
        for release in _in_order(releases):
            statement = postgresql.insert(table).values(_row(release))
            known = {name: statement.excluded[name] for name in ("actor", "via", "subject", "created_at")}
            stages = table.c.stages.op("||")(statement.excluded.stages)
            await connection.execute(
                statement.on_conflict_do_update(constraint=table.primary_key, set_={**known, "stages": stages})
            )


async def record(engine: AsyncEngine, releases: Iterable[Release]) -> None:
    """Store how far releases have come; a stage that is stored already keeps its time."""
    rows = [_row(release) for release in _in_order(releases)]
    if not rows:
        return
    table = store.releases
    statement = postgresql.insert(table)
    moved = {name: statement.excluded[name] for name in ("state", "reason", "sentence", "message", "superseded_by")}
    stages = statement.excluded.stages.op("||")(table.c.stages)
    async with store.writing(engine) as connection:
        # One statement for all rows: to build one for each would take longer than the database does.
        await connection.execute(
            statement.on_conflict_do_update(
                constraint=table.primary_key, set_={**moved, "stages": stages, "updated_at": sa.func.now()}
            ),
            rows,
        )


async def load_newest(engine: AsyncEngine, tenant: str | None = None) -> list[Release]:
    """The newest release of each service, of one tenant or of all."""
    table = store.releases
    query = sa.select(table).ext(postgresql.distinct_on(table.c.tenant_id, table.c.service))
    if tenant is not None:
        query = query.where(table.c.tenant_id == tenant)
    query = query.order_by(table.c.tenant_id, table.c.service, table.c.created_at.desc(), table.c.updated_at.desc())
    async with store.reading(engine) as connection:
        return [_release(row) for row in await connection.execute(query)]


async def list_releases(
    engine: AsyncEngine, tenant: str, *, service: str | None, limit: int, after: Place | None = None
) -> list[Release]:
    """A tenant's releases, newest first; `after` is the last one of the page before."""
    table = store.releases
    query = sa.select(table).where(table.c.tenant_id == tenant)
    if service is not None:
        query = query.where(table.c.service == service)
    if after is not None:
        # Those of one commit were created at one time.
        created = datetime.fromtimestamp(after[0], UTC)
        later = sa.tuple_(table.c.service, table.c.commit) > sa.tuple_(sa.literal(after[1]), sa.literal(after[2]))
        query = query.where((table.c.created_at < created) | ((table.c.created_at == created) & later))
    query = query.order_by(table.c.created_at.desc(), table.c.service, table.c.commit).limit(limit)
    async with store.reading(engine) as connection:
        return [_release(row) for row in await connection.execute(query)]


async def find(engine: AsyncEngine, tenant: str, service: str, commit: str) -> Release | None:
    """One release, or None."""
    table = store.releases
    query = sa.select(table).where(table.c.tenant_id == tenant, table.c.service == service, table.c.commit == commit)
    async with store.reading(engine) as connection:
        row = (await connection.execute(query)).first()
    return _release(row) if row is not None else None


async def list_of_commits(
    engine: AsyncEngine, tenant: str, commits: Collection[str]
) -> list[tuple[Release, float | None]]:
    """The releases of some commits, each with when another one took its place (epoch seconds), if one has."""
    table, later = store.releases, store.releases.alias()
    start, next_start = (sa.cast(of.c.stages["live"].astext, sa.Double) for of in (table, later))
    same = (later.c.tenant_id == table.c.tenant_id) & (later.c.service == table.c.service)
    ended = sa.select(sa.func.min(next_start)).where(same, next_start > start).scalar_subquery()
    query = sa.select(table, ended.label("ended")).where(table.c.tenant_id == tenant, table.c.commit.in_(commits))
    async with store.reading(engine) as connection:
        rows = await connection.execute(query.order_by(table.c.service, table.c.commit))
        return [(_release(row), row.ended) for row in rows]


async def find_commits(engine: AsyncEngine, tenant: str, *, failed: bool, via: str | None) -> set[str]:
    """The commits of releases, of those alone that have failed, or that came in a way."""
    table = store.releases
    query = sa.select(table.c.commit).where(table.c.tenant_id == tenant)
    if failed:
        superseded = (table.c.state == "superseded") & (table.c.reason != HELD)
        query = query.where((table.c.state == "failed") | superseded)
    if via is not None:
        query = query.where(table.c.via == via)
    async with store.reading(engine) as connection:
        return set(await connection.scalars(query))
