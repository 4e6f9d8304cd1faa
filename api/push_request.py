"""What a client asks for by a push: references to move, options, and then a pack. Format: gitprotocol-pack.

What does not live here: the bytes' way here (`git_http.py`), and whether it may be done (`push.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from core import names
from core.reference_updates import Update

MAX_REFS = 1_000
MAX_OPTIONS = 32
WAIT_SECONDS = 60.0
PUSH_SECONDS = 300.0  # for a push to arrive
CAPABILITIES = (
    "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options object-format=sha1"
)
_LONGEST = 65_520  # bytes of a packet: gitprotocol-common
_MAX_PACKETS = 100_000  # of one request; those of a polite one are its references and options


class MalformedError(Exception):
    """It is not what a git client sends; the text says where it is not."""


@dataclass
class Asked:
    """What a push asks for. `count` also counts the updates that were left out because there are too many."""

    updates: list[Update] = field(default_factory=list)
    count: int = 0
    capabilities: frozenset[str] = frozenset()
    options: list[str] = field(default_factory=list)
    bad_option: bool = False

    def has(self, option: str) -> bool:
        """Was `-o <option>` given?"""
        return option in self.options

    def wait_seconds(self) -> float:
        """How long the push may wait for what it deploys: `-o timeout=N`."""
        for option in self.options:
            name, _, value = option.partition("=")
            if name == "timeout" and value.isdigit() and len(value) < 5:
                return min(float(value), 600.0)
        return WAIT_SECONDS


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


async def read_request(packets: Packets) -> Asked:
    """References and options; the pack is left in `packets`. Nothing is asked for where there are no updates.

    Raises MalformedError.
    """
    asked = Asked()
    while (line := await packets.read()) is not None:
        _take_line(asked, line)
    if asked.updates and "push-options" in asked.capabilities:
        while (line := await packets.read()) is not None:
            _take_option(asked, line)
    return asked


def _take_line(asked: Asked, line: bytes) -> None:
    command, nul, capabilities = line.rstrip(b"\n").partition(b"\0")
    if nul and not asked.count:
        asked.capabilities = frozenset(capabilities.decode(errors="replace").split())
    if command.startswith(b"shallow "):
        return  # what such a client does not have, it does not send: whether all is there is seen from the objects
    old, _, rest = command.decode(errors="surrogateescape").partition(" ")
    new, _, ref = rest.partition(" ")
    if not (names.is_sha(old) and names.is_sha(new) and ref):
        raise MalformedError("a line is not `<old id> <new id> <reference>`")
    asked.count += 1
    if asked.count <= MAX_REFS:
        asked.updates.append(Update(old, new, ref))


def _take_option(asked: Asked, line: bytes) -> None:
    """Options with control characters, or more of them than anybody needs, are left out and remembered as bad."""
    text = line.rstrip(b"\n").decode(errors="replace")
    if len(asked.options) >= MAX_OPTIONS or any(c < " " or c == "\x7f" for c in text):
        asked.bad_option = True
    else:
        asked.options.append(text)
