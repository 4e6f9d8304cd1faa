"""Tables, ages and formats."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cli import output
from cli.output import Column, Style

COLUMNS = (
    Column("NAME", lambda item: item["name"]),
    Column("STATE", lambda item: item["state"]),
    Column("AUTHOR", lambda item: item["author"], wide=True),
    Column("MESSAGE", lambda item: item["message"], free=True),
)
ITEM = {"name": "hello", "state": "live", "author": None, "message": "fix  the\nrounding"}
texts = st.none() | st.text()
items = st.lists(st.fixed_dictionaries({"name": texts, "state": texts, "author": texts, "message": texts}), max_size=5)


def render(answer: dict[str, object], style: Style) -> str:
    """What a list prints."""
    stream = io.StringIO()
    output.print_list(answer, COLUMNS, style, name="name", empty="nothing", stream=stream)
    return stream.getvalue()


def test_a_table_is_aligned_and_shows_none_as_a_dash() -> None:
    other = {"name": "x", "state": None, "author": None, "message": ""}
    assert output.table_lines([ITEM, other], COLUMNS, Style()) == [
        "NAME    STATE   MESSAGE",
        "hello   live    fix the rounding",
        "x       -       -",
    ]


def test_wide_shows_more_and_no_headers_less() -> None:
    assert output.table_lines([ITEM], COLUMNS, Style("wide", headings=False)) == ["hello   live   -   fix the rounding"]


@given(items, st.sampled_from(["table", "wide"]))
def test_no_cell_but_the_last_has_a_space(found: list[dict[str, str | None]], form: str) -> None:
    count = 4 if form == "wide" else 3
    for line in output.table_lines(found, COLUMNS, Style(form, headings=False)):
        assert len(line.split(maxsplit=count - 1)) == count
        assert line.isprintable()


# The YAML library does not write U+0085 as it reads it.
plain = st.none() | st.text(st.characters(exclude_characters="\x85"))


@given(st.lists(st.fixed_dictionaries({"name": plain, "state": plain, "author": plain, "message": plain}), max_size=5))
def test_json_yaml_and_jsonl_are_the_objects_themselves(found: list[dict[str, str | None]]) -> None:
    answer: dict[str, object] = {"items": found, "next": None}
    assert json.loads(render(answer, Style("json"))) == answer
    assert yaml.safe_load(render(answer, Style("yaml"))) == answer
    assert [json.loads(line) for line in render(answer, Style("jsonl")).split("\n")[:-1]] == found


def test_names_come_a_line_each() -> None:
    assert render({"items": [ITEM, ITEM]}, Style("name")) == "hello\nhello\n"


def test_an_empty_list_says_so_on_the_other_stream(capsys: pytest.CaptureFixture[str]) -> None:
    assert render({"items": []}, Style()) == ""
    assert capsys.readouterr().err == "nothing\n"
    assert render({"items": []}, Style("name")) == ""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86_400 * 9, "9d"), (-5, "0s")],
)
def test_ages_have_one_unit(seconds: int, shown: str) -> None:
    now = datetime.now(UTC)
    assert output.age((now - timedelta(seconds=seconds)).isoformat(), now) == shown


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1)))
def test_any_time_of_the_api_is_read(moment: datetime) -> None:
    text = moment.isoformat(timespec="milliseconds") + "Z"
    found = output.read_time(text)
    assert found is not None
    assert abs(found - moment.replace(tzinfo=UTC)) < timedelta(milliseconds=1)
    assert output.read_time(None) is None
    assert output.read_time("yesterday") is None


def test_milliseconds_and_commits_are_short() -> None:
    assert [output.describe_ms(value) for value in (None, 3.4, 999.0, 1920.0)] == [None, "3ms", "999ms", "1.92s"]
    assert output.short("9c1d2ef" + "0" * 33) == "9c1d2ef"
    assert output.short(None) is None
