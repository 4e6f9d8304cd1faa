"""Which fields an object has, by the names that Kubernetes gives them: `f:<key>`, and `k:{…}` for an item of a list
that goes by keys. Pure.

A field is a path of such steps; a list or a map that is taken as a whole is one field. What does not live here: who
owns which (`ownership.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

Object = dict[str, Any]
Field = tuple[str, ...]
# What identifies an item of the lists that go by keys; every other list is one value.
_KEYS = {
    "containers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "ports": ("containerPort", "protocol"),
}
_PORT_OF_A_SERVICE = ("port", "protocol")
_WHOLE_MAPS = frozenset({"selector", "podSelector"})
_DEFAULTS = {"protocol": "TCP"}
_METADATA = ("labels", "annotations")


def list_values(obj: Mapping[str, Any]) -> dict[Field, Any]:
    """Every field that a client may own, with its value; an item of a list is a field too, without a value."""
    found: dict[Field, Any] = {}
    for key, value in strip(obj).items():
        _collect((f"f:{key}",), key, value, found)
    return found


def strip(obj: Mapping[str, Any]) -> Object:
    """What of an object can be owned: not what names it, nor what only the server writes."""
    body = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    metadata = obj.get("metadata") or {}
    return {"metadata": {key: metadata[key] for key in _METADATA if metadata.get(key)}} | body


def _collect(path: Field, name: str, value: Any, found: dict[Field, Any]) -> None:
    if isinstance(value, dict) and value and name not in _WHOLE_MAPS:
        for key, inner in value.items():
            _collect((*path, f"f:{key}"), key, inner, found)
    elif isinstance(value, list) and (keys := keys_of(name, value)):
        for item in value:
            step = (*path, name_item(item, keys))
            found[step] = None
            for key, inner in item.items():
                _collect((*step, f"f:{key}"), key, inner, found)
    elif not (value == {} and name == "metadata"):
        found[path] = value


def keys_of(name: str, items: list[Any]) -> tuple[str, ...] | None:
    """The members that identify the items of a list of this name; None where it is one value."""
    keys = _KEYS.get(name)
    if keys is None or not items or not all(isinstance(item, dict) for item in items):
        return None
    if name == "ports" and all("port" in item for item in items):
        keys = _PORT_OF_A_SERVICE
    return keys if all(keys[0] in item for item in items) else None


def name_item(item: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """`k:{"name":"x"}`."""
    named = {key: item.get(key, _DEFAULTS.get(key)) for key in sorted(keys)}
    return "k:" + json.dumps(named, separators=(",", ":"))


@lru_cache(maxsize=1024)
def build_tree(fields: frozenset[Field]) -> Object:
    """FieldsV1. Objects of one form share one tree: it must not be changed."""
    tree: Object = {}
    for field in sorted(fields):
        node = tree
        for step in field:
            node = node.setdefault(step, {})
    for field in fields:
        node = tree
        for step in field:
            node = node[step]
        if node and field:
            node["."] = {}
    return tree


def read_tree(tree: Mapping[str, Any], path: Field = ()) -> Iterator[Field]:
    """The fields of a FieldsV1: the inverse of `build_tree`."""
    for step, node in tree.items():
        if step == ".":
            yield path
        elif not node:
            yield (*path, step)
        else:
            yield from read_tree(node, (*path, step))


def overlay(live: Any, given: Any, name: str = "") -> Any:
    """What is applied laid over what is there: maps and lists that go by keys are joined, all else is replaced."""
    if isinstance(live, dict) and isinstance(given, dict) and name not in _WHOLE_MAPS:
        return live | {key: overlay(live.get(key), value, key) for key, value in given.items()}
    if isinstance(live, list) and isinstance(given, list):
        keys = keys_of(name, given)
        if keys and keys_of(name, live) == keys:
            before = {name_item(item, keys): item for item in live}
            joined = {name_item(item, keys): overlay(before.get(name_item(item, keys)), item) for item in given}
            return [*joined.values(), *(item for step, item in before.items() if step not in joined)]
    return given


def merge(live: Any, patch: Any) -> Any:
    """A JSON merge patch: RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(live) if isinstance(live, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def without(value: Any, fields: Iterable[Field], name: str = "") -> Any:
    """A value without some of its fields, nor what is empty for that; itself where there are none."""
    grouped: dict[str, list[Field]] = {}
    for field in fields:
        grouped.setdefault(field[0], []).append(field[1:])
    if not grouped:
        return value
    if isinstance(value, list):
        keys = keys_of(name, value)
        steps = [name_item(item, keys) if keys else "" for item in value]
        kept = [_keep(item, grouped.get(step)) for step, item in zip(steps, value, strict=True)]
        return [item for item in kept if item is not None]
    if not isinstance(value, dict):
        return value
    cleaned = {key: _keep(inner, grouped.get(f"f:{key}"), key) for key, inner in value.items()}
    return {key: inner for key, inner in cleaned.items() if inner is not None or f"f:{key}" not in grouped}


def _keep(value: Any, rests: list[Field] | None, name: str = "") -> Any:
    """What is left of a member; None where it goes."""
    if rests is None:
        return value
    if () in rests:
        return None
    return without(value, rests, name) or None
