"""The process that parses what tenants wrote: one request at a time, under limits that the kernel enforces.

`parse_pool.py` starts it and asks it. What is too slow or too large ends this process, and nothing else. What does not
live here: which files are parsed, and what becomes of the answer (`check.py`).
"""

from __future__ import annotations

import json
import resource
import signal
import socket
import struct
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from core import descriptor, strict_yaml
from core.errors import Problem, Refused

PYTHON, DESCRIPTOR, ROOT_DESCRIPTOR = range(3)  # kinds of request
REQUEST = struct.Struct("!BII")  # kind, CPU milliseconds, length of the data that follows
ANSWER = struct.Struct("!I")  # length of the JSON that follows
READY = ANSWER.pack(0)  # the first that is said: from here on time is a file's, not the start's
MAX_SOURCE = 1000  # characters of a line that is shown
MAX_DETAIL = 300


def main(memory: int) -> None:
    """Answer requests on descriptor 0 until its other end closes. `memory` is the address space in bytes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (signal.SIGINT, signal.SIGTERM):  # the group's signals: we end with the one who asks
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    warnings.simplefilter("ignore")  # a SyntaxWarning is no reason to refuse
    with socket.socket(fileno=0) as connection:
        connection.sendall(READY)
        while head := _receive(connection, REQUEST.size):
            kind, milliseconds, length = REQUEST.unpack(head)
            connection.sendall(_answer(kind, milliseconds, _receive(connection, length)))


def _receive(connection: socket.socket, length: int) -> bytes:
    """Exactly `length` bytes, or none where the other end has closed."""
    data = bytearray()
    while len(data) < length:
        chunk = connection.recv(length - len(data))
        if not chunk:
            sys.exit(0)
        data += chunk
    return bytes(data)


def _answer(kind: int, milliseconds: int, data: bytes) -> bytes:
    """The answer on the wire. The timer counts CPU time and kills by its default action, also inside `compile`."""
    signal.setitimer(signal.ITIMER_PROF, milliseconds / 1000)
    body = json.dumps(parse(kind, data)).encode()
    signal.setitimer(signal.ITIMER_PROF, 0)
    return ANSWER.pack(len(body)) + body


def parse(kind: int, data: bytes) -> dict[str, Any]:
    """What is in `data`, as JSON can carry it: `problems`, and for a descriptor `service` and `handler_at`."""
    try:
        return _compile(data) if kind == PYTHON else _describe(data, at_root=kind == ROOT_DESCRIPTOR)
    except Refused as refused:
        return _answer_problems(data, refused.problems)
    except (MemoryError, RecursionError):
        detail = "it is nested too deeply, or needs too much memory to parse"
        return _answer_problems(data, [Problem("check-too-slow", detail)])


def _compile(data: bytes) -> dict[str, Any]:
    try:
        compile(data, "handler", "exec", dont_inherit=True)
    except SyntaxError as error:
        column = error.offset if error.lineno else None
        problem = Problem(
            "syntax-error", f"{type(error).__name__}: {error.msg}"[:MAX_DETAIL], None, error.lineno, column
        )
        return _answer_problems(data, [problem])
    except (ValueError, OverflowError) as error:  # NUL bytes; numbers and encodings that Python cannot hold
        return _answer_problems(data, [Problem("syntax-error", str(error)[:MAX_DETAIL], line=1, column=1)])
    return {"problems": []}


def _describe(data: bytes, *, at_root: bool) -> dict[str, Any]:
    node = strict_yaml.load(data)
    service, problems = descriptor.read(node, at_root=at_root)
    answer = _answer_problems(data, problems)
    if service is not None:
        answer |= {"service": asdict(service), "handler_at": descriptor.locate(node, "handler")}
    return answer


def _answer_problems(data: bytes, problems: Sequence[Problem]) -> dict[str, Any]:
    """Problems with the source line of each, cut so that a caret still points into it."""
    return {"problems": [asdict(_with_source(data, problem)) for problem in problems]}


def _with_source(data: bytes, problem: Problem) -> Problem:
    line = problem.line
    text = strict_yaml.source_line(data, line) if line is not None else None
    if text is None:
        return problem
    column = min(max(problem.column or 1, 1), len(text) + 1)
    start = max(0, column - MAX_SOURCE // 2) if len(text) > MAX_SOURCE else 0
    if start:
        # A cut line keeps its true column: blanks would be as long as the line, so the caret is left out.
        return replace(problem, column=column, source=None)
    return replace(problem, column=column, source=text[:MAX_SOURCE])


if __name__ == "__main__":
    main(int(sys.argv[1]))
