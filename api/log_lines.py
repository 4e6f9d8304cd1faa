"""One line of a service's log: read from the host's form, filtered, shown, and put in order of time. Pure.

What does not live here: fetching lines from pods (`pod_logs.py`), writing them (the handlers' host).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import Problem, Refused

MAX_TEXT = 16_384  # characters of one line that are shown
_LINE = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (\S{1,16}) (\S{1,128})(?: (.*))?", re.S
)
_SPAN = re.compile(r"([0-9]{1,7})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Pod:
    """Where a line comes from: the pod, and the commit that it runs, if it is known."""

    name: str
    commit: str | None


@dataclass(frozen=True)
class Line:
    """A line; `moment` is its time in epoch seconds, that of the line before where it has none of its own.

    `complete` False: it was too long, and its end is left out.
    """

    pod: Pod
    moment: float
    at: str | None
    level: str | None
    request_id: str | None
    text: str
    complete: bool

    def show(self) -> dict[str, Any]:
        """The line as the API has it."""
        return {
            "at": self.at,
            "level": self.level,
            "requestId": self.request_id,
            "text": self.text,
            "pod": self.pod.name,
            "commit": self.pod.commit,
            "complete": self.complete,
        }


def read_line(raw: bytes, pod: Pod, before: float = 0.0) -> Line:
    """A line as the host writes it: `<RFC 3339 time> <level> <request id or -> <text>`; any other is text alone."""
    text = raw.decode(errors="replace").rstrip("\r")
    match = _LINE.fullmatch(text)
    moment = _read_time(match[1]) if match else None
    if match is None or moment is None:
        return Line(pod, before, None, None, None, text[:MAX_TEXT], len(text) <= MAX_TEXT)
    said = match[4] or ""
    request_id = None if match[3] == "-" else match[3]
    return Line(pod, moment, match[1], match[2], request_id, said[:MAX_TEXT], len(said) <= MAX_TEXT)


def _read_time(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


@dataclass(frozen=True)
class Filter:
    """Which lines are wanted: levels (any for none), a text that they contain, the id of one request."""

    levels: frozenset[str] = frozenset()
    text: str = ""
    request_id: str | None = None

    def wants(self, line: Line) -> bool:
        """Is it one of them? Upper and lower case are the same."""
        if self.levels and (line.level or "").lower() not in self.levels:
            return False
        if self.request_id is not None and line.request_id != self.request_id:
            return False
        return not self.text or self.text in line.text.lower()


def make_filter(level: str | None, text: str | None, request_id: str | None) -> Filter:
    """The filter of a request's query; levels are separated by commas."""
    levels = frozenset(part.strip().lower() for part in (level or "").split(",") if part.strip())
    return Filter(levels, (text or "").lower(), request_id or None)


def merge(pods: Iterable[Iterable[Line]], tail: int) -> list[Line]:
    """The last lines of all pods in order of time; lines of one pod keep their order."""
    lines = sorted((line for lines in pods for line in lines), key=lambda line: line.moment)
    return lines[-tail:] if tail else []


def read_since(text: str, now: float) -> float:
    """How many seconds ago `10m`, `2h` or an RFC 3339 time was. Raises Refused."""
    span = _SPAN.fullmatch(text)
    if span is not None:
        return float(span[1]) * _SECONDS[span[2]]
    moment = _read_time(text.replace(" ", "+"))  # a plus sign that was not escaped in a query is a space
    if moment is None:
        raise Refused(Problem("bad-request", f"`since` is neither like 10m nor a time: {text[:60]!r}"))
    return max(0.0, now - moment)


class Seam:
    """Where a first reading of a pod's log has ended: a second one goes on there, without a gap or a repeat."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.moment = lines[-1].moment if lines else 0.0
        self._last = Counter(_said(line) for line in lines if line.moment == self.moment)
        self._passed = False

    def is_new(self, line: Line) -> bool:
        """Is a line of the second reading one that the first did not have? After the first new one, all are."""
        if not self._passed and line.moment == self.moment and self._last[_said(line)] > 0:
            self._last[_said(line)] -= 1
            return False
        self._passed = self._passed or line.moment >= self.moment
        return self._passed


def _said(line: Line) -> tuple[str | None, ...]:
    return line.at, line.level, line.request_id, line.text
