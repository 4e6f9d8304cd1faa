"""What all requests share: who decides, who waits, connections, counters, ids. What does not live here: one request."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from api.dispatcher.admission import Admission
from api.dispatcher.headers import Front
from api.dispatcher.hold import Hold
from api.dispatcher.metrics import Metrics
from api.dispatcher.route_table import Pod
from api.dispatcher.upstream import Pool


class Open(Protocol):
    """A request that is being answered."""

    def cut_if_revoked(self) -> None:
        """End it where its caller is not believed any more."""


@dataclass
class Desk:
    """Shared by all requests. `mark_unready`: nobody listens at a pod. Times are in seconds."""

    admission: Admission
    hold: Hold
    pool: Pool
    front: Front
    metrics: Metrics
    mark_unready: Callable[[Pod], None]
    is_ready: Callable[[], bool]
    hold_seconds: float
    open: set[Open] = field(default_factory=set)
    _prefix: str = field(default_factory=lambda: os.urandom(5).hex())
    _numbers: count[int] = field(default_factory=count)

    def name_request(self) -> str:
        """An id that no other request has."""
        return f"{self._prefix}{next(self._numbers):08x}"

    def cut_revoked(self) -> None:
        """End what is on its way for callers whose credential is good no more."""
        for request in list(self.open):
            request.cut_if_revoked()
