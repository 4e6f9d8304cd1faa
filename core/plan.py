"""Wanted and live objects → what to apply, what to remove, what is held back. Pure set arithmetic, no clock, no I/O.

`make_plan(wanted, apply(make_plan(wanted, live)))` is empty. What does not live here: what is wanted (`render.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core import names, ownership
from core.ownership import Owners

Object = dict[str, Any]
Key = tuple[str, str, str]  # kind, namespace (empty for a Namespace), name

PRUNE_LIMIT = 5  # so many services are not removed at once without a person's word
_REMOVAL_ORDER = ("Deployment", "Service", "ConfigMap")


@dataclass(frozen=True)
class Plan:
    """What a pass writes, in order: `tenant` objects, then each service's; `prune` (a service's objects) comes last.

    `garbage` are ConfigMaps that nothing names any more; `held` are services whose removal waits for a person.
    """

    tenant: Sequence[Object] = ()
    services: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    prune: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    garbage: Sequence[Object] = ()
    held: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        """Is there nothing to write?"""
        return not (self.tenant or self.services or self.prune or self.garbage)


def key_of(obj: Mapping[str, Any]) -> Key:
    """What an object is known by."""
    metadata = obj["metadata"]
    return obj["kind"], metadata.get("namespace") or "", metadata["name"]


def make_plan(
    wanted_tenant: Iterable[Object],
    wanted_services: Mapping[str, Sequence[Object]],
    live: Mapping[Key, Object],
    *,
    named_trees: Mapping[str, frozenset[str]],
    kept: frozenset[str] = frozenset(),
    prune_allowed: bool = False,
    owners: Mapping[Key, Owners] | None = None,
    idle: frozenset[str] = frozenset(),
) -> Plan:
    """Compare one tenant's wanted objects with its live ones (all that carry our labels in its namespace).

    `named_trees` are, per service, the short trees whose ConfigMaps are still named by something; `kept` are
    services that are neither applied nor removed, for what is wanted of them could not be read. Without `owners` only
    values are compared. `idle` are services that an autoscaler has put to 0 replicas.
    """
    owners = owners or {}
    due = {service: find_due(objects, live, owners, idle) for service, objects in wanted_services.items()}
    removed = removed_services(live, frozenset(wanted_services) | kept)
    held = removed if not prune_allowed and needs_confirmation(len(removed), len(wanted_services) + len(kept)) else []
    return Plan(
        tenant=find_due(wanted_tenant, live, owners, idle),
        services={service: objects for service, objects in due.items() if objects},
        prune={service: _objects_of(live, service) for service in removed if service not in held},
        garbage=_find_garbage(live, kept.union(removed), named_trees),
        held=held,
    )


def find_due(
    wanted: Iterable[Object], live: Mapping[Key, Object], owners: Mapping[Key, Owners], idle: frozenset[str]
) -> list[Object]:
    """Those of the objects that must be written, as they are to be written."""
    yielded = (yield_replicas(obj, owners.get(key_of(obj)), idle) for obj in wanted)
    return [obj for obj in yielded if needs_apply(obj, live.get(key_of(obj)), owners.get(key_of(obj)))]


def needs_apply(wanted: Object, live: Object | None, owners: Owners | None = None) -> bool:
    """Must this object be written? Not if its recorded hash is the same and nobody has changed what it says."""
    if live is None or not is_recorded(wanted, live):
        return True
    if owners is not None and ownership.is_taken(wanted, owners):
        return True
    return not wanted.get("immutable") and not contains(live, wanted)


def is_recorded(wanted: Object, live: Object) -> bool:
    """Is this what was applied last? A difference is somebody else's then."""
    return names.annotation_of(live, names.ANNOTATION_HASH) == names.annotation_of(wanted, names.ANNOTATION_HASH)


def yield_replicas(wanted: Object, owners: Owners | None, idle: frozenset[str] = frozenset()) -> Object:
    """What is wanted, without the number of replicas where an autoscaler has it."""
    is_idle = wanted["metadata"]["name"] in idle
    if wanted["kind"] != "Deployment" or owners is None or not (is_idle or ownership.is_autoscaled(owners)):
        return wanted
    return wanted | {"spec": {key: value for key, value in wanted["spec"].items() if key != "replicas"}}


def contains(live: Any, wanted: Any) -> bool:
    """Does `live` still say everything that `wanted` says? Fields that only `live` has (defaults) do not matter.

    Nor do empty texts that only `wanted` has: Kubernetes leaves them out of its answers.
    """
    if live == wanted:
        return True
    if isinstance(wanted, dict):
        if not isinstance(live, dict):
            return False
        for key, value in wanted.items():  # not `all(…)`: a resync asks this of every object
            there = live.get(key, "")
            if there != value and not contains(there, value):
                return False
        return True
    if isinstance(wanted, list):
        same_length = isinstance(live, list) and len(live) == len(wanted)
        return same_length and all(contains(a, b) for a, b in zip(live, wanted, strict=True))
    return False


def needs_confirmation(removed: int, remaining: int) -> bool:
    """Is this more than one commit may remove without a person's word: five services, or all of several?"""
    return removed >= PRUNE_LIMIT or (removed > 1 and remaining == 0)


def removed_services(live: Mapping[Key, Object], wanted: frozenset[str]) -> list[str]:
    """The services that have a Deployment or a Service on the cluster, not going already, and are not wanted."""
    found = set()
    for (kind, _, _), obj in live.items():
        service = names.label_of(obj, names.LABEL_SERVICE)
        going = obj["metadata"].get("deletionTimestamp")
        if service is not None and kind in ("Deployment", "Service") and service not in wanted and not going:
            found.add(service)
    return sorted(found)


def _objects_of(live: Mapping[Key, Object], service: str) -> list[Object]:
    """A service's objects, in the order in which they are removed; those that are going already are left out."""
    found = [
        obj
        for (kind, _, _), obj in live.items()
        if kind in _REMOVAL_ORDER
        and names.label_of(obj, names.LABEL_SERVICE) == service
        and not obj["metadata"].get("deletionTimestamp")
    ]
    return sorted(found, key=lambda obj: _REMOVAL_ORDER.index(obj["kind"]))


def _find_garbage(
    live: Mapping[Key, Object],
    untouched: frozenset[str],
    named_trees: Mapping[str, frozenset[str]],
) -> list[Object]:
    """ConfigMaps that nothing names: of services whose names are known, and of those that are gone but for them."""
    garbage = []
    for (kind, _, _), obj in live.items():
        service, tree = names.label_of(obj, names.LABEL_SERVICE), names.label_of(obj, names.LABEL_TREE)
        if kind != "ConfigMap" or service is None or tree is None or obj["metadata"].get("deletionTimestamp"):
            continue
        is_named = tree in named_trees.get(service, ())
        if not is_named and (service in named_trees or service not in untouched):
            garbage.append(obj)
    return garbage
