"""What a body with changes says: several operations on files as one commit; and where in it a problem is. Pure.

What does not live here: landing it (`changes.py`), what a path may be (`core/paths.py`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core import names
from core.check import MAX_BLOB_BYTES
from core.commit import Delete, Move, Operation, Put
from core.errors import Problem, Refused

MAX_BODY = 16 * 2**20  # bytes: one file of the largest size fits, as base64
MAX_OPERATIONS = 1_000
_MODES = {"100644": 0o100644, "100755": 0o100755, None: None}


class Change(BaseModel):
    """One operation; paths are relative to the repository."""

    op: Literal["put", "delete", "move"]
    path: str
    to: str | None = Field(None, description="where a move goes")
    content: str | None = Field(None, description="what a put writes, as text")
    contentBase64: str | None = Field(None, description="what a put writes, as bytes")
    mode: Literal["100644", "100755"] | None = Field(None, description="of a put; without it, the mode that is there")
    base: str | None = Field(None, description="the commit that this one was made on, where it is not the others' base")


class Draft(BaseModel):
    """Operations that were made on the commit `base`."""

    base: str | None = Field(None, description="the commit that they were made on, as its full id")
    message: Annotated[str, Field(max_length=65_536)] | None = None
    ops: Annotated[list[Change], Field(min_length=1, max_length=MAX_OPERATIONS)]


def read_operations(draft: Draft) -> list[Operation]:
    """The operations of a body. Raises Refused with a pointer to each that cannot be read."""
    found, problems = [], []
    for number, change in enumerate(draft.ops):
        outcome = _read_one(change, f"/ops/{number}")
        if isinstance(outcome, Problem):
            problems.append(outcome)
        else:
            found.append(outcome)
    if problems:
        raise Refused(*problems)
    return found


def read_base(draft: Draft, *, required: bool) -> str | None:
    """The commit that the operations were made on. Raises Refused."""
    if draft.base is None and required:
        detail = "`base` is missing: the commit that these changes were made on"
        hint = "send `head` as GET …/services answered it"
        raise Refused(Problem("bad-request", detail, hint=hint, pointer="/base"))
    _refuse_base(draft.base, "/base")
    return draft.base


def read_bases(draft: Draft) -> dict[str, str]:
    """The commits that single files were changed on, by path, where they say so. Raises Refused."""
    for number, change in enumerate(draft.ops):
        _refuse_base(change.base, f"/ops/{number}/base")
    return {change.path: change.base for change in draft.ops if change.base is not None}


def _refuse_base(base: str | None, pointer: str) -> None:
    if base is not None and not names.is_sha(base):
        raise Refused(Problem("bad-request", f"`base` is not a full commit id: {base[:60]!r}", pointer=pointer))


def _read_one(change: Change, pointer: str) -> Operation | Problem:
    match change.op:
        case "delete":
            return Delete(change.path)
        case "move" if change.to is not None:
            return Move(change.path, change.to)
        case "move":
            return Problem("bad-request", "a move needs `to`", file=change.path, pointer=f"{pointer}/to")
        case _:
            return _read_put(change, pointer)


def _read_put(change: Change, pointer: str) -> Operation | Problem:
    if (change.content is None) == (change.contentBase64 is None):
        detail = "a put needs either `content` or `contentBase64`"
        return Problem("bad-request", detail, file=change.path, pointer=f"{pointer}/content")
    try:
        if change.content is not None:
            data = change.content.encode()
        else:
            data = base64.b64decode(change.contentBase64 or "", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError) as error:
        detail = f"the content cannot be decoded: {type(error).__name__}"
        return Problem("bad-request", detail, file=change.path, pointer=f"{pointer}/{_member(change)}")
    if len(data) > MAX_BLOB_BYTES:
        detail = f"a file may have {MAX_BLOB_BYTES:,} bytes"
        return Problem("file-too-large", detail, file=change.path, pointer=f"{pointer}/{_member(change)}")
    return Put(change.path, data, _MODES[change.mode])


def _member(change: Change) -> str:
    return "content" if change.content is not None else "contentBase64"


def point(problems: Sequence[Problem], draft: Draft) -> list[Problem]:
    """The problems, each with a pointer to the operation that names its file: the last one, where there are several."""
    places: dict[str, str] = {}
    for number, change in enumerate(draft.ops):
        member = _member(change) if change.op == "put" else "path"
        places[change.path] = f"/ops/{number}/{member}"
        if change.to is not None:
            places[change.to] = f"/ops/{number}/to"
    return [p if p.pointer or p.file not in places else replace(p, pointer=places[p.file]) for p in problems]


def refuse_outside(draft: Draft, directory: str) -> None:
    """Raises Refused for each operation outside of a service's directory; "" is the root, and holds everything."""
    problems = [
        Problem("path-not-allowed", f"this is not in {directory}/", file=path, pointer=f"/ops/{number}/{member}")
        for number, change in enumerate(draft.ops)
        for member, path in (("path", change.path), ("to", change.to))
        if directory and path is not None and not path.startswith(directory + "/")
    ]
    if problems:
        raise Refused(*problems)
