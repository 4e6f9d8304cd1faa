"""One git process: started with pipes, fed and drained. What each of them is called, and with which settings.

What does not live here: HTTP (`git_http.py`), and what a push may do (`push.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core import names
from core.quarantine import Quarantine
from core.repository import GIT_ENVIRONMENT

MAX_PACK_BYTES = 50 * 2**20
ARRIVAL_SECONDS = 300.0  # for what a client sends to arrive
_UNPACK_LIMIT = 100  # objects; more of them stay in their pack: receive.unpackLimit
_PROTOCOL = re.compile(r"version=[0-2]")
_PIPE_BYTES, _READ_BYTES = 2**18, 2**16
_CONFIG = (
    *("core.fsync=committed,reference", "core.bigFileThreshold=11m", "core.useReplaceRefs=false", "gc.auto=0"),
    *("safe.directory=*", "transfer.hideRefs=" + names.INTERNAL_REFS, "uploadpack.allowFilter=true"),
)


@dataclass(frozen=True)
class Command:
    """What to run, and what it finds in its environment. `hears_errors`: what it says as errors is its output."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    hears_errors: bool = False

    def argv(self) -> list[str]:
        """The command line; nothing of it comes from a client."""
        return ["git", *(part for setting in _CONFIG for part in ("-c", setting)), *self.arguments]

    def whole_environment(self) -> dict[str, str]:
        """From scratch, without what the platform's own says."""
        return {**GIT_ENVIRONMENT, **self.environment}


def upload_pack(repository: Path, protocol: str | None, *, advertise: bool = False) -> Command:
    """Answer a fetch, or say what there is to fetch. Of `protocol`, the client's header, only a version that exists."""
    mode = ("--stateless-rpc", *(("--http-backend-info-refs",) if advertise else ()))
    known = protocol is not None and _PROTOCOL.fullmatch(protocol)
    return Command(("upload-pack", *mode, str(repository)), {"GIT_PROTOCOL": protocol} if known and protocol else {})


def unpack(repository: Path, quarantine: Quarantine, objects: int) -> Command:
    """Take a pack of so many objects in: each is whole, well-formed (fsck) and has what it names, or none is kept."""
    few = ("unpack-objects", "-q", "--strict")
    many = ("index-pack", "--stdin", "--fix-thin", "--strict")
    arguments = few if objects < _UNPACK_LIMIT else many
    limited = (f"--git-dir={repository}", *arguments, f"--max-input-size={MAX_PACK_BYTES}")
    return Command(limited, quarantine.environment(), hears_errors=True)


def find_gaps(repository: Path, quarantine: Quarantine) -> Command:
    """Fails where something is missing that the commits on its input lead to, and no reference has led to before."""
    walk = ("rev-list", "--objects", "--stdin", "--not", "--all", "--quiet")
    return Command((f"--git-dir={repository}", *walk), quarantine.environment())


@dataclass
class GitProcess:
    """A running git."""

    pid: int
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    _ended: asyncio.Future[int] = field(repr=False)

    async def feed(self, parts: AsyncIterator[bytes], seconds: float) -> int:
        """All parts into its input, then its end; how many bytes. What it does not want any more is dropped.

        Raises TimeoutError where they do not come within so many seconds; its input has ended then too.
        """
        seen, wanted = 0, True
        try:
            async with asyncio.timeout(seconds):
                async for part in parts:
                    seen += len(part)
                    if wanted:
                        try:
                            self.stdin.write(part)
                            await self.stdin.drain()
                        except OSError:
                            wanted = False
        finally:
            self.stdin.close()
        return seen

    async def output(self) -> AsyncIterator[bytes]:
        """What it says, as it says it."""
        while chunk := await self.stdout.read(_READ_BYTES):
            yield chunk

    async def wait(self) -> int:
        """The wait status, once it has ended."""
        return await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """End it if it still runs, and let go of the pipes."""
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        if not self.stdin.transport.is_closing():
            self.stdin.transport.abort()
        await self.wait()


async def start(command: Command) -> GitProcess:
    """Start git. Raises OSError."""
    pid, stdin_fd, stdout_fd = _spawn(command)
    ended = _watch(pid)
    return GitProcess(pid, await _open_writer(stdin_fd), await _open_reader(stdout_fd), ended)


def _spawn(command: Command) -> tuple[int, int, int]:
    """The process, and our ends of its input and its output. By `posix_spawn`: nothing starts faster."""
    with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
        stdin, stdin_end = _pipe(theirs, ours)
        stdout_end, stdout = _pipe(ours, theirs)
        null = os.open(os.devnull, os.O_WRONLY)
        theirs.callback(os.close, null)
        said, dropped = (2, 1) if command.hears_errors else (1, 2)
        actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in ((0, stdin), (said, stdout), (dropped, null))]
        program = shutil.which("git", path=GIT_ENVIRONMENT["PATH"]) or "/usr/bin/git"
        pid = os.posix_spawn(program, command.argv(), command.whole_environment(), file_actions=actions)
        ours.pop_all()
        return pid, stdin_end, stdout_end


def _pipe(readers: contextlib.ExitStack, writers: contextlib.ExitStack) -> tuple[int, int]:
    """A pipe whose reading end belongs to one side and whose writing end to the other."""
    read, write = os.pipe()
    readers.callback(os.close, read)
    writers.callback(os.close, write)
    return read, write


def _watch(pid: int) -> asyncio.Future[int]:
    """The wait status of a child, without a thread and without SIGCHLD: pidfd_open(2)."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()
    fd = os.pidfd_open(pid)

    def reap() -> None:
        loop.remove_reader(fd)
        os.close(fd)
        _, status = os.waitpid(pid, 0)
        if not ended.done():
            ended.set_result(status)

    loop.add_reader(fd, reap)
    return ended


async def _open_writer(fd: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(fd, "wb", buffering=0)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    return asyncio.StreamWriter(transport, protocol, None, loop)


async def _open_reader(fd: int) -> asyncio.StreamReader:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_PIPE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", buffering=0))
    return reader
