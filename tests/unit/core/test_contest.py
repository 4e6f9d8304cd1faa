"""When putting back is a fight, and how it is slowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contest import LONGEST_PAUSE, WINDOW, Contest

T = 1_800_000_000.0


def fight(times: list[float]) -> Contest:
    contest = Contest()
    for at in times:
        contest = contest.correct(at)
    return contest


def test_four_a_minute_are_answered_at_once() -> None:
    contest = fight([T, T + 1, T + 2, T + 3])
    assert contest.wait(T + 3) == 0
    assert not contest.is_fought(T + 3)


def test_the_fifth_within_a_minute_makes_a_fight_and_each_further_one_doubles_the_pause() -> None:
    contest = fight([T, T + 1, T + 2, T + 3, T + 4])
    assert contest.is_fought(T + 4)
    pauses, now = [contest.pause], T + 4
    for _ in range(7):
        now += contest.pause
        assert contest.wait(now) == 0
        contest = contest.correct(now)
        pauses.append(contest.pause)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]


def test_a_fight_is_over_when_it_has_been_quiet() -> None:
    contest = fight([T, T + 1, T + 2, T + 3, T + 4])
    later = T + 4 + contest.pause + WINDOW
    assert not contest.is_fought(later)
    assert contest.correct(later).pause == 0


@given(st.lists(st.floats(0, 30), max_size=60))
def test_it_never_waits_longer_than_a_minute_and_remembers_little(gaps: list[float]) -> None:
    contest, now = Contest(), T
    for gap in gaps:
        now += gap
        contest = contest.correct(now)
        assert contest.wait(now) == pytest.approx(contest.pause)
        assert contest.pause <= LONGEST_PAUSE
        assert len(contest.times) <= 6
