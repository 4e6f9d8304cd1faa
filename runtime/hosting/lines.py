"""What a handler prints and logs, as lines: `<RFC 3339 time> <level> <request id or -> <text>`.

A line is written with one call and never mixed with another thread's. What does not live here: where lines go (a pipe
of the node, or the container's output), and how exceptions read (`tracebacks.py`).
"""

from __future__ import annotations

import io
import logging
import os
import re
import sys
import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from .tracebacks import Tracebacks

MAX_LINE = 16 * 1024  # bytes: a line that does not end is written after that many
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
_request_id: ContextVar[str] = ContextVar("paaks_request_id", default="-")


def name_request(given: str | None) -> None:
    """Say which request this thread works for from now on; what cannot be an id is `-`."""
    _request_id.set(given if given and _REQUEST_ID.fullmatch(given) else "-")


class Pen:
    """Writes lines to a descriptor, from any thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._renew_lock()
        os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        # Another thread may have held it when a handler forked; the child has no such thread.
        self._lock = threading.Lock()

    def write(self, level: str, text: bytes) -> None:
        """Write each line of the text with its head."""
        head = f"{_format_now()} {level} {_request_id.get()} ".encode()
        data = memoryview(b"".join(b"%b%b\n" % (head, line.removesuffix(b"\r")) for line in text.split(b"\n")))
        with self._lock:
            while data:
                data = data[os.write(self._fd, data) :]


def _format_now() -> str:
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z"


class Stream(io.RawIOBase):
    """What `sys.stdout` or `sys.stderr` writes to: whole lines go on, the rest waits for its end."""

    def __init__(self, pen: Pen, level: str, fd: int) -> None:
        self._pen, self._level, self._fd = pen, level, fd
        self._partial: dict[int, bytes] = {}  # by thread

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor below, for child processes; what is written to it directly has no head."""
        return self._fd

    def write(self, data: object) -> int:
        """Take bytes; returns how many, always all."""
        raw = bytes(data)  # type: ignore[call-overload]
        thread = threading.get_ident()
        whole, end, rest = (self._partial.pop(thread, b"") + raw).rpartition(b"\n")
        if end:
            self._pen.write(self._level, whole)
        if len(rest) >= MAX_LINE:
            self._pen.write(self._level, rest)
        elif rest:
            self._partial[thread] = rest
        return len(raw)

    def end_line(self) -> None:
        """Write what this thread has begun and not ended."""
        if rest := self._partial.pop(threading.get_ident(), b""):
            self._pen.write(self._level, rest)

    def end_lines(self) -> None:
        """Write what any thread has begun and not ended."""
        while self._partial:
            self._pen.write(self._level, self._partial.popitem()[1])


class _Logged(logging.Handler):
    """What goes through `logging`."""

    def __init__(self, pen: Pen, tracebacks: Tracebacks) -> None:
        super().__init__()
        self._pen = pen
        self.setFormatter(_Formatter(tracebacks))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = record.levelname.replace(" ", "_") or "-"
            self._pen.write(level, self.format(record).encode("utf-8", "backslashreplace"))
        except Exception:  # noqa: BLE001  (as every handler of `logging`: a broken record must not break its request)
            self.handleError(record)


class _Formatter(logging.Formatter):
    def __init__(self, tracebacks: Tracebacks) -> None:
        super().__init__("%(message)s")
        self._tracebacks = tracebacks

    def formatException(
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return self._tracebacks.format(ei[1]).rstrip("\n") if ei[1] is not None else ""


class Output:
    """The process's output: both streams and `logging`. One for a process, made before the handler is loaded."""

    def __init__(self, tracebacks: Tracebacks) -> None:
        self._pen = Pen(1)
        self._streams = [Stream(self._pen, "INFO", 1), Stream(self._pen, "ERROR", 2)]
        self._tracebacks = tracebacks

    def install(self) -> None:
        """Take the place of Python's own streams and of its root logger's handlers."""
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(stream, "utf-8", "backslashreplace", write_through=True)  # type: ignore[type-var]
            for stream in self._streams
        )
        root = logging.getLogger()
        root.handlers[:] = [_Logged(self._pen, self._tracebacks)]
        root.setLevel(logging.INFO)

    def write(self, level: str, text: str) -> None:
        """Lines of the host's own."""
        self._pen.write(level, text.encode("utf-8", "backslashreplace"))

    def end_line(self) -> None:
        """End what this thread has begun to print."""
        for stream in self._streams:
            stream.end_line()

    def end_lines(self) -> None:
        """End what all threads have begun to print."""
        for stream in self._streams:
            stream.end_lines()
