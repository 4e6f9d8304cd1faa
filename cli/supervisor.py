"""Keeps programs running: starts them with inherited descriptors, starts them again when they die, stops them in order.

It knows nothing of what they are (`up.py`). Children stay in this process's group; none outlives it: ours watch the
lifeline, a pipe whose other end only this process holds, and PostgreSQL has a death signal (`launcher.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.failure import Failure

_TAIL_LINES = 20


@dataclass(frozen=True)
class Backoff:
    """Seconds before a program that died is started again: `first`, doubling up to `longest`.

    A program that ran for `settled` seconds starts from `first` again. Before the platform has been ready once,
    `patience` deaths in a row end the start: what cannot start now will not start later.
    """

    first: float = 0.1
    longest: float = 5.0
    settled: float = 10.0
    patience: int = 5

    def delay(self, deaths: int) -> float:
        """Seconds to wait after the given number of deaths in a row, at least one."""
        return min(self.longest, self.first * 2.0 ** min(deaths - 1, 30))


@dataclass(frozen=True)
class Program:
    """What to run, and in which directory. `inherit` are descriptors that it gets under their own numbers; its output
    goes to `log` or, without one, where ours goes."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    inherit: Sequence[int] = ()
    log: Path | None = None
    directory: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM


class Child:
    """One running process of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(program.log.open("ab")) if program.log else None
            # From the main thread and without a session of its own: the death signal follows the thread, and whoever
            # kills our group must reach everything.
            self._process = subprocess.Popen(
                program.command,
                env=dict(program.environment),
                cwd=program.directory,
                pass_fds=program.inherit,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.pid = self._process.pid
        self.started = time.monotonic()

    async def wait(self) -> int:
        """The exit code, negative for a signal, once it has ended."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        fd = os.pidfd_open(self.pid)
        loop.add_reader(fd, _finish, ended)
        try:
            await ended
        finally:
            loop.remove_reader(fd)
            os.close(fd)
        return self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended gets none."""
        self._process.send_signal(number)


def _finish(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


@dataclass
class Kept:
    """A program that is kept running: its present process, and how often in a row it died."""

    program: Program
    child: Child | None = None
    deaths: int = 0
    task: asyncio.Task[None] | None = None


class Supervisor:
    """Runs programs. `tell` gets one line for each death; `failed` is set with the reason when a start is hopeless."""

    def __init__(self, tell: Callable[[str], None], backoff: Backoff = Backoff()) -> None:
        self._tell = tell
        self._backoff = backoff
        self._kept: dict[str, Kept] = {}
        self._stopping = False
        self._settled = False
        self.failed: asyncio.Future[Failure] = asyncio.get_running_loop().create_future()

    def keep(self, program: Program) -> None:
        """Start a program, and again whenever it ends."""
        kept = Kept(program, Child(program))
        self._kept[program.name] = kept
        kept.task = asyncio.create_task(self._watch(kept), name=program.name)

    async def run_once(self, program: Program) -> None:
        """Run a program to its end. Raises Failure with the last lines of its log where that is not 0."""
        code = await Child(program).wait()
        if code != 0:
            raise Failure(f"{program.name} failed ({_describe(code)})", read_tail(program.log))

    def settle(self) -> None:
        """Everything was ready once: from now on what dies is started again for ever."""
        self._settled = True

    def pid_of(self, name: str) -> int | None:
        """The process id of a program that is running now."""
        kept = self._kept.get(name)
        return kept.child.pid if kept is not None and kept.child is not None else None

    async def _watch(self, kept: Kept) -> None:
        while kept.child is not None:
            code = await kept.child.wait()
            lasted = time.monotonic() - kept.child.started
            kept.child = None
            while kept.child is None:
                if self._stopping or not self._may_retry(kept, code, lasted):
                    return
                await self._pause(kept, code)
                code, lasted = self._start_again(kept), 0.0

    def _start_again(self, kept: Kept) -> int:
        """Start its next process; 0, or the error number of a machine that has no room for one."""
        try:
            kept.child = Child(kept.program)
        except OSError as error:
            self._tell(f"{kept.program.name} cannot be started: {error}")
            return error.errno or 1
        return 0

    def _may_retry(self, kept: Kept, code: int, lasted: float) -> bool:
        kept.deaths = 1 if lasted >= self._backoff.settled else kept.deaths + 1
        if self._settled or kept.deaths < self._backoff.patience:
            return True
        if not self.failed.done():
            name = kept.program.name
            self.failed.set_result(Failure(f"{name} does not start ({_describe(code)})", read_tail(kept.program.log)))
        return False

    async def _pause(self, kept: Kept, code: int) -> None:
        delay = self._backoff.delay(kept.deaths)
        self._tell(f"{kept.program.name} ended ({_describe(code)}), starting it again in {delay:.1f} s")
        await asyncio.sleep(delay)

    async def stop(self, phases: Sequence[tuple[Sequence[str], float]]) -> None:
        """End everything: each phase's programs by their signal, what is left of them by SIGKILL at its time.

        A phase is (names, seconds since the call); what no phase names goes last.
        """
        self._stopping = True
        began = time.monotonic()
        for names, until in phases:
            group = [kept for name in names if (kept := self._kept.get(name)) is not None]
            await self._end(group, began + until - time.monotonic())
        await self._end(list(self._kept.values()), 0.0)

    async def _end(self, group: Sequence[Kept], seconds: float) -> None:
        for kept in group:
            _signal(kept, kept.program.stop_signal)
        waiting = [asyncio.create_task(_await_end(kept)) for kept in group]
        if not waiting:
            return
        _, late = await asyncio.wait(waiting, timeout=max(0.0, seconds))
        if late:
            for kept in group:
                _signal(kept, signal.SIGKILL)
            await asyncio.wait(late)

    def kill(self) -> None:
        """End everything at once."""
        self._stopping = True
        for kept in self._kept.values():
            _signal(kept, signal.SIGKILL)


def _signal(kept: Kept, number: signal.Signals) -> None:
    if kept.child is not None:
        kept.child.send(number)
    elif kept.task is not None:
        kept.task.cancel()  # it is waiting to be started again


async def _await_end(kept: Kept) -> None:
    if kept.task is not None:
        with contextlib.suppress(asyncio.CancelledError):
            await kept.task


def _describe(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def read_tail(path: Path | None, lines: int = _TAIL_LINES) -> str | None:
    """The last lines of a log; None where there is none."""
    if path is None or not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65536))
        text = file.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:]) or None
