"""What the cluster holds of ours, as the watches tell it: every object that carries our label, by namespace.

A write's answer is taken in at once, so that the next pass sees it. What does not live here: what should be there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from core import names, ownership, plan
from core.cluster import Cluster
from core.ownership import Owners, read_owners
from core.watch import Change, WatchSettings, follow

KINDS = ("Namespace", "ResourceQuota", "LimitRange", "NetworkPolicy", "ConfigMap", "Service", "Deployment", "Pod")
Object = dict[str, Any]


class LiveObjects:
    """A store that watches feed. `on_change` gets the tenant's id whenever something of it has changed."""

    def __init__(self, cluster: Cluster, on_change: Callable[[str], None], watch: WatchSettings | None = None) -> None:
        self._cluster = cluster
        self._watch = watch
        self._on_change = on_change
        self._objects: dict[str, dict[plan.Key, Object]] = {}
        self._owners: dict[str, dict[plan.Key, Owners]] = {}
        self._unsynced = set(KINDS)
        self._synced = asyncio.Event()

    async def run(self) -> None:
        """Follow all kinds, for ever."""
        async with asyncio.TaskGroup() as group:
            for kind in KINDS:
                group.create_task(self._follow(kind), name=f"watch {kind}")

    @property
    def synced(self) -> bool:
        """Has every kind been listed once?"""
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        """Wait until every kind has been listed once."""
        await self._synced.wait()

    async def _follow(self, kind: str) -> None:
        async for change in follow(self._cluster, kind, selector=names.MANAGED, settings=self._watch):
            if change.type == "synced":
                self._unsynced.discard(kind)
                if not self._unsynced:
                    self._synced.set()
            else:
                self._take_change(change)

    def _take_change(self, change: Change) -> None:
        assert change.object is not None
        is_gone = change.type in ("deleted", "missing")
        is_news = self.drop(change.object) if is_gone else self.take(change.object)
        tenant = names.label_of(change.object, names.LABEL_TENANT)
        if tenant is not None and is_news:
            self._on_change(tenant)

    def take(self, obj: Object) -> bool:
        """An object as it is now; an older version than the one that is known is left out. Was there any news in it?

        What a pass has written comes once more, by the watch.
        """
        is_news = False
        held, key = self._objects.setdefault(_namespace(obj), {}), plan.key_of(obj)
        known = held.get(key)
        if known is None or _version(obj) >= _version(known) or _uid(obj) != _uid(known):
            held[key] = obj  # also the same once more: what the watch has told is held there too
            is_news = known is None or _version(obj) != _version(known) or _uid(obj) != _uid(known)
            if is_news and obj["kind"] != "Pod" and "managedFields" in obj["metadata"]:
                self._owners.setdefault(_namespace(obj), {})[key] = read_owners(obj)
        # They are larger than all the rest: what is needed of them is kept apart.
        obj["metadata"].pop("managedFields", None)
        if obj.get("immutable"):  # a tenant's files: nobody can change them, so nobody compares them
            for contents in ownership.FIXED:
                obj.pop(contents, None)
        return is_news

    def drop(self, obj: Object) -> bool:
        """An object is gone; one of the same name that was made since is not. Was it known?"""
        held = self._objects.get(_namespace(obj), {})
        known = held.get(plan.key_of(obj))
        if known is not None and _uid(known) == _uid(obj):
            del held[plan.key_of(obj)]
            self._owners.get(_namespace(obj), {}).pop(plan.key_of(obj), None)
            return True
        return False

    def of(self, namespace: str) -> Mapping[plan.Key, Object]:
        """All objects of a tenant's namespace, itself included."""
        return self._objects.get(namespace, {})

    def owners(self, namespace: str) -> Mapping[plan.Key, Owners]:
        """Who owns the fields of what we apply in a tenant's namespace, as far as the cluster has said."""
        return self._owners.get(namespace, {})

    def pods(self, namespace: str, service: str) -> list[Object]:
        """The pods of a service."""
        return [
            obj
            for (kind, _, _), obj in self.of(namespace).items()
            if kind == "Pod" and names.label_of(obj, names.LABEL_SERVICE) == service
        ]

    def find(self, namespace: str, kind: str, name: str) -> Object | None:
        """One object, or None."""
        return self.of(namespace).get((kind, "" if kind == "Namespace" else namespace, name))


def _namespace(obj: Object) -> str:
    name: str = obj["metadata"]["name"] if obj["kind"] == "Namespace" else obj["metadata"].get("namespace", "")
    return name


def _version(obj: Object) -> int:
    text = str(obj["metadata"].get("resourceVersion") or "0")
    return int(text) if text.isdigit() else 0


def _uid(obj: Object) -> str | None:
    uid: str | None = obj["metadata"].get("uid")
    return uid


def group_pods(live: Mapping[plan.Key, Object]) -> dict[str, list[Object]]:
    """The pods of a namespace by service."""
    pods: dict[str, list[Object]] = {}
    for (kind, _, _), obj in live.items():
        if kind == "Pod":
            pods.setdefault(names.label_of(obj, names.LABEL_SERVICE) or "", []).append(obj)
    return pods


def commits_of(service: Object | None) -> dict[str, str]:
    """Short tree → commit, as a Service object names them; empty where it does not."""
    text = names.annotation_of(service, names.ANNOTATION_COMMITS) if service else None
    try:
        commits = json.loads(text) if text else {}
    except ValueError:
        return {}
    return {str(t): str(c) for t, c in commits.items()} if isinstance(commits, dict) else {}


def tree_of(deployment: Object | None) -> str | None:
    """The short tree that a Deployment's template runs."""
    if deployment is None:
        return None
    template = deployment.get("spec", {}).get("template", {})
    return names.label_of(template, names.LABEL_TREE)
