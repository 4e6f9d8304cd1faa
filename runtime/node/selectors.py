"""Label and field selectors, as the Kubernetes API writes them in a query. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Matches = Callable[[Mapping[str, Any]], bool]

_KEY = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9.]{0,252})/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_VALUE = r"[-A-Za-z0-9_.]{0,63}"
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<absent_key>{_KEY})"
    rf"|(?P<set_key>{_KEY})\s+(?P<set_operator>in|notin)\s*\((?P<values>[^()]*)\)"
    rf"|(?P<key>{_KEY})(?:\s*(?P<operator>==|=|!=)\s*(?P<value>{_VALUE}))?)\s*(?:,|\Z)"
)
_FIELD = re.compile(r"\s*(?P<path>[A-Za-z.]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[^,=!]*?)\s*(?:,|\Z)")
_FIELDS = frozenset({"metadata.name", "metadata.namespace"})
_KIND_FIELDS = {
    "Pod": frozenset({"status.phase", "spec.nodeName"}),
    "Namespace": frozenset({"status.phase"}),
    "Event": frozenset(
        {"reason", "type", "involvedObject.kind", "involvedObject.namespace", "involvedObject.name"}
        | {"involvedObject.uid", "involvedObject.apiVersion", "involvedObject.fieldPath", "reportingComponent"}
    ),
}


class BadSelector(ValueError):
    """The selector cannot be read, or names a field that cannot be selected by."""


def parse_labels(text: str) -> Matches:
    """A predicate on objects from `a=b,c!=d,e in (x,y),f notin (z),g,!h`. Raises BadSelector."""
    return _all([_requirement(match) for match in _parts(_REQUIREMENT, text)])


def parse_fields(text: str, kind: str) -> Matches:
    """A predicate on objects of a kind from `metadata.name=x,metadata.namespace!=y`. Raises BadSelector."""
    return _all([_field(match, kind) for match in _parts(_FIELD, text)])


def match_labels(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Are all of `wanted` among the labels?"""
    return all(labels.get(key) == value for key, value in wanted.items())


def _all(requirements: list[Matches]) -> Matches:
    return lambda obj: all(matches(obj) for matches in requirements)


def _parts(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    parts, position = [], 0
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            raise BadSelector(f"unable to parse requirement: {text[position : position + 100]!r}")
        parts.append(match)
        position = match.end()
    return parts


def _labels(obj: Mapping[str, Any]) -> Mapping[str, str]:
    return obj["metadata"].get("labels") or {}


def _requirement(match: re.Match[str]) -> Matches:
    if match["absent"]:
        return lambda obj: match["absent_key"] not in _labels(obj)
    if match["set_key"]:
        key, values = match["set_key"], {value.strip() for value in match["values"].split(",")}
        if match["set_operator"] == "in":
            return lambda obj: _labels(obj).get(key) in values
        return lambda obj: _labels(obj).get(key) not in values
    key, value = match["key"], match["value"]
    if match["operator"] is None:
        return lambda obj: key in _labels(obj)
    if match["operator"] == "!=":
        return lambda obj: _labels(obj).get(key) != value
    return lambda obj: _labels(obj).get(key) == value


def _field(match: re.Match[str], kind: str) -> Matches:
    path, value, wanted = match["path"], match["value"], match["operator"] != "!="
    if path not in _FIELDS | _KIND_FIELDS.get(kind, frozenset()):
        raise BadSelector(f"field label not supported: {path}")
    steps = path.split(".")
    return lambda obj: (_dig(obj, steps) == value) is wanted


def _dig(obj: Any, steps: list[str]) -> str:
    for step in steps:
        obj = obj.get(step) if isinstance(obj, Mapping) else None
    return "" if obj is None else str(obj)
