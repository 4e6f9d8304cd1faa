"""What is known of releases: this process's memory first, it is the newest; then the database, where it answers.

What does not live here: moving releases on (the controller), waiting for them (`live.py`), showing them (`views.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from api.live import Live
from core import releases
from core.errors import RetryLater
from core.releases import Release


async def find_release(live: Live, engine: AsyncEngine, tenant: str, service: str, commit: str) -> Release | None:
    """One release, or None. Raises RetryLater where only the database can know it and it does not answer."""
    known = live.find(tenant, service, commit)
    return known if known is not None else await releases.find(engine, tenant, service, commit)


async def find_tips(live: Live, engine: AsyncEngine, tenant: str, commits: Mapping[str, str]) -> Mapping[str, Release]:
    """Service → its release, for services and the commits of their revisions; what nobody knows now is left out."""
    found = {s: release for s, commit in commits.items() if (release := live.find(tenant, s, commit)) is not None}
    if len(found) < len(commits):
        stored = await _load_newest(engine, tenant)
        found = {s: release for s, release in stored.items() if commits.get(s) == release.commit} | found
    return found


async def find_newest(live: Live, engine: AsyncEngine, tenant: str, services: Collection[str]) -> dict[str, Release]:
    """The newest release of each of some services; what nobody knows now is left out."""
    newest = live.latest(tenant)
    stored = {} if all(service in newest for service in services) else await _load_newest(engine, tenant)
    found = {service: newest.get(service) or stored.get(service) for service in services}
    return {service: release for service, release in found.items() if release is not None}


async def list_releases(
    live: Live, engine: AsyncEngine, tenant: str, *, service: str | None, limit: int, after: releases.Place | None
) -> list[Release]:
    """A page of releases, newest first, each as far as it is known. Without a database: what this process knows."""
    try:
        stored = await releases.list_releases(engine, tenant, service=service, limit=limit, after=after)
    except RetryLater:
        stored = []
        if not live.latest(tenant):
            raise
    known = {release.id: release for release in live.all(tenant) if service in (None, release.service)}
    found = {release.id: known.get(release.id, release) for release in stored}
    last = _order(stored[-1].place) if len(stored) == limit else None
    for release in known.values():
        follows = after is None or _order(release.place) > _order(after)
        if follows and (last is None or _order(release.place) <= last):
            found.setdefault(release.id, release)
    return sorted(found.values(), key=lambda release: _order(release.place))[:limit]


async def list_of_commits(
    live: Live, engine: AsyncEngine, tenant: str, commits: Collection[str]
) -> list[tuple[Release, float | None]]:
    """The releases of some commits, each with when another one took its place, if one has.

    Without a database: what this process knows.
    """
    try:
        stored = await releases.list_of_commits(engine, tenant, commits) if commits else []
    except RetryLater:
        stored = []
    known = {release.id: release for release in live.all(tenant)}
    found = {release.id: (known.get(release.id, release), ended) for release, ended in stored}
    for release in known.values():
        if release.commit in commits:
            found.setdefault(release.id, (release, None))
    return [(release, _find_end(release, ended, known.values())) for release, ended in found.values()]


async def find_commits(live: Live, engine: AsyncEngine, tenant: str, *, failed: bool, via: str | None) -> set[str]:
    """The commits of releases, of those alone that have failed, or that came in a way.

    Raises RetryLater where the database does not answer.
    """
    fits = {r.commit for r in live.all(tenant) if (r.has_failed or not failed) and via in (None, r.via)}
    return fits | await releases.find_commits(engine, tenant, failed=failed, via=via)


def _find_end(release: Release, stored: float | None, known: Iterable[Release]) -> float | None:
    """When the next one of the service went live."""
    start = release.stages.get("live")
    if start is None:
        return None
    starts = [r.stages["live"] for r in known if r.service == release.service and "live" in r.stages]
    later = [at for at in (*starts, stored) if at is not None and at > start]
    return min(later, default=None)


def _order(place: releases.Place) -> tuple[float, str, str]:
    """Newest first, as the database has it."""
    return -place[0], place[1], place[2]


async def _load_newest(engine: AsyncEngine, tenant: str) -> dict[str, Release]:
    try:
        return {release.service: release for release in await releases.load_newest(engine, tenant)}
    except RetryLater:
        return {}  # what is in git is shown all the same
