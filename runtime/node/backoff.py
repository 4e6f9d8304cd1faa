"""How long a pod waits before its process is started again. Pure, but for chance."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class BackoffSettings:
    """Seconds: the first wait, doubling up to the longest, each up to `spread` of itself shorter or longer.

    After `settled` good seconds it begins from the first again.
    """

    first: float = 10.0
    longest: float = 300.0
    spread: float = 0.2
    settled: float = 600.0


class Backoff:
    """Counts one pod's crashes."""

    def __init__(self, settings: BackoffSettings) -> None:
        self._settings = settings
        self._crashes = 0

    def next_delay(self, good_seconds: float | None) -> float:
        """Seconds to wait after a crash; `good_seconds` is how long the process had been ready, None if it never was.

        One that was ready and crashes for the first time is started again at once: somebody is waiting for it.
        """
        if good_seconds is not None and good_seconds >= self._settings.settled:
            self._crashes = 0
        if self._crashes == 0 and good_seconds is not None:
            self._crashes = 1
            return 0.0
        self._crashes = max(1, self._crashes)
        delay = min(self._settings.longest, self._settings.first * 2.0 ** min(self._crashes - 1, 30))
        self._crashes += 1
        return delay * random.uniform(1 - self._settings.spread, 1 + self._settings.spread)
