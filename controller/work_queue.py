"""Which tenant next: one worker per key, re-adds collapse, fair, with a pause after failures. Knows no tenant.

The contract is that of client-go's workqueue: a key that is added while it is worked on is worked on once more
afterwards; a key is never with two workers. Keys are handed out in the order in which they were first added.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict

LONGEST_PAUSE = 60.0


class WorkQueue:
    """Keys that wait, keys that are worked on, and keys that wait for their time. For one event loop."""

    def __init__(self, first_pause: float = 0.5) -> None:
        self._first_pause = first_pause
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._working: set[str] = set()
        self._again: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._failures: dict[str, int] = {}
        self._filled = asyncio.Event()

    def add(self, key: str) -> None:
        """Work on a key soon; if it is being worked on, once more afterwards."""
        if key in self._working:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting[key] = None
            self._filled.set()

    def add_later(self, key: str, seconds: float) -> None:
        """Work on a key after a while, or sooner where an earlier time is set already."""
        loop = asyncio.get_running_loop()
        at = loop.time() + max(0.0, seconds)
        timer = self._timers.get(key)
        if timer is not None and timer.when() <= at:
            return
        if timer is not None:
            timer.cancel()
        self._timers[key] = loop.call_at(at, self._ring, key)

    def _ring(self, key: str) -> None:
        del self._timers[key]
        self.add(key)

    async def take(self) -> str:
        """The next key; `done` must follow."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        key, _ = self._waiting.popitem(last=False)
        self._working.add(key)
        return key

    def done(self, key: str, *, failed: bool = False, delay: float = 0.0, longest: float = LONGEST_PAUSE) -> None:
        """A key has been worked on. After a failure it comes again by itself: after `delay`, and a pause that grows
        with each failure, to `longest` at most."""
        self._working.discard(key)
        if failed:
            self._failures[key] = self._failures.get(key, 0) + 1
            self.add_later(key, delay + self._pause(key, longest))
        else:
            self._failures.pop(key, None)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def _pause(self, key: str, longest: float = LONGEST_PAUSE) -> float:
        """Full jitter below a ceiling that doubles with each failure, so that keys do not come in step."""
        return random.uniform(0, min(longest, self._first_pause * 2 ** min(self._failures[key] - 1, 20)))

    def hurry(self) -> None:
        """What made keys fail is over: those that pause come now, each behind what waits already."""
        for key in [key for key in self._failures if key in self._timers]:
            self._timers.pop(key).cancel()
            self.add(key)

    def forget(self, key: str) -> None:
        """Drop what waits for a key that is gone."""
        self._waiting.pop(key, None)
        self._failures.pop(key, None)
        self._again.discard(key)
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Cancel every timer."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
