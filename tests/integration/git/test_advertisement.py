"""What is said before a push is what git says: its references in its order, and only what is served of what it can."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from api.advertisement import advertise
from core.references import list_references, read_reference
from core.repository import GIT_ENVIRONMENT, Repository, create_repository, maintain


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "r.git"
    create_repository(path, {"hello": (0o100644, b"hello\n")}, ("Dana", "dana@example.com"))
    return path


def git(path: Path, *arguments: str) -> bytes:
    environment = GIT_ENVIRONMENT | {"GIT_COMMITTER_NAME": "Dana", "GIT_COMMITTER_EMAIL": "dana@example.com"}
    command = ["git", "-C", str(path), *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout


def ask_git(path: Path) -> bytes:
    return git(path, "receive-pack", "--http-backend-info-refs", str(path))


def split(said: bytes) -> tuple[list[bytes], set[bytes]]:
    """The lines of references, and the capabilities."""
    lines, at = [], 0
    while (length := int(said[at : at + 4], 16)) != 0:
        lines.append(said[at + 4 : at + length])
        at += length
    assert said[at:] == b"0000"
    first, _, capabilities = lines[0].rstrip(b"\n").partition(b"\0")
    return [first + b"\n", *lines[1:]], set(capabilities.split())


def assert_as_git_says(path: Path) -> None:
    ours, capabilities = split(advertise(path))
    theirs, known = split(ask_git(path))
    assert ours == theirs
    assert capabilities <= known | {b"push-options"}


def add_references(path: Path) -> None:
    for ref in ("refs/heads/a", "refs/heads/a-b", "refs/heads/deep/er/one", "refs/tags/v1", "refs/internal/live/hello"):
        git(path, "update-ref", ref, "main")
    git(path, "-c", "user.name=D", "-c", "user.email=d@example.com", "tag", "-a", "-m", "annotated", "v2", "main")


def test_it_says_what_git_says(repository: Path) -> None:
    assert_as_git_says(repository)
    add_references(repository)
    assert_as_git_says(repository)
    maintain(repository)
    assert (repository / "packed-refs").exists()
    assert_as_git_says(repository)
    git(repository, "update-ref", "refs/heads/a", "refs/tags/v1^{}")
    git(repository, "update-ref", "-d", "refs/heads/deep/er/one")
    (repository / "refs/heads/a.lock").touch()
    assert_as_git_says(repository)
    assert b"refs/internal" not in advertise(repository)


def test_of_nothing_too(repository: Path) -> None:
    git(repository, "update-ref", "-d", "refs/heads/main")
    assert_as_git_says(repository)
    assert list_references(repository, 1) == {}


def test_many_references_are_told_too(repository: Path) -> None:
    head = Repository(repository).head()
    for number in range(501):
        (repository / f"refs/heads/b{number}").write_text(f"{head}\n")
    assert list_references(repository, 500) is None
    assert_as_git_says(repository)


@pytest.mark.parametrize("content", [b"", b"0" * 39 + b"\n", b"\xff\n"])
def test_a_damaged_reference_hides_no_other(repository: Path, content: bytes) -> None:
    (repository / "refs/heads/odd").write_bytes(content)
    assert read_reference(repository, "refs/heads/odd") is None
    lines, _ = split(advertise(repository))
    assert [line.split()[1] for line in lines] == [b"refs/heads/main"]


def test_a_reference_to_another_is_told_with_its_target(repository: Path) -> None:
    (repository / "refs/heads/alias").write_text("ref: refs/heads/main\n")
    assert_as_git_says(repository)


def test_names_that_are_no_text_are_passed_on(repository: Path) -> None:
    head = Repository(repository).head()
    (repository / os.fsdecode(b"refs/heads/caf\xe9")).write_text(f"{head}\n")
    assert_as_git_says(repository)
