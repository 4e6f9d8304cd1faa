"""Packets, of which git's protocols are made: read from a body, and written. Format: gitprotocol-common.

What does not live here: what is in them (`push_request.py`, `push_answer.py`, `advertisement.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

FLUSH = b"0000"
_LONGEST = 65_520  # bytes of a packet
_MAX_PACKETS = 100_000  # of one request; those of a polite one are its references and options


class MalformedError(Exception):
    """It is not what a git client sends; the text says where it is not."""


def write_packet(data: bytes) -> bytes:
    """A packet; the data must fit into one."""
    return b"%04x%b" % (len(data) + 4, data)


class Packets:
    """A body's beginning in packets, and the rest of it as it comes."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._held = bytearray()
        self._count = 0

    async def read(self) -> bytes | None:
        """The next packet; None for a flush. Raises MalformedError, also where the body ends before it."""
        self._count += 1
        if self._count > _MAX_PACKETS:
            raise MalformedError("too many lines")
        head = await self.take(4)
        try:
            length = int(head, 16)
        except ValueError:
            raise MalformedError(f"{head!r} is not the length of a packet") from None
        if length == 0:
            return None
        if not 4 <= length <= _LONGEST:
            raise MalformedError(f"a packet of {length} bytes")
        return await self.take(length - 4)

    async def take(self, count: int) -> bytes:
        """So many bytes. Raises MalformedError where there are fewer."""
        while len(self._held) < count:
            part = await anext(self._body, None)
            if part is None:
                raise MalformedError("it ends in the middle")
            self._held += part
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken

    async def rest(self, before: bytes = b"") -> AsyncIterator[bytes]:
        """All that follows, after `before`."""
        held, self._held = before + self._held, bytearray()
        if held:
            yield bytes(held)
        async for part in self._body:
            yield part
