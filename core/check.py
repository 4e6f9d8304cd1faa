"""May this tree land? Paths, modes, sizes, descriptors, and Python that compiles: one check for push, editor, API, CLI.

What is judged is read through a `Source`: a repository, a push's quarantine or a draft. Every problem is found that can
be found at once, each with its file. What does not live here: parsing (`parse_pool.py`), who may write (`api/`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from core import names, paths, strict_yaml
from core.descriptor import Service
from core.errors import Problem
from core.parse_pool import WORKERS, ParsePool
from core.parse_worker import DESCRIPTOR, PYTHON, ROOT_DESCRIPTOR
from core.repository import Entry
from core.strict_yaml import MAX_BYTES as MAX_DESCRIPTOR_BYTES

MAX_ENTRIES = 20_000
MAX_DEPTH = 64
MAX_BLOB_BYTES = 10 * 2**20
MAX_PYTHON_BYTES = 256 * 2**10
MAX_SERVICE_BYTES = 900 * 2**10
MAX_SERVICE_FILES = 500
MAX_PROBLEMS = 50
_MODES = frozenset({0o100644, 0o100755, 0o040000})
_KEPT_TREES = 50_000
K = TypeVar("K")
V = TypeVar("V")


class Source(Protocol):
    """Where objects are read by id. Each method raises NotFound for an object that is not there."""

    def tree(self, oid: str, /) -> list[Entry]:
        """The entries of a tree."""

    def size(self, oid: str, /) -> int:
        """The size of an object in bytes."""

    def blob(self, oid: str, /) -> bytes:
        """The bytes of a blob."""


@dataclass(frozen=True)
class Found:
    """A service in a tree: its directory ("" is the root) and that directory's tree; `descriptor` where it is right."""

    name: str
    path: str
    tree: str
    descriptor: Service


@dataclass(frozen=True)
class _Extent:
    """What is below a tree, itself not counted: entries, levels, and whether any of them is a service.yaml."""

    entries: int
    levels: int
    descriptor: bool


@dataclass(frozen=True)
class _File:
    path: str
    oid: str
    size: int


class Checker:
    """Judges trees. Remembers by object id what was right, so an unchanged directory costs nothing.

    Use as an async context manager: it runs worker processes, of which a tenant has one at a time.
    """

    def __init__(self, workers: int = WORKERS) -> None:
        self._pool = ParsePool(workers)
        self._good: OrderedDict[str, _Extent] = OrderedDict()
        self._sound: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def __aenter__(self) -> Checker:
        await self._pool.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.__aexit__()

    async def check_tree(self, source: Source, root: str, *, tenant: str, deploys: bool = True) -> list[Problem]:
        """Everything that is wrong with a root tree, at most MAX_PROBLEMS. `deploys`: it is to be main's.

        Raises NotFound where an object is missing.
        """
        problems = await asyncio.to_thread(self._check_entries, source, root)
        if problems or not deploys:
            return problems
        return (await self._check_services(source, root, tenant))[:MAX_PROBLEMS]

    async def describe_services(self, source: Source, root: str, *, tenant: str) -> dict[str, Found]:
        """The services of a root tree by name; those whose service.yaml is not right are left out."""
        services = [
            (path, tree, descriptor)
            for path, tree in find_services(source, root)
            if (descriptor := _find_descriptor(source, path, tree)) is not None
        ]
        await self._parse_descriptors(source, services, tenant)
        found = {}
        for path, tree, descriptor in services:
            service = await self._describe(source, path, tree, descriptor, tenant)
            if service is not None:
                found[service.name] = service
        return found

    # -- every tree: entries ------------------------------------------------------------------------------------------

    def _check_entries(self, source: Source, root: str) -> list[Problem]:
        problems: list[Problem] = []
        extent = self._measure(source, root, "", 1, problems)
        if extent.entries > MAX_ENTRIES:
            detail = f"the tree has {extent.entries:,} entries: {MAX_ENTRIES:,} are the most"
            problems.insert(0, Problem("too-many-entries", detail, hint="keep data out of git"))
        return problems

    def _measure(self, source: Source, tree: str, prefix: str, depth: int, problems: list[Problem]) -> _Extent:
        """Walk a tree that was not found good before; problems are added, and end the walk when there are enough."""
        known = self._good.get(tree)
        if known is not None and depth + known.levels <= MAX_DEPTH:
            self._good.move_to_end(tree)
            return known
        if depth > MAX_DEPTH:
            problems.append(
                Problem("too-many-entries", f"directories are more than {MAX_DEPTH} levels deep", _shown(prefix))
            )
            return _Extent(0, 0, False)
        before, entries, levels, descriptor = len(problems), 0, 0, False
        for entry in source.tree(tree):
            entries += 1
            problem = _judge_entry(source, entry, prefix)
            if problem is not None:
                problems.append(problem)
            elif entry.kind == "tree":
                below = self._measure(source, entry.oid, f"{prefix}{entry.name.decode()}/", depth + 1, problems)
                entries, levels = entries + below.entries, max(levels, below.levels + 1)
                descriptor |= below.descriptor
            else:
                descriptor |= entry.name == names.SERVICE_FILE.encode()
            if entries > MAX_ENTRIES or len(problems) >= MAX_PROBLEMS:
                return _Extent(entries, levels, descriptor)
        if len(problems) == before:
            _remember(self._good, tree, _Extent(entries, levels, descriptor))
        return _Extent(entries, levels, descriptor)

    # -- main's tree: services ----------------------------------------------------------------------------------------

    async def _check_services(self, source: Source, root: str, tenant: str) -> list[Problem]:
        services = dict(find_services(source, root))
        problems = [] if "" in services else list(self._find_strays(source, root, services))
        for path, tree in services.items():
            if (path, tree) in self._sound:
                self._sound.move_to_end((path, tree))
                continue
            found = await self._check_service(source, path, tree, tenant)
            if not found:
                _remember(self._sound, (path, tree), None)
            problems += found
            if len(problems) >= MAX_PROBLEMS:
                break
        return problems

    def _find_strays(self, source: Source, root: str, services: dict[str, str]) -> Iterator[Problem]:
        """A service.yaml below a top-level directory that is no service."""
        for entry in source.tree(root):
            name = entry.name.decode()
            if entry.kind == "tree" and name not in services:
                known = self._good.get(entry.oid)
                if known is None or known.descriptor:
                    yield from _judge_depth(_list_files(source, entry.oid, name + "/", MAX_ENTRIES), None)

    async def _check_service(self, source: Source, path: str, tree: str, tenant: str) -> list[Problem]:
        prefix = f"{path}/" if path else ""
        if path and (bad := names.name_problem(path)) is not None:
            return [replace(bad, file=prefix + names.SERVICE_FILE)]
        files = await asyncio.to_thread(lambda: list(_list_files(source, tree, prefix)))
        if (excess := _judge_amount(files, path)) is not None:
            return [excess]
        problems = await self._check_descriptor(source, path, files, tenant)
        problems += _judge_depth(files, prefix + names.SERVICE_FILE)
        for file in files:
            if file.path.endswith(".py"):
                problems += await self._check_python(source, file, tenant)
        return problems

    async def _check_descriptor(self, source: Source, path: str, files: list[_File], tenant: str) -> list[Problem]:
        prefix = f"{path}/" if path else ""
        file = next((f for f in files if f.path == prefix + names.SERVICE_FILE), None)
        if file is None:
            detail = "service.yaml is a directory"
            return [Problem("schema-error", detail, prefix + names.SERVICE_FILE, hint="it must be a file")]
        if file.size > MAX_DESCRIPTOR_BYTES:
            return [_too_large(file, MAX_DESCRIPTOR_BYTES)]
        kind = DESCRIPTOR if path else ROOT_DESCRIPTOR
        data = source.blob(file.oid)
        parsed = await self._pool.parse(kind, file.oid, data, tenant=tenant)
        if parsed.problems:
            return [replace(problem, file=file.path) for problem in parsed.problems]
        service = Service(**(parsed.service or {}))
        if prefix + service.handler not in {f.path for f in files}:
            line, column = parsed.handler_at or (None, None)
            hint = "create it, or name another file with `handler:`"
            shown = strict_yaml.source_line(data, line) if line is not None else None
            detail = f"there is no file {service.handler!r} here"
            return [Problem("schema-error", detail, file.path, line, column, hint, shown)]
        return []

    async def _check_python(self, source: Source, file: _File, tenant: str) -> list[Problem]:
        if file.size > MAX_PYTHON_BYTES:
            return [_too_large(file, MAX_PYTHON_BYTES)]
        parsed = self._pool.recall(PYTHON, file.oid)
        if parsed is None:
            parsed = await self._pool.parse(PYTHON, file.oid, source.blob(file.oid), tenant=tenant)
        return [replace(problem, file=file.path) for problem in parsed.problems]

    async def _parse_descriptors(self, source: Source, services: Sequence[tuple[str, str, str]], tenant: str) -> None:
        """Have those of many services parsed in a row; what is asked for one by one is then known."""
        unknown = {oid for path, _, oid in services if path and self._pool.recall(DESCRIPTOR, oid) is None}
        blobs = {oid: source.blob(oid) for oid in unknown if source.size(oid) <= MAX_DESCRIPTOR_BYTES}
        await self._pool.parse_all(DESCRIPTOR, blobs, tenant=tenant)

    async def _describe(self, source: Source, path: str, tree: str, oid: str, tenant: str) -> Found | None:
        kind = DESCRIPTOR if path else ROOT_DESCRIPTOR
        parsed = self._pool.recall(kind, oid)
        if parsed is None and source.size(oid) <= MAX_DESCRIPTOR_BYTES:
            parsed = await self._pool.parse(kind, oid, source.blob(oid), tenant=tenant)
        if parsed is None or parsed.problems:
            return None
        service = Service(**(parsed.service or {}))
        return Found(path or str(service.name), path, tree, service)


def _find_descriptor(source: Source, path: str, tree: str) -> str | None:
    """The blob of a service's service.yaml, where it can be one."""
    entry = next((e for e in source.tree(tree) if e.name == names.SERVICE_FILE.encode()), None)
    if entry is None or entry.kind != "blob" or (path and names.name_problem(path)):
        return None
    return entry.oid


def find_services(source: Source, root: str) -> Iterator[tuple[str, str]]:
    """Directory and tree of each service of a root tree: those with a service.yaml, or the root alone ("")."""
    entries = source.tree(root)
    if any(e.name == names.SERVICE_FILE.encode() for e in entries):
        yield "", root
        return
    for entry in entries:
        if entry.kind == "tree" and any(e.name == names.SERVICE_FILE.encode() for e in source.tree(entry.oid)):
            yield entry.name.decode(errors="replace"), entry.oid


def _judge_entry(source: Source, entry: Entry, prefix: str) -> Problem | None:
    reason = paths.name_fault(entry.name)
    shown = _shown(prefix + entry.name.decode(errors="replace"))
    if reason is not None:
        return Problem("path-not-allowed", f"the name {reason}", shown, hint="rename it")
    if entry.mode not in _MODES:
        kind = {0o120000: "a symbolic link", 0o160000: "a submodule"}.get(entry.mode & 0o170000)
        detail = f"{kind} is not accepted" if kind else f"the mode {entry.mode:o} is not accepted"
        return Problem("entry-not-allowed", detail, shown, hint="put the file itself in its place")
    if entry.kind == "blob" and (size := source.size(entry.oid)) > MAX_BLOB_BYTES:
        return _too_large(_File(shown, entry.oid, size), MAX_BLOB_BYTES)
    return None


def _list_files(source: Source, tree: str, prefix: str, most: int = MAX_SERVICE_FILES) -> Iterator[_File]:
    """The files below a tree; ends when there are more than `most`."""
    count, pending = 0, [(prefix, tree)]
    while pending:
        below, oid = pending.pop()
        for entry in source.tree(oid):
            path = below + entry.name.decode()
            if entry.kind == "tree":
                pending.append((path + "/", entry.oid))
                continue
            yield _File(path, entry.oid, source.size(entry.oid))
            count += 1
            if count > most:
                return


def _judge_amount(files: list[_File], path: str) -> Problem | None:
    total = sum(file.size for file in files)
    where = f"{path}/" if path else None
    if len(files) > MAX_SERVICE_FILES:
        return Problem("too-many-entries", f"a service may have {MAX_SERVICE_FILES} files", where)
    if total > MAX_SERVICE_BYTES:
        largest = max(files, key=lambda file: file.size)
        detail = f"the service has {total:,} bytes: {MAX_SERVICE_BYTES:,} are the most"
        return Problem("too-many-entries", detail, where, hint=f"the largest is {largest.path}: {largest.size:,} bytes")
    return None


def _judge_depth(files: Iterable[_File], allowed: str | None) -> Iterator[Problem]:
    """A service.yaml at any other place than the allowed one."""
    for file in files:
        if file.path.rpartition("/")[2] == names.SERVICE_FILE and file.path != allowed:
            detail = "no service can be here: a service is a top-level directory, or the repository's root alone"
            yield Problem("schema-error", detail, file.path, hint="move it, or rename the file")


def _too_large(file: _File, limit: int) -> Problem:
    return Problem("file-too-large", f"{file.size:,} bytes are too many: {limit:,} are the most here", file.path)


def _shown(path: str) -> str:
    """A path as it can be printed: control characters escaped, not longer than 300 characters."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in path)[:300]


def _remember(cache: OrderedDict[K, V], key: K, value: V) -> None:
    cache[key] = value
    while len(cache) > _KEPT_TREES:
        cache.popitem(last=False)
