"""What happens, told as objects of kind Event: the same thing again is counted, not told twice; old ones go.

What does not live here: what is worth telling (its callers').
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from runtime.node import kinds
from runtime.node.kinds import Object
from runtime.node.objects import Store, format_time

MAX_SECONDS = 3600.0
_MESSAGE_LIMIT = 1024
_Key = tuple[str, str, str]


@dataclass(frozen=True)
class EventLimits:
    """How many events are kept at most: in one namespace, and in all."""

    namespace: int = 200
    total: int = 5_000


class Events:
    """Writes events beside the objects that they are about."""

    def __init__(self, store: Store, limits: EventLimits | None = None) -> None:
        self._store, self._limits = store, limits or EventLimits()
        # By namespace: what happened to what → the event and when it was last told; the oldest first, in both.
        self._known: OrderedDict[str, OrderedDict[_Key, tuple[Object, float]]] = OrderedDict()
        self._count = 0

    def tell(self, about: Object, reason: str, message: str, *, is_warning: bool = False) -> None:
        """Something happened to an object that is in a namespace."""
        namespace: str = about["metadata"]["namespace"]
        space = self._store.get(kinds.NAMESPACE, None, namespace)
        if space is None or "deletionTimestamp" in space.value["metadata"]:
            self._count -= len(self._known.pop(namespace, ()))
            return
        known, now = self._known.setdefault(namespace, OrderedDict()), self._store.now()
        self._known.move_to_end(namespace)
        key = (about["metadata"]["uid"], reason, message)
        past = known.pop(key, None)
        event = self._repeat(past[0], now) if past else None
        if event is None:
            event = self._store.create(_describe(about, reason, message[:_MESSAGE_LIMIT], is_warning, now))
        known[key] = (event, now)
        self._count += past is None
        self._forget(namespace, now)

    def _repeat(self, event: Object, now: float) -> Object | None:
        again = {"lastTimestamp": format_time(now)}
        return self._store.update(event, lambda value: value | again | {"count": value["count"] + 1})

    def _forget(self, namespace: str, now: float) -> None:
        """Drop what is too much or too old, here and where nothing was told for the longest time."""
        while len(self._known[namespace]) > self._limits.namespace or self._is_old(namespace, now):
            self._drop_from(namespace)
        while self._known:
            idle = next(iter(self._known))
            if self._count <= self._limits.total and self._known[idle] and not self._is_old(idle, now):
                return
            if self._known[idle]:
                self._drop_from(idle)
            else:
                del self._known[idle]

    def _is_old(self, namespace: str, now: float) -> bool:
        known = self._known[namespace]
        return bool(known) and now - next(iter(known.values()))[1] > MAX_SECONDS

    def _drop_from(self, namespace: str) -> None:
        _, (event, _told) = self._known[namespace].popitem(last=False)
        self._count -= 1
        self._store.remove(event)


def _describe(about: Object, reason: str, message: str, is_warning: bool, now: float) -> Object:
    metadata = about["metadata"]
    involved = {
        "kind": about["kind"],
        "apiVersion": about["apiVersion"],
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{secrets.token_hex(8)}", "namespace": metadata["namespace"]},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "type": "Warning" if is_warning else "Normal",
        "source": {"component": "paaks-node"},
        "firstTimestamp": format_time(now),
        "lastTimestamp": format_time(now),
        "eventTime": None,
        "count": 1,
        "reportingComponent": "paaks-node",
        "reportingInstance": "paaks",
    }
