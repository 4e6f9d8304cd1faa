from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.conditions import matches, read_condition, read_tag
from core.errors import Refused

SHA = "8c7e5a6d" * 5


def test_a_strong_tag_names_the_version() -> None:
    assert read_condition([f'"{SHA}"'], []) == SHA
    assert read_condition([f'  "{SHA}" '], []) == SHA


def test_a_star_in_if_none_match_creates() -> None:
    assert read_condition([], ["*"]) is None


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "slug"),
    [
        ([], [], "precondition-required"),
        (["*"], [], "precondition-required"),
        ([], [f'"{SHA}"'], "precondition-required"),
        ([], [""], "precondition-required"),
        ([f'W/"{SHA}"'], [], "bad-request"),
        ([f'"{SHA}", "{SHA}"'], [], "bad-request"),
        ([SHA], [], "bad-request"),
        ([""], [], "bad-request"),
        (['"a"', '"b"'], [], "bad-request"),
        ([f'"{SHA}"'], ["*"], "bad-request"),
        (['"a\x00b"'], [], "bad-request"),
        (['"ä"'], [], "bad-request"),
    ],
)
def test_a_condition_that_names_no_one_version_is_refused(
    if_match: list[str], if_none_match: list[str], slug: str
) -> None:
    with pytest.raises(Refused) as refused:
        read_condition(if_match, if_none_match)
    assert refused.value.problems[0].slug == slug


@given(st.text(max_size=300))
def test_any_text_is_a_tag_or_refused(text: str) -> None:
    try:
        tag = read_tag([text])
    except Refused:
        return
    assert text.strip() == f'"{tag}"'


@pytest.mark.parametrize(
    ("values", "same"),
    [
        ([f'"{SHA}"'], True),
        ([f'W/"{SHA}"'], True),
        ([f'"other", "{SHA}"'], True),
        (["*"], True),
        (['"other"'], False),
        ([], False),
        ([SHA], False),
    ],
)
def test_a_read_compares_weakly(values: list[str], same: bool) -> None:
    assert matches(values, SHA) is same
