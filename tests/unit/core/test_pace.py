"""How many calls a server gets: learnt by additive increase and multiplicative decrease, and when it gets none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.pace import AWAY_AFTER, FIRST, LARGEST, LONGEST_WAIT, SMALLEST, SPREAD, Pace

OUTCOMES = st.sampled_from(["answer", "refuse", "lose"])
EVENTS = st.lists(
    st.tuples(
        OUTCOMES,
        st.floats(0, 2),  # seconds since the event before
        st.floats(0, 2),  # how long the call took
        st.none() | st.floats(0, 30),  # what the server asks for
        st.floats(0, 1),
    ),
    max_size=60,
)


def take(pace: Pace, outcome: str, now: float, took: float, asked: float | None, chance: float) -> Pace:
    if outcome == "answer":
        return pace.answer(round(pace.allowed))
    return (pace.refuse if outcome == "refuse" else pace.lose)(now - took, now, asked, chance)


@given(EVENTS)
def test_whatever_happens_some_calls_are_allowed_and_what_was_asked_for_is_kept(
    events: Sequence[tuple[str, float, float, float | None, float]],
) -> None:
    pace, now, until = Pace(), 0.0, 0.0
    for outcome, since, took, asked, chance in events:
        now += since
        before = pace
        pace = take(pace, outcome, now, took, asked, chance)
        assert SMALLEST <= pace.allowed <= LARGEST
        assert pace.allowed <= before.allowed + 1
        assert pace.allowed >= before.allowed / 2
        if outcome != "answer" and asked is not None:
            until = max(until, now + asked)
        assert pace.wait(now) >= until - now - 1e-9
        assert pace.wait(now) <= max(LONGEST_WAIT, (1 + SPREAD) * 30)
        assert pace.wait(now + pace.wait(now) + 1e-9) == 0


def test_a_window_of_answers_adds_about_one() -> None:
    pace = Pace()
    for _ in range(round(FIRST)):
        pace = pace.answer(round(FIRST))
    assert FIRST + 0.9 < pace.allowed <= FIRST + 1


def test_what_is_not_used_does_not_grow() -> None:
    assert Pace().answer(3) == Pace()


def test_calls_that_were_on_their_way_together_are_one_loss() -> None:
    pace = Pace()
    for _ in range(20):
        pace = pace.refuse(1.0, 2.0, None, 0.5)
    assert pace.allowed == FIRST / 2
    assert pace.refuse(2.5, 3.0, None, 0.5).allowed == FIRST / 4


def test_two_clients_of_one_server_come_to_share_it() -> None:
    """Chiu and Jain, section 4: with any start, the difference goes with every loss, the sum stays near capacity."""
    capacity, now = 40.0, 0.0
    ours, theirs = replace(Pace(), allowed=2.0), replace(Pace(), allowed=38.0)
    for _ in range(300):
        now += 1
        if ours.allowed + theirs.allowed > capacity:
            ours, theirs = ours.refuse(now, now, None, 0), theirs.refuse(now, now, None, 0)
            continue
        for _ in range(int(ours.allowed)):
            ours = ours.answer(int(ours.allowed))
        for _ in range(int(theirs.allowed)):
            theirs = theirs.answer(int(theirs.allowed))
    assert abs(ours.allowed - theirs.allowed) <= 2
    assert capacity / 2 - 2 <= ours.allowed + theirs.allowed <= capacity + 3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_a_server_that_does_not_answer_is_away_and_back_with_its_first_answer(chances: list[float]) -> None:
    pace = Pace()
    for number, chance in enumerate(chances, 1):
        pace = pace.lose(float(number), float(number), None, chance)
        assert pace.is_away is (number >= AWAY_AFTER)
        assert pace.is_away or pace.wait(number) == 0
        assert pace.wait(number) <= LONGEST_WAIT
    refused = pace.refuse(100.0, 100.0, None, 0)
    assert refused.is_away is pace.is_away  # it is there, and cannot yet be asked
    back = refused.answer(1)
    assert (back.is_away, back.wait(0)) == (False, 0)


@given(st.floats(0, 100), st.floats(0, 1))
def test_an_answer_does_not_end_a_pause_that_was_asked_for(asked: float, chance: float) -> None:
    pace = Pace().refuse(0, 0, asked, chance).answer(5)
    assert asked <= pace.wait(0) <= asked * (1 + SPREAD) + 1e-9
