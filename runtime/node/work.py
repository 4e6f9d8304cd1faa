"""A queue of things to look at: each is in it at most once, and whoever looks sees the latest. Knows none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

_log = structlog.get_logger(component="node")
_RETRY_SECONDS = 1.0
K = TypeVar("K")


class WorkQueue(Generic[K]):
    """Keys in the order in which they came; one that is added again before its turn keeps its place."""

    def __init__(self) -> None:
        self._keys: dict[K, None] = {}
        self._filled = asyncio.Event()
        self._alarms: dict[K, asyncio.TimerHandle] = {}

    def add(self, key: K) -> None:
        """Look at the key soon."""
        self._keys[key] = None
        self._filled.set()

    def add_later(self, key: K, seconds: float) -> None:
        """Look at the key again after some time, once, however often this is asked for; the latest wish counts."""
        if key in self._alarms:
            self._alarms[key].cancel()
        self._alarms[key] = asyncio.get_running_loop().call_later(seconds, self._ring, key)

    def _ring(self, key: K) -> None:
        del self._alarms[key]
        self.add(key)

    async def run(self, look: Callable[[K], None]) -> None:
        """Look at one key after the other, for ever. One that fails is logged and tried again later."""
        while True:
            await self._filled.wait()
            key = next(iter(self._keys))
            del self._keys[key]
            if not self._keys:
                self._filled.clear()
            try:
                look(key)
            except Exception:  # noqa: BLE001 - what is wrong with one must not stop the others
                _log.exception("an object could not be settled", key=str(key))
                self.add_later(key, _RETRY_SECONDS)
            # Many keys at once must not keep requests waiting.
            await asyncio.sleep(0)
