"""A request's body in chunks: bytes → data, strictly (RFC 9112 §7.1). Pure. Extensions and trailers are dropped."""

from __future__ import annotations

import re

from api.dispatcher.head import malformed
from core.errors import Problem, Refused

_EXTENSIONS_LIMIT = 256  # bytes after a chunk's size
_TRAILERS_LIMIT = 8 * 1024
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")


class ChunkDecoder:
    """Feed it what comes; `is_done` once the last trailer's line has come, and `rest` is what follows."""

    def __init__(self, limit: int) -> None:
        self.is_done = False
        self.rest = b""
        self._limit = limit
        self._total = 0
        self._buffer = bytearray()
        self._left = 0  # bytes of the current chunk's data that are still to come
        self._is_at_end = False  # a chunk's data is complete, its CR LF is not
        self._in_trailers = False
        self._trailers = 0

    def feed(self, data: bytes) -> bytes:
        """The body's bytes among these. Raises Refused where they are no chunks, or the body is over the limit."""
        self._buffer += data
        found: list[bytes] = []
        while not self.is_done and self._step(found):
            pass
        return b"".join(found)

    def _step(self, found: list[bytes]) -> bool:
        """Take one thing from the buffer; False where there is none yet."""
        if self._left:
            return self._take_data(found)
        if self._is_at_end:
            return self._take_end()
        return self._take_line()

    def _take_data(self, found: list[bytes]) -> bool:
        if not self._buffer:
            return False
        part = bytes(self._buffer[: self._left])
        del self._buffer[: self._left]
        self._left -= len(part)
        self._is_at_end = self._left == 0
        found.append(part)
        return True

    def _take_end(self) -> bool:
        if not b"\r\n".startswith(self._buffer[:2]):
            raise malformed("a chunk is longer than its size says")
        if len(self._buffer) < 2:
            return False
        del self._buffer[:2]
        self._is_at_end = False
        return True

    def _take_line(self) -> bool:
        end = self._buffer.find(b"\n")
        limit = _TRAILERS_LIMIT if self._in_trailers else _EXTENSIONS_LIMIT
        if end > limit or (end < 0 and len(self._buffer) > limit):
            raise malformed("a chunk's line is too long")
        if end < 0:
            return False
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if not line.endswith(b"\r\n"):
            raise malformed("a chunk's line does not end with CR LF")
        (self._read_trailer if self._in_trailers else self._read_size)(line[:-2])
        return True

    def _read_size(self, line: bytes) -> None:
        match = _SIZE.fullmatch(line)
        if match is None:
            raise malformed("a chunk's size is not a hexadecimal number")
        self._left = int(match[1], 16)
        self._total += self._left
        if self._total > self._limit:
            raise Refused(Problem("body-too-large", f"more than {self._limit:,} bytes"))
        self._in_trailers = self._left == 0

    def _read_trailer(self, line: bytes) -> None:
        self._trailers += len(line)
        if not line:
            self.is_done = True
            self.rest = bytes(self._buffer)
            self._buffer.clear()
        elif self._trailers > _TRAILERS_LIMIT or not _TRAILER.fullmatch(line):
            raise malformed("a trailer is not `Name: value`, or there are too many")
