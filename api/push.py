"""The conversation with a push: the check before any reference moves, the announcement and the progress after.

It speaks with git's two hooks over one channel (`git_hooks/`). What does not live here: git's process
(`git_process.py`), the words (`push_lines.py`).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from api import push_lines
from api.announcer import Actor, Announcer, Arrival
from api.live import Live
from core import history, names
from core.check import MAX_BLOB_BYTES, Checker
from core.errors import NotFound, Problem, RetryLater
from core.releases import Release
from core.repository import Repository, list_objects, sync_directories
from core.tenants import Tenant, Tenants

MAX_REFS = 1_000
MAX_OBJECTS = 100_000
WAIT_SECONDS = 60.0
_MANY = 16  # directories of loose objects, of one push; a change of one file brings four objects
_ZERO = "0" * 40


@dataclass(frozen=True)
class Update:
    """One reference that a push wants to move; zeros stand for one that is not there."""

    old: str
    new: str
    ref: str


@dataclass
class Asked:
    """What a push asks for. `quarantine` is where its objects are, empty where it brings none."""

    quarantine: str = ""
    updates: list[Update] = field(default_factory=list)
    count: int = 0
    options: list[str] = field(default_factory=list)
    bad_option: bool = False

    def has(self, option: str) -> bool:
        """Was `-o <option>` given?"""
        return option in self.options

    def wait_seconds(self) -> float:
        """How long the push may wait for what it deploys: `-o timeout=N`."""
        for option in self.options:
            name, _, value = option.partition("=")
            if name == "timeout" and value.isdigit() and len(value) < 5:
                return min(float(value), 600.0)
        return WAIT_SECONDS


class NotDurable(Exception):
    """References have moved, and the disk did not take it: the client must not believe that all is well."""


class Conversation:
    """One push, from the first hook's first line to the second hook's end."""

    def __init__(
        self,
        channel: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        tenant: Tenant,
        actor: Actor,
        doors: PushDoors,
        received: float,
    ) -> None:
        self._reader, self._writer = channel
        self._tenant = tenant
        self._actor = actor
        self._doors = doors
        self._received = received
        self._path = doors.tenants.path_of(tenant)

    async def run(self) -> None:
        """Speak with both hooks. Returns when git has ended or has been told all. Raises NotDurable."""
        asked = await self._read_asked()
        if asked is None:
            return
        directories = await asyncio.to_thread(_list_directories, asked.quarantine)
        try:
            accepted = await self._judge(asked)
        except RetryLater as error:
            self._say(f"PaaKS cannot check this push now: {error.cause}. Nothing has changed; push again.")
            accepted = False
        checked = time.time()
        self._writer.write(b"ok\n" if accepted else b"no\n")
        moved = await self._read_moved() if accepted else []
        if moved:
            begun = await self._announce(moved, checked)
            await self._settle(moved, directories)
            if len(directories) > _MANY:
                self._doors.crowded.put_nowait(self._tenant)
            await self._follow(asked, moved, begun)
        self._writer.write(b"ok\n")

    # -- before -------------------------------------------------------------------------------------------------------

    async def _judge(self, asked: Asked) -> bool:
        repository, problems = await asyncio.to_thread(self._look, asked)
        main = None
        if not problems:
            for update in asked.updates:
                if update.new != _ZERO:
                    problems += await self._judge_tip(repository, update)
                main = update if update.ref == names.MAIN else main
        if problems:
            self._say_all(push_lines.refuse(problems))
            return False
        return await self._show_plan(asked, repository, main)

    def _look(self, asked: Asked) -> tuple[Repository, list[Problem]]:
        """The repository as the push would leave it, and what is wrong whatever its files say."""
        repository = Repository(self._path, asked.quarantine or None)
        problems = list(_judge_references(asked, repository, self._tenant))
        return repository, problems or _judge_objects(repository, asked.quarantine)

    async def _judge_tip(self, repository: Repository, update: Update) -> list[Problem]:
        try:
            root = repository.root_of(update.new)
            deploys = update.ref == names.MAIN
            found = await self._doors.checker.check_tree(repository, root, tenant=self._tenant.id, deploys=deploys)
        except NotFound as error:
            return list(error.problems)
        return found

    async def _show_plan(self, asked: Asked, repository: Repository, main: Update | None) -> bool:
        if main is not None and not asked.has("quiet"):
            old = None if main.old == _ZERO else main.old
            plan = await asyncio.to_thread(history.changed_services, repository, old, main.new)
            self._say_all(push_lines.show_plan(plan))
            self._say(f"check    ok  {time.time() - self._received:.3f} s")
        if asked.has("dry-run"):
            self._say("dry run: it would be accepted. Nothing was deployed, and no reference has moved.")
            return False
        return True

    # -- after --------------------------------------------------------------------------------------------------------

    async def _announce(self, moved: list[Update], checked: float) -> list[Release]:
        """The releases that begin. Told before all is durable: main has moved, and whoever looks at it sees that."""
        main = _main_of(moved)
        if main is None:
            return []
        arrival = Arrival(self._actor, self._received, checked)
        before = None if main.old == _ZERO else main.old
        return await self._doors.announcer.announce(self._tenant, Repository(self._path), before, main.new, arrival)

    async def _settle(self, moved: list[Update], directories: list[str]) -> None:
        """Make durable what git only renamed: it syncs files, never the directories that name them."""
        objects = self._path / "objects"
        below = {(self._path / update.ref).parent for update in moved}
        try:
            await asyncio.to_thread(
                sync_directories, *(objects / name for name in directories), objects, *below, self._path / "refs"
            )
        except OSError as error:
            raise NotDurable(str(error)) from error

    async def _follow(self, asked: Asked, moved: list[Update], begun: list[Release]) -> None:
        if _main_of(moved) is None:
            branches = [update for update in moved if update.ref.startswith("refs/heads/") and update.new != _ZERO]
            self._say_all(
                line for update in branches for line in push_lines.show_branch(push_lines.branch_of(update.ref))
            )
        elif begun and asked.has("no-wait"):
            self._say("accepted. Follow it: paaks status -w")
        elif begun:
            await self._show_progress(begun, asked)

    async def _show_progress(self, begun: list[Release], asked: Asked) -> None:
        """Each stage as it happens, then how each ended; many services only in sum."""
        live, tenant = self._doors.live, self._tenant.id
        folded = len(begun) > push_lines.FOLD_ABOVE
        keys = [(release.service, release.commit) for release in begun]
        waiting = asyncio.ensure_future(live.wait(tenant, keys, asked.wait_seconds()))
        if not folded and not asked.has("quiet"):
            showing = asyncio.ensure_future(self._show_stages(begun))
            waiting.add_done_callback(lambda _: showing.cancel())
            await asyncio.gather(showing, return_exceptions=True)
        ended = await waiting
        wanted = {release.service: release.commit for release in begun}
        if folded:
            self._say_all(push_lines.show_folded(ended, wanted))
        for release in ended if not folded else ():
            if not asked.has("quiet") or release.state != "live":
                self._say_all(push_lines.show_end(release, wanted[release.service]))

    async def _show_stages(self, begun: list[Release]) -> None:
        seen: dict[str, set[str]] = {release.service: set() for release in begun}
        width = max(len(service) for service in seen)
        async for _ in self._doors.live.changes(self._tenant.id):
            for release in begun:
                now = self._doors.live.find(self._tenant.id, release.service, release.commit) or release
                self._say_all(push_lines.show_stages(now, seen[release.service], width))

    # -- the channel --------------------------------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        text = "".join(c if c.isprintable() else " " for c in line)
        self._writer.write(f": {text}\n".encode())

    def _say_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._say(line)

    async def _read_asked(self) -> Asked | None:
        """What the first hook says; None where git ended without asking."""
        asked = Asked()
        while (line := await self._read_line()) is not None:
            word, _, rest = line.partition(" ")
            if word == "end":
                return asked
            if word == "quarantine":
                asked.quarantine = rest
            elif word == "ref":
                asked.count += 1
                if asked.count <= MAX_REFS:
                    asked.updates.append(Update(*rest.split(" ", 2)))
            elif word == "option":
                asked.options.append(rest)
            elif word == "refused-option":
                asked.bad_option = True
        return None

    async def _read_moved(self) -> list[Update]:
        """The references that git has moved; none where it refused all after our word."""
        moved = []
        while (line := await self._read_line()) is not None and line != "end":
            word, _, rest = line.partition(" ")
            if word == "moved":
                moved.append(Update(*rest.split(" ", 2)))
        return moved

    async def _read_line(self) -> str | None:
        try:
            line = await self._reader.readline()
        except (ValueError, ConnectionError):
            return None
        return line.rstrip(b"\n").decode(errors="surrogateescape") if line.endswith(b"\n") else None


@dataclass(frozen=True)
class PushDoors:
    """What a push reads from and writes to."""

    tenants: Tenants
    checker: Checker
    announcer: Announcer
    live: Live
    crowded: asyncio.Queue[Tenant] = field(default_factory=asyncio.Queue)  # hints: much was left loose there


def _main_of(moved: Iterable[Update]) -> Update | None:
    return next((update for update in moved if update.ref == names.MAIN), None)


def _judge_references(asked: Asked, repository: Repository, tenant: Tenant) -> Iterable[Problem]:
    if asked.bad_option:
        yield Problem("bad-request", "a push option has control characters, or there are more than 32")
    if asked.count > MAX_REFS:
        yield Problem("ref-not-allowed", f"{asked.count:,} references: {MAX_REFS:,} are the most in one push")
        return
    for update in asked.updates:
        problem = names.ref_problem(update.ref) if update.new != _ZERO else None
        if problem is not None:
            yield problem
        if update.ref == names.MAIN:
            yield from _judge_main(update, repository, tenant)


def _judge_main(update: Update, repository: Repository, tenant: Tenant) -> Iterable[Problem]:
    """main only moves forward, except off the untouched template."""
    if update.new == _ZERO:
        yield Problem("non-fast-forward", "main cannot be deleted", hint="remove services by a commit")
    elif update.old not in (_ZERO, tenant.template) and not repository.is_ahead(update.new, of=update.old):
        hint = "fetch, merge or rebase, and push again"
        yield Problem("non-fast-forward", "main only moves forward, also with --force", hint=hint)


def _judge_objects(repository: Repository, quarantine: str) -> list[Problem]:
    """Limits that hold for every pushed object, also for those that no tip reaches."""
    if not quarantine:
        return []
    for number, oid in enumerate(list_objects(quarantine), 1):
        if number > MAX_OBJECTS:
            return [Problem("push-too-large", f"more than {MAX_OBJECTS:,} objects", hint="push in parts")]
        size = repository.size(oid)
        if size > MAX_BLOB_BYTES:
            detail = f"an object has {size:,} bytes: {MAX_BLOB_BYTES:,} are the most"
            return [Problem("file-too-large", f"{detail} ({oid[:12]})", hint="also in earlier commits of the push")]
    return []


def _list_directories(quarantine: str) -> list[str]:
    """The directories of the object database that a push's objects will be renamed into."""
    try:
        return [entry.name for entry in os.scandir(quarantine) if entry.is_dir()] if quarantine else []
    except OSError:
        return []
