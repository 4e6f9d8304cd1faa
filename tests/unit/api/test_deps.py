"""For how long a caller wants to wait: `Prefer`, however it is written."""

from __future__ import annotations

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from api.deps import wait_seconds


def prefer(*values: str) -> float | None:
    headers = [(b"prefer", value.encode("latin-1")) for value in values]
    return wait_seconds(Request({"type": "http", "headers": headers}))


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ((), None),
        (("wait=30",), 30.0),
        (("WAIT = 30",), 30.0),
        (('wait="30"',), 30.0),
        (("respond-async, wait=5",), 5.0),
        (("return=minimal", "wait=7; x=y"), 7.0),
        (("wait=100000",), 600.0),
        (("wait=0",), 0.0),
        (("wait",), None),
        (("wait=-1",), None),
        (("wait=1.5",), None),
        (("wait=\xb2",), None),
        (("wait=" + "9" * 50,), None),
        (("await=3",), None),
    ],
)
def test_prefer(values: tuple[str, ...], seconds: float | None) -> None:
    assert prefer(*values) == seconds


@given(st.text(st.characters(max_codepoint=255)))
def test_whatever_is_written_it_is_a_number_of_seconds_or_none(text: str) -> None:
    found = prefer(text)
    assert found is None or 0 <= found <= 600
