"""Words for the terminal about what went wrong: the title, each problem with its line and caret, what to do next.

A problem looks as in `core.problems.draw`, but is made from the API's JSON.
What does not live here: tables (`output.py`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from cli.failure import Failure

_WIDTH = 100


def print_failure(failure: Failure, stream: TextIO | None = None) -> None:
    """Print a failure; the line that matters most comes last."""
    stream = stream or sys.stderr
    red, plain = ("\033[31;1m", "\033[0m") if uses_colour(stream) else ("", "")
    print(f"{red}error:{plain} {clean(failure.title)}", file=stream)
    for line in failure_lines(failure):
        print(f"  {clean(line)}", file=stream)


def failure_lines(failure: Failure) -> list[str]:
    """Everything below the title, not indented."""
    located = [problem for problem in failure.problems if problem.get("file")]
    lines = [line for problem in located for line in draw(problem)]
    if failure.detail and not located:
        lines += failure.detail.splitlines()
    if failure.request_id:
        lines.append(f"request: {failure.request_id}")
    if failure.hint:
        lines.append(f"hint: {failure.hint}")
    return lines


def draw(problem: Mapping[str, Any]) -> list[str]:
    """An entry of `errors[]`: `file:line:column  what  (how to mend it)`, the source line and a caret."""
    where = ":".join(str(problem[part]) for part in ("file", "line", "column") if problem.get(part) is not None)
    head = "  ".join(part for part in (where, str(problem.get("detail", ""))) if part)
    lines = [f"{head}  ({problem['hint']})" if problem.get("hint") else head]
    source, column = problem.get("source"), int(problem.get("column") or 1)
    if source is not None and problem.get("line") is not None:
        start = max(0, min(column - 1 - _WIDTH // 2, len(source) - _WIDTH))
        text = "".join(c if c.isprintable() else " " for c in source[start : start + _WIDTH])
        lines += [f"    {text}", f"    {' ' * max(0, min(column - start, len(text) + 1) - 1)}^"]
    return lines


def clean(text: str) -> str:
    """A line that does nothing to a terminal but be read: a tenant may have written it. Tabs are kept."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)


def uses_colour(stream: TextIO) -> bool:
    """Only on a terminal that can, and not where NO_COLOR (no-color.org) or PAAKS_NO_COLOR says no."""
    silenced = os.environ.get("NO_COLOR") or os.environ.get("PAAKS_NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not silenced
