"""What an API server says that it was asked for: the truth about writes and reads, whoever counts them otherwise."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from tests.cluster.control_plane import ControlPlane

_LINE = re.compile(r"apiserver_request_total\{([^}]*)\} (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
# What the platform may hold; the API server and its controllers keep leases and events of their own.
_RESOURCES = frozenset(
    ("namespaces", "resourcequotas", "limitranges", "networkpolicies", "configmaps", "services", "deployments", "pods")
)
_READS = ("GET", "LIST")
_WATCH = "WATCH"


@dataclass(frozen=True)
class Requests:
    """How often objects of ours were written, read (got or listed) and watched."""

    writes: int
    reads: int
    watches: int


def count_requests(control_plane: ControlPlane) -> Counter[tuple[str, str]]:
    """Requests since the API server started, by verb and resource."""
    found: Counter[tuple[str, str]] = Counter()
    for labels, value in _LINE.findall(control_plane.ask("/metrics").decode()):
        named = dict(_LABEL.findall(labels))
        if named["resource"] in _RESOURCES:
            found[named["verb"], named["resource"]] += round(float(value))
    return found


def sum_up(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> Requests:
    """What came between two counts."""
    verbs: Counter[str] = Counter()
    for (verb, _), number in (after - before).items():
        verbs[verb] += number
    reads = sum(verbs[verb] for verb in _READS)
    return Requests(verbs.total() - reads - verbs[_WATCH], reads, verbs[_WATCH])
