"""What happens, told as objects of kind Event: the same thing again is counted, not told twice; old ones go.

What does not live here: what is worth telling (its callers').
"""

from __future__ import annotations

import secrets
from collections import OrderedDict

from runtime.node import kinds
from runtime.node.kinds import Object
from runtime.node.objects import Store, format_time

MAX_EVENTS = 200  # in one namespace
MAX_SECONDS = 3600.0
_MESSAGE_LIMIT = 1024
_Key = tuple[str, str, str]


class Events:
    """Writes events beside the objects that they are about, at most `MAX_EVENTS` in a namespace."""

    def __init__(self, store: Store, limit: int = MAX_EVENTS) -> None:
        self._store, self._limit = store, limit
        # By namespace: what happened to what → the event and when it was last told, the oldest first.
        self._known: dict[str, OrderedDict[_Key, tuple[Object, float]]] = {}

    def tell(self, about: Object, reason: str, message: str, *, is_warning: bool = False) -> None:
        """Something happened to an object that is in a namespace."""
        namespace: str = about["metadata"]["namespace"]
        space = self._store.get(kinds.NAMESPACE, None, namespace)
        if space is None or "deletionTimestamp" in space.value["metadata"]:
            self._known.pop(namespace, None)
            return
        known, now = self._known.setdefault(namespace, OrderedDict()), self._store.now()
        key = (about["metadata"]["uid"], reason, message)
        past = known.pop(key, None)
        event = self._repeat(past[0], now) if past else None
        if event is None:
            event = self._store.create(_describe(about, reason, message[:_MESSAGE_LIMIT], is_warning, now))
        known[key] = (event, now)
        self._forget(known, now)

    def _repeat(self, event: Object, now: float) -> Object | None:
        again = {"lastTimestamp": format_time(now)}
        return self._store.update(event, lambda value: value | again | {"count": value["count"] + 1})

    def _forget(self, known: OrderedDict[_Key, tuple[Object, float]], now: float) -> None:
        while known:
            event, told = next(iter(known.values()))
            if len(known) <= self._limit and now - told <= MAX_SECONDS:
                return
            known.popitem(last=False)
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
