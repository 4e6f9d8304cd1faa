"""One tenant, one pass: read, render, plan, apply, prune, record. Run as often as you like; it ends where git says.

A pass never waits for a pod: it says when to look again. What does not live here: when a pass runs (`loop.py`), what
a release goes through (`progress.py`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from controller import live_objects, wanted
from controller.drift import Drifts
from controller.live_objects import LiveObjects
from controller.progress import Book, Routes, advance, short
from controller.reading import Reading, Target, choose_targets, read_tenant
from controller.wanted import take_fingerprint
from core import health, history, names, plan, render
from core.autoscaling import find_idle
from core.check import Checker
from core.cluster import Cluster, ClusterError
from core.errors import RetryLater
from core.releases import HELD, Release, reach
from core.repository import Repository, read_head
from core.tenants import Tenant, Tenants

Object = dict[str, Any]
_LOOK_SECONDS = 1.0
_AT_ONCE = 32  # services that are written side by side


@dataclass(frozen=True)
class Doors:
    """What a pass reads from and writes to."""

    tenants: Tenants
    cluster: Cluster
    objects: LiveObjects
    checker: Checker
    routes: Routes
    applies: asyncio.Semaphore
    apps_url: str
    image: str = render.IMAGE


@dataclass
class Memory:
    """What one pass leaves for the next. All of it can be lost."""

    book: Book
    reading: Reading | None = None
    settled: dict[str, tuple[str, ...]] = field(default_factory=dict)
    applied: dict[str, tuple[str, float]] = field(default_factory=dict)
    origins: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    requests: Mapping[str, str] | None = None
    drifts: Drifts = field(default_factory=Drifts)


class TipMoved(Exception):
    """main has moved during the pass: what is left of it would be old. Start over."""


@dataclass(frozen=True)
class Outcome:
    """What a pass came to: when to look again (seconds from now), and what could not be written, if anything."""

    look_again: float | None = None
    failure: str | None = None


async def reconcile(tenant: Tenant, doors: Doors, memory: Memory) -> Outcome:
    """Make the cluster hold what main says, as far as can be done now. Raises RetryLater."""
    reading = await read_tenant(tenant, doors.tenants, doors.checker, memory.reading)
    if reading is None:
        return Outcome()
    memory.reading = reading
    await _take_requests(tenant, doors, memory)
    live = doors.objects.of(tenant.namespace)
    pods = live_objects.group_pods(live)
    targets = choose_targets(reading, live, pods, tenant.namespace)
    path = doors.tenants.path_of(tenant)
    objects = await wanted.render_changed(tenant, reading, targets, memory.settled, doors.objects, path, doors.image)
    owners = doors.objects.owners(tenant.namespace)
    idle = await find_idle(doors.cluster, tenant.namespace, live, owners)
    made = plan.make_plan(
        render.render_tenant(render.Owner(tenant.id, tenant.slug), render.Quota()),
        objects,
        live,
        named_trees=_name_trees(reading, targets, live, pods),
        kept=(frozenset(targets) - frozenset(objects)) | reading.unreadable,
        prune_allowed=reading.asks_prune or reading.head in tenant.allowed_prunes,
        owners=owners,
        idle=idle,
    )
    made, postponed = memory.drifts.sift(made, live, owners, time.time())
    made = await wanted.fill(made, targets, path)
    _open_releases(tenant, reading, made, doors, memory)
    failures = await _apply(tenant, reading, made, targets, doors, memory)
    await memory.drifts.finish(failures, doors.cluster, doors.objects)
    done = {service: said for service, said in objects.items() if service not in postponed}
    _settle(targets, done, idle, failures, doors, memory)
    waits = [_advance_releases(tenant, reading, doors, memory), *postponed.values()]
    look_again = min((seconds for seconds in waits if seconds is not None), default=None)
    await _set_live(tenant, reading, doors, memory)
    await _prune(tenant, reading, made, doors, memory)
    return _conclude(failures, look_again)


async def _take_requests(tenant: Tenant, doors: Doors, memory: Memory) -> None:
    """A person has asked for a look since the last pass: compare again, and try at once what failed and waits."""
    before = tenant.requests if memory.requests is None else memory.requests
    memory.requests = tenant.requests
    asked = {service for service, at in tenant.requests.items() if before.get(service) != at}
    for service, release in memory.book.current.items() if asked else ():
        if not asked & {service, ""}:
            continue
        memory.settled.pop(service, None)
        if release.state == "failed":
            for pod in doors.objects.pods(tenant.namespace, service):
                if not health.is_ready(pod) and names.label_of(pod, names.LABEL_TREE) == short(release.tree):
                    await _delete(pod, doors)


def _name_trees(
    reading: Reading,
    targets: Mapping[str, Target],
    live: Mapping[plan.Key, Object],
    pods: Mapping[str, Sequence[Object]],
) -> dict[str, frozenset[str]]:
    """Per service, the short trees that something still names: target, live reference, template and pods."""
    found = {}
    for service, target in targets.items():
        trees = {short(target.tree), *(names.label_of(p, names.LABEL_TREE) or "" for p in pods.get(service, ()))}
        trees.update(wanted.trees_to_name(reading, service))
        deployment = live.get(("Deployment", target.namespace, service))
        trees.add(live_objects.tree_of(deployment) or "")
        found[service] = frozenset(trees)
    return found


def _open_releases(tenant: Tenant, reading: Reading, made: plan.Plan, doors: Doors, memory: Memory) -> None:
    """A release for every revision that has none, and for what is removed or held."""
    now = time.time()
    for service, tip in reading.tips.items():
        if memory.book.is_open(service, tip.commit):
            continue
        release = _new_release(tenant, reading, memory, service, tip.commit, tip.tree, now)
        url = names.service_url(doors.apps_url, service, tenant.slug if tip.descriptor.public else None)
        memory.book.open(replace(release, url=url))
    path = doors.tenants.path_of(tenant)
    for service in [*made.prune, *made.held]:
        commit = reading.removed_in.get(service) or history.find_removal(Repository(path), reading.head, service)
        release = _new_release(tenant, reading, memory, service, commit, "", now)
        if service in made.held:
            sentence = (
                f"it removes {len(made.held)} services: confirm with `paaks reconcile --allow-prune {reading.head}`"
            )
            release = replace(release, state="held", reason=HELD, sentence=sentence)
        memory.book.open(release)


def _new_release(
    tenant: Tenant, reading: Reading, memory: Memory, service: str, commit: str, tree: str, now: float
) -> Release:
    origin = memory.origins.get(commit, {})
    told = reading.origins.get(commit)
    at = float(origin.get("at") or (told.at if told else now))
    stages = {"commit": at} | ({"check": float(origin["checked"])} if origin.get("checked") else {})
    return Release(
        tenant=tenant.id,
        service=service,
        commit=commit,
        tree=tree,
        actor=str(origin.get("actor") or (told.actor if told else "")),
        via=str(origin.get("via") or "git"),
        subject=told.subject if told else "",
        created=float(origin.get("received") or at),
        stages=stages,
    )


async def _apply(
    tenant: Tenant,
    reading: Reading,
    made: plan.Plan,
    targets: Mapping[str, Target],
    doors: Doors,
    memory: Memory,
) -> dict[str, ClusterError]:
    """Write what the plan says, tenant first, then the services side by side. What each service was refused.
    Raises RetryLater once all have been tried: what is written need not be written again."""
    for obj in made.tenant:
        await _apply_one(obj, doors)
    failures: dict[str, ClusterError] = {}
    waits: list[RetryLater] = []
    turns = asyncio.Semaphore(_AT_ONCE)  # not all at once: a tip that moves is seen before the rest of many is written

    async def take_turn(service: str, objects: Sequence[Object]) -> None:
        async with turns:
            if _tip(tenant, doors) != reading.head:
                raise TipMoved
            await apply_service(service, objects)

    async def apply_service(service: str, objects: Sequence[Object]) -> None:
        try:
            for step in _arrange(objects, doors.objects):
                # All of it ends here, whatever becomes of one: nothing of a pass is written after its end.
                ends = await asyncio.gather(*(_apply_one(obj, doors) for obj in step), return_exceptions=True)
                for error in filter(None, ends):
                    raise error
        except ClusterError as error:
            failures[service] = error
        except RetryLater as error:
            waits.append(error)
        else:
            memory.applied[service] = (targets[service].tree, time.time())

    try:
        async with asyncio.TaskGroup() as group:
            for service, objects in made.services.items():
                group.create_task(take_turn(service, objects))
    except* TipMoved:
        raise TipMoved from None
    if waits:
        raise waits[0]
    return failures


def _arrange(objects: Sequence[Object], live: LiveObjects) -> tuple[Sequence[Object], Sequence[Object]]:
    """In two steps, each written side by side: what a pod needs comes first, then the workload.

    A Service that is there already comes with the workload: it says which commit a new revision is, and a dispatcher
    leads nobody to a revision of which it does not.
    """
    first: list[Object] = []
    then: list[Object] = []
    for obj in objects:
        kind, metadata = obj["kind"], obj["metadata"]
        is_there = kind == "Service" and live.find(metadata["namespace"], kind, metadata["name"]) is not None
        (then if kind == "Deployment" or is_there else first).append(obj)
    return first, sorted(then, key=lambda obj: obj["kind"] != "Deployment")  # it has the longest way to go


async def _apply_one(obj: Object, doors: Doors) -> None:
    async with doors.applies:
        doors.objects.take(await doors.cluster.apply(obj))


def _tip(tenant: Tenant, doors: Doors) -> str | None:
    return read_head(doors.tenants.path_of(tenant))


def _settle(
    targets: Mapping[str, Target],
    wanted: Mapping[str, Sequence[Object]],
    idle: frozenset[str],
    failures: Mapping[str, ClusterError],
    doors: Doors,
    memory: Memory,
) -> None:
    """Remember which services are as they should be, and forget those that are gone.

    What has changed in the cluster while it was written may undo it: that has to be seen by the next pass.
    """
    now = time.time()
    for service, objects in wanted.items():
        if service not in failures:
            namespace = targets[service].namespace
            live, owners = doors.objects.of(namespace), doors.objects.owners(namespace)
            if plan.find_due(objects, live, owners, idle):
                memory.settled.pop(service, None)
            else:
                memory.settled[service] = take_fingerprint(targets[service], doors.objects)
            if memory.applied.get(service, ("", 0.0))[0] != targets[service].tree:
                memory.applied[service] = (targets[service].tree, now)
    for gone in memory.settled.keys() - targets.keys():
        del memory.settled[gone]
        memory.applied.pop(gone, None)
    for service, error in failures.items():
        release = memory.book.current[service]
        reason = "QuotaExceeded" if "quota" in error.message else "ApplyFailed"
        memory.book.put(replace(release, state="failed", reason=reason, sentence=error.message))


def _advance_releases(tenant: Tenant, reading: Reading, doors: Doors, memory: Memory) -> float | None:
    """Move every release on by what its pods and the dispatchers say. The next deadline, in seconds from now."""
    now = time.time()
    live = doors.objects.of(tenant.namespace)
    pods = live_objects.group_pods(live)
    starts = health.find_starts(pod for group in pods.values() for pod in group)
    deadlines = []
    for service, tip in reading.tips.items():
        release = memory.book.current[service]
        tree, applied = memory.applied.get(service, ("", 0.0))
        if tree != tip.tree:
            continue
        release = reach(release, "apply", max(applied, release.stages.get("commit", 0.0)))
        deployment = live.get(("Deployment", tenant.namespace, service))
        judged = health.judge(
            pods.get(service, ()),
            short(tree),
            tip.descriptor.replicas,
            applied=applied,
            now=now,
            deployment=deployment,
            starts=starts,
        )
        staying = health.find_staying(pods.get(service, ())) if health.is_observed(deployment) else frozenset()
        routed = doors.routes.lead_to(tenant.namespace, service, short(tree), tip.commit, staying)
        memory.book.put(advance(release, judged, routed=routed, now=now))
        if not routed and judged.look_again is not None:
            deadlines.append(judged.look_again - now)
        elif not routed and judged.state == "Ready":
            # The news that a dispatcher leads there may be lost, as every message may: look again.
            deadlines.append(_LOOK_SECONDS)
    return max(0.01, min(deadlines)) if deadlines else None


async def _set_live(tenant: Tenant, reading: Reading, doors: Doors, memory: Memory) -> None:
    """Write the live reference of every service that has come to be live at another commit."""
    path = doors.tenants.path_of(tenant)
    moved = {
        service: release.commit
        for service, release in memory.book.current.items()
        if release.state == "live" and service in reading.tips and reading.live_refs.get(service) != release.commit
    }
    if moved:
        await asyncio.to_thread(_write_live, path, moved)
        reading.live_refs.update(moved)


def _write_live(path: Path, moved: Mapping[str, str]) -> None:
    repository = Repository(path)
    for service, commit in moved.items():
        history.set_live(repository, service, commit)


async def _prune(tenant: Tenant, reading: Reading, made: plan.Plan, doors: Doors, memory: Memory) -> None:
    """Remove what main no longer has, once what it has instead is live or failed."""
    for obj in made.garbage:
        await _delete(obj, doors)
    coming = [r for s, r in memory.book.current.items() if r.state == "pending" and s in reading.tips]
    if coming or not made.prune:
        return
    if _tip(tenant, doors) != reading.head:
        raise TipMoved
    for service, objects in made.prune.items():
        for obj in objects:
            await _delete(obj, doors)
        await asyncio.to_thread(_forget_live, doors.tenants.path_of(tenant), service)
        reading.live_refs.pop(service, None)
        release = memory.book.current.get(service)
        if release is not None:
            memory.book.put(replace(reach(release, "live", time.time()), state="removed"))
            memory.book.close(service)


def _forget_live(path: Path, service: str) -> None:
    history.forget_live(Repository(path), service)


async def _delete(obj: Object, doors: Doors) -> None:
    """Delete one object of ours, and only that: by its uid, and never without our labels."""
    metadata = obj["metadata"]
    if names.label_of(obj, names.LABEL_MANAGED_BY) != names.FIELD_MANAGER:
        return
    async with doors.applies:
        await doors.cluster.delete(obj["kind"], metadata.get("namespace"), metadata["name"], uid=metadata.get("uid"))
    doors.objects.drop(obj)


def _conclude(failures: Mapping[str, ClusterError], look_again: float | None) -> Outcome:
    if failures:
        service, error = next(iter(failures.items()))
        return Outcome(look_again, f"{service}: {error.message}")
    return Outcome(look_again)
