"""What takes a commit back: whatever two trees are, and beside what `git revert` makes of the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import commit, repository
from core.commit import Author, Draft, Put, merge_operations, undo_operations
from core.errors import Conflict, Refused
from core.repository import Repository

Git = Callable[..., str]
WHO = Author("Ann", "ann@example.org")
LIMIT, FILES_LIMIT = 1000, 100
PATHS = st.lists(st.sampled_from(["a", "a.b", "b", "é"]), min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(
    PATHS, st.tuples(st.sampled_from([b"", b"1\n", b"\0\xff"]), st.sampled_from([0o100644, 0o100755])), max_size=6
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """One repository for all examples."""
    path = tmp_path_factory.mktemp("shared") / "r.git"
    repository.create_repository(path, {"x": (0o100644, b"x")}, ("A", "a@b.c"))
    return Repository(path)


def write(repo: Repository, files: dict[str, tuple[bytes, int]]) -> str:
    """A commit on top of main that has `files` and nothing else; of a file and a directory of one path, the first."""
    draft = Draft(repo, repo.root_of(repo.resolve("main")))
    draft.apply(commit.Graft("", None))
    for path, (data, mode) in files.items():
        try:
            draft.apply(Put(path, data, mode))
        except Conflict:
            continue
    return commit.create(repo, draft, repo.resolve("main"), "Change\n", WHO, WHO)


def undo(repo: Repository, bad: str) -> Draft:
    """Today's main without a commit."""
    draft = Draft(repo, repo.root_of(repo.resolve("main")))
    parent = str(repo.commit(bad).parent_ids[0])
    merge_operations(draft, repo, repo.root_of(bad), undo_operations(repo, bad, parent, LIMIT, FILES_LIMIT))
    return draft


@settings(max_examples=40, deadline=None)
@given(FILES, FILES)
def test_the_commit_before_is_there_again_whatever_changed(
    shared: Repository, old: dict[str, tuple[bytes, int]], new: dict[str, tuple[bytes, int]]
) -> None:
    before, bad = write(shared, old), write(shared, new)
    assert undo(shared, bad).root == shared.root_of(before)


@pytest.mark.parametrize(
    "later",
    [
        {"t": (b"one\n2\n3\n4\nfive\n", 0o100644), "new": (b"n", 0o100644)},
        {"t": (b"one\n2\n3\n4\n5\n", 0o100644), "new": (b"n", 0o100644), "other": (b"o", 0o100644)},
    ],
)
def test_what_came_later_stays_as_git_revert_has_it(
    path: Path, git: Git, tmp_path: Path, later: dict[str, tuple[bytes, int]]
) -> None:
    repo = Repository(path)
    write(repo, {"t": (b"1\n2\n3\n4\n5\n", 0o100644), "gone": (b"g\n", 0o100755)})
    bad = write(repo, {"t": (b"one\n2\n3\n4\n5\n", 0o100644), "new": (b"n", 0o100644)})
    write(repo, later)
    git(tmp_path, "clone", "-q", str(path), "work")
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    git(tmp_path / "work", *who, "revert", "--no-edit", bad)
    assert undo(repo, bad).root == git(tmp_path / "work", "rev-parse", "HEAD^{tree}")


@pytest.mark.parametrize("now", [b"3\n", None])
def test_what_overlaps_is_shown_with_both_sides(repo: Repository, now: bytes | None) -> None:
    write(repo, {"t": (b"1\n", 0o100644)})
    bad = write(repo, {"t": (b"2\n", 0o100644)})
    write(repo, {"t": (now, 0o100644)} if now else {"other": (b"", 0o100644)})
    with pytest.raises(Conflict) as caught:
        undo(repo, bad)
    [side] = caught.value.sides
    assert (side.path, side.base, side.yours, side.theirs) == ("t", b"2\n", b"1\n", now)


def test_a_file_that_was_made_and_changed_since_is_not_deleted(repo: Repository) -> None:
    bad = write(repo, {"t": (b"1\n", 0o100644)})
    write(repo, {"t": (b"2\n", 0o100644)})
    with pytest.raises(Conflict) as caught:
        undo(repo, bad)
    assert [(side.path, side.yours, side.theirs) for side in caught.value.sides if side.path == "t"] == [
        ("t", None, b"2\n")
    ]


def test_more_than_may_come_back_is_refused(repo: Repository) -> None:
    write(repo, {"a": (b"x" * LIMIT, 0o100644), "b": (b"x", 0o100644)})
    with pytest.raises(Refused, match="1,000 bytes"):
        undo(repo, write(repo, {}))


def test_more_files_than_one_commit_may_change_are_refused(repo: Repository) -> None:
    write(repo, {})
    many = write(repo, {f"f{n}": (b"", 0o100644) for n in range(FILES_LIMIT)})
    assert undo(repo, many).root == repo.root_of(str(repo.commit(many).parent_ids[0]))
    with pytest.raises(Refused, match="more than 100 files"):
        undo(repo, write(repo, {"y": (b"y", 0o100644)}))
