"""The objects of a service: what the cluster holds of each, what main says of it, and by whom it differs.

What main says is rendered as the controller renders it (`core/render.py`), what differs is found as it finds it
(`core/ownership.py`). Secrets are none of them. What does not live here: how an object is written
(`manifest_text.py`), how a pod is doing (`pods.py`), putting anything back (`controller/drift.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.manifest_text import write_manifest, write_patch
from api.pod_logs import read_commits
from api.pods import show_pods
from api.service_index import Tip
from core import autoscaling, health, names, ownership, plan, render
from core.cluster import Cluster, Object
from core.contents import read_files
from core.errors import NotFound
from core.ownership import Owners, Taken
from core.plan import Key
from core.repository import Repository
from core.tenants import Tenant

Shown = dict[str, Any]
_STATES = {"Ready": "ready", "Progressing": "starting", "Failed": "failed"}
_ORDER = ("Deployment", "Pod", "Service", "ConfigMap")


@dataclass(frozen=True)
class Question:
    """Of which service; where its repository is, the image that handlers run in, and whether who owns what is shown."""

    tenant: Tenant
    service: str
    repository: Path
    image: str = render.IMAGE
    managed_fields: bool = False


async def read_resources(cluster: Cluster, question: Question, tip: Tip | None) -> list[Shown]:
    """Every object, its parent before it; `tip` is None where main has no such service. Raises RetryLater."""
    live = await _read_live(cluster, question)
    owners = {key: ownership.read_owners(obj) for key, obj in live.items()}
    idle = await autoscaling.find_idle(cluster, question.tenant.namespace, live, owners)
    return await asyncio.to_thread(_show_all, question, tip, live, owners, idle)


async def _read_live(cluster: Cluster, question: Question) -> dict[Key, Object]:
    namespace, service = question.tenant.namespace, question.service
    selector = names.write_selector(names.selector_labels(question.tenant.id, service))
    deployment, marked, (maps, _), (pods, _) = await asyncio.gather(
        cluster.get("Deployment", namespace, service),
        cluster.get("Service", namespace, service),
        cluster.list("ConfigMap", namespace=namespace, selector=selector),
        cluster.list("Pod", namespace=namespace, selector=selector),
    )
    found = [obj for obj in (deployment, marked, *maps, *pods) if obj is not None]
    return {plan.key_of(obj): obj for obj in found}


def _show_all(
    question: Question,
    tip: Tip | None,
    live: Mapping[Key, Object],
    owners: Mapping[Key, Owners],
    idle: frozenset[str],
) -> list[Shown]:
    pods = {pod["name"]: pod for pod in show_pods((o for o in live.values() if o["kind"] == "Pod"), {})}
    wanted = {
        plan.key_of(obj): plan.yield_replicas(obj, owners.get(plan.key_of(obj)), idle)
        for obj in _render(question, tip, live)
    }
    places = {name: place for place, name in enumerate(pods)}  # the newest first

    def rank(key: Key) -> tuple[Any, ...]:
        return _ORDER.index(key[0]), key not in wanted, places.get(key[2], 0), key[2]

    shown = []
    for key in sorted({**live, **wanted}, key=rank):
        there, said = live.get(key), wanted.get(key)
        state, sentence = _judge(there, said, live, pods)
        compared = _compare(there, said, owners.get(key, Owners()), question.managed_fields)
        shown.append(_name(key, there) | {"state": state, "sentence": sentence} | compared)
    return shown


def _render(question: Question, tip: Tip | None, live: Mapping[Key, Object]) -> Iterator[Object]:
    """What main says; nothing where it has no such service, or one whose service.yaml cannot be read."""
    if tip is None or tip.descriptor is None:
        return
    owner = render.Owner(question.tenant.id, question.tenant.slug)
    repository = Repository(question.repository)
    known = read_commits(live.get(("Service", owner.namespace, tip.name), {}))
    commits = render.remember_commit(known, tip.tree, tip.commit, keep=_find_live_tree(repository, tip.name))
    files = read_files(repository, tip.tree)
    revision = render.Revision(tip.name, tip.tree, tip.commit, tip.descriptor, files)
    yield from render.render_service(owner, revision, commits, question.image)


def _find_live_tree(repository: Repository, service: str) -> list[str]:
    """The short tree that the Service has to name whatever happens."""
    commit = repository.live_refs().get(service)
    try:
        services = repository.services(repository.root_of(commit)) if commit else {}
    except NotFound:
        return []
    tree = services.get(service) or services.get("")
    return [names.short_tree(tree)] if tree else []


def _name(key: Key, live: Object | None) -> Shown:
    kind, namespace, name = key
    service = names.label_of(live or {}, names.LABEL_SERVICE)
    return {
        "kind": kind,
        "name": name,
        "namespace": namespace,
        "parent": f"Deployment/{service}" if kind == "Pod" else None,
        "createdAt": live["metadata"]["creationTimestamp"] if live else None,
    }


def _judge(
    live: Object | None, wanted: Object | None, all_live: Mapping[Key, Object], pods: Mapping[str, Shown]
) -> tuple[str, str]:
    """How an object is doing, in a word and in a sentence."""
    if live is None:
        return "missing", "main says it, and the cluster does not have it yet"
    if live["kind"] == "Pod":
        pod = pods[live["metadata"]["name"]]
        return pod["state"], pod["sentence"]
    if live["metadata"].get("deletionTimestamp"):
        return "going", "it is being removed"
    if live["kind"] == "Deployment":
        return _judge_deployment(live, [obj for obj in all_live.values() if obj["kind"] == "Pod"])
    if wanted is None and live["kind"] == "ConfigMap":
        return "ready", "of another revision: it goes when nothing names it"
    return "ready", "it is there" if wanted else "it is there, and main does not say it"


def _judge_deployment(deployment: Object, pods: Sequence[Object]) -> tuple[str, str]:
    spec = deployment["spec"]
    tree = names.label_of(spec.get("template", {}), names.LABEL_TREE) or ""
    # How long a start may take, its release says: here is only what is so.
    found = health.judge(pods, tree, int(spec.get("replicas", 1)), applied=0.0, now=0.0, deployment=deployment)
    return _STATES[found.state], found.sentence


def _compare(live: Object | None, wanted: Object | None, owners: Owners, managed_fields: bool) -> Shown:
    shown: Shown = {
        "live": write_manifest(live, managed_fields=managed_fields) if live else None,
        "desired": write_manifest(wanted) if wanted else None,
        "patch": None,
        "applied": live is not None and wanted is not None and plan.is_recorded(wanted, live),
        "differences": [],
    }
    if live is None or wanted is None:
        return shown
    # A ConfigMap cannot be changed, and yet be another one of the same name.
    changeable = {key: value for key, value in wanted.items() if key != "immutable"}
    taken = ownership.find_taken(changeable, {**live, "immutable": False}, owners)
    patch = write_patch(write_manifest(wanted), write_manifest(ownership.restrict(live, wanted)))
    return shown | {"patch": patch, "differences": [_show_taken(one) for one in taken]}


def _show_taken(taken: Taken) -> Shown:
    by = taken.by
    return {
        "field": taken.field,
        "manager": by.manager or None if by else None,
        "operation": by.operation or None if by else None,
        "changedAt": by.time or None if by else None,
    }
