"""What went wrong, as words."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import drawing
from cli.failure import MEANING, Exit, Failure
from core import problems
from core.errors import Problem

PROBLEM = {"detail": "'(' was never closed", "file": "a/handler.py", "line": 3, "column": 11, "hint": "close it"}


def draw(failure: Failure) -> list[str]:
    """The lines that a failure prints to a file."""
    stream = io.StringIO()
    drawing.print_failure(failure, stream)
    return stream.getvalue().splitlines()


def test_the_title_comes_first_and_what_to_do_last() -> None:
    failure = Failure("it is refused", "because", hint="paaks help", request_id="7f3c")
    assert draw(failure) == ["error: it is refused", "  because", "  request: 7f3c", "  hint: paaks help"]


def test_each_problem_with_a_place_takes_the_place_of_the_detail() -> None:
    lines = draw(Failure("it is refused", "'(' was never closed", problems=[PROBLEM, {"detail": "no place"}]))
    assert lines == ["error: it is refused", "  a/handler.py:3:11  '(' was never closed  (close it)"]


@given(st.text(max_size=300), st.integers(1, 300))
def test_a_caret_stands_where_the_check_itself_draws_it(source: str, column: int) -> None:
    plain = "".join(c for c in source if 32 <= ord(c) < 127)
    entry = {**PROBLEM, "source": plain, "column": column}
    same = Problem("syntax-error", PROBLEM["detail"], "a/handler.py", 3, column, PROBLEM["hint"], plain)  # type: ignore[arg-type]
    assert drawing.draw(entry)[0] == problems.draw(same)[0]
    if column <= min(len(plain), 99):
        assert drawing.draw(entry)[2] == problems.draw(same)[2]


@given(st.text())
def test_nothing_that_a_tenant_wrote_reaches_the_terminal_as_a_command(text: str) -> None:
    cleaned = drawing.clean(text)
    assert cleaned.replace("\t", "").isprintable()
    assert len(cleaned) == len(text)
    assert all(line.replace("\t", "").isprintable() for line in draw(Failure(text, text, hint=text)))


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for name in ("NO_COLOR", "PAAKS_NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert drawing.uses_colour(Terminal())
    assert not drawing.uses_colour(io.StringIO())
    monkeypatch.setenv("PAAKS_NO_COLOR", "1")
    assert not drawing.uses_colour(Terminal())


def test_every_exit_code_is_explained() -> None:
    assert set(MEANING) == set(Exit)
