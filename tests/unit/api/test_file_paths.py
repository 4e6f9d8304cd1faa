from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.file_paths import read_file_path
from core import paths
from core.errors import Refused

BASE = b"/api/v1/tenants/demo/services/hello/files/"


def attempt(raw: bytes) -> str:
    """The path, or the problem's slug; whatever is wrong can be printed."""
    try:
        return read_file_path(raw)
    except Refused as refused:
        return refused.problems[0].slug if refused.problems[0].where().isprintable() else "unprintable"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"handler.py", "handler.py"),
        (b"a/b/c.txt", "a/b/c.txt"),
        (b"a%20b/%C3%A4.py", "a b/ä.py"),
        (b"%3Cimg%20src=x%20onerror=alert(1)%3E.py", "<img src=x onerror=alert(1)>.py"),
        (b"100%25.txt", "100%.txt"),
        (b"%2525", "%25"),
        (b".github/x", ".github/x"),
        (b"a+b", "a+b"),
        (b"x.py?message=a/../b", "x.py"),
    ],
)
def test_a_path_is_decoded_once(raw: bytes, path: str) -> None:
    assert read_file_path(BASE + raw) == path


@pytest.mark.parametrize(
    "raw",
    [
        *(b"../x", b"%2e%2e/x", b"..%2fx", b"..%2Fx", b"a%2fb", b"%2fetc/x", b"/etc/x", b"a/./b", b"a//b", b"a/", b""),
        *(b".git/config", b".GIT/hooks/x", b"a/.git/x", b".gitmodules", b"git~1/x", b".git%20/x", b".g%E2%80%8Cit/x"),
        *(
            b"x%00.py",
            b"..\\x",
            b"a%5Cb",
            b"x%0a",
            b"x%7f",
            b"%ff%fe",
            b"%",
            b"%1",
            b"%zz",
            b"x" * 256,
            b"a/" * 3000 + b"x",
        ),
        *(b"%E2%80%AEx", b"..x", b"%C2%9B31m", b"%c0%ae%c0%ae/x"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_file_path(BASE + raw)
    assert [problem.slug for problem in refused.value.problems] == ["path-not-allowed"]


@pytest.mark.parametrize(
    "raw",
    [
        b"/api/v1/tenants/de%2fmo/services/hello/files/x",
        b"/api/v1/tenants/demo%2fservices/hello/files/x",
        b"/api%2fv1/tenants/demo/services/hello/files/x",
        b"/api/v1/tenants/demo/services/a%2ffiles/files/x",
        b"",
    ],
)
def test_a_slash_that_is_escaped_before_the_path_moves_nothing(raw: bytes) -> None:
    assert attempt(raw) in ("x", "path-not-allowed")


@given(st.binary(max_size=300))
@example(b"a%2F%2e%2E")
def test_any_bytes_are_a_good_path_or_refused(raw: bytes) -> None:
    path = attempt(BASE + raw)
    if path != "path-not-allowed":
        assert paths.path_problem(path) is None
        assert ".." not in path.split("/")
        assert path.encode() == unquote_to_bytes(raw.partition(b"?")[0])


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=5).map("/".join))
def test_whatever_a_repository_accepts_can_be_asked_for(path: str) -> None:
    if paths.path_problem(path) is None:
        assert read_file_path(BASE + quote(path).encode()) == path
