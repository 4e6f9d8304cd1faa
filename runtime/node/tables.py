"""Objects as the tables that `kubectl get` prints: its columns, and what it says in them. Pure; the clock is passed in.

Columns of priority 1 are shown with `-o wide` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from runtime.node import kinds
from runtime.node.kinds import Kind, Object

Cells = Callable[[Object, float], list[Any]]
_NONE = "<none>"
_EVENT_COLUMNS = ("Last Seen", "Type", "Reason", "Object", "+Subobject", "+Source", "Message")


def build_table(kind: Kind, objects: Sequence[Object], version: str, now: float, include: str = "Metadata") -> Object:
    """A Table of objects; `include` says what each row carries beside its cells: `Metadata`, `Object` or `None`."""
    columns, cells = _TABLES[kind]
    rows = [{"cells": cells(obj, now)} | _carry(obj, include) for obj in objects]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": columns,
        "rows": rows,
    }


def _carry(obj: Object, include: str) -> Object:
    if include == "None":
        return {}
    if include == "Object":
        return {"object": obj}
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
    return {"object": partial}


def _column(text: str) -> Object:
    """`Name`, or `+Name` for one that is shown with `-o wide` only; `#Name` is a number."""
    name = text.lstrip("+#")
    return {
        "name": name,
        "type": "integer" if "#" in text else "string",
        "format": "name" if name == "Name" else "",
        "description": "",
        "priority": 1 if "+" in text else 0,
    }


def format_age(seconds: float) -> str:
    """`5s`, `3m10s`, `25m`, `3h2m`, `20h`, `3d4h`, `90d`, `2y30d`: the two largest units, as `kubectl` has them."""
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole}s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    return _two(days // 365, "y", days % 365, "d") if days < 2920 else f"{days // 365}y"


def _two(first: int, unit: str, second: int, smaller: str) -> str:
    return f"{first}{unit}{second}{smaller}" if second else f"{first}{unit}"


def _since(text: str | None, now: float) -> str:
    return format_age(now - datetime.fromisoformat(text).timestamp()) if text else "<unknown>"


def _age(obj: Object, now: float) -> str:
    return _since(obj["metadata"].get("creationTimestamp"), now)


def _pairs(values: Object | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((values or {}).items())) or _NONE


def _containers(spec: Object) -> list[str]:
    found = spec.get("containers") or []
    return [",".join(str(container.get(key, "")) for container in found) for key in ("name", "image")]


def _pod(pod: Object, now: float) -> list[Any]:
    statuses = pod.get("status", {}).get("containerStatuses") or []
    ready = sum(bool(status.get("ready")) for status in statuses)
    total = len(pod["spec"].get("containers") or [])
    place = [pod.get("status", {}).get("podIP") or _NONE, pod["spec"].get("nodeName") or _NONE, _NONE, _NONE]
    name = pod["metadata"]["name"]
    return [name, f"{ready}/{total}", describe_pod(pod), _restarts(statuses, now), _age(pod, now), *place]


def describe_pod(pod: Object) -> str:
    """The one word for a pod's state: `Running`, `CrashLoopBackOff`, `Terminating`…"""
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    status = pod.get("status", {})
    word: str = status.get("phase", "Pending")
    for container in status.get("containerStatuses") or []:
        state = container.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated") or {}
        if waiting.get("reason"):
            word = waiting["reason"]
        elif terminated:
            word = terminated.get("reason") or f"ExitCode:{terminated.get('exitCode')}"
    return word


def _restarts(statuses: Iterable[Object], now: float) -> str:
    count = sum(status.get("restartCount", 0) for status in statuses)
    ended = [(status.get("lastState") or {}).get("terminated", {}).get("finishedAt") for status in statuses]
    last = max((moment for moment in ended if moment), default=None)
    return f"{count} ({_since(last, now)} ago)" if count and last else str(count)


def _deployment(deployment: Object, now: float) -> list[Any]:
    spec, status = deployment["spec"], deployment.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    counts = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    wide = [*_containers(spec["template"]["spec"]), _pairs(spec["selector"].get("matchLabels"))]
    return [deployment["metadata"]["name"], ready, *counts, _age(deployment, now), *wide]


def _namespace(namespace: Object, now: float) -> list[Any]:
    return [namespace["metadata"]["name"], namespace.get("status", {}).get("phase", ""), _age(namespace, now)]


def _config_map(config: Object, now: float) -> list[Any]:
    count = len(config.get("data") or {}) + len(config.get("binaryData") or {})
    return [config["metadata"]["name"], count, _age(config, now)]


def _service(service: Object, now: float) -> list[Any]:
    spec = service["spec"]
    ports = ",".join(f"{port.get('port')}/{port.get('protocol', 'TCP')}" for port in spec.get("ports") or [])
    place = [spec.get("type", ""), spec.get("clusterIP", "None"), _NONE, ports or _NONE]
    return [service["metadata"]["name"], *place, _age(service, now), _pairs(spec.get("selector"))]


def _event(event: Object, now: float) -> list[Any]:
    involved, source = event["involvedObject"], event.get("source") or {}
    what = f"{involved.get('kind', '').lower()}/{involved.get('name')}"
    first = [_since(event.get("lastTimestamp"), now), event.get("type", ""), event.get("reason", ""), what]
    more = [involved.get("fieldPath", ""), source.get("component", ""), event.get("message", "").strip()]
    return [*first, *more, _since(event.get("firstTimestamp"), now), event.get("count", 1), event["metadata"]["name"]]


def _quota(quota: Object, now: float) -> list[Any]:
    status = quota.get("status") or {}
    hard, used = status.get("hard") or quota.get("spec", {}).get("hard") or {}, status.get("used") or {}
    texts = {key: f"{key}: {used.get(key, '0')}/{limit}" for key, limit in sorted(hard.items())}
    requests = ", ".join(text for key, text in texts.items() if not key.startswith("limits."))
    limits = ", ".join(text for key, text in texts.items() if key.startswith("limits."))
    return [quota["metadata"]["name"], requests, limits, _age(quota, now)]


def _limit_range(limits: Object, _now: float) -> list[Any]:
    return [limits["metadata"]["name"], limits["metadata"]["creationTimestamp"]]


def _network_policy(policy: Object, now: float) -> list[Any]:
    return [policy["metadata"]["name"], _pairs(policy["spec"]["podSelector"].get("matchLabels")), _age(policy, now)]


def _table(columns: Sequence[str], cells: Cells) -> tuple[list[Object], Cells]:
    return [_column(text) for text in columns], cells


_TABLES: dict[Kind, tuple[list[Object], Cells]] = {
    kinds.POD: _table(
        ["Name", "Ready", "Status", "Restarts", "Age", "+IP", "+Node", "+Nominated Node", "+Readiness Gates"], _pod
    ),
    kinds.DEPLOYMENT: _table(
        ["Name", "Ready", "#Up-to-date", "#Available", "Age", "+Containers", "+Images", "+Selector"], _deployment
    ),
    kinds.NAMESPACE: _table(["Name", "Status", "Age"], _namespace),
    kinds.CONFIG_MAP: _table(["Name", "#Data", "Age"], _config_map),
    kinds.SERVICE: _table(["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "+Selector"], _service),
    kinds.EVENT: _table(
        [
            "Last Seen",
            "Type",
            "Reason",
            "Object",
            "+Subobject",
            "+Source",
            "Message",
            "+First Seen",
            "+#Count",
            "+Name",
        ],
        _event,
    ),
    kinds.RESOURCE_QUOTA: _table(["Name", "Request", "Limit", "Age"], _quota),
    kinds.LIMIT_RANGE: _table(["Name", "Created At"], _limit_range),
    kinds.NETWORK_POLICY: _table(["Name", "Pod-Selector", "Age"], _network_policy),
}
