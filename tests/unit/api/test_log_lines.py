from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.log_lines import MAX_TEXT, Line, Pod, Seam, make_filter, merge, read_line, read_since
from core.errors import Refused

POD = Pod("hello-1", "c" * 40)


def line(text: str, moment: float = 0.0, pod: Pod = POD) -> Line:
    return read_line(text.encode(), pod, moment)


def at(second: int, text: str, pod: Pod = POD) -> Line:
    return line(f"2026-11-24T15:00:{second:02}.000Z INFO - {text}", pod=pod)


def test_a_line_of_the_host_is_taken_apart() -> None:
    found = line("2026-11-24T15:00:00.123Z WARNING 7f3c-1 the disk is  nearly full")
    assert found.show() == {
        "at": "2026-11-24T15:00:00.123Z",
        "level": "WARNING",
        "requestId": "7f3c-1",
        "text": "the disk is  nearly full",
        "pod": "hello-1",
        "commit": "c" * 40,
        "complete": True,
    }
    assert found.moment == pytest.approx(1795532400.123)


def test_a_dash_is_no_request_and_a_text_may_be_empty() -> None:
    assert line("2026-11-24T15:00:00Z INFO - ").request_id is None
    assert line("2026-11-24T15:00:00Z INFO -").text == ""


@pytest.mark.parametrize(
    "text",
    [
        "Fatal Python error: Segmentation fault",
        "",
        "2026-99-24T15:00:00Z INFO - x",
        "15:00 INFO - x",
        "… 7 lines dropped",
    ],
)
def test_any_other_line_is_text_at_the_time_of_the_one_before(text: str) -> None:
    found = line(text, moment=5.0)
    assert (found.text, found.moment, found.at, found.level) == (text, 5.0, None, None)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_line_that_is_valid_json(raw: bytes) -> None:
    shown = read_line(raw, POD).show()
    assert json.loads(json.dumps(shown).encode()) == shown


def test_a_long_text_is_cut_and_says_so() -> None:
    found = line("2026-11-24T15:00:00Z INFO - " + "x" * (MAX_TEXT + 1))
    assert (len(found.text), found.complete) == (MAX_TEXT, False)


@pytest.mark.parametrize(
    ("level", "text", "request_id", "wanted"),
    [
        (None, None, None, True),
        ("info", None, None, True),
        ("error, INFO", None, None, True),
        ("error", None, None, False),
        (None, "HELLO", None, True),
        (None, "nothing", None, False),
        (None, None, "7f3c", True),
        (None, None, "7f3", False),
        ("info", "hello", "other", False),
    ],
)
def test_a_filter_wants_what_fits_all_of_it(
    level: str | None, text: str | None, request_id: str | None, wanted: bool
) -> None:
    found = line("2026-11-24T15:00:00Z INFO 7f3c Hello you")
    assert make_filter(level, text, request_id).wants(found) is wanted


def test_pods_are_merged_by_time_and_cut_at_the_end() -> None:
    other = Pod("hello-2", None)
    merged = merge([[at(1, "a"), at(3, "c")], [at(2, "b", other), at(4, "d", other)]], 3)
    assert [found.text for found in merged] == ["b", "c", "d"]
    assert merge([[at(1, "a")]], 0) == []


@given(st.lists(st.tuples(st.integers(0, 59), st.text(max_size=3)), max_size=20))
def test_lines_of_one_pod_keep_their_order(said: list[tuple[int, str]]) -> None:
    lines = [at(second, text) for second, text in sorted(said, key=lambda pair: pair[0])]
    assert merge([lines], 1000) == lines


@given(st.lists(st.integers(0, 5), max_size=12).map(sorted), st.integers(0, 12), st.integers(0, 12))
def test_a_second_reading_goes_on_without_a_gap_or_a_repeat(seconds: list[int], end: int, start: int) -> None:
    lines = [at(second, f"{second}") for second in seconds]
    first = lines[:end]
    begin = min(start, max(0, len(first) - 1))
    while begin and first and lines[begin - 1].moment == first[-1].moment:
        begin -= 1  # the second reading starts before the last moment of the first, never within it
    seam = Seam(first)
    assert [found for found in lines[begin:] if seam.is_new(found)] == lines[len(first) :]


def test_a_clock_that_goes_back_hides_nothing() -> None:
    seam = Seam([at(10, "a")])
    assert [seam.is_new(found) for found in (at(10, "a"), at(11, "b"), at(5, "c"))] == [False, True, True]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", 600),
        ("2h", 7200),
        ("1d", 86400),
        ("30s", 30),
        ("2026-11-24T15:00:00Z", 60),
        ("2026-11-24T16:00:00 01:00", 60),
        ("2027-11-24T15:00:00Z", 0),
    ],
)
def test_since_is_a_span_or_a_time(text: str, seconds: float) -> None:
    assert read_since(text, 1795532460.0) == seconds


@pytest.mark.parametrize("text", ["10", "m", "-5m", "yesterday", "1e3s", "9" * 30 + "d", "٣m"])
def test_any_other_since_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_since(text, 0.0)
