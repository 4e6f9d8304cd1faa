"""Which tenant next: one worker per key, re-adds collapse, fair, pauses after failures."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.work_queue import LONGEST_PAUSE, WorkQueue


async def test_keys_come_in_the_order_in_which_they_were_first_added() -> None:
    queue = WorkQueue()
    for key in ("a", "b", "a", "c", "b"):
        queue.add(key)
    assert [await queue.take() for _ in range(3)] == ["a", "b", "c"]


async def test_a_key_that_is_added_while_it_is_worked_on_comes_once_more() -> None:
    queue = WorkQueue()
    queue.add("a")
    assert await queue.take() == "a"
    queue.add("a")
    queue.add("a")
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.done("a")
    assert await waiting == "a"
    queue.done("a")
    queue.add("b")
    assert await queue.take() == "b"


async def test_a_failed_key_comes_again_by_itself_and_a_success_forgets() -> None:
    queue = WorkQueue(first_pause=0.001)
    queue.add("a")
    for _ in range(3):
        assert await asyncio.wait_for(queue.take(), 1) == "a"
        queue.done("a", failed=True)
    assert await asyncio.wait_for(queue.take(), 1) == "a"
    queue.done("a")
    queue.add("b")
    assert await asyncio.wait_for(queue.take(), 1) == "b"


async def test_an_earlier_time_wins_and_forgetting_drops_it() -> None:
    queue = WorkQueue()
    queue.add_later("a", 30)
    queue.add_later("a", 0)
    queue.add_later("a", 60)
    assert await asyncio.wait_for(queue.take(), 1) == "a"
    queue.done("a")
    queue.add_later("b", 0.001)
    queue.forget("b")
    await asyncio.sleep(0.01)
    queue.add("c")
    assert await queue.take() == "c"
    queue.close()


async def test_pauses_are_full_jitter_below_a_ceiling_that_grows_to_a_limit() -> None:
    queue = WorkQueue(first_pause=1.0)
    for failures in range(1, 12):
        queue._failures["a"] = failures
        pauses = [queue._pause("a") for _ in range(200)]
        ceiling = min(LONGEST_PAUSE, 2.0 ** (failures - 1))
        assert max(pauses) <= ceiling
        assert min(pauses) < ceiling / 4
        assert max(pauses) > ceiling * 3 / 4


async def test_after_a_failure_a_key_comes_no_sooner_than_it_was_told() -> None:
    queue, loop = WorkQueue(first_pause=0.001), asyncio.get_running_loop()
    queue.add("a")
    await queue.take()
    before = loop.time()
    queue.done("a", failed=True, delay=0.05)
    await asyncio.wait_for(queue.take(), 1)
    assert loop.time() - before >= 0.05


async def test_a_pause_grows_no_longer_than_it_may_this_time() -> None:
    queue = WorkQueue(first_pause=1.0)
    for _ in range(20):
        queue.add("a")
        await queue.take()
        queue.done("a", failed=True, longest=2.0)
    assert max(queue._pause("a", 2.0) for _ in range(200)) <= 2.0
    assert queue._timers["a"].when() - asyncio.get_running_loop().time() <= 2.0
    queue.close()


async def test_keys_that_pause_can_be_hurried_and_others_cannot() -> None:
    queue = WorkQueue(first_pause=60)
    for key in ("a", "b"):
        queue.add(key)
        await queue.take()
        queue.done(key, failed=True, delay=60)
    queue.add_later("c", 60)
    queue.hurry()
    assert [await asyncio.wait_for(queue.take(), 1) for _ in range(2)] == ["a", "b"]
    queue.hurry()  # they are worked on
    assert list(queue._timers) == ["c"]
    assert not queue._waiting
    queue.close()


@settings(max_examples=50, deadline=None)
@given(adds=st.lists(st.sampled_from("abcd"), min_size=1, max_size=40), workers=st.integers(1, 4))
def test_no_key_is_with_two_workers_and_every_add_is_seen(adds: list[str], workers: int) -> None:
    async def run() -> None:
        queue, busy, seen = WorkQueue(), Counter[str](), Counter[str]()

        async def work() -> None:
            while True:
                key = await queue.take()
                busy[key] += 1
                assert busy[key] == 1
                await asyncio.sleep(0)
                seen[key] += 1
                busy[key] -= 1
                queue.done(key)

        async with asyncio.timeout(5):
            tasks = [asyncio.create_task(work()) for _ in range(workers)]
            for key in adds:
                before = seen[key]
                queue.add(key)
                await asyncio.sleep(0)
                while seen[key] == before:
                    await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
        assert set(seen) == set(adds)

    asyncio.run(run())
