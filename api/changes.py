"""The one commit path of editor, API and CLI: read main, draft, check, commit by compare-and-swap, announce.

A push takes the same check and the same announcement (`push.py`). What does not live here: who may write (`deps.py`),
how a request becomes a wish (`routes/`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from api import known_releases
from api.announcer import Actor, Announcer, Arrival
from api.live import Live
from api.wishes import MAX_OPERATIONS
from core import commit, history, names, paths
from core.check import Checker, find_services
from core.commit import Delete, Draft, Graft, Move, Moved, Operation, Put
from core.errors import Conflict, NotFound, Problem, Refused, RetryLater, Sides
from core.releases import Release
from core.repository import Repository, lock
from core.tenants import Tenant, Tenants

_ATTEMPTS = 50
_MAX_REVERT = 32 * 2**20  # bytes that may come back
_LOOK_BACK = 100  # releases that are searched for one that was live


@dataclass(frozen=True)
class Wish:
    """What somebody wants to change. `base` is the commit that they saw; None means today's.

    `bases` maps a path to the commit that its change was made on, where that is another one: of a conflict that was
    decided. `expected` maps a path to the blob that has to be there now, None for nothing: it is strict, never merged.
    """

    operations: Sequence[Operation]
    message: str | None = None
    base: str | None = None
    expected: Mapping[str, str | None] | None = None
    bases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Landed:
    """What came of it: main now and before, and the releases that it begins. `is_new` False: nothing has changed.

    `described` is the commit as the API shows it, where it is new.
    """

    commit: str
    before: str
    releases: list[Release]
    merged: bool = False
    is_new: bool = True
    described: dict[str, Any] | None = None


@dataclass(frozen=True)
class Judged:
    """What a wish would do: what is wrong with it, and what becomes of which service."""

    problems: list[Problem]
    plan: dict[str, str]


@dataclass(frozen=True)
class _Drafted:
    repository: Repository
    head: str
    draft: Draft
    merged: bool


class Changes:
    """Lands wishes. One at a time per tenant in this process; against pushes the reference is compared and swapped."""

    def __init__(
        self, tenants: Tenants, checker: Checker, announcer: Announcer, live: Live, engine: AsyncEngine
    ) -> None:
        self._tenants = tenants
        self._checker = checker
        self._announcer = announcer
        self._live, self._engine = live, engine
        self._turns: dict[str, asyncio.Lock] = {}

    async def apply(self, tenant: Tenant, actor: Actor, wish: Wish) -> Landed:
        """Commit a wish; durable when it returns.

        Raises Refused with all problems, Conflict with the sides of what could not be merged or is not what was
        expected, NotFound for a file that is not there, RetryLater.
        """
        received = time.time()
        _refuse_bad_paths(wish.operations)
        async with self._turns.setdefault(tenant.id, asyncio.Lock()):
            for _ in range(_ATTEMPTS):
                drafted = await asyncio.to_thread(self._draft, tenant, wish)
                if drafted.draft.root == drafted.repository.root_of(drafted.head):
                    return Landed(drafted.head, drafted.head, [], drafted.merged, is_new=False)
                problems = await self._checker.check_tree(drafted.draft, drafted.draft.root, tenant=tenant.id)
                if problems:
                    raise Refused(*problems)
                arrival = Arrival(actor, received, time.time())
                try:
                    oid = await asyncio.to_thread(self._write, drafted, wish, actor)
                except Moved:
                    continue
                repository = drafted.repository
                told = await self._announcer.announce(tenant, repository, drafted.head, oid, arrival)
                return Landed(oid, drafted.head, told.releases, drafted.merged, described=told.commit)
        raise RetryLater("main moves faster than this change can be committed", delay=1.0)

    async def check(self, tenant: Tenant, wish: Wish) -> Judged:
        """What `apply` would say, without writing. Raises what it would raise for a base that does not fit."""
        _refuse_bad_paths(wish.operations)
        drafted = await asyncio.to_thread(self._draft, tenant, wish)
        draft, repository = drafted.draft, drafted.repository
        problems = await self._checker.check_tree(draft, draft.root, tenant=tenant.id)
        plan = {} if problems else _compare(repository.services(repository.root_of(drafted.head)), draft)
        return Judged(problems, plan)

    async def roll_back(self, tenant: Tenant, actor: Actor, service: str, to: str | None) -> Landed:
        """A new commit in which a service's directory is as it was: at the commit `to`, or when it was last live.

        Raises Refused (`rollback-target-invalid`), NotFound for a service that never was.
        """
        repository = Repository(self._tenants.path_of(tenant))
        commit_id, tree = await self._find_target(tenant, repository, service, to)
        path = "" if "" in repository.services(repository.root_of(commit_id)) else service
        message = f"Roll back {service} to {commit_id[:7]}\n\nPaaKS-Rollback-To: {commit_id}\n"
        try:
            return await self.apply(tenant, replace(actor, via="rollback"), Wish([Graft(path, tree)], message))
        except Refused as refused:
            detail = f"{commit_id[:7]} does not pass today's check"
            raise Refused(Problem("rollback-target-invalid", detail), *refused.problems) from refused

    async def revert(self, tenant: Tenant, actor: Actor, commit_id: str) -> Landed:
        """A new commit that takes back what a commit changed of its first parent, merged into today's main.

        Raises Refused (`revert-target-invalid`), Conflict with the sides of what has changed since, NotFound.
        """
        wish = await asyncio.to_thread(_plan_revert, Repository(self._tenants.path_of(tenant)), commit_id)
        try:
            landed = await self.apply(tenant, actor, wish)
        except Refused as refused:
            detail = f"main without {commit_id[:7]} does not pass today's check"
            raise Refused(Problem("revert-target-invalid", detail), *refused.problems) from refused
        if not landed.is_new:
            raise Refused(Problem("revert-target-invalid", f"nothing of {commit_id[:7]} is left on main"))
        return landed

    async def _find_target(
        self, tenant: Tenant, repository: Repository, service: str, to: str | None
    ) -> tuple[str, str]:
        """The commit to go back to, and the service's tree in it."""
        if to is not None:
            commit_id = repository.resolve(to)
            tree = _tree_at(repository, commit_id, service)
            if tree is None:
                raise Refused(Problem("rollback-target-invalid", f"there is no {service!r} at {commit_id[:7]}"))
            return commit_id, tree
        head = repository.head()
        now = _tree_at(repository, head, service) if head else None
        for release in await self._past_releases(tenant, service):
            tree = _tree_at(repository, release.commit, service) if "live" in release.stages else None
            if tree is not None and tree != now:
                return release.commit, tree
        found = await asyncio.to_thread(_find_other_tree, repository, head, service, now)
        if found is None:
            if now is None:
                raise NotFound(Problem("not-found", f"there is no service {service!r} in {tenant.slug}"))
            detail = f"{service!r} has never been anything else"
            raise Refused(Problem("rollback-target-invalid", detail, hint="name a commit: `paaks rollback NAME SHA`"))
        return found

    async def _past_releases(self, tenant: Tenant, service: str) -> list[Release]:
        try:
            return await known_releases.list_releases(
                self._live, self._engine, tenant.id, service=service, limit=_LOOK_BACK, after=None
            )
        except RetryLater:
            return []  # git alone knows what was there, only not what was live

    # -- one attempt --------------------------------------------------------------------------------------------------

    def _draft(self, tenant: Tenant, wish: Wish) -> _Drafted:
        repository = Repository(self._tenants.path_of(tenant))
        head = repository.head()
        if head is None:
            raise RetryLater("the repository has no main branch", delay=5.0)
        draft = Draft(repository, repository.root_of(head))
        if wish.expected is not None:
            _refuse_unexpected(repository, draft, wish)
        base = repository.resolve(wish.base) if wish.base is not None else head
        merged = False
        if base == head and not wish.bases:
            for operation in wish.operations:
                draft.apply(operation)
        else:
            bases = {path: repository.root_of(repository.resolve(ref)) for path, ref in wish.bases.items()}
            try:
                merged = commit.merge_operations(draft, repository, repository.root_of(base), wish.operations, bases)
            except Conflict as conflict:
                conflict.head = head
                raise
        return _Drafted(repository, head, draft, merged)

    def _write(self, drafted: _Drafted, wish: Wish, actor: Actor) -> str:
        repository = drafted.repository
        author = commit.make_author(actor.name, actor.email)
        message = wish.message or describe_operations(wish.operations)
        with lock(repository.path):
            return commit.create(repository, drafted.draft, drafted.head, message, author, author)


def _plan_revert(repository: Repository, commit_id: str) -> Wish:
    """What takes a commit back, with the message that git writes."""
    found = repository.commit(repository.resolve(commit_id))
    oid, parents = str(found.id), [str(parent) for parent in found.parent_ids]
    head = repository.head()
    if head is None or not repository.is_ahead(head, oid):
        raise Refused(Problem("revert-target-invalid", f"{oid[:7]} is not in the history of main"))
    if not parents:
        hint = "delete what it brought instead"
        raise Refused(Problem("revert-target-invalid", f"{oid[:7]} is the first commit: nothing was before", hint=hint))
    merge = f", reversing\nchanges made to {parents[0]}" if len(parents) > 1 else ""
    message = f'Revert "{history.read_subject(found)}"\n\nThis reverts commit {oid}{merge}.\n'
    operations = commit.undo_operations(repository, oid, parents[0], _MAX_REVERT, MAX_OPERATIONS)
    return Wish(operations, message, base=oid)


def _refuse_bad_paths(operations: Sequence[Operation]) -> None:
    asked = [path for o in operations for path in (o.path, o.to if isinstance(o, Move) else None)]
    problems = [p for path in asked if path is not None and path != "" and (p := paths.path_problem(path))]
    if any((not o.path and not isinstance(o, Graft)) or (isinstance(o, Move) and not o.to) for o in operations):
        problems.append(Problem("path-not-allowed", "the path is empty"))
    if problems:
        raise Refused(*problems)


def _refuse_unexpected(repository: Repository, draft: Draft, wish: Wish) -> None:
    """Raises Conflict with all sides of each file that is not as the caller saw it; NotFound for one that is gone."""
    sides = []
    for path, expected in (wish.expected or {}).items():
        there = draft.find(path)
        if (there.oid if there is not None and there.kind == "blob" else None) == expected:
            continue
        if there is not None and there.kind == "tree":
            raise Conflict(Problem("path-conflict", "there is a directory of this name", file=path))
        yours = next((o.data for o in wish.operations if isinstance(o, Put) and o.path == path), None)
        if there is None and yours is None:
            raise NotFound(Problem("not-found", "there is no such file", file=path))
        sides.append(_describe_sides(repository, path, expected, yours, there.oid if there else None))
    if sides:
        found = [Problem("precondition-failed", "it is not what you read", file=side.path) for side in sides]
        raise Conflict(*found, sides=sides, head=repository.head())


def _describe_sides(
    repository: Repository, path: str, expected: str | None, yours: bytes | None, theirs_id: str | None
) -> Sides:
    base = _read_blob(repository, expected)
    theirs = _read_blob(repository, theirs_id)
    return Sides(path, base, yours, theirs, theirs_id, commit.merge_texts(repository, base, yours, theirs))


def _read_blob(repository: Repository, oid: str | None) -> bytes | None:
    try:
        return repository.blob(oid) if oid is not None and names.is_sha(oid) else None
    except NotFound:
        return None


def _compare(before: Mapping[str, str], draft: Draft) -> dict[str, str]:
    """Service → created, updated or removed."""
    return history.compare_services(before, dict(find_services(draft, draft.root)))


def _tree_at(repository: Repository, commit_id: str, service: str) -> str | None:
    """The tree of a service at a commit; a service at the root has every name."""
    try:
        services = repository.services(repository.root_of(commit_id))
    except NotFound:
        return None
    return services.get(service, services.get(""))


def _find_other_tree(repository: Repository, head: str | None, service: str, now: str | None) -> tuple[str, str] | None:
    """The youngest commit of main in which the service was something else."""
    for parent in history.first_parents(repository, head) if head else ():
        tree = _tree_at(repository, str(parent.id), service)
        if tree is not None and tree != now:
            return str(parent.id), tree
    return None


def describe_operations(operations: Sequence[Operation]) -> str:
    """A commit's message where none was given."""
    if len(operations) != 1:
        return f"Change {len(operations)} files\n"
    match operations[0]:
        case Put(path):
            return f"Update {path}\n"
        case Delete(path):
            return f"Delete {path}\n"
        case Move(path, to):
            return f"Move {path} to {to}\n"
        case other:
            return f"Restore {other.path}\n"
