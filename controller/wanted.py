"""The objects that the cluster should hold of services, as far as something of them has changed: in git, or there.

What does not live here: which revision of a service it is (`reading.py`), what differs from it (`core/plan.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller import live_objects
from controller.live_objects import LiveObjects
from controller.progress import short
from controller.reading import Reading, Target, read_files
from core import names, plan, render
from core.render import Owner
from core.tenants import Tenant

Object = dict[str, Any]
Fingerprint = tuple[str, ...]


async def render_changed(
    tenant: Tenant,
    reading: Reading,
    targets: Mapping[str, Target],
    settled: Mapping[str, Fingerprint],
    objects: LiveObjects,
    path: Path,
    image: str,
) -> dict[str, list[Object]]:
    """The objects of the services that are not settled: those whose revision or whose live objects have changed.

    A ConfigMap that is there already comes without its contents: its name says what they are.
    """
    changed = {s: t for s, t in targets.items() if s not in settled or settled[s] != take_fingerprint(t, objects)}
    if not changed:
        return {}
    there = {service for service, target in changed.items() if _find_config_map(target, objects) is not None}
    files = await asyncio.to_thread(read_files, path, changed, there)
    owner = Owner(tenant.id, tenant.slug)
    found = {}
    for service, target in changed.items():
        known = live_objects.commits_of(objects.find(tenant.namespace, "Service", service))
        commits = render.remember_commit(known, target.tree, target.commit, keep=trees_to_name(reading, service))
        revision = render.Revision(service, target.tree, target.commit, target.descriptor, files[service])
        found[service] = list(render.render_service(owner, revision, commits, image))
    return found


async def fill(made: plan.Plan, targets: Mapping[str, Target], path: Path) -> plan.Plan:
    """The plan, with the contents of the ConfigMaps that it writes."""
    empty = {
        service: targets[service]
        for service, objects in made.services.items()
        if any(obj["kind"] == "ConfigMap" and not render.has_contents(obj) for obj in objects)
    }
    if not empty:
        return made
    services = dict(made.services)
    for service, files in (await asyncio.to_thread(read_files, path, empty)).items():
        contents = render.render_contents(files)
        services[service] = [obj | contents if obj["kind"] == "ConfigMap" else obj for obj in services[service]]
    return replace(made, services=services)


def trees_to_name(reading: Reading, service: str) -> list[str]:
    """The short trees that a service's Service has to name whatever happens: the live one's."""
    live = reading.live.get(service)
    return [short(live.tree)] if live else []


def take_fingerprint(target: Target, objects: LiveObjects) -> Fingerprint:
    """What must stay the same for a service to need no look: its revision, and the versions of its live objects."""
    namespace, service = target.namespace, target.service
    found = [
        _find_config_map(target, objects),
        *(objects.find(namespace, kind, service) for kind in ("Service", "Deployment")),
    ]
    owners = objects.owners(namespace)
    ours = (owners[plan.key_of(obj)].own for obj in found if obj is not None and plan.key_of(obj) in owners)
    return (target.tree, target.commit, *map(_mark, found), *ours)


def _find_config_map(target: Target, objects: LiveObjects) -> Object | None:
    return objects.find(target.namespace, "ConfigMap", names.config_map_name(target.service, target.tree))


def _mark(obj: Object | None) -> str:
    """Changes when what we wrote may have: a Deployment's version also counts its status, its generation does not."""
    if obj is None:
        return "-"
    metadata = obj["metadata"]
    version = metadata.get("generation") if obj["kind"] == "Deployment" else metadata.get("resourceVersion")
    return f"{metadata.get('uid')}/{version}/{names.annotation_of(obj, names.ANNOTATION_HASH)}"
