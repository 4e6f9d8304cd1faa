"""A URL's path → what is asked for: a kind, a namespace, an object, a part of it. Pure.

What does not live here: the documents at fixed paths (`discovery.py`), and what may be done with what (`api.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.node import kinds
from runtime.node.kinds import Kind


@dataclass(frozen=True)
class Target:
    """One object, or all of a kind where `name` is None; `part` is what follows the name: `log`, `exec`, `scale`…

    `namespace` is None for kinds without, and where all namespaces are meant.
    """

    kind: Kind
    namespace: str | None = None
    name: str | None = None
    part: str | None = None


def parse_path(path: str) -> Target | None:
    """`/api/v1/…` or `/apis/<group>/v1/…`; None where nothing of ours is."""
    match path.strip("/").split("/"):
        case ["api", "v1", *rest]:
            return _parse_rest("", rest)
        case ["apis", group, "v1", *rest] if group in kinds.GROUPS:
            return _parse_rest(group, rest)
    return None


def _parse_rest(group: str, rest: list[str]) -> Target | None:
    match rest:
        case ["namespaces", namespace, plural, *tail] if kind := kinds.find_by_path(group, plural):
            return _parse_tail(kind, namespace, tail) if kind.namespaced else None
        case [plural, *tail] if kind := kinds.find_by_path(group, plural):
            # A kind in namespaces has no objects outside of one, only lists over all of them.
            return None if kind.namespaced and tail else _parse_tail(kind, None, tail)
    return None


def _parse_tail(kind: Kind, namespace: str | None, tail: list[str]) -> Target | None:
    match tail:
        case []:
            return Target(kind, namespace)
        case [name]:
            return Target(kind, namespace, name)
        case [name, part, *_]:
            return Target(kind, namespace, name, part)
    return None
