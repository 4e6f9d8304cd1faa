"""The changes of the past, for those who watch: one ring for all, in which each watcher has a place of its own.

A watcher is woken by changes of its kind alone. One that is too slow falls off the ring and is told so (410); nothing
is ever queued for it.
What does not live here: HTTP (`api.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass

from runtime.node import selectors
from runtime.node.kinds import Kind
from runtime.node.objects import Change, Refusal, Store, Stored, encode

MAX_CHANGES = 20_000
MAX_BYTES = 32 * 2**20
# What one step of a watcher takes from the ring at most: a slow reader must not hold much of it in memory.
_BATCH = 256


@dataclass(frozen=True)
class Scope:
    """What a watcher wants to see: a kind, in one namespace or all, that matches."""

    kind: Kind
    namespace: str | None = None
    matches: selectors.Matches | None = None

    def covers(self, stored: Stored | None) -> bool:
        """Is this object one of those?"""
        if stored is None or stored.kind is not self.kind:
            return False
        if self.namespace is not None and stored.value["metadata"].get("namespace") != self.namespace:
            return False
        return self.matches is None or self.matches(stored.value)


@dataclass(frozen=True, slots=True)
class Seen:
    """A change as one watcher sees it: an object that stops matching looks deleted, one that starts looks added."""

    type: str
    stored: Stored


class Ring:
    """The last changes, bounded by number and by bytes."""

    def __init__(self, store: Store, max_changes: int = MAX_CHANGES, max_bytes: int = MAX_BYTES) -> None:
        self._store = store
        self._max_changes, self._max_bytes = max_changes, max_bytes
        self._changes: deque[Change] = deque()
        self._bytes = 0
        self._first = 0  # the place of the oldest change, counted since the start
        self._horizon = store.version  # every change after this version is in the ring
        # By kind, the place behind its newest change, behind the newest that was dropped, and who waits for the next.
        self._newest: dict[Kind, int] = {}
        self._dropped: dict[Kind, int] = {}
        self._waiting: dict[Kind, asyncio.Future[None]] = {}
        store.subscribe(self._append)

    def place_after(self, version: int) -> int:
        """The place from which everything after a version is read. Raises Refusal (410) where that is unknown."""
        if not self._horizon <= version <= self._store.version:
            raise expired(f"too old resource version: {version} ({self._horizon})")
        # Versions are consecutive, so a place follows from a version.
        return self._first + version - self._horizon

    @property
    def end(self) -> int:
        """The place behind the newest change."""
        return self._first + len(self._changes)

    async def advance(self, scope: Scope, place: int, seconds: float) -> tuple[list[Seen], int]:
        """What the watcher of a scope sees next from a place on, and the place behind it.

        Nothing where the next changes do not concern it, or where there are none of its kind within `seconds`. Raises
        Refusal (410) where some of its kind have been dropped.
        """
        if self._newest.get(scope.kind, 0) <= place:
            place = self.end  # what has come since is of other kinds
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wait(scope.kind)
        changes, place = self._read(scope.kind, place)
        return [seen for seen in (see(scope, change) for change in changes) if seen is not None], place

    async def _wait(self, kind: Kind) -> None:
        """Return once there is another change of a kind."""
        if kind not in self._waiting:
            self._waiting[kind] = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._waiting[kind])

    def _read(self, kind: Kind, place: int) -> tuple[list[Change], int]:
        """At most a batch of changes from a place on, and the place behind them."""
        if place < self._dropped.get(kind, 0):
            raise expired("the watch fell behind: its changes are not kept any more")
        start = max(0, place - self._first)
        stop = min(start + _BATCH, len(self._changes))
        return [self._changes[index] for index in range(start, stop)], self._first + stop

    def version_at(self, place: int) -> int:
        """The version of the newest change before a place: the inverse of `place_after`."""
        return self._horizon + place - self._first

    def _append(self, change: Change) -> None:
        self._changes.append(change)
        self._bytes += len(change.stored.data)
        self._newest[change.stored.kind] = self.end
        while len(self._changes) > self._max_changes or self._bytes > self._max_bytes:
            dropped = self._changes.popleft()
            self._bytes -= len(dropped.stored.data)
            self._first += 1
            self._horizon = dropped.version
            self._dropped[dropped.stored.kind] = self._first
        waiting = self._waiting.pop(change.stored.kind, None)
        if waiting is not None:
            waiting.set_result(None)


def see(scope: Scope, change: Change) -> Seen | None:
    """A change as the watcher of a scope sees it; None where it does not concern it."""
    is_there = change.type != "DELETED" and scope.covers(change.stored)
    was_there = scope.covers(change.before)
    if is_there:
        return Seen("MODIFIED" if was_there else "ADDED", change.stored)
    if was_there and change.before is not None:
        return Seen("DELETED", _departed(change, change.before))
    return None


def _departed(change: Change, before: Stored) -> Stored:
    """The last state that a watcher saw, with the version of the change that took it away."""
    if change.type == "DELETED":
        return change.stored
    version = {"resourceVersion": str(change.version)}
    value = before.value | {"metadata": before.value["metadata"] | version}
    return Stored(before.kind, value, encode(value))


def expired(message: str) -> Refusal:
    """410: the watcher has to list again."""
    return Refusal(410, "Expired", message)
