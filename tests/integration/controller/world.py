"""One tenant on a real node, a controller at work on it, and the dispatcher's part, spoken by the test."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from controller.loop import Controller, hold_lock
from controller.settings import Settings
from core import commit, link, names, releases, store
from core.cluster import Cluster
from core.commit import Author, Draft, Operation, Put
from core.releases import Release
from core.repository import Repository
from core.tenants import Tenant, Tenants
from core.watch import follow

ANA = Author("Ana", "ana@example.org")
LOG = structlog.get_logger()


@dataclass
class World:
    """One tenant, its node, and what a dispatcher that sends everybody to ready pods would report."""

    settings: Settings
    tenants: Tenants
    tenant: Tenant
    cluster: Cluster
    told: list[Release] = field(default_factory=list)

    @property
    def repository(self) -> Repository:
        return Repository(self.tenants.path_of(self.tenant))

    def commit(self, *operations: Operation, message: str = "change\n") -> str:
        repository = self.repository
        head = str(repository.head())
        draft = Draft(repository, repository.root_of(head))
        for operation in operations:
            draft.apply(operation)
        return commit.create(repository, draft, head, message, ANA, ANA)

    def commit_handler(self, data: bytes) -> str:
        return self.commit(Put("hello/handler.py", data))

    async def wait_for(self, service: str, commit_id: str, state: str, seconds: float = 20) -> Release:
        async with asyncio.timeout(seconds):
            while True:
                found = await releases.find(self.engine, self.tenant.id, service, commit_id)
                if found is not None and found.state == state:
                    return found
                await asyncio.sleep(0.02)

    def __post_init__(self) -> None:
        self.engine = store.open_engine(self.settings.database_url)

    async def report(self) -> None:
        """Be a dispatcher: report the newest ready pod of every service, and which commit its Service names."""
        routes: dict[tuple[str, str], tuple[str, str]] = {}
        commits: dict[tuple[str, str], dict[str, str]] = {}

        def tell(key: tuple[str, str]) -> link.Message:
            tree, pod = routes[key]
            where = {"namespace": key[0], "service": key[1], "tree": tree, "pods": [pod]}
            return {"type": "routed", **where, "commit": commits.get(key, {}).get(tree)}

        connection = link.Connection(
            self.settings.link_path, "dispatcher", "1", lambda _: None, lambda: [*map(tell, routes), {"type": "synced"}]
        )

        async def watch_pods() -> None:
            async for change in follow(self.cluster, "Pod", selector=names.MANAGED):
                pod = change.object
                if pod is None or change.type in ("deleted", "missing") or "deletionTimestamp" in pod["metadata"]:
                    continue
                conditions = pod.get("status", {}).get("conditions") or ()
                if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
                    key = (pod["metadata"]["namespace"], str(names.label_of(pod, names.LABEL_SERVICE)))
                    routes[key] = str(names.label_of(pod, names.LABEL_TREE)), pod["metadata"]["uid"]
                    connection.send(tell(key))

        async def watch_services() -> None:
            async for change in follow(self.cluster, "Service", selector=names.MANAGED):
                if change.object is not None:
                    key = (change.object["metadata"]["namespace"], change.object["metadata"]["name"])
                    commits[key] = json.loads(names.annotation_of(change.object, names.ANNOTATION_COMMITS) or "{}")
                    if key in routes:
                        connection.send(tell(key))

        async with asyncio.TaskGroup() as group:
            for job in (connection.run(), watch_pods(), watch_services()):
                group.create_task(job)


@contextlib.asynccontextmanager
async def open_world(target: str, database_url: str, directory: Path) -> AsyncIterator[World]:
    """A tenant with a repository, and nothing of it on the cluster yet."""
    (directory / "run").mkdir()
    settings = Settings(
        data=directory,
        cluster=target,
        link=f"unix:{directory}/run/link",
        database_url=database_url,
        poll_seconds=0.2,
        retry_seconds=0.05,
    )
    tenants = Tenants(directory)
    tenant = await tenants.create(f"t{directory.name[-8:].replace('_', '').lower()}")
    made = World(settings, tenants, tenant, Cluster.connect(target))
    yield made
    await made.cluster.delete("Namespace", None, tenant.namespace)
    await made.cluster.close()
    await made.engine.dispose()


@contextlib.asynccontextmanager
async def running(world: World, make: Callable[..., Controller] = Controller) -> AsyncIterator[Controller]:
    """A controller at work, and the dispatcher that it needs."""
    with hold_lock(world.settings):
        controller = make(world.settings, LOG)
        tasks = [asyncio.create_task(controller.run()), asyncio.create_task(world.report())]
        try:
            yield controller
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
