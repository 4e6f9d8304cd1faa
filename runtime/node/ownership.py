"""`metadata.managedFields`: which manager owns which field of an object, kept as Kubernetes keeps it. Pure.

Who applies owns what was applied; who changes a field otherwise takes it from everybody else. What does not live here:
which fields there are (`field_sets.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.node import field_sets
from runtime.node.field_sets import Field
from runtime.node.kinds import Object

APPLY, UPDATE = "Apply", "Update"


@dataclass(frozen=True)
class Writer:
    """Who writes, how (`Apply` or `Update`), and when, as the API's times are written."""

    manager: str
    operation: str
    time: str


def entries_of(obj: Mapping[str, Any]) -> list[Object]:
    """An object's entries; none for one that the node has made by itself."""
    found: list[Object] = obj["metadata"].get("managedFields") or []
    return found


def is_alone(obj: Mapping[str, Any], manager: str) -> bool:
    """Has nobody but this manager, by applying, fields of the object?"""
    return all((entry["manager"], entry["operation"]) == (manager, APPLY) for entry in entries_of(obj))


def fields_of(obj: Mapping[str, Any], manager: str, operation: str) -> frozenset[Field]:
    """What a manager owns."""
    for entry in entries_of(obj):
        if (entry["manager"], entry["operation"]) == (manager, operation):
            return frozenset(field_sets.read_tree(entry["fieldsV1"]))
    return frozenset()


def find_dropped(obj: Mapping[str, Any], given: Mapping[str, Any], manager: str) -> list[Field]:
    """What a manager has applied before and does not any more, and nobody else owns."""
    others: set[Field] = set()
    for entry in entries_of(obj):
        if (entry["manager"], entry["operation"]) != (manager, APPLY):
            others.update(field_sets.read_tree(entry["fieldsV1"]))
    return sorted(fields_of(obj, manager, APPLY) - field_sets.list_values(given).keys() - others)


def record_apply(before: Object | None, after: Object, given: Mapping[str, Any], writer: Writer) -> list[Object]:
    """The entries after an apply of `given`; what it changed is taken from the others."""
    mine = frozenset(field_sets.list_values(given))
    taken = _find_changed(before, after) if before is not None and not is_alone(before, writer.manager) else frozenset()
    return _record(before, after, mine, taken, writer)


def record_update(before: Object, after: Object, writer: Writer) -> list[Object]:
    """The entries after a change that was no apply: what it changed is its writer's."""
    changed = _find_changed(before, after)
    there = field_sets.list_values(after).keys()
    mine = (fields_of(before, writer.manager, writer.operation) | changed) & there
    return _record(before, after, frozenset(mine), changed, writer)


def _find_changed(before: Object | None, after: Object) -> frozenset[Field]:
    """Fields that are new, gone, or have another value."""
    old, new = field_sets.list_values(before or {}), field_sets.list_values(after)
    return frozenset(
        field for field in {**old, **new} if field not in old or field not in new or old[field] != new[field]
    )


def _record(
    before: Object | None, after: Object, mine: frozenset[Field], taken: frozenset[Field], writer: Writer
) -> list[Object]:
    kept = [
        entry if not taken else _describe_rest(entry, taken)
        for entry in (entries_of(before) if before else [])
        if (entry["manager"], entry["operation"]) != (writer.manager, writer.operation)
    ]
    own = [_describe(writer, after["apiVersion"], mine)] if mine else []
    return sorted([*own, *(entry for entry in kept if entry["fieldsV1"])], key=_order)


def _describe_rest(entry: Object, taken: Iterable[Field]) -> Object:
    fields = frozenset(field_sets.read_tree(entry["fieldsV1"]))
    rest = fields - frozenset(taken)
    return entry if rest == fields else entry | {"fieldsV1": field_sets.build_tree(rest)}


def _describe(writer: Writer, version: str, fields: frozenset[Field]) -> Object:
    return {
        "manager": writer.manager,
        "operation": writer.operation,
        "apiVersion": version,
        "time": writer.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": field_sets.build_tree(fields),
    }


def _order(entry: Object) -> tuple[bool, str, str]:
    """Those who apply come first, then by time and name: as Kubernetes lists them."""
    return entry["operation"] != APPLY, entry["time"], entry["manager"]


def is_same(before: Object, after: Object) -> bool:
    """Is nothing different but times of entries?"""
    return _without_times(before) == _without_times(after)


def _without_times(obj: Object) -> Object:
    entries = [{key: value for key, value in entry.items() if key != "time"} for entry in entries_of(obj)]
    return obj | {"metadata": obj["metadata"] | {"managedFields": entries}}
