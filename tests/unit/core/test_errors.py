"""Errors say whose fault it is, and where."""

from __future__ import annotations

import pytest

from core.errors import Conflict, NotFound, PaaksError, Problem, Refused, RetryLater, Sides, TenantError


def test_a_problem_says_as_much_of_its_place_as_is_known() -> None:
    assert Problem("not-found", "gone").where() == ""
    assert Problem("not-found", "gone", file="a/b.py").where() == "a/b.py"
    assert Problem("syntax-error", "no", file="a/b.py", line=3).where() == "a/b.py:3"
    assert Problem("syntax-error", "no", file="a/b.py", line=3, column=7).where() == "a/b.py:3:7"


def test_an_error_reads_as_all_its_problems() -> None:
    error = Refused(Problem("a", "first", file="x", line=1), Problem("b", "second"))

    assert str(error) == "x:1 first; second"
    assert [problem.slug for problem in error.problems] == ["a", "b"]


@pytest.mark.parametrize("kind", [Refused, NotFound, Conflict])
def test_what_a_tenant_did_is_told_from_what_the_world_did(kind: type[TenantError]) -> None:
    assert issubclass(kind, TenantError)
    assert issubclass(kind, PaaksError)
    assert not issubclass(RetryLater, TenantError)


def test_a_conflict_brings_what_is_there_now() -> None:
    side = Sides("a.py", b"base", b"yours", b"theirs", "id")
    error = Conflict(Problem("changed-upstream", "moved", file="a.py"), sides=[side], head="c" * 40)

    assert error.sides == (side,)
    assert error.head == "c" * 40
    assert Conflict(Problem("name-taken", "taken")).sides == ()


def test_retry_later_says_when_and_why() -> None:
    error = RetryLater("the disk is full", delay=30.0)

    assert str(error) == "the disk is full"
    assert error.delay == 30.0
    assert dict(error.extra) == {}


def test_two_outages_are_two_things() -> None:
    first, second = RetryLater("the disk is full"), RetryLater("the disk is full")

    assert first != second
    assert len({first, second}) == 2
