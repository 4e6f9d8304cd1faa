from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import cursors
from core.errors import Refused

SHA = "0123456789abcdef0123456789abcdef01234567"


def test_a_commit_comes_back() -> None:
    assert cursors.read_commit_cursor(cursors.write_commit_cursor(SHA)) == SHA


@given(st.floats(0, 2**35), st.from_regex(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True))
def test_a_place_among_releases_comes_back(created: float, service: str) -> None:
    place = (created, service, SHA)
    assert cursors.read_release_cursor(cursors.write_release_cursor(place)) == place


@given(st.text(max_size=300))
def test_any_other_text_is_refused(text: str) -> None:
    for read in (cursors.read_commit_cursor, cursors.read_release_cursor):
        with pytest.raises(Refused) as refused:
            read(text)
        assert refused.value.problems[0].slug == "bad-request"


@given(st.binary(max_size=60))
def test_a_well_formed_text_of_other_bytes_is_refused(raw: bytes) -> None:
    for kind, read in (("c", cursors.read_commit_cursor), ("r", cursors.read_release_cursor)):
        with pytest.raises(Refused):
            read(cursors._encode(kind + raw.decode("latin-1")))


def test_one_kind_is_not_the_other() -> None:
    with pytest.raises(Refused):
        cursors.read_release_cursor(cursors.write_commit_cursor(SHA))
    with pytest.raises(Refused):
        cursors.read_commit_cursor(cursors.write_release_cursor((1.0, "a", SHA)))


@pytest.mark.parametrize("created", ["nan", "inf", "-1.0", "1e300"])
def test_a_time_that_no_calendar_has_is_refused(created: str) -> None:
    with pytest.raises(Refused):
        cursors.read_release_cursor(cursors._encode(f"r{created} a@{SHA}"))
