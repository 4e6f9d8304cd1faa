"""References move from where they were seen, or not at all; and the reflog says who moved them."""

from __future__ import annotations

import threading
from pathlib import Path

import pygit2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import repository
from core.reference_updates import ZERO, Update, move_each
from core.repository import Repository
from tests.unit.core.conftest import Git

MAIN, NEW = "refs/heads/main", "refs/heads/deep/er"


@pytest.fixture
def tip(repo: Repository) -> str:
    head = repo.head()
    assert head is not None
    return head


def commit_on(repo: Repository, parent: str, message: str = "next") -> str:
    who = pygit2.Signature("Ana", "ana@example.org", 1_700_000_000, 0)
    return str(repo.git.create_commit(None, who, who, message, repo.root_of(parent), [parent]))


def move(repo: Repository, *updates: Update, atomic: bool = False) -> dict[str, str]:
    repo.git.set_ident("Dana", "dana@example.org")
    return move_each(repo.git, updates, "push", atomic=atomic)


def test_made_moved_and_removed_with_their_author(repo: Repository, path: Path, tip: str, git: Git) -> None:
    later = commit_on(repo, tip)
    assert move(repo, Update(ZERO, tip, NEW), Update(tip, later, MAIN)) == {}
    assert (repo.read_ref(NEW), repo.head()) == (tip, later)
    assert git(path, "reflog", "-1", "--format=%gn %ge %gs", "main") == "Dana dana@example.org push"
    assert move(repo, Update(tip, ZERO, NEW)) == {}
    assert repo.read_ref(NEW) is None
    assert git(path, "fsck", "--strict") == ""


def test_a_packed_reference_moves_and_goes_too(repo: Repository, path: Path, tip: str, git: Git) -> None:
    assert move(repo, Update(ZERO, tip, NEW)) == {}
    git(path, "pack-refs", "--all", "--prune")
    later = commit_on(repo, tip)
    assert move(repo, Update(tip, later, NEW)) == {}
    git(path, "pack-refs", "--all", "--prune")
    assert move(repo, Update(later, ZERO, NEW)) == {}
    assert git(path, "for-each-ref", "--format=%(refname)") == MAIN


@pytest.mark.parametrize("seen", [ZERO, "5" * 40])
def test_one_that_is_elsewhere_stays(repo: Repository, tip: str, seen: str) -> None:
    assert move(repo, Update(seen, commit_on(repo, tip), MAIN)) == {MAIN: "fetch first"}
    assert move(repo, Update(seen, ZERO, MAIN)) == {MAIN: "fetch first"}
    assert repo.head() == tip


def test_each_by_itself_or_all_together(repo: Repository, tip: str) -> None:
    updates = [Update(ZERO, tip, NEW), Update(ZERO, tip, MAIN)]
    assert move(repo, *updates, atomic=True) == {NEW: "another one could not be moved", MAIN: "fetch first"}
    assert repo.read_ref(NEW) is None
    assert move(repo, *updates) == {MAIN: "fetch first"}
    assert repo.read_ref(NEW) == tip


def test_a_reference_in_the_way_of_another_is_said_without_a_path(repo: Repository, tip: str) -> None:
    assert move(repo, Update(ZERO, tip, NEW)) == {}
    assert move(repo, Update(ZERO, tip, "refs/heads/deep")) == {"refs/heads/deep": "failed to update ref"}


def test_what_is_not_there_can_be_removed(repo: Repository) -> None:
    assert move(repo, Update(ZERO, ZERO, NEW)) == {}


def test_a_lock_that_stays_is_waited_for_and_given_up(repo: Repository, path: Path, tip: str) -> None:
    lock = path / f"{MAIN}.lock"
    lock.touch()
    assert move(repo, Update(tip, commit_on(repo, tip), MAIN)) == {MAIN: "failed to update ref"}
    threading.Timer(0.01, lock.unlink).start()
    assert move(repo, Update(tip, commit_on(repo, tip, "again"), MAIN)) == {}


@settings(max_examples=20)
@given(st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=6), st.booleans())
def test_of_several_writers_one_wins(tmp_path_factory: pytest.TempPathFactory, turns: list[int], atomic: bool) -> None:
    path = tmp_path_factory.mktemp("race") / "r.git"
    first = repository.create_repository(path, {"a": (0o100644, b"a")}, ("A", "a@example.org"))
    commits = [commit_on(Repository(path), first, str(number)) for number in range(3)]
    refused: list[dict[str, str]] = []

    def write(target: str) -> None:
        refused.append(move(Repository(path), Update(first, target, MAIN), atomic=atomic))

    writers = [threading.Thread(target=write, args=(commits[turn],)) for turn in turns]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert refused.count({}) == 1
    assert Repository(path).head() in commits
