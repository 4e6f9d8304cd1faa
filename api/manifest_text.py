"""An object of the cluster as YAML for people: without what is nobody's to see, and two of them compared.

Hidden are values of variables that look like secrets, and where a pod runs. Long files of a ConfigMap are named by
their length and hash. Pure. What does not live here: which objects there are (`resources.py`).
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from core import names

Object = dict[str, Any]

HIDDEN = "(hidden)"
_LONGEST = 4096  # characters of a ConfigMap's file that are shown
_MOST = 65_536  # of all its files
_FIRST = ("apiVersion", "kind", "metadata")
# What a variable is called that holds a secret, and an address that comes with a password.
_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|private|authorization|apikey|dsn|(^|_)(auth|pwd|pass|key)(_|$)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"://[^/\s@]*:[^/\s]+@")
_REPEATED = "kubectl.kubernetes.io/last-applied-configuration"  # all values once more
_NOT_SAID = {"spec": ("nodeName",), "status": ("hostIP", "hostIPs", "podIP", "podIPs")}


class _Dumper(yaml.CSafeDumper):
    """Writes everything out, texts of several lines as such."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _represent_text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def write_manifest(obj: Mapping[str, Any], *, managed_fields: bool = False) -> str:
    """YAML of an object; `managedFields` only where they are asked for."""
    shown = _hide(obj, managed_fields)
    ordered = {key: shown[key] for key in (*_FIRST, *shown) if key in shown}
    return str(yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4096))


def write_patch(before: str, after: str) -> str:
    """The unified diff of two texts; "" where they are the same."""
    if before == after:
        return ""
    old, new = (text.removesuffix("\n").split("\n") for text in (before, after))
    return "\n".join(difflib.unified_diff(old, new, "main", "cluster", lineterm="")) + "\n"


def _hide(obj: Mapping[str, Any], managed_fields: bool) -> Object:
    shown = dict(obj) | {"metadata": _hide_metadata(obj["metadata"], managed_fields)}
    kind = obj["kind"]
    if kind == "Pod":
        for part, left_out in _NOT_SAID.items():
            if isinstance(shown.get(part), dict):
                shown[part] = {key: value for key, value in shown[part].items() if key not in left_out}
        shown["spec"] = _hide_variables(shown.get("spec") or {})
    elif kind == "Deployment":
        template = obj["spec"].get("template") or {}
        pod = {
            "metadata": _hide_metadata(template.get("metadata") or {}, managed_fields),
            "spec": _hide_variables(template.get("spec") or {}),
        }
        shown["spec"] = obj["spec"] | {"template": template | pod}
    elif kind == "ConfigMap":
        for part in ("data", "binaryData"):
            if obj.get(part):
                shown[part] = _shorten(obj[part])
    return shown


def _hide_metadata(metadata: Mapping[str, Any], managed_fields: bool) -> Object:
    shown = {key: value for key, value in metadata.items() if managed_fields or key != "managedFields"}
    if shown.get("annotations"):
        left_out = (_REPEATED, names.ANNOTATION_SOCKET)
        shown["annotations"] = {key: text for key, text in shown["annotations"].items() if key not in left_out}
    return shown


def _hide_variables(spec: Mapping[str, Any]) -> Object:
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return dict(spec) | {kind: [_hide_values(one) for one in spec[kind]] for kind in kinds if spec.get(kind)}


def _hide_values(container: Mapping[str, Any]) -> Object:
    return dict(container) | ({"env": list(_list_variables(container))} if container.get("env") else {})


def _list_variables(container: Mapping[str, Any]) -> Iterator[Object]:
    for variable in container["env"]:
        value = str(variable.get("value") or "")
        is_secret = _NAME.search(variable.get("name") or "") or _ADDRESS.search(value)
        yield {**variable, "value": HIDDEN} if value and is_secret else variable


def _shorten(files: Mapping[str, str]) -> dict[str, str]:
    left, shown = _MOST, {}
    for key, text in files.items():
        is_shown = len(text) <= min(left, _LONGEST)
        left -= len(text) if is_shown else 0
        shown[key] = text if is_shown else _digest(text)
    return shown


def _digest(text: str) -> str:
    data = text.encode()
    return f"({len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()})"
