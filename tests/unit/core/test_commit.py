"""Drafts beside what git makes of the same operations in a work tree; commits that lose nothing."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pygit2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pygit2.enums import ObjectType

from core import commit, history, repository
from core.commit import (
    Author,
    Delete,
    Draft,
    Graft,
    Move,
    Moved,
    Operation,
    Put,
    make_author,
    merge_operations,
    merge_texts,
)
from core.errors import Conflict, NotFound, RetryLater
from core.repository import Repository

Git = Callable[..., str]
WHO = Author("Ann", "ann@example.org")
ACTOR = Author("Bob", "bob@example.org")
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

# Names between which git's order differs from the alphabet's: a directory is sorted as if it ended with a slash.
NAMES = st.sampled_from(["a", "a.b", "a-", "a0", "b", "é"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
OPERATIONS = st.one_of(
    st.builds(
        Put, PATHS, st.sampled_from([b"", b"1\n", b"\0\xff", b"2\n"]), st.sampled_from([None, None, 0o100755, 0o100644])
    ),
    st.builds(Delete, PATHS),
    st.builds(Move, PATHS, PATHS),
)


class WorkTree:
    """The oracle: the same operations on real files, and git's word for the tree that they are."""

    def __init__(self, path: Path, bare: Path, git: Git) -> None:
        self.path, self._bare, self._git = path, bare, git
        path.mkdir()

    def apply(self, operation: Operation) -> type[Exception] | None:
        """Carry it out; what must be raised where it cannot be."""
        path = self.path / operation.path
        if isinstance(operation, Put):
            return self._put(path, operation)
        if isinstance(operation, Move):
            to = self.path / operation.to
            if os.path.lexists(to):
                return Conflict
            if not self._is_there(path):
                return NotFound
            return self._move(path, to)
        if not self._is_there(path):
            return NotFound
        self._remove(path)
        return None

    def _put(self, path: Path, operation: Put) -> type[Exception] | None:
        if path.is_dir() or self._is_blocked(path):
            return Conflict
        mode = operation.mode or (
            0o100755 if path.exists() and os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o100644
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(operation.data)
        path.chmod(mode & 0o777)
        return None

    def _move(self, path: Path, to: Path) -> type[Exception] | None:
        aside = self.path.parent / "aside"
        path.rename(aside)
        self._prune(path.parent)
        if self._is_blocked(to):
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.rename(path)
            return Conflict
        to.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(to)
        return None

    def _remove(self, path: Path) -> None:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._prune(path.parent)

    def _prune(self, directory: Path) -> None:
        """Git keeps no empty directories."""
        while directory != self.path and not any(directory.iterdir()):
            directory.rmdir()
            directory = directory.parent

    def _is_there(self, path: Path) -> bool:
        return not self._is_blocked(path) and path.exists()

    def _is_blocked(self, path: Path) -> bool:
        """Is a file where one of its directories would be?"""
        parents = [p for p in path.parents if p != self.path and self.path in p.parents]
        return any(p.is_file() for p in parents)

    def tree(self) -> str:
        """What git makes of it."""
        where = {
            "GIT_INDEX_FILE": str(self.path.parent / "index"),
            "GIT_WORK_TREE": str(self.path),
            "GIT_DIR": str(self._bare),
        }
        self._git(self.path, "add", "-A", "-f", ".", **where)
        return self._git(self.path, "write-tree", **where)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """One repository for all examples: drafts write nothing until they are stored."""
    path = tmp_path_factory.mktemp("shared") / "r.git"
    repository.create_repository(path, {"x": (0o100644, b"x")}, ("A", "a@b.c"))
    repo = Repository(path)
    repo.git.odb.write(ObjectType.TREE, b"")
    return repo


@given(st.lists(OPERATIONS, max_size=10))
@example([Put("a/b", b"1\n"), Put("a.b", b""), Put("a0", b""), Put("a-", b"")])
@example([Put("a", b"1\n"), Move("a", "a/b")])
@example([Put("a/b", b"1\n"), Move("a", "a/a/b"), Delete("a")])
@example([Put("a", b"1\n"), Put("b", b""), Move("a", "b/a")])
@example([Put("a", b"1\n", 0o100755), Put("a", b"2\n")])
def test_a_draft_is_the_tree_that_git_makes_of_the_same_operations(
    shared: Repository, tmp_path_factory: pytest.TempPathFactory, git: Git, operations: list[Operation]
) -> None:
    oracle = WorkTree(tmp_path_factory.mktemp("o") / "work", shared.path, git)
    draft = Draft(shared, EMPTY_TREE)
    for operation in operations:
        wrong = oracle.apply(operation)
        before = draft.root
        if wrong is None:
            draft.apply(operation)
        else:
            with pytest.raises(wrong):
                draft.apply(operation)
            assert draft.root == before
    assert draft.root == oracle.tree()
    draft.store()
    assert Repository(shared.path).tree(draft.root) == draft.tree(draft.root)


@settings(max_examples=max(10, settings().max_examples // 4))
@given(st.lists(OPERATIONS, min_size=1, max_size=8), st.lists(OPERATIONS, max_size=4))
def test_a_graft_brings_back_a_directory_as_it_was(
    shared: Repository, first: list[Operation], second: list[Operation]
) -> None:
    draft = Draft(shared, EMPTY_TREE)
    draft.apply(Put("b/x", b"1"))
    _carry_out(draft, first)
    old = draft.find("b")
    was = draft.root
    _carry_out(draft, second)
    if old is not None and old.kind == "tree":
        draft.apply(Graft("b", old.oid))
        assert draft.find("b") == old
    draft.apply(Graft("", was))
    assert draft.root == was


def _carry_out(draft: Draft, operations: Sequence[Operation]) -> None:
    for operation in operations:
        try:
            draft.apply(operation)
        except (NotFound, Conflict):
            continue


def test_a_graft_of_nothing_removes(shared: Repository) -> None:
    draft = Draft(shared, EMPTY_TREE)
    draft.apply(Put("a/b", b"x"))
    draft.apply(Graft("a", None))
    assert draft.root == EMPTY_TREE
    draft.apply(Put("a", b"x"))
    draft.apply(Graft("", None))
    assert draft.root == EMPTY_TREE


def test_a_draft_reads_like_a_repository_and_writes_nothing(repo: Repository, git: Git) -> None:
    before = git(repo.path, "count-objects")
    draft = Draft(repo, repo.root_of(repo.resolve("main")))
    draft.apply(Put("hello/new/file.txt", b"text"))
    entry = draft.find("hello/new/file.txt")
    assert entry is not None

    assert (draft.blob(entry.oid), draft.size(entry.oid)) == (b"text", 4)
    assert draft.find("hello/handler.py") is not None
    assert git(repo.path, "count-objects") == before
    with pytest.raises(NotFound):
        draft.apply(Delete(""))


# -- merging --------------------------------------------------------------------------------------------------------

LINES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=5).map(lambda lines: "".join(f"{line}\n" for line in lines))


@settings(max_examples=max(10, settings().max_examples // 2))
@given(LINES, LINES, LINES)
def test_texts_merge_as_git_merges_them(
    shared: Repository, tmp_path_factory: pytest.TempPathFactory, base: str, yours: str, theirs: str
) -> None:
    """A side that did not change gives way, equal sides agree; else it is git's own merge."""
    merged = merge_texts(shared, base.encode(), yours.encode(), theirs.encode())

    if yours == base:
        assert merged == theirs.encode()
    elif theirs in (base, yours):
        assert merged == yours.encode()
    elif merged is not None:
        assert b"<<<<<<<" not in merged
        assert merge_texts(shared, base.encode(), theirs.encode(), yours.encode()) == merged


@pytest.mark.parametrize(
    ("base", "yours", "theirs"),
    [
        (None, b"a", b"b"),
        (b"a", None, b"b"),
        (b"a", b"b", None),
        (b"a\0", b"b", b"c"),
        (b"a", b"\xff", b"c"),
        (b"a", b"b", b"c"),
    ],
)
def test_what_cannot_be_merged(
    shared: Repository, base: bytes | None, yours: bytes | None, theirs: bytes | None
) -> None:
    assert merge_texts(shared, base, yours, theirs) is None


def test_changes_at_two_ends_are_merged_and_keep_the_mode(repo: Repository) -> None:
    draft = Draft(repo, repo.root_of(repo.resolve("main")))
    draft.apply(Put("f", b"1\n2\n3\n4\n5\n", 0o100755))
    base = draft.root
    draft.store()
    draft.apply(Put("f", b"one\n2\n3\n4\n5\n"))

    assert merge_operations(draft, repo, base, [Put("f", b"1\n2\n3\n4\nfive\n")]) is True
    entry = draft.find("f")
    assert entry is not None
    assert draft.blob(entry.oid) == b"one\n2\n3\n4\nfive\n"
    assert entry.mode == 0o100755


def test_changes_of_the_same_line_are_both_shown(repo: Repository) -> None:
    base = repo.root_of(repo.resolve("main"))
    draft = Draft(repo, base)
    draft.apply(Put("README.md", b"theirs\n"))
    with pytest.raises(Conflict) as caught:
        merge_operations(draft, repo, base, [Put("README.md", b"yours\n"), Put("other", b"x")])

    (side,) = caught.value.sides
    assert (side.path, side.base, side.yours, side.theirs, side.merged) == (
        "README.md",
        b"# demo\n",
        b"yours\n",
        b"theirs\n",
        None,
    )


@pytest.mark.parametrize(
    ("theirs", "yours", "merged"),
    [
        (Delete("README.md"), Delete("README.md"), True),
        (Put("README.md", b"same\n"), Put("README.md", b"same\n"), True),
        (Put("other", b"x"), Put("README.md", b"y"), False),
        (Put("other", b"x"), Delete("README.md"), False),
    ],
)
def test_what_does_not_collide_needs_nobody(
    repo: Repository, theirs: Operation, yours: Operation, merged: bool
) -> None:
    base = repo.root_of(repo.resolve("main"))
    draft = Draft(repo, base)
    draft.apply(theirs)

    assert merge_operations(draft, repo, base, [yours]) is merged


@pytest.mark.parametrize(
    ("theirs", "yours"),
    [
        (Delete("README.md"), Put("README.md", b"mine\n")),
        (Put("README.md", b"theirs\n"), Delete("README.md")),
        (Put("README.md", b"theirs\n"), Move("README.md", "moved")),
        (Put("new", b"theirs\n"), Put("new", b"mine\n")),
        (Put("hello/extra", b"theirs\n"), Delete("hello")),
        (Put("hello/extra", b"theirs\n"), Move("hello", "bye")),
        (Put("a/b", b"theirs\n"), Put("a", b"mine\n")),
        (Put("a", b"theirs\n"), Put("a/b", b"mine\n")),
        (Put("moved", b"theirs\n"), Move("README.md", "moved")),
    ],
)
def test_nothing_of_theirs_is_lost_without_a_word(repo: Repository, theirs: Operation, yours: Operation) -> None:
    base = repo.root_of(repo.resolve("main"))
    draft = Draft(repo, base)
    draft.apply(theirs)
    with pytest.raises(Conflict):
        merge_operations(draft, repo, base, [yours])


# -- commits --------------------------------------------------------------------------------------------------------


def write(repo: Repository, path: str, data: bytes) -> str:
    """One commit on top of main."""
    head = repo.resolve("main")
    draft = Draft(repo, repo.root_of(head))
    draft.apply(Put(path, data))
    return commit.create(repo, draft, head, f"Update {path}\n", WHO, ACTOR)


def test_a_commit_is_what_it_says(repo: Repository, git: Git) -> None:
    before = repo.head()
    oid = write(repo, "hello/a.txt", b"hi\n")

    assert repo.head() == oid
    assert (
        git(repo.path, "log", "-1", "--format=%an <%ae> %cn <%ce> %s %P", "main")
        == f"Ann <ann@example.org> Bob <bob@example.org> Update hello/a.txt {before}"
    )
    assert git(repo.path, "show", "main:hello/a.txt") == "hi"
    assert git(repo.path, "fsck", "--strict", "--full") == ""
    assert history.actor_of(repo, oid) == "bob@example.org"
    assert history.actor_of(repo, before or "") == "paaks@localhost"
    assert history.actor_of(repo, "f" * 40) is None


def test_a_commit_on_a_main_that_has_moved_is_told_so(repo: Repository) -> None:
    old = repo.resolve("main")
    write(repo, "a", b"1")
    draft = Draft(repo, repo.root_of(old))
    draft.apply(Put("b", b"2"))
    with pytest.raises(Moved):
        commit.create(repo, draft, old, "m\n", WHO, ACTOR)
    assert repo.find(repo.root_of(repo.resolve("main")), "b") is None


def test_a_main_that_is_locked_is_the_worlds_fault(repo: Repository) -> None:
    (repo.path / "refs/heads/main.lock").write_bytes(b"")
    with pytest.raises(RetryLater):
        write(repo, "a", b"1")


@given(st.text(max_size=30), st.text(max_size=30))
@example("<>", "<>")
@example(" . ", "\x00")
@example("", "")
@example("\\", "':;,")
def test_any_name_can_be_an_author(shared: Repository, name: str, email: str) -> None:
    author = make_author(name, email)
    signature = pygit2.Signature(author.name, author.email, 0, 0)

    assert signature.name
    assert not set(f"{signature.name}{signature.email}") & set("<>\n\0")


def test_writers_at_once_lose_nothing(path: Path, git: Git) -> None:
    """Each writes its own file, as often as main moves under it."""
    writers, each = 4, 5

    def work(number: int) -> None:
        for n in range(each):
            while True:
                try:
                    with repository.lock(path):
                        write(Repository(path), f"w{number}/{n}", b"%d" % n)
                except (Moved, RetryLater):
                    continue
                break

    threads = [threading.Thread(target=work, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    files = git(path, "ls-tree", "-r", "--name-only", "main").split("\n")
    assert {f"w{number}/{n}" for number in range(writers) for n in range(each)} <= set(files)
    assert git(path, "rev-list", "--count", "main") == str(writers * each + 1)
    assert git(path, "fsck", "--strict", "--full", "--no-dangling") == ""
