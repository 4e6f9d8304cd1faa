"""What is done again and again: it goes on after failures, says so once, and lets bugs out."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from api.maintenance import keep_doing
from core.errors import RetryLater


class Work:
    """Fails as it is told, and ends the test after the last."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.done = asyncio.Event()

    async def __call__(self) -> None:
        if not self.outcomes:
            self.done.set()
            return
        outcome = self.outcomes.pop(0)
        if outcome is not None:
            raise outcome


async def watch(work: Work) -> list[str]:
    """The events in the log."""
    with structlog.testing.capture_logs() as lines:
        task = asyncio.create_task(keep_doing("it", 0.001, work))
        await asyncio.wait_for(work.done.wait(), 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return [line["event"] for line in lines]


async def test_a_failure_is_said_when_it_begins_and_when_it_is_over() -> None:
    down = RetryLater("the database does not answer")

    assert await watch(Work(None, down, down, OSError("disk"), None, None)) == [
        "background.failed",
        "background.mended",
    ]
    assert await watch(Work(None, None)) == []


async def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        await keep_doing("it", 0.001, Work(None, ZeroDivisionError()))
