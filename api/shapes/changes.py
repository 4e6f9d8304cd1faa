"""Files, what has become of a change, and problems."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from api.shapes.history import Commit, Release
from api.shapes.words import FileMode, ProblemType, ServiceChange, Sha


class FileEntry(TypedDict):
    """A file; `path` is below the service."""

    path: str
    mode: FileMode
    size: int
    sha: Sha


class Files(TypedDict):
    """The files of a service at the commit `ref`."""

    ref: Sha
    items: list[FileEntry]


class FileContent(TypedDict):
    """A file: `content` where it is text, else `contentBase64`."""

    path: str
    sha: Sha
    mode: FileMode
    size: int
    commit: Sha
    content: NotRequired[str]
    contentBase64: NotRequired[str]


class ReleaseLanding(TypedDict):
    """A change of one service: its commit, and the release that it began."""

    commit: Commit
    release: Release | None


class Landing(TypedDict):
    """A change: its commit, and the releases that it began."""

    commit: Commit
    releases: list[Release]


class ChangesLanding(Landing):
    """`merged`: with what others have changed meanwhile."""

    merged: bool


class ProblemEntry(TypedDict):
    """One problem; `pointer` (RFC 6901) is into the request's body."""

    type: ProblemType
    detail: str
    file: NotRequired[str]
    line: NotRequired[int]
    column: NotRequired[int]
    hint: NotRequired[str]
    pointer: NotRequired[str]


class Problem(ProblemEntry):
    """A refusal (RFC 9457): the first problem, and each in `errors`."""

    title: str
    status: int
    errors: list[ProblemEntry]
    requestId: NotRequired[str]


class _Versions(TypedDict):
    base: NotRequired[str | None]
    baseBase64: NotRequired[str]
    yours: NotRequired[str | None]
    yoursBase64: NotRequired[str]
    theirs: NotRequired[str | None]
    theirsBase64: NotRequired[str]
    merged: NotRequired[str | None]
    mergedBase64: NotRequired[str]


class Sides(_Versions):
    """A file that could not be merged: each side is text, or bytes under `…Base64`, or null where it does not exist."""

    path: str
    theirsSha: Sha | None


class ConflictProblem(Problem, _Versions):
    """What others have changed meanwhile: the tip of main, and the sides; those of one file also at top level."""

    head: NotRequired[Sha]
    sides: NotRequired[list[Sides]]
    theirsSha: NotRequired[Sha | None]


class Checked(TypedDict):
    """What a change would do; with problems it would be refused."""

    problems: list[ProblemEntry]
    plan: dict[str, ServiceChange]


class ProblemKind(TypedDict):
    """A problem explained."""

    type: ProblemType
    title: str
    status: int
    text: str
