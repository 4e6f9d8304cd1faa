"""One process of a pod, from its start to its end: its socket, its host, its readiness, its memory, how it ended.

What does not live here: when pods start and end (`pods.py`), how a process is forked (`zygote.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runtime.node.log_sink import Sink
from runtime.node.logs import Logs
from runtime.node.memory import MemoryWatch
from runtime.node.pod_socket import Socket, connect
from runtime.node.volumes import temporary_directory
from runtime.node.zygote import Exit, Running, Spec, Zygote

READY_PATH = "/_paaks/ready"
Reason = Literal["Completed", "Error", "OOMKilled"]
_MESSAGE_BYTES = 4096
_PIPE_BYTES = 64 * 2**10
_PROBE = f"GET {READY_PATH} HTTP/1.1\r\nHost: paaks\r\nConnection: close\r\n\r\n".encode()
_PROBE_SECONDS = 0.25
_MI = 2**20

__all__ = ["Container", "Ended", "Process", "Processes", "Socket"]


@dataclass(frozen=True)
class Container:
    """What to run: the service's materialised directory, its environment, its memory in bytes."""

    namespace: str
    pod: str
    uid: str
    service: str
    environment: Mapping[str, str]
    directory: Path
    memory: int | None


@dataclass(frozen=True)
class Ended:
    """How a process ended. `code` is 128 + `signal` where a signal ended it; `finished` in epoch seconds.

    `message` is what the process said of its end, else the last lines of its log where it failed; at most 4 KiB.
    """

    code: int
    signal: int | None
    reason: Reason
    message: str
    finished: float


class Processes:
    """All processes of a node. `start` before use, `close` after: then none is left."""

    def __init__(self, data: Path, runtime_python: Path, logs: Logs) -> None:
        self._data, self._python, self._logs = data.absolute(), runtime_python, logs
        self._sockets = self._data / "run" / "sockets"
        self._zygote = Zygote(runtime_python)
        self._memory = MemoryWatch()

    @property
    def zygote_pid(self) -> int | None:
        """The process id of the zygote, while there is one."""
        return self._zygote.pid

    async def start(self) -> None:
        """Return when processes can be made. Raises OSError where the handlers' Python does not start."""
        # A pod takes five descriptors of ours.
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets.mkdir(parents=True, mode=0o700)
        await self._zygote.start()

    async def close(self) -> None:
        """Kill every process; returns when all have ended."""
        await self._zygote.close()
        await self._memory.close()

    def bind(self, uid: str) -> Socket:
        """The socket of a pod, listening. Raises OSError."""
        return Socket(self._sockets / f"{uid}.sock")

    async def run(self, container: Container, socket: Socket) -> Process:
        """Start a process that serves on the socket. Raises OSError where the machine cannot have one more."""
        temporary = temporary_directory(self._data, container.uid)
        temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
        environment = self._build_environment(container, temporary)
        with contextlib.ExitStack() as failing, contextlib.ExitStack() as done:
            reader, writer = os.pipe()
            failing.callback(os.close, reader)
            done.callback(os.close, writer)
            os.set_blocking(reader, False)
            sink = self._logs.open(container.namespace, container.service, container.pod)
            failing.callback(sink.finish)
            done.callback(sink.release)
            spec = Spec(container.directory, environment, container.memory, socket.fileno(), sink.fd, writer)
            running = await self._zygote.spawn(spec)
            failing.pop_all()
        return Process(running, sink, reader, socket.path, self._memory, container.memory)

    def _build_environment(self, container: Container, temporary: Path) -> dict[str, str]:
        base = {
            "PATH": f"{self._python.parent}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "HOSTNAME": container.pod,
            "PYTHONUNBUFFERED": "1",
        }
        return base | dict(container.environment)


class Process:
    """A process that was started; `started` in epoch seconds."""

    def __init__(
        self, running: Running, sink: Sink, message: int, path: Path, memory: MemoryWatch, limit: int | None
    ) -> None:
        self.pid, self.started = running.pid, time.time()
        self._running, self._sink, self._message = running, sink, message
        self._used: int | None = None  # bytes, where that was too much
        self._memory, self._limit = memory, limit
        if limit is not None:
            memory.watch(self.pid, limit, self._kill_for_memory)
        self._end = asyncio.create_task(self._watch_end(), name=f"end of {self.pid}")
        self._probe = asyncio.create_task(_probe(path), name=f"probe of {self.pid}")
        self._end.add_done_callback(lambda _: self._probe.cancel())

    async def ready(self) -> bool:
        """True once the host has answered; False where the process ended first. May be awaited by many."""
        await asyncio.wait({self._probe, self._end}, return_when=asyncio.FIRST_COMPLETED)
        return self._probe.done() and not self._probe.cancelled()

    async def wait(self) -> Ended:
        """How it ended, when it has. May be awaited by many."""
        return await asyncio.shield(self._end)

    def terminate(self) -> None:
        """Ask it to finish what it does and end (SIGTERM)."""
        self._running.send(signal.SIGTERM)

    def kill(self) -> None:
        """End it and what it has started; its group is killed before it is reaped (`hosting/fork_server.py`)."""
        self._running.send(signal.SIGKILL)

    def _kill_for_memory(self, used: int) -> None:
        self._used = used
        self.kill()

    async def _watch_end(self) -> Ended:
        result = await self._running.wait()
        self._memory.forget(self.pid)
        self._sink.finish()
        return Ended(result.code, result.signal, self._judge(result), self._explain(result), time.time())

    def _judge(self, result: Exit) -> Reason:
        if self._used is not None and result.signal == signal.SIGKILL:
            return "OOMKilled"
        return "Completed" if result.code == 0 else "Error"

    def _explain(self, result: Exit) -> str:
        message = b""
        with contextlib.suppress(BlockingIOError):
            message = os.read(self._message, _PIPE_BYTES)
        os.close(self._message)
        if message:
            return message[-_MESSAGE_BYTES:].decode(errors="replace")
        if self._judge(result) == "OOMKilled":
            return f"it used {(self._used or 0) // _MI} MiB, and may use {(self._limit or 0) // _MI} MiB"
        return self._sink.read_tail() if result.code else ""


async def _probe(path: Path) -> None:
    """Return when the host answers that it is ready.

    The socket listens before there is a host, so one connection waits until it accepts. Another is made only where
    that one got no or another answer: an earlier process of the pod may have taken it with it.
    """
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(sock=connect(path))
            try:
                writer.write(_PROBE)
                head = await reader.readline()
            finally:
                writer.close()
            if head.split(b" ")[1:2] == [b"200"]:
                return
        await asyncio.sleep(_PROBE_SECONDS)
