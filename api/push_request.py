"""What a client asks for by a push: references to move, options, and then a pack. Format: gitprotocol-pack.

What does not live here: packets (`packets.py`), the bytes' way here (`git_http.py`), and what may be done (`push.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from api.packets import MalformedError, Packets
from core import names
from core.reference_updates import Update

MAX_REFS = 1_000
MAX_OPTIONS = 32
WAIT_SECONDS = 60.0
CAPABILITIES = (
    "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options object-format=sha1"
)


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
