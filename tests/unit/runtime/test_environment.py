"""References between variables, as Kubernetes expands them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.node.environment import build_environment, expand


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(A)", "x1y1"),
        ("$(MISSING)", "$(MISSING)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$$$", "$$"),
        ("$A", "$A"),
        ("costs 5$", "costs 5$"),
        ("$(A", "$(A"),
        ("$()", "$()"),
        ("", ""),
    ],
)
def test_expansion(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1"}) == expanded


def test_a_variable_may_refer_to_those_before_it_only() -> None:
    given_variables = [
        {"name": "B", "value": "$(A)"},
        {"name": "A", "value": "1"},
        {"name": "C", "value": "$(A)2"},
        {"name": "D"},
    ]
    assert build_environment(given_variables) == {"B": "$(A)", "A": "1", "C": "12", "D": ""}


@given(st.text())
def test_a_text_whose_dollars_are_doubled_is_taken_literally(text: str) -> None:
    assert expand(text.replace("$", "$$"), {"A": "1", "": "2"}) == text
