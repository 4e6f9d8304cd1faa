"""Who owns which field of an object, as its `managedFields` say: what was taken from us, by whom, and its name. Pure.

Who applies a field owns it until somebody else changes it: a field that we apply and do not own was taken. What does
not live here: what is done about it (`plan.py`, `controller/drift.py`).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core import names

Object = dict[str, Any]
Path = tuple[str, ...]  # steps as FieldsV1 has them: `f:<key>`, `k:{…}` for an item of a list, `v:…`

# What identifies an item of the lists that Kubernetes joins item by item; every other list is one value.
_KEYS = {
    "containers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "ports": ("containerPort", "protocol"),
}
_PORT_OF_A_SERVICE = ("port", "protocol")
FIXED = ("data", "binaryData")  # of what is immutable
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_REPLICAS: Path = ("f:spec", "f:replicas")
_AUTOSCALERS = ("horizontal-pod-autoscaler", "vertical-pod-autoscaler", "keda")


@dataclass(frozen=True, slots=True)
class Entry:
    """One of an object's other managers: who, by which operation, when (RFC 3339), and its FieldsV1 as text."""

    manager: str
    operation: str
    time: str
    subresource: str
    fields: str


@dataclass(frozen=True, slots=True)
class Owners:
    """What is kept of `managedFields`: our own entry, "" where there is none, and those of others, statuses left out.

    Texts are interned: objects of one form share one.
    """

    own: str = ""
    others: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Taken:
    """A field that is not as we applied it: its name (`spec.replicas`), and who has it, if that can be known."""

    field: str
    by: Entry | None


def read_owners(obj: Mapping[str, Any]) -> Owners:
    """The owners of an object as the cluster answers it."""
    own, others = "", []
    for entry in obj["metadata"].get("managedFields") or ():
        manager, operation = entry.get("manager") or "", entry.get("operation") or ""
        subresource = entry.get("subresource") or ""
        if subresource == "status" or not entry.get("fieldsV1"):
            continue
        fields = sys.intern(json.dumps(entry["fieldsV1"], sort_keys=True, separators=(",", ":")))
        if (manager, operation, subresource) == (names.FIELD_MANAGER, "Apply", ""):
            own = fields
        else:
            others.append(Entry(sys.intern(manager), operation, entry.get("time") or "", subresource, fields))
    return Owners(own, tuple(others))


@lru_cache(maxsize=512)
def _parse(fields: str) -> Object:
    tree: Object = json.loads(fields) if fields else {}
    return tree


def is_autoscaled(owners: Owners) -> bool:
    """Is the number of replicas an autoscaler's: taken from us through the `scale` subresource, or by one's manager?

    A person with `kubectl scale` is none.
    """
    if _find(_parse(owners.own), _REPLICAS) is not None:
        return False
    holder = find_holder(owners, _REPLICAS)
    if holder is None or holder.manager.startswith("kubectl"):
        return False
    return holder.subresource == "scale" or holder.manager.startswith(_AUTOSCALERS)


def is_scaled_to_nothing(live: Mapping[str, Any], owners: Owners) -> bool:
    """Has a Deployment 0 replicas that nobody owns? That is what the `scale` subresource leaves, whoever used it."""
    if live.get("spec", {}).get("replicas") != 0 or not owners.own:
        return False
    return _find(_parse(owners.own), _REPLICAS) is None and find_holder(owners, _REPLICAS) is None


def is_taken(wanted: Object, owners: Owners) -> bool:
    """Is a field of what we apply not ours?"""
    return not _owns(_parse(owners.own), _owned_part(wanted))


def _owns(owned: Object, wanted: Object) -> bool:
    """Does `_find_lost` find nothing? Without the names of what it finds: a resync asks this of every object."""
    for key, value in wanted.items():
        node = owned.get("f:" + key)
        if node == {} or value is None or value in ("", {}, []):
            continue
        if isinstance(value, dict):
            if not _owns(node or {}, value):
                return False
        elif node is None or (isinstance(value, list) and not all(_owns_item(node, item) for item in value)):
            return False
    return True


def _owns_item(owned: Object, item: Any) -> bool:
    if not isinstance(item, dict):
        return f"v:{json.dumps(item)}" in owned
    known = next((node for step, node in owned.items() if step.startswith("k:") and _fits(item, step)), None)
    return known is not None and _owns(known, item)


def find_taken(wanted: Object, live: Object, owners: Owners) -> list[Taken]:
    """Every field that is not as we apply it: not ours any more, or of another value. In the order of `wanted`."""
    lost = [_narrow(path, owners) for path in _find_lost(_owned_part(wanted), _parse(owners.own), ())]
    changed = find_differences(_owned_part(live), _owned_part(wanted))
    paths = list(dict.fromkeys([*(path for several in lost for path in several), *changed]))
    inner = [path for path in paths if not any(other != path and other[: len(path)] == path for other in paths)]
    return [Taken(name_path(path), find_holder(owners, path)) for path in inner]


def find_holder(owners: Owners, path: Path) -> Entry | None:
    """Who of the others has a field, or something in it; the latest of several."""
    found = [entry for entry in owners.others if _find(_parse(entry.fields), path) is not None]
    return max(found, key=lambda entry: entry.time, default=None)


def name_path(path: Path) -> str:
    """`spec.template.spec.containers[handler].image`."""
    text = ""
    for step in path:
        kind, _, rest = step.partition(":")
        if kind == "f" and _PLAIN.fullmatch(rest):
            text += f".{rest}" if text else rest
        else:
            text += f"[{_name_item(kind, rest)}]"
    return text


def _name_item(kind: str, text: str) -> str:
    if kind != "k":
        return text
    try:
        keys = json.loads(text)
        return "/".join(str(value) for value in keys.values())
    except (ValueError, AttributeError):
        return text


def _owned_part(obj: Mapping[str, Any]) -> Object:
    """What of an object can be taken: not what names it, what only the server writes, or what nobody can change."""
    left_out = ("apiVersion", "kind", "metadata", "status", *(FIXED if obj.get("immutable") else ()))
    body = {key: value for key, value in obj.items() if key not in left_out}
    metadata = obj["metadata"]
    return {"metadata": {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}} | body


def _find_lost(wanted: Any, owned: Object, path: Path) -> Iterator[Path]:
    """The fields of a map that the set of what we own does not have; empty values need no owner."""
    for key, value in wanted.items():
        if value is None or value in ("", {}, []):
            continue
        step, node = (*path, f"f:{key}"), owned.get(f"f:{key}")
        if node == {}:
            continue
        if isinstance(value, dict):
            yield from _find_lost(value, node or {}, step)
        elif node is None:
            yield step
        elif isinstance(value, list):
            yield from _find_lost_items(key, value, node, step)


def _find_lost_items(name: str, items: Sequence[Any], owned: Object, path: Path) -> Iterator[Path]:
    for item in items:
        if not isinstance(item, dict):
            step = f"v:{json.dumps(item)}"
            if step not in owned:
                yield (*path, step)
            continue
        known = next((step for step in owned if step.startswith("k:") and _fits(item, step)), None)
        if known is None:
            yield (*path, _name_of(item, _keys_of(name, [item]) or tuple(item)))
        else:
            yield from _find_lost(item, owned[known], (*path, known))


def _fits(item: Mapping[str, Any], step: str) -> bool:
    """Does an item have the keys by which the set knows it? A key that we leave out has its default."""
    return all(item.get(key, value) == value for key, value in _parse(step[2:]).items())


def _keys_of(name: str, items: Any) -> tuple[str, ...] | None:
    keys = _KEYS.get(name)
    if keys is None or not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    if name == "ports" and all("port" in item for item in items):
        keys = _PORT_OF_A_SERVICE
    return keys if all(keys[0] in item for item in items) else None


def _name_of(item: Mapping[str, Any], keys: Sequence[str]) -> str:
    return "k:" + json.dumps({key: item[key] for key in sorted(keys) if key in item}, separators=(",", ":"))


def _find(tree: Object, path: Path) -> Object | None:
    """What a set has at a path; {} where it has a field on the way to it as a whole."""
    node = tree
    for step in path:
        if node == {}:
            return {} if node is not tree else None
        if step not in node:
            return None
        node = node[step]
    return node


def _narrow(path: Path, owners: Owners) -> list[Path]:
    """A field that is lost, or those in it that somebody else has."""
    holder = find_holder(owners, path)
    below = _find(_parse(holder.fields), path) if holder else None
    return [path + rest for rest in _list_leaves(below)] if below else [path]


def _list_leaves(tree: Object) -> Iterator[Path]:
    for step, node in tree.items():
        if step == ".":
            continue
        yield from ((step, *rest) for rest in _list_leaves(node)) if node else ((step,),)


def find_differences(live: Any, wanted: Any, path: Path = (), name: str = "") -> Iterator[Path]:
    """Where `live` does not say what `wanted` does; items that only `live` has count, other fields do not."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        for key, value in wanted.items():
            yield from find_differences(live.get(key, ""), value, (*path, f"f:{key}"), key)
        return
    keys = _keys_of(name, wanted)
    if keys is not None and _keys_of(name, live) is not None:
        there, asked = ({_name_of(item, keys): item for item in items} for items in (live, wanted))
        for step in {**asked, **there}:
            if step not in asked or step not in there:
                yield (*path, step)
            else:
                yield from find_differences(there[step], asked[step], (*path, step))
    elif isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        if any(next(find_differences(a, b), None) is not None for a, b in zip(live, wanted, strict=True)):
            yield path
    elif live != wanted:
        yield path


def trim(live: Object, wanted: Object) -> Object | None:
    """A merge patch that takes away the items that only `live` has in lists of ours; None where there are none."""
    patch = {}
    for key, value in wanted.items():
        if key == "metadata":
            continue
        there = live.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            if (inner := trim(there, value)) is not None:
                patch[key] = inner
        elif _keys_of(key, value) and (left := _trim_list(key, there, value)) != there:
            patch[key] = left
    return patch or None


def _trim_list(name: str, live: Any, wanted: Any) -> Any:
    """The items of a list that are wanted, in that order, each as it is but for what is too much in it."""
    keys = _keys_of(name, wanted)
    if keys is None or _keys_of(name, live) != keys:
        return live
    there = {_name_of(item, keys): item for item in live}
    left = []
    for item in wanted:
        found = there.get(_name_of(item, keys), item)
        lists = {key: _trim_list(key, found.get(key), value) for key, value in item.items() if _keys_of(key, value)}
        left.append(found | lists)
    return left


def restrict(live: Any, wanted: Any, name: str = "") -> Any:
    """What is live of what is wanted: fields that only `live` has (defaults, states) left out, items of lists of ours
    kept. In the order of `wanted`: it equals `wanted` where nothing differs."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        there = {key: live.get(key, "" if value == "" else None) for key, value in wanted.items()}
        return {key: restrict(there[key], wanted[key], key) for key in wanted if there[key] is not None}
    keys = _keys_of(name, wanted)
    if keys is None or _keys_of(name, live) != keys:
        if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
            return [restrict(a, b) for a, b in zip(live, wanted, strict=True)]
        return live
    asked, held = ({_name_of(item, keys): item for item in items} for items in (wanted, live))
    order = [*(step for step in asked if step in held), *(step for step in held if step not in asked)]
    return [restrict(held[step], asked[step]) if step in asked else held[step] for step in order]
