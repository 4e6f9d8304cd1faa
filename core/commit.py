"""The door for writing to git: a draft of a tree in memory, a three-way merge per file, one commit by compare-and-swap.

A draft can be read like a repository, so it is checked before a single object is written. What does not live here:
who may write and what is right (`api/changes.py`, `check.py`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode, ObjectType

from core import names
from core.errors import Conflict, NotFound, Problem, Refused, RetryLater, Sides
from core.reference_updates import StaleError, Update, move_together
from core.repository import Entry, Repository, parse_tree, sync_directories

FILE, EXECUTABLE, DIRECTORY = 0o100644, 0o100755, 0o040000


class Moved(Exception):
    """main is no longer where the caller saw it; read again and retry."""


@dataclass(frozen=True)
class Author:
    """Who a commit is by; both parts are free of control characters."""

    name: str
    email: str


def make_author(name: str, email: str) -> Author:
    """An author as git can hold it: without control characters and angle brackets, and neither part empty."""
    kept = ("".join(c for c in text if c.isprintable() and c not in "<>")[:200] for text in (name, email))
    cleaned = [text.strip(" .,:;\"'\\") for text in kept]  # git leaves these out at both ends
    return Author(cleaned[0] or cleaned[1] or "unknown", cleaned[1] or "unknown")


@dataclass(frozen=True)
class Put:
    """Write a file; `mode` None keeps the mode that is there."""

    path: str
    data: bytes
    mode: int | None = None


@dataclass(frozen=True)
class Delete:
    """Delete a file, or a directory with all that is in it."""

    path: str


@dataclass(frozen=True)
class Move:
    """Rename a file or a directory."""

    path: str
    to: str


@dataclass(frozen=True)
class Graft:
    """Put a tree of the repository at a directory's place; `tree` None removes it, path "" is the root."""

    path: str
    tree: str | None


Operation = Put | Delete | Move | Graft


def object_id(kind: str, data: bytes) -> str:
    """The id that git gives to an object of a kind (blob, tree)."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data, usedforsecurity=False).hexdigest()


def format_tree(entries: Sequence[Entry]) -> bytes:
    """A raw tree object; git sorts directories as if their names ended with a slash."""
    ordered = sorted(entries, key=lambda e: e.name + b"/" if e.kind == "tree" else e.name)
    return b"".join(b"%o %s\0%s" % (e.mode, e.name, bytes.fromhex(e.oid)) for e in ordered)


class Draft:
    """A tree in the making on top of a repository. Reads like one (`tree`, `size`, `blob`); `root` is its tree."""

    def __init__(self, repository: Repository, root: str) -> None:
        self._repository = repository
        self._new: dict[str, tuple[str, bytes]] = {}
        self.root = root

    def tree(self, oid: str) -> list[Entry]:
        """The entries of a tree, drafted or stored."""
        return parse_tree(self._new[oid][1]) if oid in self._new else self._repository.tree(oid)

    def size(self, oid: str) -> int:
        """The size of an object, drafted or stored."""
        return len(self._new[oid][1]) if oid in self._new else self._repository.size(oid)

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob, drafted or stored."""
        return self._new[oid][1] if oid in self._new else self._repository.blob(oid)

    def find(self, path: str) -> Entry | None:
        """The entry at a path, or None."""
        entry: Entry | None = Entry(b"", DIRECTORY, self.root, "tree")
        for part in path.encode().split(b"/") if path else ():
            if entry is None or entry.kind != "tree":
                return None
            entry = next((e for e in self.tree(entry.oid) if e.name == part), None)
        return entry

    def apply(self, operation: Operation) -> None:
        """Carry out one operation, or none of it.

        Raises NotFound, or Conflict where a file and a directory would share a path.
        """
        before = self.root
        try:
            self._carry_out(operation)
        except (NotFound, Conflict):
            self.root = before
            raise

    def _carry_out(self, operation: Operation) -> None:
        match operation:
            case Put(path, data, mode):
                self._put(path, data, mode)
            case Delete(path):
                self._take(path)
            case Move(path, to):
                self._move(path, to)
            case Graft("", tree):
                self.root = tree or self._add("tree", b"")
            case Graft(path, None):
                self._take(path)
            case Graft(path, tree):
                self._set(path, Entry(b"", DIRECTORY, str(tree), "tree"))

    def _put(self, path: str, data: bytes, mode: int | None) -> None:
        there = self.find(path)
        if there is not None and there.kind == "tree":
            raise Conflict(Problem("path-conflict", "there is a directory of this name", file=path))
        kept = there.mode if there is not None else FILE
        self._set(path, Entry(b"", mode or kept, self._add("blob", data), "blob"))

    def _take(self, path: str) -> Entry:
        entry = self.find(path)
        if entry is None or not path:
            raise NotFound(Problem("not-found", "there is no such file", file=path))
        self._set(path, None)
        return entry

    def _move(self, path: str, to: str) -> None:
        if self.find(to) is not None:
            raise Conflict(Problem("path-conflict", "there is already a file of this name", file=to))
        self._set(to, self._take(path))

    def _set(self, path: str, entry: Entry | None) -> None:
        self.root = self._rewrite(self.root, path.encode().split(b"/"), entry, path) or self._add("tree", b"")

    def _rewrite(self, tree: str | None, parts: list[bytes], entry: Entry | None, path: str) -> str | None:
        """The tree with one path replaced; None when nothing is left in it, for git keeps no empty directory."""
        entries = {e.name: e for e in self.tree(tree)} if tree else {}
        name, rest = parts[0], parts[1:]
        if rest:
            below = entries.get(name)
            if below is not None and below.kind != "tree":
                raise Conflict(Problem("path-conflict", f"{name.decode()!r} is a file, not a directory", file=path))
            oid = self._rewrite(below.oid if below else None, rest, entry, path)
            entry = Entry(name, DIRECTORY, oid, "tree") if oid else None
        entries.pop(name, None)
        if entry is not None:
            entries[name] = Entry(name, entry.mode, entry.oid, entry.kind)
        return self._add("tree", format_tree(list(entries.values()))) if entries else None

    def _add(self, kind: str, data: bytes) -> str:
        oid = object_id(kind, data)
        self._new[oid] = (kind, data)
        return oid

    def store(self) -> None:
        """Write the drafted objects that the root reaches, each synced, children first."""
        self._store(self.root)

    def _store(self, oid: str) -> None:
        if oid not in self._new:
            return
        kind, data = self._new[oid]
        if kind == "tree":
            for entry in parse_tree(data):
                self._store(entry.oid)
        self._repository.verify(oid)  # git does not write again what is there, damaged or not
        self._repository.git.odb.write(ObjectType.TREE if kind == "tree" else ObjectType.BLOB, data)


def merge_operations(
    draft: Draft,
    repository: Repository,
    base: str,
    operations: Sequence[Operation],
    bases: Mapping[str, str] | None = None,
) -> bool:
    """Carry out operations that were made on the tree `base` on a draft of a later one.

    `bases` has the trees that single paths were changed on, where it is another one. A file that has changed since is
    merged line by line. True if anything had to be merged. Raises Conflict with both sides of every file that cannot
    be.
    """
    sides, merged = [], False
    starts = {path: Draft(repository, tree) for path, tree in (bases or {}).items()}
    start = Draft(repository, base)
    for operation in operations:
        outcome = _merge_one(draft, starts.get(operation.path, start), repository, operation)
        if isinstance(outcome, Sides):
            sides.append(outcome)
        elif outcome is None:
            draft.apply(operation)
        else:
            draft.apply(outcome)
            merged = True
    if sides:
        found = [Problem("changed-upstream", "changed by somebody else meanwhile", file=side.path) for side in sides]
        raise Conflict(*found, sides=sides)
    return merged


def undo_operations(
    repository: Repository, commit: str, parent: str, max_bytes: int, max_files: int
) -> list[Operation]:
    """What takes the tree of `commit` back to that of `parent`, file by file; what has to go comes first.

    Raises Refused where it is more than `max_files`, where those that come back have more than `max_bytes`, or are not
    what a tree may hold.
    """
    gone: list[Operation] = []
    back: list[Operation] = []
    left = max_bytes
    for path, old, new in _differing(repository, repository.root_of(parent), repository.root_of(commit)):
        if len(gone) + len(back) >= max_files:
            raise _refuse_undo(path, f"it changed more than {max_files:,} files")
        if old is None or (new is not None and new.kind != old.kind):
            gone.append(Delete(path))
        if old is not None:
            if old.kind != "blob":
                raise _refuse_undo(path, "it took away a submodule")
            left -= repository.size(old.oid)
            if left < 0:
                raise _refuse_undo(path, f"what it took away is more than {max_bytes:,} bytes")
            back.append(Put(path, repository.blob(old.oid), old.mode))
    return gone + back


def _refuse_undo(path: str, detail: str) -> Refused:
    return Refused(Problem("revert-target-invalid", detail, file=path, hint="run `git revert` and push"))


def _differing(
    repository: Repository, old: str | None, new: str | None, above: str = ""
) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """The files in which two trees differ, as each has them."""
    before, after = ({e.name: e for e in repository.tree(oid)} if oid else {} for oid in (old, new))
    for name in sorted(before.keys() | after.keys()):
        sides = before.get(name), after.get(name)
        if sides[0] == sides[1]:
            continue
        path = above + name.decode(errors="replace")
        trees = [side.oid if side and side.kind == "tree" else None for side in sides]
        if any(trees):
            yield from _differing(repository, trees[0], trees[1], path + "/")
        files: list[Entry | None] = [side if side and side.kind != "tree" else None for side in sides]
        if any(files):
            yield path, files[0], files[1]


def _merge_one(draft: Draft, start: Draft, repository: Repository, operation: Operation) -> Operation | Sides | None:
    """None: nothing has moved, apply it as it is; an operation: its merged form; sides: it cannot be merged."""
    base, theirs = start.find(operation.path), draft.find(operation.path)
    if base == theirs or isinstance(operation, Graft):
        return None
    if isinstance(operation, Delete) and theirs is None:
        return _nothing(draft)
    if isinstance(operation, Put) and theirs is None and base is not None and base.kind == "tree":
        return None  # an operation before this one took the directory away
    yours = operation.data if isinstance(operation, Put) else None
    sides = describe_sides(draft, start, repository, operation.path, yours)
    if sides.theirs is not None and sides.theirs == yours:
        return _nothing(draft)
    return Put(operation.path, sides.merged) if sides.merged is not None else sides


def _nothing(draft: Draft) -> Operation:
    """The operation that changes nothing: the root as it is."""
    return Graft("", draft.root)


def describe_sides(draft: Draft, start: Draft, repository: Repository, path: str, yours: bytes | None) -> Sides:
    """What a file was, what the caller wants, what is there now, and the merge of them where nothing overlaps."""
    before, now = start.find(path), draft.find(path)
    base = start.blob(before.oid) if before and before.kind == "blob" else None
    theirs = draft.blob(now.oid) if now and now.kind == "blob" else None
    merged = merge_texts(repository, base, yours, theirs)
    return Sides(path, base, yours, theirs, now.oid if now else None, merged)


def merge_texts(repository: Repository, base: bytes | None, yours: bytes | None, theirs: bytes | None) -> bytes | None:
    """The three-way merge of three texts; None where lines overlap, a side is missing, or one is not UTF-8 text."""
    if base is None or yours is None or theirs is None or any(b"\0" in side for side in (base, yours, theirs)):
        return None
    try:
        for side in (base, yours, theirs):
            side.decode()
    except UnicodeDecodeError:
        return None
    if yours in (base, theirs) or theirs == base:
        return theirs if yours == base else yours
    write = repository.git.odb.write
    written = [write(ObjectType.BLOB, side) for side in (base, yours, theirs)]
    for oid in written:
        repository.verify(str(oid))  # what was there already was not written again
    ancestor, ours, upstream = (pygit2.IndexEntry("file", oid, FileMode.BLOB) for oid in written)
    try:
        result = repository.git.merge_file_from_index(ancestor, ours, upstream, use_deprecated=False)
    except RuntimeError:  # pygit2 cannot hold a result of no bytes
        return b""
    return result.contents.encode() if result.automergeable else None


def create(repository: Repository, draft: Draft, parent: str, message: str, author: Author, actor: Author) -> str:
    """Commit a draft on top of `parent`, which must be where main is. Durable when it returns; the commit's id.

    `author` wrote it, `actor` committed it and stands in the reflog. Raises Moved where main is elsewhere by now,
    RetryLater where the disk does not take it.
    """
    git = repository.git
    for oid in (parent, draft.root):
        repository.verify(oid)
    try:
        draft.store()
        now = int(time.time())
        wrote, committed = (pygit2.Signature(who.name, who.email, now, 0) for who in (author, actor))
        oid = str(git.create_commit(None, wrote, committed, message, draft.root, [parent]))
        # libgit2 syncs files and the directories that they are in; not the one in which a directory was made.
        sync_directories(repository.path / "objects")
        _swap_main(git, parent, oid, actor)
    except (pygit2.GitError, OSError) as error:
        if repository.head() != parent:
            raise Moved from error
        if "No space" in str(error):
            raise RetryLater("the disk is full", delay=30.0) from error
        raise RetryLater(f"the commit could not be written: {error}", delay=1.0) from error
    return oid


def _swap_main(git: pygit2.Repository, parent: str, oid: str, actor: Author) -> None:
    """Move main from `parent` to a commit. Raises Moved where it is elsewhere; pygit2.GitError, OSError."""
    git.set_ident(actor.name, actor.email)
    try:
        move_together(git, [Update(parent, oid, names.MAIN)], "commit")
    except StaleError as error:
        raise Moved from error
