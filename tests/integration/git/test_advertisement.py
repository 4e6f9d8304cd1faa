"""What is said before a push without git is, byte for byte, what git says; and where it might not be, git is asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from api.advertisement import Advertisement
from api.git_process import Command
from core.references import list_references, read_reference
from core.repository import GIT_ENVIRONMENT, Repository, create_repository, maintain


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "r.git"
    create_repository(path, {"hello": (0o100644, b"hello\n")}, ("Dana", "dana@example.com"))
    return path


def ask_git(path: Path) -> bytes:
    command = Command("receive-pack", path, advertise=True)
    done = subprocess.run(command.argv(), env=command.environment(), stdin=subprocess.DEVNULL, capture_output=True)
    return done.stdout


def git(path: Path, *arguments: str) -> None:
    environment = GIT_ENVIRONMENT | {"GIT_COMMITTER_NAME": "Dana", "GIT_COMMITTER_EMAIL": "dana@example.com"}
    subprocess.run(["git", "-C", str(path), *arguments], env=environment, check=True, capture_output=True)


def taught(path: Path) -> Advertisement:
    advertisement = Advertisement()
    advertisement.learn(ask_git(path))
    return advertisement


def add_references(path: Path) -> None:
    for ref in ("refs/heads/a", "refs/heads/a-b", "refs/heads/deep/er/one", "refs/tags/v1", "refs/internal/live/hello"):
        git(path, "update-ref", ref, "main")
    git(path, "-c", "user.name=D", "-c", "user.email=d@example.com", "tag", "-a", "-m", "annotated", "v2", "main")


def test_it_says_what_git_says(repository: Path) -> None:
    advertisement = taught(repository)
    assert advertisement.make(repository) == ask_git(repository)
    add_references(repository)
    assert advertisement.make(repository) == ask_git(repository)
    maintain(repository)
    assert (repository / "packed-refs").exists()
    assert advertisement.make(repository) == ask_git(repository)
    git(repository, "update-ref", "refs/heads/a", "refs/tags/v1^{}")
    git(repository, "update-ref", "-d", "refs/heads/deep/er/one")
    (repository / "refs/heads/a.lock").touch()
    said = advertisement.make(repository)
    assert said == ask_git(repository)
    assert b"refs/internal" not in said


def test_of_nothing_too(repository: Path) -> None:
    advertisement = taught(repository)
    git(repository, "update-ref", "-d", "refs/heads/main")
    assert advertisement.make(repository) == ask_git(repository)
    assert list_references(repository, 1) == {}


def test_before_git_has_spoken_and_for_many_references_it_has_to_be_asked(repository: Path) -> None:
    assert Advertisement().make(repository) is None
    advertisement = taught(repository)
    head = Repository(repository).head()
    for number in range(501):
        (repository / f"refs/heads/b{number}").write_text(f"{head}\n")
    assert advertisement.make(repository) is None


@pytest.mark.parametrize("said", [b"", b"0000", b"00a0 cut short\0atomic", b"zzzz\0\n", b"001d\0two lines\n"])
def test_nothing_is_learnt_from_what_is_no_reference(repository: Path, said: bytes) -> None:
    advertisement = Advertisement()
    advertisement.learn(said)
    assert advertisement.make(repository) is None


@pytest.mark.parametrize("content", [b"", b"ref: refs/heads/main\n", b"0" * 39 + b"\n", b"\xff\n"])
def test_a_reference_in_another_form_is_left_to_git(repository: Path, content: bytes) -> None:
    advertisement = taught(repository)
    (repository / "refs/heads/odd").write_bytes(content)
    assert read_reference(repository, "refs/heads/odd") is None
    assert advertisement.make(repository) is None


def test_names_that_are_no_text_are_passed_on(repository: Path) -> None:
    advertisement = taught(repository)
    head = Repository(repository).head()
    (repository / os.fsdecode(b"refs/heads/caf\xe9")).write_text(f"{head}\n")
    assert advertisement.make(repository) == ask_git(repository)
