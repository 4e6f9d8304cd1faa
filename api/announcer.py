"""What follows a commit that has landed, whoever made it: its releases, the hint to the controller, the event.

The commit is on main before this begins, and nothing here can undo it: a lost hint is made up for by the controller's
poll, a lost row by the controller's own. Whoever made the change is answered once it is durable too. What does not live
here: landing (`changes.py`, `push.py`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from api.live import Live
from core import history, link, names, releases
from core.check import Checker
from core.errors import RetryLater
from core.releases import Release
from core.repository import Repository
from core.tenants import Tenant

_LATER_SECONDS = 0.1  # whoever made the change is answered first
_log: Any = structlog.get_logger(component="api")


@dataclass(frozen=True)
class Actor:
    """Who makes a change, and by which way: `via` is git, web, api, cli or rollback."""

    email: str
    name: str
    via: str


@dataclass(frozen=True)
class Arrival:
    """How a commit came to be: who made it, when it was received, when its check was done (epoch seconds)."""

    actor: Actor
    received: float
    checked: float


@dataclass(frozen=True)
class Announced:
    """The releases that a commit begins, and the commit as the API shows it."""

    releases: list[Release]
    commit: dict[str, Any]


class Announcer:
    """Tells everybody who has to know. `apps_url` is what visitors type."""

    def __init__(self, engine: AsyncEngine, live: Live, checker: Checker, apps_url: str) -> None:
        self._engine = engine
        self._live = live
        self._checker = checker
        self._apps_url = apps_url
        self._tasks: set[asyncio.Task[None]] = set()
        self._missed: set[str] = set()
        self.connection: link.Connection | None = None

    async def announce(
        self, tenant: Tenant, repository: Repository, before: str | None, commit: str, arrival: Arrival
    ) -> Announced:
        """What a commit on main begins; the controller hears of it first."""
        changes = history.find_changes(repository, before, commit)
        landed = time.time()
        self._hint(tenant, commit, arrival, landed, {service: at for service, (_, _, at) in changes.items()})
        begun = await self._begin(tenant, repository, commit, arrival, landed, changes)
        for release in begun:
            self._live.publish(release)
        described = history.describe_commit(repository, commit)
        self._live.tell(tenant.id, "commit.created", described)
        if begun:
            self._keep(self._insert(begun))
        return Announced(begun, described)

    def look(self, tenant: Tenant) -> None:
        """Ask the controller to look at a tenant again, after `tenant.json` has changed."""
        self._send({"type": "look", "tenant": tenant.id})

    def take_missed(self) -> list[link.Message]:
        """What the controller has to hear on a new connection: which tenants it has missed a hint of."""
        missed, self._missed = self._missed, set()
        return [{"type": "look", "tenant": tenant} for tenant in sorted(missed)]

    async def close(self) -> None:
        """Wait for what is still being stored."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _hint(self, tenant: Tenant, commit: str, arrival: Arrival, landed: float, services: Mapping[str, str]) -> None:
        message = {
            "type": "moved",
            "tenant": tenant.id,
            "commit": commit,
            "actor": arrival.actor.email,
            "via": arrival.actor.via,
            "at": landed,
            "checked": arrival.checked,
            "received": arrival.received,
            "services": dict(services),
        }
        self._send(message)

    def _send(self, message: link.Message) -> None:
        if self.connection is None or not self.connection.send(message):
            self._missed.add(message["tenant"])

    async def _begin(
        self,
        tenant: Tenant,
        repository: Repository,
        commit: str,
        arrival: Arrival,
        landed: float,
        changes: Mapping[str, tuple[str, str, str]],
    ) -> list[Release]:
        found = await self._checker.describe_services(repository, repository.root_of(commit), tenant=tenant.id)
        by_path = {service.path: service for service in found.values()}
        begun = []
        for path, (_, tree, at) in changes.items():
            service = by_path.get(path)
            public = service is not None and service.descriptor.public
            name = service.name if service is not None else path
            if not name:
                continue  # a service at the root that is gone: only the controller knows what it was called
            begun.append(
                Release(
                    tenant=tenant.id,
                    service=name,
                    commit=at,
                    tree=tree,
                    actor=arrival.actor.email,
                    via=arrival.actor.via,
                    subject=history.read_subject(repository.commit(at)),
                    created=arrival.received,
                    stages={"check": arrival.checked, "commit": landed},
                    url=names.service_url(self._apps_url, name, tenant.slug if public else None),
                )
            )
        return begun

    async def _insert(self, begun: list[Release]) -> None:
        await asyncio.sleep(_LATER_SECONDS)
        try:
            await releases.insert(self._engine, begun)
        except RetryLater as error:
            _log.warning("releases.not-stored", cause=error.cause, count=len(begun))

    def _keep(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
