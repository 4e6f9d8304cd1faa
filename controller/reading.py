"""What one pass reads before it computes: main's head, each service's revision, the live references.

And what follows from it alone: which revision of each service the cluster should hold now. Writes nothing.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.live_objects import tree_of
from controller.progress import short
from core import contents, health, history, plan
from core.check import Checker
from core.descriptor import Service
from core.errors import NotFound
from core.render import File
from core.repository import Repository, read_head
from core.tenants import Tenant, Tenants

_ALLOW_PRUNE = re.compile(r"^PaaKS-Allow-Prune: *yes *$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Target:
    """A revision of a service: its tree, its commit, what its service.yaml says, and where the service is."""

    namespace: str
    service: str
    path: str
    tree: str
    commit: str
    descriptor: Service


@dataclass(frozen=True)
class Origin:
    """What git itself knows of a commit: who moved main to it, when it was made, its subject."""

    actor: str
    at: float
    subject: str


@dataclass(frozen=True)
class Reading:
    """One tenant as git has it. `tips` are the revisions at main's head, `live` those that were live last.

    `live_refs` is service → commit as stored; who writes one writes it here too. `read_refs` are those that `live` was
    read by. `unreadable` are services whose
    service.yaml today's check refuses: they stay as they are. `removed_in` names the commit that removed a service;
    `origins` are filled for the commits of tips and removals. `asks_prune`: the head's message allows to remove many.
    """

    head: str
    past: history.Past
    tips: Mapping[str, Target]
    live: Mapping[str, Target]
    live_refs: dict[str, str]
    read_refs: Mapping[str, str]
    unreadable: frozenset[str]
    removed_in: Mapping[str, str]
    origins: Mapping[str, Origin]
    asks_prune: bool


async def read_tenant(tenant: Tenant, tenants: Tenants, checker: Checker, known: Reading | None) -> Reading | None:
    """What git says of a tenant; None where main is missing: nothing follows from that. Raises RetryLater.

    `known` is what the pass before read: what belongs to the same head is not read again, nor are the live references,
    which this process alone writes.
    """
    path = tenants.path_of(tenant)
    head = read_head(path)
    if head is None:
        return None
    if known is not None and known.head == head and known.live_refs == known.read_refs:
        return known
    repository = Repository(path)
    if known is not None and known.head == head:
        past, tips, unreadable, asks_prune = known.past, known.tips, known.unreadable, known.asks_prune
    else:
        past = await _trace(repository, head, known.past if known else None)
        tips, unreadable = await _describe(repository, checker, tenant, head, past)
        asks_prune = _ALLOW_PRUNE.search(repository.commit(head).message) is not None
    refs = known.live_refs if known is not None else await asyncio.to_thread(repository.live_refs)
    live = await _read_live(repository, checker, tenant, refs, tips)
    removed_in = {s: history.find_removal(repository, head, s) for s in refs if s not in tips and s not in unreadable}
    commits = {tip.commit for tip in tips.values()} | set(removed_in.values())
    return Reading(
        head=head,
        past=past,
        tips=tips,
        live=live,
        live_refs=refs,
        read_refs=dict(refs),
        unreadable=unreadable,
        removed_in=removed_in,
        origins=_Origins(repository, commits),
        asks_prune=asks_prune,
    )


async def _trace(repository: Repository, head: str, known: history.Past | None) -> history.Past:
    """What has changed since the head that is known: one commit is read here, a long way elsewhere."""
    if known is not None and known.head in map(str, repository.commit(head).parent_ids[:1]):
        return history.trace_services(repository, head, known)
    return await asyncio.to_thread(history.trace_services, repository, head, known)


class _Origins(dict[str, Origin]):
    """Origins, looked up when they are asked for: the reflog is read for new commits only."""

    def __init__(self, repository: Repository, commits: set[str]) -> None:
        super().__init__()
        self._repository, self._commits = repository, commits

    def get(self, commit: str, default: Any = None) -> Any:
        if commit not in self and commit in self._commits:
            self[commit] = _find_origin(self._repository, commit)
        return super().get(commit, default)


def _find_origin(repository: Repository, oid: str) -> Origin:
    commit = repository.commit(oid)
    actor = history.actor_of(repository, oid) or ""
    return Origin(actor, float(commit.commit_time), history.read_subject(commit))


async def _describe(
    repository: Repository, checker: Checker, tenant: Tenant, commit: str, past: history.Past
) -> tuple[dict[str, Target], frozenset[str]]:
    """The services at a commit, and the names of those whose service.yaml cannot be used."""
    found = await checker.describe_services(repository, repository.root_of(commit), tenant=tenant.id)
    tips = {}
    for name, at in found.items():
        tree, changed = past.services[at.path]
        tips[name] = Target(tenant.namespace, name, at.path, tree, changed, at.descriptor)
    broken = {path for path in past.services if path} - {target.path for target in tips.values()}
    return tips, frozenset(broken)


async def _read_live(
    repository: Repository, checker: Checker, tenant: Tenant, refs: Mapping[str, str], tips: Mapping[str, Target]
) -> dict[str, Target]:
    """The last live revision of each service that still exists; the tip's own where it is the same tree."""
    live = {}
    for service, commit in refs.items():
        tip = tips.get(service)
        if tip is None:
            continue
        if commit == tip.commit:
            live[service] = tip
            continue
        try:
            root = repository.root_of(commit)
            found = (await checker.describe_services(repository, root, tenant=tenant.id)).get(service)
        except NotFound:
            continue
        if found is not None:
            live[service] = Target(tenant.namespace, service, found.path, found.tree, commit, found.descriptor)
    return live


def choose_targets(
    reading: Reading,
    live: Mapping[plan.Key, Mapping[str, Any]],
    pods: Mapping[str, Sequence[Mapping[str, Any]]],
    namespace: str,
) -> dict[str, Target]:
    """The revision of each service that the cluster should hold now: the tip's.

    Where the cluster has lost a service, its last live revision comes first, and the tip once that one is ready or
    fails: a tip that cannot start must not keep a restarted platform from serving. So it is while the cluster does not
    count the live revision as ready yet, though visitors are sent to it: a rollout would take its pods for dead.
    """
    return {
        service: before
        if (before := reading.live.get(service)) and _comes_first(before, tip, live, pods, namespace)
        else tip
        for service, tip in reading.tips.items()
    }


def _comes_first(
    before: Target,
    tip: Target,
    live: Mapping[plan.Key, Mapping[str, Any]],
    pods: Mapping[str, Sequence[Mapping[str, Any]]],
    namespace: str,
) -> bool:
    if before.tree == tip.tree:
        return False
    deployment = live.get(("Deployment", namespace, tip.service))
    if deployment is None:
        return True
    if tree_of(dict(deployment)) != short(before.tree):
        return False
    created = health.parse_time(deployment["metadata"].get("creationTimestamp")) or 0.0
    replicas = before.descriptor.replicas
    judged = health.judge(pods.get(tip.service, ()), short(before.tree), replicas, applied=created, now=time.time())
    return judged.state == "Progressing"


def read_files(
    path: Path, targets: Mapping[str, Target], unread: Collection[str] = frozenset()
) -> dict[str, list[File]]:
    """The files of revisions, by service; of those that are `unread`, without their bytes. Raises NotFound."""
    repository = Repository(path)
    return {
        service: contents.read_files(repository, target.tree, reads=service not in unread)
        for service, target in targets.items()
    }
