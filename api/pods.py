"""A service's pods as a person wants to see them: of which commit, since when, how each is doing, and why not better.

Where a pod runs and what it was given is not said: no address, no node, no environment. What does not live here: how
many answer (`ready_pods.py`), what they say (`pod_logs.py`), the words for why one does not answer (`core/health.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from api.pod_logs import read_commits
from core import health, names
from core.cluster import Cluster, Object
from core.history import format_time
from core.tenants import Tenant

Shown = dict[str, Any]
_STATES = {"Ready": "ready", "Progressing": "starting", "Failed": "failed"}


async def read_pods(cluster: Cluster, tenant: Tenant, service: str) -> list[Shown]:
    """The newest first. Raises RetryLater where the cluster does not answer."""
    selector = names.write_selector(names.selector_labels(tenant.id, service))
    (pods, _), marked = await asyncio.gather(
        cluster.list("Pod", namespace=tenant.namespace, selector=selector),
        cluster.get("Service", tenant.namespace, service),
    )
    return show_pods(pods, read_commits(marked or {}))


def show_pods(pods: Iterable[Object], commits: Mapping[str, str]) -> list[Shown]:
    """Pods of the cluster; `commits` are those of their short trees. Pure."""
    shown = [_show_pod(pod, commits) for pod in pods]
    return sorted(shown, key=lambda pod: (pod["createdAt"], pod["name"]), reverse=True)


def _show_pod(pod: Object, commits: Mapping[str, str]) -> Shown:
    metadata, status = pod["metadata"], health.container_of(pod)
    tree = names.label_of(pod, names.LABEL_TREE) or ""
    # How long a start may take, its release says: here is only what is so.
    found = health.judge([pod], tree, 1, applied=0.0, now=0.0)
    going = health.parse_time(metadata.get("deletionTimestamp"))
    state, reason, sentence = _STATES[found.state], found.reason, found.sentence
    if going is not None:
        state, reason, sentence = "going", "Terminating", "ends the requests that it has"
    return {
        "name": metadata["name"],
        "tree": tree,
        "commit": commits.get(tree),
        "state": state,
        "reason": reason,
        "sentence": sentence,
        "message": found.message if state == "failed" else None,
        "createdAt": metadata["creationTimestamp"],
        "goneBy": format_time(going) if going is not None else None,
        "restarts": int(status.get("restartCount") or 0),
        "lastEnd": _show_end(health.find_end(pod)),
    }


def _show_end(end: health.End | None) -> Shown | None:
    if end is None:
        return None
    return {
        "reason": end.reason,
        "exitCode": end.code,
        "at": format_time(end.at) if end.at is not None else None,
    }
