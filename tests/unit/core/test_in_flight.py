"""The line before a server: as many as its pace allows, in order, and nobody while it must not be asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.cluster import InvalidError
from core.errors import RetryLater
from core.in_flight import InFlight
from core.pace import AWAY_AFTER, FIRST, Pace


async def lose(line: InFlight, error: Exception) -> None:
    """A call that ends so."""
    with pytest.raises(type(error)):
        async with line.call():
            raise error


@pytest.fixture
def line() -> InFlight:
    """With room for two."""
    line = InFlight()
    line.pace = replace(Pace(), allowed=2.0)
    return line


class Calls:
    """Calls that end when they are told to."""

    def __init__(self, line: InFlight, count: int) -> None:
        self.begun: list[int] = []
        self._ends = [asyncio.Event() for _ in range(count)]
        self.tasks = [asyncio.create_task(self._call(line, number)) for number in range(count)]

    async def _call(self, line: InFlight, number: int) -> None:
        async with line.call():
            self.begun.append(number)
            await self._ends[number].wait()

    async def end(self, number: int) -> None:
        self._ends[number].set()
        await self.tasks[number]
        await asyncio.sleep(0)

    async def settle(self) -> list[int]:
        for _ in range(3):
            await asyncio.sleep(0)
        return self.begun


async def test_no_more_than_are_allowed_and_the_others_in_their_order(line: InFlight) -> None:
    calls = Calls(line, 5)
    assert await calls.settle() == [0, 1]
    await calls.end(1)
    assert await calls.settle() == [0, 1, 2]
    for number in (0, 2, 3, 4):
        await calls.end(number)
    assert calls.begun == [0, 1, 2, 3, 4]


async def test_who_leaves_the_line_takes_no_place(line: InFlight) -> None:
    calls = Calls(line, 5)
    await calls.settle()
    calls.tasks[2].cancel()  # in the line
    calls.tasks[0].cancel()  # on its way
    assert await calls.settle() == [0, 1, 3]
    calls.tasks[3].cancel()
    calls.tasks[4].cancel()
    await calls.end(1)
    await asyncio.gather(*calls.tasks, return_exceptions=True)
    assert (line._count, len(line._line)) == (0, 0)


async def test_a_line_that_everybody_has_left_keeps_nobody(line: InFlight) -> None:
    calls = Calls(line, 4)
    await calls.settle()
    for task in calls.tasks:
        task.cancel()
    await asyncio.gather(*calls.tasks, return_exceptions=True)
    more = Calls(line, 2)
    assert await more.settle() == [0, 1]
    for number in (0, 1):
        await more.end(number)


async def test_who_is_let_in_and_leaves_in_the_same_instant_takes_no_place(line: InFlight) -> None:
    calls = Calls(line, 4)
    await calls.settle()
    line.pace = replace(line.pace, allowed=3.0)
    line._let_in()
    calls.tasks[2].cancel()  # its turn has come, and it does not know it yet
    assert await calls.settle() == [0, 1, 3]
    for number in (0, 1, 3):
        await calls.end(number)
    assert line._count == 0


async def test_while_a_pause_is_asked_for_nobody_calls_and_the_line_is_told_how_long(line: InFlight) -> None:
    line.pace = replace(line.pace, allowed=1.0)
    error = RetryLater("slow down", 7.0, {"status": 429, "asked": True})
    begun = asyncio.Event()

    async def call() -> None:
        async with line.call():
            begun.set()
            await asyncio.sleep(0)
            raise error

    first = asyncio.create_task(call())
    await begun.wait()
    waiting = asyncio.create_task(call())
    told = await asyncio.gather(first, waiting, call(), return_exceptions=True)
    assert told[0] is error
    for one in told:
        assert isinstance(one, RetryLater)
        assert 6.5 < one.delay <= 8.4
        assert one.extra["asked"]
    assert told[1] is not error  # sent away without a call
    assert told[2] is not error


@pytest.mark.parametrize(
    ("error", "allowed"),
    [
        (RetryLater("429", 1.0, {"status": 429, "asked": False}), FIRST / 2),
        (RetryLater("503", 1.0, {"status": 503, "asked": False}), FIRST / 2),
        (RetryLater("no answer", 0.2), FIRST / 2),
        (RetryLater("500", 1.0, {"status": 500, "asked": False}), FIRST),
        (InvalidError(403, "Forbidden", "no"), FIRST),
    ],
    ids=["429", "503", "none", "500", "403"],
)
async def test_what_an_end_teaches(error: Exception, allowed: float) -> None:
    line = InFlight()
    await lose(line, error)
    assert line.pace.allowed == allowed


async def test_a_server_that_is_away_is_asked_rarely_and_its_return_is_told() -> None:
    line = InFlight()
    returned = asyncio.create_task(line.wait_return())
    tries, told = 0, list[bool]()

    async def try_once(*, answers: bool) -> bool:
        nonlocal tries
        try:
            async with line.call():
                tries += 1
                if not answers:
                    raise RetryLater("no answer", 0.2)
        except RetryLater as error:
            told.append(bool(error.extra.get("asked")))
            await asyncio.sleep(min(error.delay, 0.01))
            return False
        return True

    for _ in range(50):
        await try_once(answers=False)
    assert line.pace.is_away
    assert AWAY_AFTER <= tries < 40  # the others were sent away without a call
    assert not any(told)  # nobody has said when to come
    assert not returned.done()
    while not await try_once(answers=True):
        pass
    await asyncio.wait_for(returned, 1)
