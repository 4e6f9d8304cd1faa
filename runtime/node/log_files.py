"""The logs of one service on disk: what each of its processes wrote, in segments, the oldest removed first.

    <data>/logs/<namespace>/<service>/<created, ns>~<pod>~<run>~<offset>

A run is one process of a pod, counted from 1; the offset is where a segment begins in what its run has written. Every
line begins with its time of arrival, of one width, so that text order is time order. What does not live here: threads,
and where lines come from (`logs.py`).
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

SERVICE_BYTES = 10 * 2**20
SEGMENT_BYTES = 512 * 2**10
SERVICE_FILES = 200  # a pod that crashes and crashes writes little each time
STAMP_BYTES = 31  # with the space behind it


def format_stamp(nanoseconds: int) -> bytes:
    """A time as lines begin with it: RFC 3339, nine digits of a second, UTC."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09}Z".encode()


@dataclass(frozen=True, order=True)
class Segment:
    """A file of a log; ordered by age."""

    created: int
    pod: str
    run: int
    offset: int
    path: Path

    @property
    def size(self) -> int:
        """Bytes; 0 where it has been removed meanwhile."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        """The bytes between two offsets of the run; nothing where it has been removed meanwhile."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, start - self.offset))
                return file.read() if end is None else file.read(max(0, end - max(start, self.offset)))
        except FileNotFoundError:
            return b""


def list_segments(directory: Path) -> list[Segment]:
    """All segments of a service, oldest first."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return sorted(_parse_name(directory, name) for name in names if name.count("~") == 3)


def _parse_name(directory: Path, name: str) -> Segment:
    created, pod, run, offset = name.split("~")
    return Segment(int(created), pod, int(run), int(offset), directory / name)


class RunWriter:
    """Appends to the log of a new run. Used by one thread; `kept` are files that are being written, by any run."""

    def __init__(self, directory: Path, pod: str, kept: set[Path]) -> None:
        self._directory, self._pod, self._kept = directory, pod, kept
        self._path: Path | None = None
        self._size = 0
        self.run = 0
        self.written = 0

    def append(self, lines: bytes) -> None:
        """Append whole lines. Raises OSError where the disk is full; `written` says how much of them is there."""
        if self._path is None:
            self._begin_segment()
        while lines:
            end = len(lines)
            if self._size + end > SEGMENT_BYTES:
                end = 1 + lines.rfind(b"\n", 0, SEGMENT_BYTES - self._size)
            if end:
                self._write(lines[:end])
                lines = lines[end:]
            else:
                self._begin_segment()

    def _write(self, lines: bytes) -> None:
        assert self._path is not None
        with self._path.open("ab", buffering=0) as file:
            try:
                rest = memoryview(lines)
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(self._size)
                raise
        self._size += len(lines)
        self.written += len(lines)

    def close(self) -> None:
        """Nothing will be appended any more."""
        if self._path is not None:
            self._kept.discard(self._path)

    def _begin_segment(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        there = list_segments(self._directory)
        if not self.run:
            self.run = 1 + max((segment.run for segment in there if segment.pod == self._pod), default=0)
        name = f"{time.time_ns():020}~{self._pod}~{self.run:04}~{self.written:015}"
        path = self._directory / name
        path.touch(0o600)
        self.close()
        self._path, self._size = path, 0
        self._kept.add(path)
        _prune(there, self._kept)


def _prune(segments: list[Segment], kept: set[Path]) -> None:
    """Remove the oldest, so that one more whole segment has room."""
    sizes = [segment.size for segment in segments]
    total, count = sum(sizes) + SEGMENT_BYTES, len(segments) + 1
    for segment, size in zip(segments, sizes, strict=True):
        if total <= SERVICE_BYTES and count <= SERVICE_FILES:
            return
        if segment.path not in kept:
            segment.path.unlink(missing_ok=True)
            total, count = total - size, count - 1


def choose_run(segments: list[Segment], pod: str, *, previous: bool, running: Collection[str] = ()) -> list[Segment]:
    """The segments of the pod's newest run, in order; of the run before it where `previous`.

    Before a pod's first run comes the newest of the service's other pods that is older and not `running`.
    """
    newest = max((s.run for s in segments if s.pod == pod), default=0)
    chosen = (pod, newest - 1 if previous else newest)
    if previous and not any((s.pod, s.run) == chosen for s in segments):
        first = min((s.created for s in segments if s.pod == pod), default=0)
        older = [s for s in segments if s.created < first and s.pod not in running]
        chosen = (older[-1].pod, older[-1].run) if older else ("", 0)
    return sorted((s for s in segments if (s.pod, s.run) == chosen), key=lambda s: s.offset)


def read_last(segments: list[Segment], end: int | None, tail: int | None, since: bytes) -> Iterator[bytes]:
    """The lines of a run that came at `since` or later, at most the last `tail`, up to the offset `end`; in chunks."""
    chosen: list[bytes] = []
    missing = tail
    for segment in reversed(segments):
        lines = segment.read(segment.offset, end).splitlines(keepends=True)
        first = bisect_left(lines, since) if since else 0
        if missing is not None:
            first = max(first, len(lines) - missing)
            missing -= len(lines) - first
        chosen.append(b"".join(lines[first:]))
        if first or missing == 0:
            break
    return (chunk for chunk in reversed(chosen) if chunk)


def read_next(directory: Path, pod: str, run: int, start: int, end: int) -> tuple[bytes, int]:
    """What a run wrote from `start` on, at most up to `end` and of one segment; and where that ends.

    What was removed before it could be read is passed over.
    """
    segments = [s for s in list_segments(directory) if (s.pod, s.run) == (pod, run)]
    for segment in sorted(segments, key=lambda s: s.offset):
        data = segment.read(start, end)
        if data:
            return data, max(start, segment.offset) + len(data)
    return b"", end


def strip_stamps(lines: bytes) -> bytes:
    """The lines without their times."""
    return b"".join(line[STAMP_BYTES:] for line in lines.splitlines(keepends=True))
