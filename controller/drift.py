"""What others have changed of ours: noticed, put back, told with who and what; a fight is slowed rather than answered.

What does not live here: what differs (`core/plan.py`), who owns what (`core/ownership.py`), when a fight is one
(`core/contest.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from controller.live_objects import LiveObjects
from core import names, ownership, plan
from core.cluster import Cluster, ConflictError
from core.contest import Contest
from core.errors import RetryLater
from core.history import format_time
from core.ownership import Entry, Owners, Taken
from core.plan import Key, Object, Plan

_log = structlog.get_logger(component="drift")
_SHOWN_FIELDS = 10
_ATTEMPTS = 5
Message = dict[str, Any]


@dataclass(frozen=True)
class _Found:
    """One object that is not as it was applied last."""

    service: str
    wanted: Object
    taken: Sequence[Taken]


def _say_nothing(_message: Message) -> None:
    return


class Drifts:
    """One tenant's: what a pass has found, how often each object was put back, and the last word on each service."""

    def __init__(self, tenant: str = "", tell: Callable[[Message], None] = _say_nothing) -> None:
        self._tenant, self._tell = tenant, tell
        self._contests: dict[Key, Contest] = {}
        self._found: dict[Key, _Found] = {}
        self.latest: dict[str, Message] = {}

    def sift(
        self, made: Plan, live: Mapping[Key, Object], owners: Mapping[Key, Owners], now: float
    ) -> tuple[Plan, dict[str, float]]:
        """The plan without what is fought over and has to wait; and how long that is, by service ("" is the tenant)."""
        self._found = {}
        waits: dict[str, float] = {}

        def choose(service: str, objects: Sequence[Object]) -> list[Object]:
            return [obj for obj in objects if not self._waits(service, obj, live, owners, now, waits)]

        services = {service: choose(service, objects) for service, objects in made.services.items()}
        chosen = replace(
            made,
            tenant=choose("", made.tenant),
            services={service: objects for service, objects in services.items() if objects},
        )
        return chosen, waits

    def _waits(
        self,
        service: str,
        wanted: Object,
        live: Mapping[Key, Object],
        owners: Mapping[Key, Owners],
        now: float,
        waits: dict[str, float],
    ) -> bool:
        key = plan.key_of(wanted)
        there = live.get(key)
        if there is None:
            return False
        known = owners.get(key, Owners())
        if not plan.is_recorded(wanted, there):
            # A new revision: only what somebody else has is drift, and nothing waits for that.
            found = ownership.find_taken(wanted, there, known) if known.others else []
            if taken := [one for one in found if one.by is not None]:
                self._found[key] = _Found(service, wanted, taken)
            return False
        taken = ownership.find_taken(wanted, there, known)
        wait = self._contests.get(key, Contest()).wait(now)
        if wait > 0:
            waits[service] = min(wait, waits.get(service, wait))
            return True
        self._found[key] = _Found(service, wanted, taken)
        return False

    async def finish(self, failed: Collection[str], cluster: Cluster, objects: LiveObjects) -> None:
        """Say what was put back; take away what others have put into lists of ours. Raises RetryLater."""
        for key, found in self._found.items():
            if found.service in failed:
                continue
            await _trim(key, found.wanted, cluster, objects)
            now = time.time()
            contest = self._contests.get(key, Contest()).correct(now)
            self._contests[key] = contest
            self._report(key, found, contest, now)
        self._found = {}

    def _report(self, key: Key, found: _Found, contest: Contest, now: float) -> None:
        by = next((one.by for one in found.taken if one.by is not None), None) or Entry("", "", "", "", "")
        fields = [one.field for one in found.taken]
        drift = {
            "reason": "Contested" if contest.is_fought(now) else "Corrected",
            "object": f"{key[0]}/{key[2]}",
            "fields": fields[:_SHOWN_FIELDS],
            "manager": by.manager or None,
            "operation": by.operation or None,
            "changedAt": by.time or None,
            "correctedAt": format_time(now),
            "pause": contest.pause,
        }
        said = {name: value for name, value in drift.items() if name != "object"}
        _log.warning("drift", tenant=self._tenant, namespace=key[1], kind=key[0], name=key[2], **said)
        if found.service:
            message = {"type": "drift", "tenant": self._tenant, "service": found.service, "drift": drift}
            self.latest[found.service] = message
            self._tell(message)


async def _trim(key: Key, wanted: Object, cluster: Cluster, objects: LiveObjects) -> None:
    """Remove what an apply leaves: items that somebody else has put into lists of ours."""
    live = objects.of(key[1] or key[2]).get(key)
    for _ in range(_ATTEMPTS):
        if live is None or names.label_of(live, names.LABEL_MANAGED_BY) != names.FIELD_MANAGER:
            return
        patch = ownership.trim(live, wanted)
        if patch is None:
            return
        try:
            objects.take(await cluster.patch(live, patch))
            return
        except ConflictError:
            # Its status alone may have moved: that follows every change of it.
            live = await cluster.get(key[0], key[1] or None, key[2])
    raise RetryLater(f"{key[0]} {key[2]} changes faster than it can be put back")
