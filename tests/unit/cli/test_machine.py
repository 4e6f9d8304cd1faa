"""Which git is new enough, and which Python runs handlers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import machine
from cli.failure import Failure


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("git version 2.39.5", (2, 39, 5)),
        ("git version 2.39.5 (Apple Git-154)", (2, 39, 5)),
        ("git version 2.50.1.windows.1", (2, 50, 1)),
        ("git version 2.51", (2, 51, 0)),
        ("git version 2.52.0.rc1.18.g0f8a24c", (2, 52, 0)),
        ("no number at all", (0, 0, 0)),
    ],
)
def test_versions_are_read_from_what_git_says(text: str, version: tuple[int, int, int]) -> None:
    assert machine.parse_version(text) == version


@given(st.text())
def test_any_text_has_a_version(text: str) -> None:
    assert len(machine.parse_version(text)) == 3


@pytest.mark.parametrize("version", [(2, 43, 7), (2, 49, 1), (2, 49, 9), (2, 50, 1), (2, 51, 0), (3, 0, 0)])
def test_these_have_the_fixes(version: tuple[int, int, int]) -> None:
    assert machine.is_patched(version)


@pytest.mark.parametrize("version", [(0, 0, 0), (2, 39, 5), (2, 43, 6), (2, 49, 0), (2, 50, 0)])
def test_these_have_not(version: tuple[int, int, int]) -> None:
    assert not machine.is_patched(version)


def write_git(directory: Path, says: str) -> None:
    """A `git` of that version, first on the PATH."""
    program = directory / "git"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)


def test_an_old_git_is_refused_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="git is not installed"):
        machine.check_git()
    write_git(tmp_path, "git version 2.50.0")
    with pytest.raises(Failure, match=r"git 2\.50\.0 is too old"):
        machine.check_git()
    write_git(tmp_path, "git version 2.50.1")
    assert machine.check_git() == "2.50.1"


def test_the_handlers_python_is_named_or_missed(tmp_path: Path) -> None:
    assert machine.find_runtime_python({"PAAKS_RUNTIME_PYTHON": sys.executable}) == Path(sys.executable)
    with pytest.raises(Failure, match="the handlers' Python is missing"):
        machine.find_runtime_python({"PAAKS_RUNTIME_PYTHON": str(tmp_path / "none")})
