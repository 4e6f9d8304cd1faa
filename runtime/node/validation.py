"""What is wrong with an object that is applied: on its own, and beside the one that it would replace. Pure.

The rules are those of the Kubernetes API that a mistake of ours could break; not every rule of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.node import kinds, selectors
from runtime.node.kinds import Kind, Object

_LABEL_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY_PREFIX = r"(?:[a-z0-9][-a-z0-9.]{0,252}/)?"
_METADATA_KEY = re.compile(_KEY_PREFIX + r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_FACTORS = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_ANNOTATIONS_LIMIT = 256 * 1024  # bytes, keys and values together
_CONFIG_LIMIT = 1024 * 1024  # bytes, keys and values together, binary values decoded


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: `field` is its path, `reason` one of the API's causes (`FieldValueInvalid`…)."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


def find_faults(kind: Kind, obj: Object) -> list[Fault]:
    """Everything that is wrong with an object with its defaults."""
    return [*_check_metadata(kind, obj["metadata"]), *_CHECKS.get(kind, _check_nothing)(obj)]


def find_forbidden_changes(kind: Kind, old: Object, new: Object) -> list[Fault]:
    """Everything in which `new` may not differ from `old`, and does."""
    check = _CHANGES.get(kind)
    return list(check(old, new)) if check else []


def parse_quantity(text: object) -> float | None:
    """`100m`, `128Mi`, `1`: the number, or None where it is none."""
    match = _QUANTITY.fullmatch(str(text))
    return float(match[1]) * _FACTORS.get(match[2], 1) if match else None


def _check_metadata(kind: Kind, metadata: Object) -> Iterator[Fault]:
    rule = _LABEL_NAME if kind in (kinds.NAMESPACE, kinds.SERVICE) else _SUBDOMAIN
    if not rule.fullmatch(metadata["name"]):
        yield Fault("metadata.name", f"Invalid value: {metadata['name']!r}: must be a lower-case RFC 1123 name")
    for field in ("labels", "annotations"):
        yield from _check_map(f"metadata.{field}", metadata.get(field), is_label=field == "labels")


def _check_map(field: str, values: Any, *, is_label: bool) -> Iterator[Fault]:
    if not _is_text_map(values):
        yield Fault(field, "must be a map of strings to strings")
        return
    for key, value in (values or {}).items():
        if not _METADATA_KEY.fullmatch(key):
            yield Fault(field, f"Invalid value: {key!r}: not a qualified name")
        if is_label and not _LABEL_VALUE.fullmatch(value):
            yield Fault(field, f"Invalid value: {value!r}: not a label's value")
    if _size_of(values) > _ANNOTATIONS_LIMIT:
        yield Fault(field, f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes", "FieldValueTooLong")


def _is_text_map(values: Any) -> bool:
    if values is None:
        return True
    return isinstance(values, Mapping) and all(isinstance(text, str) for pair in values.items() for text in pair)


def _size_of(values: Mapping[str, str] | None) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in (values or {}).items())


def _check_nothing(_obj: Object) -> Iterator[Fault]:
    return iter(())


def _check_config_map(obj: Object) -> Iterator[Fault]:
    text, binary = obj.get("data"), obj.get("binaryData")
    for field, values in (("data", text), ("binaryData", binary)):
        if not _is_text_map(values):
            yield Fault(field, "must be a map of strings to strings")
            return
        for key in values or {}:
            if not _CONFIG_KEY.fullmatch(key):
                yield Fault(f"{field}[{key}]", "must consist of letters, digits, '-', '_' and '.'")
    if _size_of(text) + _size_of(binary) * 3 // 4 > _CONFIG_LIMIT:
        yield Fault("", f"Too long: may not be more than {_CONFIG_LIMIT} bytes", "FieldValueTooLong")


def _check_deployment(obj: Object) -> Iterator[Fault]:
    spec = obj["spec"]
    selector = (spec.get("selector") or {}).get("matchLabels") or {}
    template = spec["template"]
    if not selector:
        yield Fault("spec.selector", "Required value", "FieldValueRequired")
    elif not selectors.match_labels(selector, (template.get("metadata") or {}).get("labels") or {}):
        yield Fault("spec.template.metadata.labels", "`selector` does not match template `labels`")
    if not isinstance(spec["replicas"], int) or spec["replicas"] < 0:
        yield Fault("spec.replicas", "must be a number, 0 or more")
    yield from _check_pod_spec(template["spec"])


def _check_pod_spec(spec: Object) -> Iterator[Fault]:
    containers = spec["containers"]
    if len(containers) != 1 or spec.get("initContainers"):
        yield Fault("spec.template.spec.containers", "the node runs exactly one container in a pod")
        return
    names = [variable.get("name") for variable in containers[0].get("env") or []]
    if len(set(names)) != len(names):
        yield Fault("spec.template.spec.containers[0].env", "a name stands twice", "FieldValueDuplicate")
    if any("valueFrom" in variable for variable in containers[0].get("env") or []) or containers[0].get("envFrom"):
        yield Fault("spec.template.spec.containers[0].env", "the node takes values only, not references to objects")
    for field in ("requests", "limits"):
        for name, amount in (containers[0]["resources"].get(field) or {}).items():
            if parse_quantity(amount) is None:
                yield Fault(f"spec.template.spec.containers[0].resources.{field}.{name}", f"not a quantity: {amount!r}")
    yield from _check_volumes(spec)


def _check_volumes(spec: Object) -> Iterator[Fault]:
    volumes = {volume.get("name"): volume for volume in spec.get("volumes") or []}
    for mount in spec["containers"][0].get("volumeMounts") or []:
        if mount.get("name") not in volumes:
            yield Fault("spec.template.spec.containers[0].volumeMounts", f"Not found: {mount.get('name')!r}")
        if not _is_local(mount.get("subPath", "")):
            yield Fault("spec.template.spec.containers[0].volumeMounts", "subPath must not leave the volume")
    for volume in volumes.values():
        for item in (volume.get("configMap") or {}).get("items") or []:
            if not item.get("path") or not _is_local(item["path"]):
                yield Fault("spec.template.spec.volumes", f"must be a relative path without '..': {item.get('path')!r}")


def _is_local(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/") and "\0" not in path


def _check_service(obj: Object) -> Iterator[Fault]:
    if obj["spec"]["type"] != "ClusterIP":
        yield Fault("spec.type", "the node has services of type ClusterIP only")


def _change_config_map(old: Object, new: Object) -> Iterator[Fault]:
    if not old.get("immutable"):
        return
    for field in ("data", "binaryData", "immutable"):
        if (old.get(field) or {}) != (new.get(field) or {}):
            yield Fault(field, "Forbidden: field is immutable when `immutable` is set", "FieldValueForbidden")


def _change_deployment(old: Object, new: Object) -> Iterator[Fault]:
    if old["spec"].get("selector") != new["spec"].get("selector"):
        yield Fault("spec.selector", "Invalid value: field is immutable")


_CHECKS: dict[Kind, Callable[[Object], Iterator[Fault]]] = {
    kinds.CONFIG_MAP: _check_config_map,
    kinds.DEPLOYMENT: _check_deployment,
    kinds.SERVICE: _check_service,
}
_CHANGES: dict[Kind, Callable[[Object, Object], Iterator[Fault]]] = {
    kinds.CONFIG_MAP: _change_config_map,
    kinds.DEPLOYMENT: _change_deployment,
}
