"""The door to git: create a repository, read what is in it, look into a push's quarantine, keep it in shape.

Objects are read by id from the object database: never a work tree, never a name from a tenant on a command line.
What does not live here: writing commits (`commit.py`), walking history (`history.py`), judging contents (`check.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pygit2
from pygit2.enums import FileMode, ObjectType, Option

from core import names
from core.errors import NotFound, Problem, Refused, RetryLater
from core.object_files import Damaged, find_damaged_pack, read_loose
from core.references import read_reference

GIT_ENVIRONMENT: Mapping[str, str] = {
    "PATH": os.defpath,
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_CONFIG = {
    "core.logAllRefUpdates": "always",
    "core.fsync": "committed,reference",
    "gc.auto": "0",
    "receive.autogc": "false",
    "transfer.hideRefs": names.INTERNAL_REFS,
}
LOOSE_LIMIT = 500
PACK_LIMIT = 20
_DAY = 86_400.0
_AHEAD, _BEHIND = 1, 2  # from which of two commits a third is reached

pygit2.option(Option.ENABLE_FSYNC_GITDIR, True)
pygit2.option(Option.SET_OWNER_VALIDATION, False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree: the name as it is stored, the mode as a number, `kind` is tree, blob or commit."""

    name: bytes
    mode: int
    oid: str
    kind: str


def parse_tree(data: bytes) -> list[Entry]:
    """The entries of a raw tree object, in stored order (gitformat: `<mode> <name>\\0<20 bytes>`…)."""
    entries, at = [], 0
    while at < len(data):
        space, nul = data.index(b" ", at), data.index(b"\0", at)
        mode = int(data[at:space], 8)
        kind = {0o040000: "tree", 0o160000: "commit"}.get(mode & 0o170000, "blob")
        entries.append(Entry(data[space + 1 : nul], mode, data[nul + 1 : nul + 21].hex(), kind))
        at = nul + 21
    return entries


class Repository:
    """A tenant's bare repository, opened for one piece of work by one thread.

    `quarantine` is the object directory of a push that has not been accepted: its objects are seen by this
    instance alone. Raises RetryLater where the repository cannot be read.
    """

    def __init__(self, path: Path, quarantine: str | None = None) -> None:
        self.path = path
        try:
            self.git = pygit2.Repository(str(path))
        except (pygit2.GitError, OSError) as error:
            raise RetryLater(f"{path.name} cannot be opened: {error}", delay=10.0) from error
        self._directories = [str(path / "objects")]
        self._whole: set[str] = set()
        if quarantine:
            self.git.odb.add_disk_alternate(quarantine)
            self._directories.append(quarantine)

    # -- references -----------------------------------------------------------------------------------------------

    def read_ref(self, ref: str) -> str | None:
        """The object id that a full reference name points to, or None."""
        try:
            return str(self.git.references[ref].resolve().target)
        except (KeyError, pygit2.InvalidSpecError):
            return None
        except (pygit2.GitError, OSError, ValueError) as error:
            raise RetryLater(f"{ref} of {self.path.name} cannot be read: {error}", delay=10.0) from error

    def head(self) -> str | None:
        """The commit of `main`, or None before there is one."""
        return self.read_ref(names.MAIN)

    def resolve(self, text: str) -> str:
        """The commit that a caller means: `main`, a branch, a tag or a full id. Nothing else is interpreted.

        Raises Refused for other syntax and NotFound where there is none.
        """
        if names.is_sha(text):
            commit = self._commit_id(text)
        elif names.ref_problem(f"refs/heads/{text}") is None:
            found = self.read_ref(f"refs/heads/{text}") or self.read_ref(f"refs/tags/{text}")
            commit = self._commit_id(found) if found else None
        else:
            raise Refused(Problem("bad-request", f"{text[:60]!r} is not a branch, a tag or a full commit id"))
        if commit is None:
            raise NotFound(Problem("not-found", f"there is no commit {text[:60]!r}"))
        return commit

    def _commit_id(self, oid: str) -> str | None:
        try:
            return str(self.commit(oid).id)
        except NotFound:
            return None

    def live_refs(self) -> dict[str, str]:
        """Service → commit of its last live revision. Raises RetryLater where one cannot be read."""
        found = {}
        for ref in self._list_refs():
            service = names.parse_live_ref(ref)
            target = self.read_ref(ref) if service else None
            if service and target:
                found[service] = target
        return found

    def visible_refs(self) -> dict[str, str]:
        """Name → object id of every reference that clients see, in git's order; damaged ones are left out."""
        found = {}
        for ref in sorted(self._list_refs(), key=os.fsencode):
            with contextlib.suppress(RetryLater):
                target = self.read_ref(ref) if not ref.startswith(names.INTERNAL_REFS + "/") else None
                if target is not None:
                    found[ref] = target
        return found

    def _list_refs(self) -> set[str]:
        """Every reference, those too that libgit2 passes over because their files are damaged."""
        files = (Path(where, name) for where, _, there in os.walk(self.path / "refs") for name in there)
        try:
            return {*self.git.references, *(str(file.relative_to(self.path)) for file in files)}
        except pygit2.GitError as error:
            raise RetryLater(f"the references of {self.path.name} cannot be read: {error}", delay=10.0) from error

    # -- objects --------------------------------------------------------------------------------------------------

    def commit(self, oid: str) -> pygit2.Commit:
        """A commit object, or the one that a tag leads to. Raises NotFound."""
        found = self._object(oid)
        while isinstance(found, pygit2.Tag):
            found = self._object(str(found.target))
        if not isinstance(found, pygit2.Commit):
            raise NotFound(Problem("not-found", f"there is no commit {oid[:12]}"))
        return found

    def _object(self, oid: str) -> Any:
        self.verify(oid)
        with self._reading(oid, "commit"):
            return self.git[oid]

    def is_ahead(self, commit: str, of: str) -> bool:
        """Is `of` the same commit or among its ancestors? False where either is missing."""
        try:
            return commit == of or self._reaches(commit, of)
        except NotFound:
            return False

    def _reaches(self, commit: str, of: str) -> bool:
        """Walks back from both, the youngest first, until all that is left is behind `of` too and cannot lead to it."""
        sides = {commit: _AHEAD, of: _BEHIND}
        waiting = [(-self.commit(oid).commit_time, oid) for oid in sides]
        heapq.heapify(waiting)
        ahead_only = {commit}
        while ahead_only:
            _, oid = heapq.heappop(waiting)
            ahead_only.discard(oid)
            for parent in map(str, self.commit(oid).parent_ids):
                before = sides.get(parent, 0)
                sides[parent] = before | sides[oid]
                if sides[parent] != before:
                    heapq.heappush(waiting, (-self.commit(parent).commit_time, parent))
                    (ahead_only.add if sides[parent] == _AHEAD else ahead_only.discard)(parent)
        return bool(sides[of] & _AHEAD)

    def root_of(self, commit: str) -> str:
        """The root tree of a commit."""
        return str(self.commit(commit).tree_id)

    def tree(self, oid: str) -> list[Entry]:
        """The entries of a tree as they are stored. Raises NotFound."""
        return parse_tree(self._read(oid))

    def is_commit(self, oid: str) -> bool:
        """Is there an object of this id, and is it a commit?"""
        try:
            with self._reading(oid):
                return int(self.git.odb.read_header(oid)[0]) == ObjectType.COMMIT
        except NotFound:
            return False

    def size(self, oid: str) -> int:
        """The size of an object in bytes, without reading it."""
        with self._reading(oid):
            return int(self.git.odb.read_header(oid)[1])

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob. Raises NotFound."""
        return self._read(oid)

    def verify(self, oid: str) -> None:
        """Before libgit2 reads an object: raises RetryLater where it is loose and not whole. Looks once at each."""
        if oid not in self._whole:
            self._read_loose(oid)
            self._whole.add(oid)

    def _read(self, oid: str) -> bytes:
        loose = self._read_loose(oid)
        if loose is not None:
            return loose
        with self._reading(oid):
            return bytes(self.git.odb.read(oid)[1])

    def _read_loose(self, oid: str) -> bytes | None:
        try:
            return next(
                (found[1] for directory in self._directories if (found := read_loose(directory, oid)) is not None), None
            )
        except (Damaged, OSError) as error:
            raise RetryLater(f"{self.path.name} cannot be read: {error}", delay=10.0) from error

    @contextlib.contextmanager
    def _reading(self, oid: str, what: str = "object") -> Iterator[None]:
        """What libgit2 does not find may be in a pack that it could not open: then that is nobody's wish."""
        try:
            yield
        except (KeyError, ValueError):
            damaged = next(filter(None, map(find_damaged_pack, self._directories)), None)
            if damaged is not None:
                raise RetryLater(f"{self.path.name} cannot be read: {damaged} is damaged", delay=10.0) from None
            raise NotFound(Problem("not-found", f"there is no {what} {oid[:12]}")) from None
        except (pygit2.GitError, OSError) as error:
            raise RetryLater(f"{oid[:12]} of {self.path.name} cannot be read: {error}", delay=10.0) from error

    def find(self, root: str, path: str) -> Entry | None:
        """The entry at a `/`-separated path below a tree, or None."""
        entry: Entry | None = Entry(b"", 0o040000, root, "tree")
        for part in path.encode().split(b"/") if path else ():
            if entry is None or entry.kind != "tree":
                return None
            entry = next((e for e in self.tree(entry.oid) if e.name == part), None)
        return entry

    def services(self, root: str) -> dict[str, str]:
        """Service → tree, for the directories of a root tree that hold a service.yaml; "" stands for the root's own."""
        entries = self.tree(root)
        if any(e.name == names.SERVICE_FILE.encode() for e in entries):
            return {"": root}
        found = {}
        for entry in entries:
            if entry.kind == "tree" and any(e.name == names.SERVICE_FILE.encode() for e in self.tree(entry.oid)):
                found[entry.name.decode(errors="replace")] = entry.oid
        return found


def read_head(path: Path) -> str | None:
    """The commit of `main` of the repository at `path`, or None before there is one. Raises RetryLater.

    Asked again and again, so the repository is opened only where that is not in a file of its own.
    """
    return read_reference(path, names.MAIN) or Repository(path).head()


def list_objects(directory: str) -> Iterator[str]:
    """The ids of all objects in an object directory, whether or not anything leads to them."""
    try:
        for oid in pygit2.Odb(directory):
            yield str(oid)
    except (pygit2.GitError, OSError) as error:
        raise RetryLater(f"what was pushed cannot be read: {error}", delay=1.0) from error


def create_repository(path: Path, template: Mapping[str, tuple[int, bytes]], author: tuple[str, str]) -> str:
    """A bare repository at `path` whose `main` holds the template (path → mode, bytes). The id of its commit."""
    git = pygit2.init_repository(str(path), bare=True, initial_head="main")
    for key, value in _CONFIG.items():
        git.config[key] = value
    index = pygit2.Index()
    for name, (mode, data) in template.items():
        index.add(pygit2.IndexEntry(name, git.odb.write(ObjectType.BLOB, data), FileMode(mode)))
    signature = pygit2.Signature(*author, int(time.time()), 0)
    git.set_ident(*author)
    message = "Start from the template\n"
    commit = git.create_commit(names.MAIN, signature, signature, message, index.write_tree(git), [])
    shutil.rmtree(path / "hooks", ignore_errors=True)
    _sync_all(path)
    return str(commit)


def _sync_all(path: Path) -> None:
    """Make all of a directory durable: libgit2 syncs objects and references, but neither HEAD nor the configuration."""
    for directory, _, files in os.walk(path):
        for name in files:
            with open(os.path.join(directory, name), "rb") as file:
                os.fsync(file.fileno())
        sync_directories(Path(directory))


def sync_directories(*paths: Path) -> None:
    """Make the entries of directories durable: git syncs files, never the directory they were renamed into."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


@contextlib.contextmanager
def lock(path: Path, *, exclusive: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold the repository's lock: writers share it, maintenance and the sweep have it alone.

    Raises BlockingIOError without `wait`.
    """
    fd = os.open(path / "paaks.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(fd)


def sweep(path: Path) -> list[str]:
    """Remove what killed writers left: quarantines and lock files. Call at start, before there are writers.

    Returns the names of what was removed, for the log.
    """
    removed = []
    with lock(path, exclusive=True):
        for leftover in [*path.glob("objects/tmp_objdir-*"), *path.glob("objects/incoming-*")]:
            shutil.rmtree(leftover, ignore_errors=True)
            removed.append(leftover.name)
        for leftover in [*path.glob("*.lock"), *path.glob("refs/**/*.lock"), *path.glob("objects/**/tmp_*")]:
            if leftover.name != "paaks.lock":
                leftover.unlink(missing_ok=True)
                removed.append(leftover.name)
    return removed


def needs_maintenance(path: Path) -> bool:
    """Has the repository more loose objects than it should? 32 of 256 directories are a fair sample."""
    sample = 0
    for number in range(32):
        with contextlib.suppress(FileNotFoundError):  # it may be packed as we look
            sample += len(os.listdir(path / "objects" / f"{number:02x}"))
    return sample * 8 > LOOSE_LIMIT


def maintain(path: Path) -> None:
    """Pack what is loose and prune what nothing has named for a day, while no writer is at work.

    Every so often all packs become one.
    """
    environment = dict(GIT_ENVIRONMENT)
    with lock(path, exclusive=True):
        all_of_it = ["-A"] if len(list(path.glob("objects/pack/*.pack"))) >= PACK_LIMIT else []
        for argv in (["repack", "-d", "-l", "-q", *all_of_it], ["prune", "--expire=1.day.ago"], ["pack-refs", "--all"]):
            subprocess.run(
                ["git", "-c", "core.fsync=all", "-C", str(path), *argv],
                env=environment, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=600,
            )  # fmt: skip
        sync_directories(path / "objects" / "pack", path)
