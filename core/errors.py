"""Whose fault it is, and what happens next. Every error that crosses a module's border is one of these.

    PaaksError
    ├── TenantError        their fault: nothing is retried, the next commit or request may be right
    │   ├── Refused        what was asked is wrong in itself; carries problems with file, line and column
    │   ├── NotFound       there is no such thing, or none that the caller may know of
    │   └── Conflict       the thing has moved since the caller looked; carries what is there now
    └── RetryLater         the world's fault: the same call may succeed after `delay` seconds

Anything else that is raised is ours: a bug, logged with its traceback at a process boundary.
What does not live here: titles, texts and HTTP statuses (`problems.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where, and how to mend it.

    `slug` names an entry of the catalogue in `problems.py`. `file` is relative to the repository; `line` and
    `column` count from 1, columns in characters; `source` is the offending line's text for a caret.
    `pointer` is where in the request's body it is (RFC 6901), if that is known.
    """

    slug: str
    detail: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None
    source: str | None = None
    pointer: str | None = None

    def where(self) -> str:
        """`service/file:line:column`, as much of it as is known."""
        parts = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        return ":".join(parts)


class PaaksError(Exception):
    """Root of all expected errors."""


class TenantError(PaaksError):
    """The tenant's or the caller's fault. `problems` is never empty."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.where()} {p.detail}".strip() for p in problems))
        self.problems: tuple[Problem, ...] = problems


class Refused(TenantError):
    """What was asked is wrong in itself."""


class NotFound(TenantError):
    """There is no such thing."""


@dataclass(frozen=True)
class Sides:
    """The three sides of an edit that could not be merged; contents are None where the file does not exist."""

    path: str
    base: bytes | None
    yours: bytes | None
    theirs: bytes | None
    theirs_id: str | None
    merged: bytes | None = None


class Conflict(TenantError):
    """The thing has moved since the caller looked. `sides` has one entry per file in conflict."""

    def __init__(self, *problems: Problem, sides: Sequence[Sides] = (), head: str | None = None) -> None:
        super().__init__(*problems)
        self.sides = tuple(sides)
        self.head = head


@dataclass(eq=False)  # an exception is itself, and hashable
class RetryLater(PaaksError):
    """The world's fault. `delay` is in seconds; `cause` says what did not answer."""

    cause: str
    delay: float = 1.0
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.cause
