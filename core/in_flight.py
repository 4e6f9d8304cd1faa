"""The calls to one API server that are on their way: as many as its pace allows, the others wait in line.

What does not live here: what the pace is (`pace.py`), the wire (`cluster.py`), and when somebody who was told to come
again does so.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import AsyncIterator

from core.errors import PaaksError, RetryLater
from core.pace import Pace

_GATEWAY = (502, 503, 504)  # of 5xx, those by which nobody says that the call was looked at


class InFlight:
    """For one server and one event loop."""

    def __init__(self) -> None:
        self.pace = Pace()
        self._count = 0
        self._line: deque[asyncio.Future[None]] = deque()
        self._returned = asyncio.Event()

    @contextlib.asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Wait for one's turn; the block is the call, and what it raises is what became of it.

        Raises RetryLater at once while the server must not be asked; so do those that wait in line.
        """
        await self._enter()
        started = time.monotonic()
        try:
            yield
        except RetryLater as error:
            self._learn(error, started)
            raise
        except PaaksError:
            self._answered()
            raise
        else:
            self._answered()
        finally:
            self._count -= 1
            self._let_in()

    @contextlib.asynccontextmanager
    async def long_call(self) -> AsyncIterator[None]:
        """A call whose answer may begin at any time: it takes nobody's turn, and how long it takes says nothing.

        Raises RetryLater at once while the server must not be asked.
        """
        self._check()
        yield

    async def wait_return(self) -> None:
        """Wait until the server answers again after it was away."""
        await self._returned.wait()

    async def _enter(self) -> None:
        self._check()
        if self._line or self._count + 1 > self.pace.allowed:
            turn = asyncio.get_running_loop().create_future()
            self._line.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.cancelled():
                    with contextlib.suppress(ValueError):
                        self._line.remove(turn)
                elif turn.exception() is None:
                    self._count -= 1  # it was ours already
                    self._let_in()
                raise
        else:
            self._count += 1

    def _let_in(self) -> None:
        """Those at the head of the line, as far as the pace allows; all are sent away while there must be no call."""
        wait = self.pace.wait(time.monotonic())
        while self._line and (wait > 0 or self._count + 1 <= self.pace.allowed):
            turn = self._line.popleft()
            if turn.done():
                continue  # cancelled, and about to leave by itself
            if wait > 0:
                turn.set_exception(self._say_closed(wait))
            else:
                self._count += 1
                turn.set_result(None)

    def _check(self) -> None:
        wait = self.pace.wait(time.monotonic())
        if wait > 0:
            raise self._say_closed(wait)

    def _say_closed(self, wait: float) -> RetryLater:
        asked = self.pace.asked_until > time.monotonic()
        return RetryLater("the cluster is given time to recover", wait, {"asked": asked})

    def _answered(self) -> None:
        was_away = self.pace.is_away
        self.pace = self.pace.answer(self._count)
        if was_away:
            returned, self._returned = self._returned, asyncio.Event()
            returned.set()

    def _learn(self, error: RetryLater, started: float) -> None:
        """What an error teaches. The wait that comes of it is what the error says from now on."""
        status, now = error.extra.get("status"), time.monotonic()
        asked = error.delay if error.extra.get("asked") else None
        if status is None or status in _GATEWAY:
            self.pace = self.pace.lose(started, now, asked, random.random())
        elif status == 429 or asked is not None:
            self.pace = self.pace.refuse(started, now, asked, random.random())
        else:
            self._answered()
        error.delay = max(error.delay, self.pace.wait(now))
