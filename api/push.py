"""One push, in the order of what it does: unpack into quarantine, judge, move the references, announce, follow.

No reference moves and no object is the repository's before all has been judged. What does not live here: HTTP
(`git_http.py`), what was asked (`push_request.py`), the words (`push_lines.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from api import git_process, push_lines
from api.announcer import Actor, Announcer, Arrival
from api.git_process import ARRIVAL_SECONDS, MAX_PACK_BYTES, Command, GitProcess
from api.live import Live
from api.packets import MalformedError, Packets
from api.push_answer import PushAnswer
from api.push_request import MAX_OPTIONS, MAX_REFS, Asked
from core import history, names
from core.check import MAX_BLOB_BYTES, Checker
from core.commit import Author
from core.errors import NotFound, Problem, RetryLater
from core.quarantine import Quarantine, quarantined
from core.reference_updates import ZERO, Update, move_each
from core.releases import Release
from core.repository import Repository, list_objects, lock, sync_directories
from core.tenants import Tenant, Tenants

MAX_OBJECTS = 100_000
_MANY = 16  # directories of loose objects, of one push; a change of one file brings four objects
_UNPACKED_NOT = "unpacker error"  # git's words
_HEAD = struct.Struct(">4sII")  # of a pack: its signature, version, and number of objects (gitformat-pack)


class NotDurable(Exception):
    """References have moved, and the disk did not take it: the client must not believe that all is well."""


class _Refused(Exception):
    """Nothing has moved, and the client has been told why; `unpacked` and `reason` are for git's report."""

    def __init__(self, reason: str, unpacked: str = "ok") -> None:
        super().__init__(reason)
        self.reason, self.unpacked = reason, unpacked


@dataclass(frozen=True)
class PushDoors:
    """What a push reads from and writes to."""

    tenants: Tenants
    checker: Checker
    announcer: Announcer
    live: Live
    crowded: asyncio.Queue[Tenant] = field(default_factory=asyncio.Queue)  # hints: much was left loose there


class Push:
    """One push of what was `asked`, by `actor`; `received` in epoch seconds. Everything said goes to the answer."""

    def __init__(
        self, tenant: Tenant, actor: Actor, committer: Author, doors: PushDoors, asked: Asked, received: float
    ) -> None:
        self._tenant, self._actor, self._committer = tenant, actor, committer
        self._doors, self._asked, self._received = doors, asked, received
        self._path = doors.tenants.path_of(tenant)
        self.answer = PushAnswer(asked.capabilities)

    async def run(self, packets: Packets) -> None:
        """All of it. Raises NotDurable; where it raises anything, no report has been made."""
        try:
            async with _share_lock(self._path):
                with quarantined(self._path) as quarantine:
                    moved, begun = await self._land(packets, quarantine)
        except _Refused as refusal:
            self._report_none(refusal.reason, refusal.unpacked)
            return
        finally:
            await _drain(packets)
        await self._follow(moved, begun)

    async def _land(self, packets: Packets, quarantine: Quarantine) -> tuple[list[Update], list[Release]]:
        unpacked = asyncio.Event()
        gaps = asyncio.create_task(self._find_gaps(quarantine, unpacked))
        try:
            repository = await self._take_in(packets, quarantine)
            unpacked.set()
            await self._judge(repository, quarantine, gaps)
        finally:
            gaps.cancel()
            await asyncio.gather(gaps, return_exceptions=True)
        checked = time.time()
        changed, refused = await asyncio.to_thread(self._move, quarantine)
        moved = [update for update in self._asked.updates if update.ref not in refused]
        begun = await self._announce(moved, checked)
        await self._settle(moved, changed)
        self._report(refused)
        if len(changed) > _MANY:
            self._doors.crowded.put_nowait(self._tenant)
        return moved, begun

    # -- in -----------------------------------------------------------------------------------------------------------

    async def _take_in(self, packets: Packets, quarantine: Quarantine) -> Repository:
        """Unpack; the repository as the push would leave it. Raises _Refused."""
        if any(update.new != ZERO for update in self._asked.updates):
            try:
                head = await packets.take(_HEAD.size)
                signature, version, count = _HEAD.unpack(head)
            except MalformedError as error:
                raise _Refused(_UNPACKED_NOT, f"the pack does not begin: {error}") from None
            if signature != b"PACK" or version not in (2, 3):
                raise _Refused(_UNPACKED_NOT, "what follows is no pack")
            if count:
                await self._unpack(packets.rest(head), quarantine, count)
        return Repository(self._path, str(quarantine.directory))

    async def _unpack(self, pack: AsyncIterator[bytes], quarantine: Quarantine, count: int) -> None:
        process = await _start(git_process.unpack(self._path, quarantine, count))
        feeding = asyncio.create_task(process.feed(pack, ARRIVAL_SECONDS))
        try:
            async for said in process.output():
                self.answer.pass_on(said)
            if await process.wait() == 0:
                return
            if await feeding > MAX_PACK_BYTES:  # git says that it is too much, but not what the limit is
                self.answer.say(f"PaaKS: a push may bring {MAX_PACK_BYTES // 2**20} MiB: push in parts")
        except TimeoutError:
            self.answer.say(f"PaaKS: a push has {ARRIVAL_SECONDS:.0f} s to arrive: push in parts")
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
            await process.stop()
        raise _Refused(_UNPACKED_NOT, "git could not take it in")

    # -- before -------------------------------------------------------------------------------------------------------

    async def _judge(self, repository: Repository, quarantine: Quarantine, gaps: Awaitable[list[Problem]]) -> None:
        """Raises _Refused where anything is wrong, and for a dry run."""
        try:
            problems, plan = await asyncio.to_thread(self._look, repository, quarantine)
            if not problems:
                problems = await self._check(repository)
            problems += await gaps
        except RetryLater as error:
            self.answer.say(f"PaaKS cannot check this push now: {error.cause}. Nothing has changed; push again.")
            raise _Refused("not checked") from error
        if problems:
            self.answer.say_all(push_lines.refuse(problems))
            raise _Refused(", ".join(dict.fromkeys(problem.slug for problem in problems)))
        if plan is not None and not self._asked.has("quiet"):
            self.answer.say_all(push_lines.show_plan(plan))
            self.answer.say(f"check    ok  {time.time() - self._received:.3f} s")
        if self._asked.has("dry-run"):
            self.answer.say("dry run: it would be accepted. Nothing was deployed, and no reference has moved.")
            raise _Refused("dry run")

    def _look(self, repository: Repository, quarantine: Quarantine) -> tuple[list[Problem], Mapping[str, str] | None]:
        """What is wrong whatever the files say; and what becomes of which service, where main moves."""
        problems = list(_judge_references(self._asked, repository, self._tenant))
        problems = problems or _judge_objects(repository, quarantine)
        main = _main_of(self._asked.updates)
        if problems or main is None:
            return problems, None
        try:
            return [], history.changed_services(repository, None if main.old == ZERO else main.old, main.new)
        except NotFound as error:
            return list(error.problems), None

    async def _check(self, repository: Repository) -> list[Problem]:
        problems: list[Problem] = []
        for update in self._asked.updates:
            if update.new != ZERO:
                problems += await self._check_tip(repository, update)
        return problems

    async def _check_tip(self, repository: Repository, update: Update) -> list[Problem]:
        try:
            root = repository.root_of(update.new)
            deploys = update.ref == names.MAIN
            return await self._doors.checker.check_tree(repository, root, tenant=self._tenant.id, deploys=deploys)
        except NotFound as error:
            return list(error.problems)

    async def _find_gaps(self, quarantine: Quarantine, unpacked: asyncio.Event) -> list[Problem]:
        """Is all there that the new tips lead to? Git walks while we check; that process starts while it unpacks."""
        tips = "".join(f"{update.new}\n" for update in self._asked.updates if update.new != ZERO)
        if not tips:
            return []
        process = await _start(git_process.find_gaps(self._path, quarantine))
        try:
            await unpacked.wait()
            process.stdin.write(tips.encode())
            process.stdin.close()
            if await process.wait() == 0:
                return []
        finally:
            await process.stop()
        hint = "push from a clone that has all of its history"
        return [Problem("bad-request", "objects are missing that these commits lead to", hint=hint)]

    # -- after --------------------------------------------------------------------------------------------------------

    def _move(self, quarantine: Quarantine) -> tuple[list[Path], dict[str, str]]:
        """The directories that have new names in them; and why which reference has not been moved."""
        changed = quarantine.release()
        git = Repository(self._path).git
        git.set_ident(self._committer.name, self._committer.email)
        return changed, move_each(git, self._asked.updates, "push", atomic="atomic" in self._asked.capabilities)

    async def _announce(self, moved: list[Update], checked: float) -> list[Release]:
        """The releases that begin. Told before all is durable: main has moved, and whoever looks at it sees that."""
        main = _main_of(moved)
        if main is None or main.new == main.old:
            return []
        arrival = Arrival(self._actor, self._received, checked)
        before = None if main.old == ZERO else main.old
        announcer, repository = self._doors.announcer, Repository(self._path)
        return (await announcer.announce(self._tenant, repository, before, main.new, arrival)).releases

    async def _settle(self, moved: list[Update], changed: Sequence[Path]) -> None:
        """Make the new names durable; what they name is. Raises NotDurable."""
        below = {(self._path / update.ref).parent for update in moved}
        try:
            await asyncio.to_thread(sync_directories, *changed, *below, self._path / "refs")
        except OSError as error:
            raise NotDurable(str(error)) from error

    def give_up(self, sentence: str) -> None:
        """It has failed on our side: what the client is told instead of a report."""
        self.answer.say(f"PaaKS: {sentence}")
        self._report_none("PaaKS failed")

    def _report_none(self, reason: str, unpacked: str = "ok") -> None:
        self._report(dict.fromkeys((update.ref for update in self._asked.updates), reason), unpacked)

    def _report(self, refused: Mapping[str, str], unpacked: str = "ok") -> None:
        self.answer.report(unpacked, [update.ref for update in self._asked.updates], refused)

    async def _follow(self, moved: list[Update], begun: list[Release]) -> None:
        if _main_of(moved) is None:
            branches = [update for update in moved if update.ref.startswith("refs/heads/") and update.new != ZERO]
            for update in branches:
                self.answer.say_all(push_lines.show_branch(push_lines.branch_of(update.ref)))
        elif begun and self._asked.has("no-wait"):
            self.answer.say("accepted. Follow it: paaks status -w")
        elif begun:
            await self._show_progress(begun)

    async def _show_progress(self, begun: list[Release]) -> None:
        """Each stage as it happens, then how each ended; many services only in sum."""
        live, tenant, asked = self._doors.live, self._tenant.id, self._asked
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
            self.answer.say_all(push_lines.show_folded(ended, wanted))
        for release in ended if not folded else ():
            if not asked.has("quiet") or release.state != "live":
                self.answer.say_all(push_lines.show_end(release, wanted[release.service]))

    async def _show_stages(self, begun: list[Release]) -> None:
        seen: dict[str, set[str]] = {release.service: set() for release in begun}
        width = max(len(service) for service in seen)
        async for _ in self._doors.live.changes(self._tenant.id):
            for release in begun:
                now = self._doors.live.find(self._tenant.id, release.service, release.commit) or release
                self.answer.say_all(push_lines.show_stages(now, seen[release.service], width))


# -- what may be pushed -----------------------------------------------------------------------------------------------


def _main_of(updates: Iterable[Update]) -> Update | None:
    return next((update for update in updates if update.ref == names.MAIN), None)


def _judge_references(asked: Asked, repository: Repository, tenant: Tenant) -> Iterator[Problem]:
    if asked.bad_option:
        detail = f"a push option has control characters, or there are more than {MAX_OPTIONS}"
        yield Problem("bad-request", detail)
    if asked.count > MAX_REFS:
        yield Problem("ref-not-allowed", f"{asked.count:,} references: {MAX_REFS:,} are the most in one push")
        return
    count = Counter(update.ref for update in asked.updates)
    for update in asked.updates:
        problem = names.ref_problem(update.ref)
        if problem is not None:
            yield problem
        elif count[update.ref] > 1:
            yield Problem("ref-not-allowed", f"{update.ref} is named twice")
        elif update.ref == names.MAIN:
            yield from _judge_main(update, repository, tenant)
        elif update.ref.startswith("refs/heads/") and update.new != ZERO and not repository.is_commit(update.new):
            yield Problem("ref-not-allowed", f"a branch leads to a commit, and {update.new[:12]} is none")


def _judge_main(update: Update, repository: Repository, tenant: Tenant) -> Iterator[Problem]:
    """main only moves forward, except off the untouched template."""
    if update.new == ZERO:
        yield Problem("non-fast-forward", "main cannot be deleted", hint="remove services by a commit")
    elif not repository.is_commit(update.new):
        yield Problem("ref-not-allowed", f"main leads to a commit, and {update.new[:12]} is none")
    elif update.old not in (ZERO, tenant.template) and not repository.is_ahead(update.new, of=update.old):
        hint = "fetch, merge or rebase, and push again"
        yield Problem("non-fast-forward", "main only moves forward, also with --force", hint=hint)


def _judge_objects(repository: Repository, quarantine: Quarantine) -> list[Problem]:
    """Limits that hold for every pushed object, also for those that no tip reaches."""
    for number, oid in enumerate(list_objects(str(quarantine.directory)), 1):
        if number > MAX_OBJECTS:
            return [Problem("push-too-large", f"more than {MAX_OBJECTS:,} objects", hint="push in parts")]
        size = repository.size(oid)
        if size > MAX_BLOB_BYTES:
            detail = f"an object has {size:,} bytes: {MAX_BLOB_BYTES:,} are the most"
            return [Problem("file-too-large", f"{detail} ({oid[:12]})", hint="also in earlier commits of the push")]
    return []


# -- git's processes --------------------------------------------------------------------------------------------------


async def _start(command: Command) -> GitProcess:
    try:
        return await git_process.start(command)
    except OSError as error:
        raise RetryLater(f"git cannot be started: {error}", 2.0) from error


async def _drain(packets: Packets) -> None:
    """Read what is left, so that the client hears the answer; one that does not send it is not waited for."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ARRIVAL_SECONDS):
            async for _ in packets.rest():
                pass


@contextlib.asynccontextmanager
async def _share_lock(path: Path) -> AsyncIterator[None]:
    """The repository's lock, shared; it waits, in a thread, only where maintenance has it alone."""
    held = lock(path, wait=False)
    try:
        held.__enter__()
    except BlockingIOError:
        held = lock(path)
        await asyncio.to_thread(held.__enter__)
    try:
        yield
    finally:
        held.__exit__(None, None, None)
