"""The end of a namespace: everything in it goes, the pods with the grace that is theirs, and it goes last.

What does not live here: what else is kept for a namespace, say logs; whoever keeps it is told.
"""

from __future__ import annotations

from collections.abc import Callable

from runtime.node import kinds
from runtime.node.objects import Change, Preconditions, Store
from runtime.node.work import WorkQueue


class Namespaces:
    """Empties and removes every namespace that is being deleted; `on_gone` gets the name of each that has gone."""

    def __init__(self, store: Store, on_gone: Callable[[str], None]) -> None:
        self._store, self._on_gone = store, on_gone
        self._queue: WorkQueue[str] = WorkQueue()
        store.subscribe(self._react)

    async def run(self) -> None:
        """Settle one namespace after the other, for ever."""
        await self._queue.run(self._settle)

    def _react(self, change: Change) -> None:
        metadata = change.stored.value["metadata"]
        if change.stored.kind is kinds.NAMESPACE:
            self._queue.add(metadata["name"])
        elif change.type == "DELETED":
            self._queue.add(metadata.get("namespace", ""))

    def _settle(self, name: str) -> None:
        stored = self._store.get(kinds.NAMESPACE, None, name)
        if stored is None or "deletionTimestamp" not in stored.value["metadata"]:
            return
        for kind in kinds.KINDS:
            if kind.namespaced and kind is not kinds.POD:
                for found in self._store.list(kind, name):
                    self._store.remove(found.value)
        pods = list(self._store.list(kinds.POD, name))
        for pod in pods:
            if "deletionTimestamp" not in pod.value["metadata"]:
                self._store.request_deletion(pod, Preconditions(), None, foreground=False)
        if not pods:
            self._store.remove(stored.value)
            self._on_gone(name)
