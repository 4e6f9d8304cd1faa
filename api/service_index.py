"""The services of each tenant at the head of main, with the commit of each: read once for every head, then remembered.

What does not live here: how far their releases have come (`known_releases.py`), how they are shown (`views.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from core import history
from core.check import Checker, Found
from core.descriptor import Service
from core.errors import NotFound, Problem, RetryLater
from core.history import Past
from core.repository import Repository, read_head
from core.tenants import Tenant, Tenants


@dataclass(frozen=True)
class Tip:
    """A service at main's head. `path` is its directory ("" is the root), `commit` the one in which it last changed.

    `descriptor` is None where its service.yaml cannot be read. `at` is in epoch seconds.
    """

    name: str
    path: str
    tree: str
    commit: str
    subject: str
    author: Mapping[str, str]
    at: int
    descriptor: Service | None

    def place(self, file: str) -> str:
        """The path in the repository of one of its files."""
        return f"{self.path}/{file}" if self.path else file


@dataclass(frozen=True)
class Overview:
    """All services of a tenant, by name, at one commit of main."""

    head: str
    services: Mapping[str, Tip]

    def find(self, name: str) -> Tip:
        """One service. Raises NotFound."""
        tip = self.services.get(name)
        if tip is None:
            raise NotFound(Problem("not-found", f"there is no service {name[:60]!r}"))
        return tip


@dataclass(frozen=True)
class _Known:
    past: Past
    overview: Overview


class ServiceIndex:
    """Remembers one overview for each tenant."""

    def __init__(self, tenants: Tenants, checker: Checker) -> None:
        self._tenants = tenants
        self._checker = checker
        self._known: dict[str, _Known] = {}

    async def read(self, tenant: Tenant) -> Overview:
        """The services at today's head. Raises RetryLater where the repository cannot be read."""
        path = self._tenants.path_of(tenant)
        head = read_head(path)
        if head is None:
            raise RetryLater("the repository has no main branch", delay=5.0)
        known = self._known.get(tenant.id)
        if known is None or known.overview.head != head:
            repository = await asyncio.to_thread(Repository, path)
            past = await asyncio.to_thread(history.trace_services, repository, head, known.past if known else None)
            found = await self._checker.describe_services(repository, repository.root_of(head), tenant=tenant.id)
            overview = await asyncio.to_thread(_describe, repository, past, found)
            self._known[tenant.id] = known = _Known(past, overview)
        return known.overview


def _describe(repository: Repository, past: Past, found: Mapping[str, Found]) -> Overview:
    by_path = {service.path: service for service in found.values()}
    tips = [_describe_tip(repository, path, *place, by_path.get(path)) for path, place in past.services.items()]
    return Overview(past.head, {tip.name: tip for tip in sorted(tips, key=lambda tip: tip.name)})


def _describe_tip(repository: Repository, path: str, tree: str, commit: str, found: Found | None) -> Tip:
    read = repository.commit(commit)
    return Tip(
        name=found.name if found else path,
        path=path,
        tree=tree,
        commit=commit,
        subject=history.read_subject(read),
        author=history.read_author(read),
        at=int(read.commit_time),
        descriptor=found.descriptor if found else None,
    )


def find_tree(repository: Repository, service: str, commit: str) -> tuple[str, str] | None:
    """Directory and tree of a service at a commit, or None; a service at the root has every name."""
    services = repository.services(repository.root_of(commit))
    path = "" if "" in services else service
    return (path, services[path]) if path in services else None


def find_past(repository: Repository, service: str, commit: str) -> Tip:
    """A service that is gone from main, as it was at a commit; what its service.yaml said is not looked up."""
    path, tree = find_tree(repository, service, commit) or (service, "")
    return replace(_describe_tip(repository, path, tree, commit, None), name=service)
