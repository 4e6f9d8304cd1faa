"""The node's side of the zygote: started again when it dies, asked for a process, told how processes end.

What does not live here: the zygote itself (`hosting/fork_server.py`, which describes the messages), and what a process
of a pod is (`processes.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = Path(__file__).resolve().parent.parent / "host.py"
_MESSAGE_BYTES = 4096
_STARTING_SECONDS = 30.0
_ENDING_SECONDS = 5.0
_RETRY_SECONDS = 0.5
# As many orders fit into the control socket's buffer, so that sending one never waits.
_UNANSWERED = 16


@dataclass(frozen=True)
class Spec:
    """A host that is wanted: its directory, whole environment, memory in bytes; descriptors that it gets copies of."""

    directory: Path
    environment: Mapping[str, str]
    memory: int | None
    listener: int
    output: int
    message: int


@dataclass(frozen=True)
class Exit:
    """How a process ended: its exit code, or 128 + the signal that ended it."""

    code: int
    signal: int | None


class ZygoteLost(Exception):
    """The zygote died; with it, its children."""


class Running:
    """A process that was forked."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._exit: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()

    async def wait(self) -> Exit:
        """How it ended, when it has."""
        return await asyncio.shield(self._exit)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when it has ended."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def settle(self, status: int) -> None:
        """The zygote reaped it; `status` as waitpid(2) has it."""
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        self._finish(Exit(128 + number if number else os.WEXITSTATUS(status), number))

    def lose(self) -> None:
        """The zygote died: the kernel kills it. It has ended when its pidfd says so."""
        loop = asyncio.get_running_loop()

        def end() -> None:
            loop.remove_reader(self._pidfd)
            # What it started is in its group, and has nobody else who would end it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._finish(Exit(128 + signal.SIGKILL, signal.SIGKILL))

        loop.add_reader(self._pidfd, end)
        self.send(signal.SIGKILL)

    def _finish(self, result: Exit) -> None:
        os.close(self._pidfd)
        self._pidfd = -1
        self._exit.set_result(result)


class Zygote:
    """One warm process that forks; there is another when it has died. `start` before use, `close` after."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self._current: asyncio.Future[_Connection] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._unanswered = asyncio.Semaphore(_UNANSWERED)

    async def start(self) -> None:
        """Return when the zygote is warm. Raises OSError where it cannot be started."""
        self._current = asyncio.get_running_loop().create_future()
        started = await _start(self._python)
        self._current.set_result(started)
        self._keeper = asyncio.create_task(self._keep(started), name="zygote")

    async def close(self) -> None:
        """End the zygote and every process that it forked; returns when they are gone."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        current, self._current = self._current, None
        if current is None:
            return
        if current.done():
            await current.result().close()
        else:
            current.set_exception(OSError("the node is being closed"))
            current.exception()  # there may be nobody who waits for it

    @property
    def pid(self) -> int | None:
        """The zygote's own process id, while it lives."""
        is_there = self._current is not None and self._current.done()
        return self._current.result().pid if self._current is not None and is_there else None

    async def spawn(self, spec: Spec) -> Running:
        """A new process; where the zygote dies meanwhile, one from the next. Raises OSError: the machine is full."""
        while True:
            if self._current is None:
                raise OSError("the zygote was not started")
            async with self._unanswered:
                connection = await asyncio.shield(self._current)
                with contextlib.suppress(ZygoteLost):
                    return await connection.spawn(spec)
            await connection.lost.wait()
            await asyncio.sleep(0)

    async def _keep(self, connection: _Connection) -> None:
        while True:
            await connection.lost.wait()
            self._current = asyncio.get_running_loop().create_future()
            await connection.close()
            connection = await self._start_again()
            self._current.set_result(connection)

    async def _start_again(self) -> _Connection:
        while True:
            try:
                return await _start(self._python)
            except OSError:
                await asyncio.sleep(_RETRY_SECONDS)


async def _start(python: Path) -> _Connection:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with theirs:
            # Nothing of ours is inherited: a pod could read it in the memory that it shares with its zygote.
            environment = {"PATH": f"{python.parent}:/usr/bin:/bin", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}
            process = await asyncio.create_subprocess_exec(
                python,
                *("-I", "-B", str(HOST), "--zygote", str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=environment,
                cwd="/",
            )
        connection = _Connection(ours, process)
    except BaseException:
        ours.close()
        raise
    try:
        async with asyncio.timeout(_STARTING_SECONDS):
            await connection.warm
    except (TimeoutError, ZygoteLost) as error:
        await connection.close()
        raise OSError(f"the zygote does not start: {python} {HOST}") from error
    return connection


class _Connection:
    """One zygote's life."""

    def __init__(self, control: socket.socket, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        self.pid = process.pid
        self.lost = asyncio.Event()
        self.warm: asyncio.Future[None] = loop.create_future()
        self._control, self._process = control, process
        self._orders: dict[int, asyncio.Future[Running]] = {}
        self._children: dict[int, Running] = {}
        self._next_id = 0
        control.setblocking(False)
        loop.add_reader(control, self._hear)

    async def spawn(self, spec: Spec) -> Running:
        """Raises ZygoteLost, or OSError where there can be no more processes."""
        if self.lost.is_set():
            raise ZygoteLost
        self._next_id += 1
        self._orders[self._next_id] = answer = asyncio.get_running_loop().create_future()
        try:
            self._send(self._next_id, spec)
        except OSError as error:
            del self._orders[self._next_id]
            if isinstance(error, ConnectionError):
                raise ZygoteLost from error
            raise
        # Whoever asked may stop waiting; a process that was made then is nobody's and must end.
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            answer.add_done_callback(_end_orphan)
            raise

    def _send(self, order: int, spec: Spec) -> None:
        value = {"directory": str(spec.directory), "environment": dict(spec.environment), "memory": spec.memory}
        memfd = os.memfd_create("order", os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(memfd), "wb") as file:
                file.write(json.dumps(value).encode())
            socket.send_fds(self._control, [b'{"id": %d}' % order], [memfd, spec.listener, spec.output, spec.message])
        finally:
            os.close(memfd)

    def _hear(self) -> None:
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self._control, _MESSAGE_BYTES, 1, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                return
            except OSError:
                data, fds = b"", []
            if not data:
                self._lose()
                return
            self._take(json.loads(data), fds)

    def _take(self, message: Mapping[str, Any], fds: Sequence[int]) -> None:
        if "ready" in message:
            self.warm.set_result(None)
        elif "status" in message:
            if child := self._children.pop(message["pid"], None):
                child.settle(message["status"])
        elif "error" in message:
            self._orders.pop(message["id"]).set_exception(OSError(message["error"]))
        elif not fds:
            # The kernel leaves out what we have no room for.
            with contextlib.suppress(ProcessLookupError):
                os.kill(message["pid"], signal.SIGKILL)
            self._orders.pop(message["id"]).set_exception(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
        else:
            child = self._children[message["pid"]] = Running(message["pid"], fds[0])
            self._orders.pop(message["id"]).set_result(child)

    def _lose(self) -> None:
        asyncio.get_running_loop().remove_reader(self._control)
        self.lost.set()
        if not self.warm.done():
            self.warm.set_exception(ZygoteLost())
        for order in self._orders.values():
            order.set_exception(ZygoteLost())
        for child in self._children.values():
            child.lose()
        self._orders.clear()

    async def close(self) -> None:
        """End it; returns when it and its children have ended."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDING_SECONDS):
                await self._process.wait()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self.lost.wait()
        self._control.close()
        await asyncio.gather(*(child.wait() for child in self._children.values()))
        self._children.clear()


def _end_orphan(answer: asyncio.Future[Running]) -> None:
    if not answer.cancelled() and answer.exception() is None:
        answer.result().send(signal.SIGKILL)
