"""How a command ends badly: the exit codes, and the one exception that carries a title, a detail and what to do next.

What does not live here: how an answer of the API becomes one (`client.py`).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Exit(enum.IntEnum):
    """What the shell sees; `paaks help exit-codes` prints this table (notes/ux.md §3.3)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNCHANGED = 3
    NOT_LOGGED_IN = 4
    CONFLICT = 5
    NOT_FOUND = 6
    NOT_LIVE = 7
    REFUSED = 8
    FORBIDDEN = 9
    UNREACHABLE = 69
    TIMEOUT = 124
    INTERRUPTED = 130


MEANING: Mapping[Exit, str] = {
    Exit.DONE: "done; diff: no difference; status --for: reached",
    Exit.FAILED: "failed; diff: differences found",
    Exit.USAGE: "wrong usage; diff: could not compare",
    Exit.UNCHANGED: "nothing changed, with --error-unchanged",
    Exit.NOT_LOGGED_IN: "not logged in, or the token has expired",
    Exit.CONFLICT: "conflict: main has moved, the file has changed, the name is taken",
    Exit.NOT_FOUND: "not found",
    Exit.NOT_LIVE: "committed, but the service did not come up: its own code is wrong",
    Exit.REFUSED: "refused by the check; nothing was committed",
    Exit.FORBIDDEN: "forbidden",
    Exit.UNREACHABLE: "the server cannot be reached",
    Exit.TIMEOUT: "--timeout has passed; the release is still on its way",
    Exit.INTERRUPTED: "Ctrl-C",
}


@dataclass
class Failure(Exception):
    """A command cannot do what was asked. `title` is one line, `hint` the next command to type.

    `problems` are entries of a problem document's `errors` (RFC 9457): detail, file, line, column, hint, source.
    """

    title: str
    detail: str | None = None
    hint: str | None = None
    code: Exit = Exit.FAILED
    request_id: str | None = None
    problems: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def __str__(self) -> str:
        return ": ".join(part for part in (self.title, self.detail) if part)
