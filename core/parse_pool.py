"""Worker processes that parse what tenants wrote: started, asked, and replaced when a file was too much for one.

A tenant has one worker at a time, so that its worst file leaves the others to the rest. What does not live here: the
worker itself (`parse_worker.py`), and which files are parsed (`check.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Problem, RetryLater
from core.parse_worker import ANSWER, READY, REQUEST

WORKERS = 3
CPU_MILLISECONDS = 2_000
MEMORY_BYTES = 512 * 2**20
_SLOW_SECONDS = 0.1  # a file that takes longer goes on at the lowest priority
_WALL_SECONDS = 20.0  # a worker that gets no processor for so long is given up
_KEPT = 20_000  # answers in the cache
_AT_ONCE = 64  # files that a worker is asked for before another tenant may have it
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Parsed:
    """What a worker said of one file: its problems (without `file`), and of a descriptor its fields and positions."""

    problems: tuple[Problem, ...] = ()
    service: dict[str, Any] | None = None
    handler_at: tuple[int, int] | None = None


class _Worker:
    """One process and the socket to it."""

    def __init__(self) -> None:
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter
        self._process: subprocess.Popen[bytes]
        self._ready = False
        self.slow = False

    async def start(self) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "core.parse_worker", str(MEMORY_BYTES)]
        with theirs:
            # An environment without secrets; it ends when our end of the socket closes.
            self._process = subprocess.Popen(  # noqa: ASYNC220 - a vfork, done in a millisecond
                command,
                cwd=_ROOT,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
            )
        self.reader, self.writer = await asyncio.open_connection(sock=ours, limit=2**22)

    async def ask(self, kind: int, files: Sequence[bytes], milliseconds: int, answers: list[Parsed]) -> None:
        """All questions at once, and the answers as they come, until one of them was slow.

        Raises EOFError where a file, the one after those that are answered, was too much for the process, and
        RetryLater where it never began.
        """
        self.writer.write(b"".join(REQUEST.pack(kind, milliseconds, len(data)) + data for data in files))
        if not self._ready:
            await self._await_start()
        for _ in files:
            answers.append(await self._receive())
            if self.slow:
                return

    async def _await_start(self) -> None:
        try:
            async with asyncio.timeout(_WALL_SECONDS):
                await self.reader.readexactly(len(READY))
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
            raise RetryLater("a process to parse with did not start", delay=1.0) from error
        self._ready = True

    async def _receive(self) -> Parsed:
        renice = asyncio.get_running_loop().call_later(_SLOW_SECONDS, self._step_back)
        try:
            async with asyncio.timeout(_WALL_SECONDS):
                (length,) = ANSWER.unpack(await self.reader.readexactly(ANSWER.size))
                return _read(json.loads(await self.reader.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
            raise EOFError from error
        finally:
            renice.cancel()

    def _step_back(self) -> None:
        self.slow = True
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, 19)

    async def stop(self) -> None:
        self.writer.transport.abort()
        self._process.kill()
        await asyncio.to_thread(self._process.wait)


def _read(answer: dict[str, Any]) -> Parsed:
    place = answer.get("handler_at")
    problems = tuple(Problem(**problem) for problem in answer["problems"])
    return Parsed(problems, answer.get("service"), (place[0], place[1]) if place else None)


class ParsePool:
    """Answers by content: the same blob is parsed once. Use as an async context manager.

    `milliseconds` of CPU are what one file may take.
    """

    def __init__(self, workers: int = WORKERS, milliseconds: int = CPU_MILLISECONDS) -> None:
        self._count = workers
        self._milliseconds = milliseconds
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._all: set[_Worker] = set()
        self._turns: dict[str, asyncio.Lock] = {}
        self._cache: OrderedDict[tuple[int, str], Parsed] = OrderedDict()

    async def __aenter__(self) -> ParsePool:
        await asyncio.gather(*(self._add() for _ in range(self._count)))
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(worker.stop() for worker in self._all))
        self._all.clear()

    def recall(self, kind: int, oid: str) -> Parsed | None:
        """The answer for a blob that was parsed before."""
        found = self._cache.get((kind, oid))
        if found is not None:
            self._cache.move_to_end((kind, oid))
        return found

    async def parse(self, kind: int, oid: str, data: bytes, *, tenant: str) -> Parsed:
        """What is in a blob. A file that takes too long or too much memory gets a `check-too-slow` problem."""
        return (await self.parse_all(kind, {oid: data}, tenant=tenant))[oid]

    async def parse_all(self, kind: int, blobs: Mapping[str, bytes], *, tenant: str) -> dict[str, Parsed]:
        """The same for many, by their ids: a worker is asked for all at once, which saves waiting for each in turn."""
        async with self._turns.setdefault(tenant, asyncio.Lock()):
            found = {oid: parsed for oid in blobs if (parsed := self.recall(kind, oid)) is not None}
            missing = [oid for oid in blobs if oid not in found]
            for oid, parsed in zip(missing, await self._ask(kind, [blobs[oid] for oid in missing]), strict=True):
                found[oid] = self._cache[kind, oid] = parsed
            while len(self._cache) > _KEPT:
                self._cache.popitem(last=False)
        return found

    async def _ask(self, kind: int, files: Sequence[bytes]) -> list[Parsed]:
        answers: list[Parsed] = []
        while len(answers) < len(files):
            worker = await self._idle.get()
            try:
                await worker.ask(kind, files[len(answers) : len(answers) + _AT_ONCE], self._milliseconds, answers)
            except EOFError:
                await self._replace(worker)
                detail = f"it took more than {self._milliseconds / 1000:g} s or {MEMORY_BYTES // 2**20} MiB to parse"
                answers.append(Parsed((Problem("check-too-slow", detail),)))
                continue
            except BaseException:
                await asyncio.shield(self._replace(worker))  # an answer that nobody waits for must not meet the next
                raise
            if worker.slow:
                await self._replace(worker)
            else:
                self._idle.put_nowait(worker)
        return answers

    async def _add(self) -> None:
        worker = _Worker()
        try:
            await worker.start()
        except OSError as error:
            raise RetryLater(f"no process to parse with: {error}", delay=1.0) from error
        self._all.add(worker)
        self._idle.put_nowait(worker)

    async def _replace(self, worker: _Worker) -> None:
        self._all.discard(worker)
        await worker.stop()
        await self._add()
