"""How far releases have come, told to every browser, request and push that waits for it; and each tenant's events.

Fed by the controller's messages and by the commits of this process; all of it can be lost. What does not live here:
storing releases (`core/releases.py`), and how a waiting person is answered (`push.py`, `routes/`).
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core import releases
from core.releases import Release

KEPT_EVENTS = 10_000
KEPT_RELEASES = 5_000
Key = tuple[str, str]  # service, commit


@dataclass(frozen=True)
class Event:
    """One event of a tenant; `id` grows with each."""

    id: int
    type: str
    data: Mapping[str, Any]


@dataclass
class _Room:
    """What is known of one tenant, and who waits for more."""

    events: deque[Event] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    known: OrderedDict[Key, Release] = field(default_factory=OrderedDict)
    newest: dict[str, Release] = field(default_factory=dict)
    drifts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    last_id: int = 0
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self.grown.set()
        self.grown = asyncio.Event()


class Live:
    """One room per tenant. For one event loop."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        self._closed = False

    def publish(self, release: Release) -> None:
        """A release has begun or moved on; what an earlier message said and this one does not is kept."""
        room = self._room(release.tenant)
        key = (release.service, release.commit)
        before = room.known.pop(key, None)
        if before is not None:
            release = _join(before, release)
        room.known[key] = release
        if before is None or room.newest[release.service].commit == release.commit:
            room.newest[release.service] = release
        while len(room.known) > KEPT_RELEASES:
            room.known.popitem(last=False)
        if release != before:
            ended = release.is_final or release.state == "superseded"
            shown = releases.describe(release)
            self.tell(release.tenant, "release.finished" if ended else "release.stage", shown)
            if release.is_final:
                kind = "service.deleted" if release.state == "removed" else "service.updated"
                self.tell(release.tenant, kind, {"name": release.service, "release": shown})

    def note_drift(self, tenant: str, service: str, drift: Mapping[str, Any]) -> None:
        """Somebody has changed what runs, and it was put back; only the last word on a service is kept."""
        room = self._room(tenant)
        if room.drifts.get(service) != drift:
            room.drifts[service] = dict(drift)
            release = room.newest.get(service)
            shown = releases.describe(release) if release is not None else None
            self.tell(tenant, "service.updated", {"name": service, "release": shown})

    def drifts(self, tenant: str) -> Mapping[str, Mapping[str, Any]]:
        """The last drift of each service, as far as this process has heard."""
        return self._room(tenant).drifts

    def tell(self, tenant: str, kind: str, data: Mapping[str, Any]) -> None:
        """An event for everybody who listens to a tenant."""
        room = self._room(tenant)
        # Wall-clock ids grow over restarts too: what was seen before one is recognisably old.
        room.last_id = max(room.last_id + 1, time.time_ns() // 1_000_000)
        room.events.append(Event(room.last_id, kind, data))
        room.wake()

    def latest(self, tenant: str) -> Mapping[str, Release]:
        """The newest release of each service, as far as this process knows."""
        return self._room(tenant).newest

    def all(self, tenant: str) -> Collection[Release]:
        """Every release of a tenant that this process knows, in no order."""
        return self._room(tenant).known.values()

    def find(self, tenant: str, service: str, commit: str) -> Release | None:
        """One release, if it is known here."""
        return self._room(tenant).known.get((service, commit))

    def mark(self, tenant: str) -> int:
        """The id of the newest event of a tenant: a stream after it brings all that come from now on."""
        return self._room(tenant).last_id

    async def wait(self, tenant: str, wanted: Iterable[Key], seconds: float) -> list[Release]:
        """The wanted releases once each is final, or as they stand when the time is over; unknown ones are left out.

        One that was superseded is followed to its successor.
        """
        keys = list(wanted)
        try:
            async with asyncio.timeout(seconds):
                while not self._closed:
                    grown = self._room(tenant).grown
                    keys = [self._follow(tenant, key) for key in keys]
                    if all((found := self.find(tenant, *key)) is not None and found.is_final for key in keys):
                        break
                    await grown.wait()
        except TimeoutError:
            keys = [self._follow(tenant, key) for key in keys]
        return [release for key in dict.fromkeys(keys) if (release := self.find(tenant, *key)) is not None]

    def _follow(self, tenant: str, key: Key) -> Key:
        seen = {key}
        while (release := self.find(tenant, *key)) is not None and release.state == "superseded":
            successor = (key[0], release.superseded_by or "")
            if successor in seen or self.find(tenant, *successor) is None:
                break
            seen.add(successor)
            key = successor
        return key

    async def changes(self, tenant: str) -> AsyncIterator[None]:
        """Nothing, again and again: at once, and whenever something of the tenant has changed, until `close`."""
        while not self._closed:
            grown = self._room(tenant).grown
            yield
            await grown.wait()

    async def stream(self, tenant: str, after: int | None) -> AsyncGenerator[Event, None]:
        """The events after an id, without end; from now on for None. A `reset` first where some were missed."""
        room = self._room(tenant)
        place = room.last_id if after is None else after
        if after is not None and self._has_missed(room, after):
            place = room.last_id
            yield Event(place, "reset", {})
        while not self._closed:
            grown = room.grown
            for event in [event for event in room.events if event.id > place]:
                place = event.id
                yield event
            if not room.events or room.events[-1].id <= place:
                await grown.wait()
        yield Event(place, "bye", {})

    def _has_missed(self, room: _Room, after: int) -> bool:
        """Are there events after this id that are not kept, for all we know?"""
        if after > room.last_id:
            return True
        oldest = room.events[0].id if room.events else room.last_id + 1
        return after < oldest - 1 and (len(room.events) == KEPT_EVENTS or not any(e.id == after for e in room.events))

    @property
    def is_closed(self) -> bool:
        """Is the process about to end?"""
        return self._closed

    def close(self) -> None:
        """End every wait and every stream."""
        self._closed = True
        for room in self._rooms.values():
            room.wake()

    def _room(self, tenant: str) -> _Room:
        if tenant not in self._rooms:
            self._rooms[tenant] = _Room(last_id=time.time_ns() // 1_000_000)
        return self._rooms[tenant]


def _join(before: Release, after: Release) -> Release:
    """A later word on a release, with what only the earlier one knew."""
    return replace(
        after,
        actor=after.actor or before.actor,
        via=before.via if before.actor else after.via,
        subject=after.subject or before.subject,
        url=after.url or before.url,
        created=before.created or after.created,
        stages={**after.stages, **before.stages},
    )
