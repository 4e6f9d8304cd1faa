"""The catalogue is complete, and a problem can be shown anywhere."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import problems
from core.errors import Problem

ROOT = Path(__file__).parents[3]
SLUGS = sorted(problems.CATALOGUE)
TEXTS = st.text(max_size=30)
PLACES = st.none() | st.integers(1, 300)
PROBLEMS = st.builds(
    Problem,
    slug=st.sampled_from(SLUGS),
    detail=TEXTS,
    file=st.none() | TEXTS,
    line=PLACES,
    column=PLACES,
    hint=st.none() | TEXTS,
    source=st.none() | st.text(max_size=300),
)


def _slugs_in_source() -> set[tuple[str, str]]:
    """Where `Problem("slug", …)` stands in our packages."""
    found = set()
    for package in ("core", "api", "controller", "cli"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(func=ast.Name(id="Problem"), args=[ast.Constant(value=str(slug)), *_]):
                        found.add((str(path.relative_to(ROOT)), slug))
    return found


def test_every_slug_that_is_raised_is_in_the_catalogue() -> None:
    assert [place for place in _slugs_in_source() if place[1] not in problems.CATALOGUE] == []


def test_slugs_are_unique_and_well_formed() -> None:
    entries = problems._ENTRIES

    assert len({entry.slug for entry in entries}) == len(entries)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", entry.slug) for entry in entries)
    assert all(problems.CATALOGUE[entry.slug] is entry for entry in entries)


@pytest.mark.parametrize("slug", SLUGS)
def test_an_entry_says_what_and_what_to_do(slug: str) -> None:
    kind = problems.CATALOGUE[slug]

    assert 400 <= kind.status <= 599
    assert kind.title == kind.title.strip()
    assert not kind.title.endswith(".")
    assert kind.text.endswith(".")
    assert kind.text != kind.title


@given(st.lists(PROBLEMS, min_size=1, max_size=4))
def test_a_document_has_the_members_of_rfc_9457_and_repeats_the_first(found: list[Problem]) -> None:
    body = problems.document(tuple(found), request_id="r-1", head="h")

    assert body["type"] == f"/problems/{found[0].slug}"
    assert body["status"] == problems.CATALOGUE[found[0].slug].status
    assert body["title"] == problems.CATALOGUE[found[0].slug].title
    assert len(body["errors"]) == len(found)
    for problem, entry in zip(found, body["errors"], strict=True):
        assert entry["type"] == f"/problems/{problem.slug}"
        assert entry["detail"] == problem.detail
        assert None not in entry.values()
        assert entry.get("line") == problem.line
    shared = {"detail", "file", "line", "column", "hint"}
    assert {k: v for k, v in body["errors"][0].items() if k in shared} == {k: v for k, v in body.items() if k in shared}
    assert body["requestId"] == "r-1"
    assert body["head"] == "h"
    assert "source" not in json.dumps(body["errors"])
    assert json.loads(json.dumps(body)) == body


def test_a_document_without_a_request_has_no_request_id() -> None:
    assert "requestId" not in problems.document((Problem("not-found", "gone"),))


def cells(text: str) -> int:
    """How many cells of a terminal a text takes, as wcwidth(3) counts."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me") else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text
    )


@given(PROBLEMS)
@example(Problem("syntax-error", "no", file="a", line=1, column=400, source="x" * 500))
@example(Problem("syntax-error", "no", file="a", line=1, column=3, source="\t\tx"))
def test_drawing_is_safe_for_a_terminal(problem: Problem) -> None:
    lines = problems.draw(problem)

    assert all(c.isprintable() for line in lines for c in line)
    assert all(line == line.rstrip("\r\n") for line in lines)
    assert all(cells(line) <= 4 + 200 for line in lines[1:])


@given(st.text(max_size=250), st.integers(0, 60), st.text(max_size=60))
@example("名前: ", 0, "")
@example("e\u0301e\u0301: ", 0, "")
@example("\t\x1b", 3, "\x07")
def test_the_caret_stands_under_its_character(before: str, longer: int, after: str) -> None:
    """`!` is put where nothing else is one, so that it can be found in what is shown."""
    before, after = before.replace("!", "?") + "x" * longer, after.replace("!", "?")
    problem = Problem("syntax-error", "no", file="a", line=1, column=len(before) + 1, source=f"{before}!{after}")
    _, shown, caret = problems.draw(problem)

    assert caret.strip() == "^"
    assert cells(shown[: shown.index("!")]) == len(caret) - 1


def test_a_problem_without_a_place_is_one_line() -> None:
    assert problems.draw(Problem("not-found", "it is gone")) == ["it is gone"]
    assert problems.draw(Problem("not-found", "it is gone", file="a", hint="look")) == ["a  it is gone  (look)"]


def test_a_problem_with_a_source_line_has_a_caret() -> None:
    problem = Problem("syntax-error", "bad", file="a/b.py", line=2, column=5, hint="mend", source="x = (")

    assert problems.draw(problem) == ["a/b.py:2:5  bad  (mend)", "    x = (", "        ^"]


def test_a_long_line_is_shown_around_its_column() -> None:
    source = "a" * 300 + "!" + "b" * 300
    _, shown, caret = problems.draw(Problem("syntax-error", "bad", file="x", line=1, column=301, source=source))

    assert shown[len(caret) - 1] == "!"
    assert len(shown) == 104
