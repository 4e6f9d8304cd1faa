"""Exceptions as the author of a handler wants to see them: their files by their place in the repository, and no frame
of the host's above them."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

LONGEST = 4096  # bytes of a termination message that a cluster keeps
_HEAD = "Traceback (most recent call last):\n"


class Tracebacks:
    """Formats exceptions of one service, whose files are in `directory`."""

    def __init__(self, directory: str, service: str) -> None:
        self._directory = directory.rstrip("/") + "/"
        self._shown = f"{service}/"

    def format(self, error: BaseException, *, is_loading: bool = False) -> str:
        """The traceback from the handler's first frame on.

        Where none is the handler's, all are shown, and none while loading: there they can only be the host's.
        """
        told = traceback.TracebackException.from_exception(error)
        for one in _walk(told):
            theirs = [frame.filename.startswith(self._directory) for frame in one.stack]
            first = theirs.index(True) if True in theirs else len(theirs) if is_loading else 0
            one.stack = traceback.StackSummary.from_list(list(one.stack)[first:])
        return "".join(told.format()).replace(self._directory, self._shown)


def _walk(told: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """An exception and those behind it."""
    seen: set[int] = set()
    waiting = [told]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [other for other in (one.__cause__, one.__context__) if other is not None]
            waiting += one.exceptions or () if hasattr(one, "exceptions") else ()


def shorten(text: str, longest: int = LONGEST) -> str:
    """At most so many bytes of a traceback: its head and its last lines, for the last one says what happened."""
    if len(text.encode()) <= longest:
        return text
    head = f"{_HEAD}  …\n" if text.startswith(_HEAD) else "…\n"
    tail = text.encode()[len(head.encode()) - longest :].decode(errors="ignore")
    _, _, whole_lines = tail.partition("\n")
    return head + (whole_lines or tail)
