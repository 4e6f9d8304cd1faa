"""How long a crashed pod waits."""

from __future__ import annotations

from runtime.node.backoff import Backoff, BackoffSettings

EXACT = BackoffSettings(spread=0)


def test_one_that_never_was_ready_waits_longer_and_longer() -> None:
    backoff = Backoff(EXACT)
    assert [backoff.next_delay(None) for _ in range(7)] == [10, 20, 40, 80, 160, 300, 300]


def test_one_that_was_ready_is_started_again_at_once_but_only_once() -> None:
    backoff = Backoff(EXACT)
    assert [backoff.next_delay(5.0) for _ in range(4)] == [0, 10, 20, 40]


def test_ten_good_minutes_are_a_new_beginning() -> None:
    backoff = Backoff(EXACT)
    for _ in range(5):
        backoff.next_delay(None)
    assert [backoff.next_delay(600.0), backoff.next_delay(599.0)] == [0, 10]


def test_waits_differ_so_that_not_all_start_at_once() -> None:
    delays = {Backoff(BackoffSettings()).next_delay(None) for _ in range(50)}
    assert len(delays) > 40
    assert all(8 <= delay <= 12 for delay in delays)
