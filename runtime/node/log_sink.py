"""The log of one process: its output pipe → lines with the time of arrival → its files.

The pipe is always read, whatever the disk does: what comes faster than a log is kept is counted and dropped. What does
not live here: the files (`log_files.py`), and who reads them (`logs.py`).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from runtime.node.log_files import STAMP_BYTES, RunWriter, format_stamp

MAX_LINE = 16 * 2**10
_READ_BYTES = 64 * 2**10
_LAST_READS = 32  # enough for a full pipe; somebody may go on writing
_PENDING_BYTES = 4 * 2**20  # what waits for the disk
_RATE, _BURST = 2**20, 8 * 2**20  # bytes a second, and at once
_TAIL_BYTES = 4096
_CUT = " …".encode()


class LineSplitter:
    """Bytes as they come → whole lines; long ones are cut, and what is refused is counted in lines. Pure."""

    def __init__(self) -> None:
        self._partial = b""
        self._is_skipping = False  # the rest of this line is not wanted: it was cut, or counted as dropped

    def split(self, data: bytes) -> list[bytes]:
        """The lines that end in `data`."""
        if self._is_skipping:
            _, end, data = data.partition(b"\n")
            if not end:
                return []
            self._is_skipping = False
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > MAX_LINE:
            lines.append(self._partial)
            self._partial, self._is_skipping = b"", True
        return [_cut(line) for line in lines]

    def drop(self, data: bytes) -> int:
        """How many lines are lost with `data`; one that is begun is lost as a whole, and counted once."""
        ends = data.count(b"\n")
        is_open = not data.endswith(b"\n")
        # The line that was begun before is either in `ends` or in `is_open`; where it was counted, not again.
        lost = ends + is_open - self._is_skipping
        self._partial, self._is_skipping = b"", is_open
        return lost

    def end(self) -> list[bytes]:
        """The last line, where it has no end."""
        last, self._partial = self._partial, b""
        return [_cut(last)] if last else []


def _cut(line: bytes) -> bytes:
    line = line.removesuffix(b"\r")
    return line if len(line) <= MAX_LINE else line[: MAX_LINE - len(_CUT)].decode(errors="ignore").encode() + _CUT


class Sink:
    """Reads a pipe until `finish`. `fd` is the end that the process writes to; `release` closes our copy of it."""

    def __init__(
        self, directory: Path, pod: str, kept: set[Path], disk: Executor, on_closed: Callable[[Sink], None]
    ) -> None:
        self.directory, self.pod = directory, pod
        self._on_closed = on_closed
        self._reader, self.fd = os.pipe()
        os.set_blocking(self._reader, False)
        self._writer = RunWriter(directory, pod, kept)
        self._splitter = LineSplitter()
        self._disk = disk
        self._pending: list[bytes] = [b""]  # the first file is made also where nothing is ever written
        self._pending_bytes = self._dropped = 0
        self._allowed, self._filled = float(_BURST), time.monotonic()
        self._tail = b""
        self._news = asyncio.Event()
        self.is_finished = False
        self._writing: asyncio.Task[None] | None = None
        asyncio.get_running_loop().add_reader(self._reader, self._read)
        self._write_soon()

    @property
    def run(self) -> int:
        """Which process of its pod this is; 0 before its file is made (`flush`)."""
        return self._writer.run

    @property
    def written(self) -> int:
        """Bytes of whole lines that can be read from the files."""
        return self._writer.written

    def release(self) -> None:
        """The process has its own copy of the pipe's end, or will never have one."""
        os.close(self.fd)

    def read_tail(self) -> str:
        """The last lines, at most 4 KiB of them."""
        text = self._tail[-_TAIL_BYTES:]
        if len(self._tail) > _TAIL_BYTES:
            _, _, text = text.partition(b"\n")
        return text.decode(errors="replace")

    def finish(self) -> None:
        """The process has ended: take what is left in the pipe and let go of it."""
        self._drain()
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)
        self.is_finished = True
        self._keep(self._splitter.end())
        self._write_soon()

    async def flush(self) -> None:
        """Return when what was written to the pipe so far is in the files."""
        if not self.is_finished:
            self._drain()
        if self._writing is not None:
            await asyncio.wait({self._writing})

    async def wait_beyond(self, offset: int) -> None:
        """Return when more than `offset` bytes are written, or there will never be."""
        while self.written <= offset and not (self.is_finished and self._writing is None):
            await self._news.wait()

    def _drain(self) -> None:
        for _ in range(_LAST_READS):
            if not self._read():
                return

    def _read(self) -> bool:
        try:
            data = os.read(self._reader, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            asyncio.get_running_loop().remove_reader(self._reader)
            return False
        self._take(data)
        return True

    def _take(self, data: bytes) -> None:
        now = time.monotonic()
        self._allowed = min(_BURST, self._allowed + (now - self._filled) * _RATE)
        self._filled = now
        size = len(data) + STAMP_BYTES * data.count(b"\n")
        if self._allowed < size or self._pending_bytes >= _PENDING_BYTES:
            self._dropped += self._splitter.drop(data)
        else:
            self._allowed -= size
            self._keep(self._splitter.split(data))

    def _keep(self, lines: list[bytes]) -> None:
        if self._dropped and (lines or self.is_finished):
            lines = [f"… {self._dropped} lines dropped".encode(), *lines]
            self._dropped = 0
        if not lines:
            return
        self._tail = (self._tail + b"\n".join(lines) + b"\n")[-2 * _TAIL_BYTES :]
        head = format_stamp(time.time_ns()) + b" "
        block = b"".join(b"%b%b\n" % (head, line) for line in lines)
        self._pending.append(block)
        self._pending_bytes += len(block)
        self._write_soon()

    def _write_soon(self) -> None:
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            block, before = b"".join(self._pending), self.written
            self._pending, self._pending_bytes = [], 0
            try:
                await loop.run_in_executor(self._disk, self._writer.append, block)
            except OSError:
                self._dropped += block[self.written - before :].count(b"\n")
            self._tell()
        self._writing = None
        if self.is_finished:
            self._disk.submit(self._writer.close)
            self._on_closed(self)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
