"""One `git upload-pack` or `git receive-pack`: started with pipes and, for a push, the hooks' channel; fed and drained.

What does not live here: HTTP (`git_http.py`), and what is said on the channel (`push.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path

from core import names
from core.commit import Author
from core.repository import GIT_ENVIRONMENT

HOOKS = Path(__file__).parent / "git_hooks"
MAX_PACK_BYTES = 50 * 2**20
_CHANNEL_FD, _LOCK_FD = 9, 8  # dash knows only single digits
_PROTOCOL = re.compile(r"version=[0-2]")
_PIPE_BYTES = 2**18
PLATFORM = Author("PaaKS", "paaks@localhost")
_CONFIG = (
    *("core.hooksPath=" + str(HOOKS), "core.alternateRefsCommand=true", "core.fsync=committed,reference"),
    *("core.bigFileThreshold=11m", "core.useReplaceRefs=false", "gc.auto=0", "safe.directory=*"),
    *("transfer.hideRefs=" + names.INTERNAL_REFS, "uploadpack.allowFilter=true", "receive.autogc=false"),
    *("receive.advertisePushOptions=true", "receive.fsckObjects=true", f"receive.maxInputSize={MAX_PACK_BYTES}"),
    *("receive.denyDeletes=false", "receive.denyNonFastForwards=false", "receive.keepAlive=5"),
)


@dataclass(frozen=True)
class Command:
    """What to run: `service` is upload-pack or receive-pack; `advertise` lists the references and ends.

    `protocol` is the client's Git-Protocol header; `committer` stands in the reflog.
    """

    service: str
    repository: Path
    advertise: bool = False
    protocol: str | None = None
    committer: Author = PLATFORM

    def argv(self) -> list[str]:
        """The command line; nothing of it comes from a client."""
        options = [part for setting in _CONFIG for part in ("-c", setting)]
        mode = ["--stateless-rpc", *(["--http-backend-info-refs"] if self.advertise else [])]
        return ["git", *options, self.service, *mode, str(self.repository)]

    def environment(self) -> dict[str, str]:
        """From scratch; of the client's header only a version that exists."""
        environment = dict(GIT_ENVIRONMENT)
        environment |= {"GIT_COMMITTER_NAME": self.committer.name, "GIT_COMMITTER_EMAIL": self.committer.email}
        if self.protocol is not None and _PROTOCOL.fullmatch(self.protocol):
            environment["GIT_PROTOCOL"] = self.protocol
        return environment


@dataclass
class GitProcess:
    """A running git. `channel` is the platform's end of the hooks' conversation, for a push."""

    pid: int
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    channel: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None
    _ended: asyncio.Future[int] = field(repr=False)

    async def wait(self) -> int:
        """The wait status, once it has ended."""
        return await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """End it if it still runs, and let go of the pipes."""
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        for writer in (self.stdin, self.channel[1] if self.channel else None):
            if writer is not None and not writer.transport.is_closing():
                writer.transport.abort()
        await self.wait()


async def start(command: Command, lock_fd: int | None = None) -> GitProcess:
    """Start git. A push inherits `lock_fd`, so that an orphan holds the repository's lock, and gets a channel."""
    spawned = _spawn(command, lock_fd)
    ended = _watch(spawned.pid)
    stdin = await _open_writer(spawned.stdin)
    stdout = await _open_reader(spawned.stdout)
    channel = await asyncio.open_connection(sock=spawned.channel) if spawned.channel is not None else None
    return GitProcess(spawned.pid, stdin, stdout, channel, ended)


@dataclass(frozen=True)
class _Spawned:
    pid: int
    stdin: int
    stdout: int
    channel: socket.socket | None


def _spawn(command: Command, lock_fd: int | None) -> _Spawned:
    """`posix_spawn`, because it can number descriptors and starts as fast as anything. Raises OSError."""
    with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
        stdin, stdin_end = _pipe(theirs, ours)
        stdout_end, stdout = _pipe(ours, theirs)
        null = os.open(os.devnull, os.O_WRONLY)
        theirs.callback(os.close, null)
        numbered = {0: stdin, 1: stdout, 2: null}
        channel = None
        if lock_fd is not None:
            channel, their_channel = socket.socketpair()
            ours.callback(channel.close)
            theirs.callback(their_channel.close)
            # Copies above the numbers that are given out: none of them may be overwritten before it is copied.
            for number, fd in ((_LOCK_FD, lock_fd), (_CHANNEL_FD, their_channel.fileno())):
                numbered[number] = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _CHANNEL_FD + 1)
                theirs.callback(os.close, numbered[number])
        actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in numbered.items()]
        program = shutil.which("git", path=GIT_ENVIRONMENT["PATH"]) or "/usr/bin/git"
        pid = os.posix_spawn(program, command.argv(), command.environment(), file_actions=actions)
        ours.pop_all()
        return _Spawned(pid, stdin_end, stdout_end, channel)


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
