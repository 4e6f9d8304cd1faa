"""The catalogue of problems (RFC 9457): slug → status, title and a text that says what to do. Pure.

Web, CLI, API, `git push` and the dispatcher all speak through it. What does not live here: raising (`errors.py`).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from core.errors import Problem

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """One entry: `slug` is stable, `title` is one line, `text` explains the cause and the way out."""

    slug: str
    status: int
    title: str
    text: str


_ENTRIES = (
    # who is calling
    Kind(
        "not-authenticated",
        401,
        "You are not signed in",
        "Send `Authorization: Bearer <token>`; for git, the token is the password. `paaks login` makes one.",
    ),
    Kind(
        "forbidden",
        403,
        "You may not do this",
        "Your role or your token's scopes do not include it. An admin of the tenant can change your role.",
    ),
    Kind(
        "not-found",
        404,
        "There is no such thing here",
        "Check the spelling. Things of other tenants look as if they did not exist.",
    ),
    Kind("method-not-allowed", 405, "This method is not served here", "The `Allow` header lists what is."),
    Kind("rate-limited", 429, "Too many attempts", "Wait for the seconds that `Retry-After` names."),
    Kind(
        "cross-site",
        403,
        "The request came from another site",
        "Requests with a session cookie need the `X-PaaKS-CSRF` header and the page's own origin.",
    ),
    # names
    Kind(
        "name-invalid",
        422,
        "This name cannot be used",
        "A name has 1 to 40 characters: lower-case letters, digits and hyphens; it starts with a letter and does not end with a hyphen.",
    ),
    Kind("name-reserved", 422, "This name is reserved", "The platform uses it. Choose another."),
    Kind("name-taken", 409, "This name is taken", "Choose another."),
    # writing
    Kind("bad-request", 400, "The request cannot be understood", "The detail says which part."),
    Kind("unsupported-media-type", 415, "This content type is not accepted here", "Send `application/json`."),
    Kind(
        "changed-upstream",
        409,
        "Somebody else changed the same lines",
        "Both sides are in the answer. Merge them and send the result with the new base.",
    ),
    Kind(
        "precondition-required",
        428,
        "Say which version you are replacing",
        "Send `If-Match` with the file's ETag, or `If-None-Match: *` to create it.",
    ),
    Kind(
        "precondition-failed",
        412,
        "The file has changed since you read it",
        "The answer has your text, theirs and what both started from. Merge and send with the new ETag.",
    ),
    Kind(
        "non-fast-forward",
        409,
        "main only moves forward",
        "Fetch, merge or rebase, and push again. `paaks rollback` goes back as a new commit.",
    ),
    Kind(
        "path-not-allowed",
        400,
        "This path cannot be used",
        "Paths are relative, with `/` between names, without `.` `..` `.git` or control characters.",
    ),
    Kind(
        "path-conflict",
        409,
        "A file and a directory would have the same path",
        "Rename one of them, or delete the other in the same change.",
    ),
    Kind(
        "entry-not-allowed",
        422,
        "This kind of entry is not accepted",
        "Only ordinary files (100644, 100755) and directories are. Put the content itself in the repository instead of a link to it.",
    ),
    Kind(
        "file-too-large",
        413,
        "This file is too large",
        "A file may have 10 MiB, a Python file of a service 256 KiB, a service.yaml 64 KiB.",
    ),
    Kind(
        "push-too-large",
        413,
        "This push is too large",
        "A push may bring 50 MiB. Push in parts, and keep data out of git.",
    ),
    Kind(
        "too-many-entries",
        422,
        "There are too many files",
        "A tree may have 20,000 entries in 64 levels; a service 500 files and 900 KiB.",
    ),
    Kind(
        "ref-not-allowed",
        422,
        "This reference cannot be pushed",
        "Branches are `refs/heads/…`, tags `refs/tags/…`, of letters, digits and `._/@#+-`; at most 1,000 a push.",
    ),
    Kind("syntax-error", 422, "This file does not compile", "Mend the line that is named."),
    Kind("schema-error", 422, "service.yaml says something that it may not", "The hint lists what is allowed."),
    Kind(
        "check-too-slow",
        422,
        "This file took too long to check",
        "Checking a file may take 2 seconds and 512 MiB. Break up what is generated or deeply nested.",
    ),
    Kind(
        "rollback-target-invalid",
        422,
        "This revision cannot be restored",
        "It has never been live, or it does not pass today's check.",
    ),
    Kind(
        "revert-target-invalid",
        422,
        "This commit cannot be reverted",
        "It is the first one, not in main, or too large; nothing of it is left; or main without it fails today's check.",
    ),
    Kind(
        "prune-needs-confirmation",
        409,
        "This would remove many services",
        "Confirm with `paaks reconcile --allow-prune <commit>`.",
    ),
    Kind(
        "tenant-needs-isolation",
        409,
        "One trust domain, one tenant",
        "Nothing is known to keep the handlers of one from those of another here; `paaks doctor` says why. `paaks up --insecure-single-domain`, and `paaks install` with it, allow several tenants that trust each other.",
    ),
    Kind("quota-exceeded", 422, "The tenant's quota is used up", "Remove something, or ask the operator for more."),
    Kind(
        "idempotency-reused",
        422,
        "This Idempotency-Key was used for something else",
        "Choose a new key for a new request.",
    ),
    Kind("last-one", 409, "This is the last one", "Name another admin or operator first."),
    # the platform
    Kind(
        "unavailable",
        503,
        "A part of the platform does not answer",
        "Try again in the seconds that `Retry-After` names.",
    ),
    Kind("storage-full", 507, "The disk is full", "Nothing was changed. The operator has to make room."),
    Kind("internal", 500, "This is our fault", "It is in the platform's log under the request id."),
    # visitors
    Kind(
        "no-such-service",
        404,
        "There is no such service",
        "Check the name: the address is /<service>/, or /~<tenant>/<service>/ for public ones.",
    ),
    Kind(
        "not-live-yet",
        503,
        "The service is not up yet",
        "It is starting, or its first revision cannot start. Its owner sees why in `paaks status`.",
    ),
    Kind(
        "handler-error",
        502,
        "The handler broke off",
        "It closed the connection without an answer. Its owner sees why in `paaks logs`.",
    ),
    Kind(
        "handler-timeout",
        504,
        "The handler took too long",
        "`timeout` in service.yaml says how long it may take, at most 600s.",
    ),
    Kind("overloaded", 503, "The service has too many requests", "Try again in the seconds that `Retry-After` names."),
    Kind(
        "malformed-request",
        400,
        "This is not a request that can be passed on",
        "Exactly one HTTP/1.1 request with one Host and one length is accepted.",
    ),
    Kind("head-too-large", 431, "The request's head is too large", "A head may have 32 KiB, a header 16 KiB."),
    Kind("target-too-long", 414, "The address is too long", "A target may have 16 KiB."),
    Kind("body-too-large", 413, "The request's body is too large", "A request may bring 10 MiB."),
    Kind(
        "request-timeout",
        408,
        "The request did not arrive in time",
        "Send the head within 10 seconds and the body without long gaps.",
    ),
    Kind("not-implemented", 501, "This is not served yet", "Upgrades such as WebSocket are not passed on."),
)

CATALOGUE: dict[str, Kind] = {kind.slug: kind for kind in _ENTRIES}


def describe(problem: Problem) -> dict[str, Any]:
    """A problem as the members that stand in `errors[]` and at top level (without `type`, `title`, `status`)."""
    members = {
        "detail": problem.detail,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "hint": problem.hint,
        "pointer": problem.pointer,
    }
    return {name: value for name, value in members.items() if value is not None}


def describe_entry(problem: Problem) -> dict[str, Any]:
    """A problem as an entry of a list of problems."""
    return {"type": f"/problems/{problem.slug}", **describe(problem)}


def document(problems: tuple[Problem, ...], *, request_id: str | None = None, **extra: Any) -> dict[str, Any]:
    """The body of an `application/problem+json` answer: the first problem at top level, each in `errors[]`.

    `extra` members (say `sides`, `head`) are added as they are. Its `status` is that of the first problem.
    """
    first = CATALOGUE[problems[0].slug]
    body: dict[str, Any] = {"type": f"/problems/{first.slug}", "title": first.title, "status": first.status}
    body |= describe(problems[0])
    body["errors"] = [describe_entry(problem) for problem in problems]
    if request_id is not None:
        body["requestId"] = request_id
    return body | extra


def draw(problem: Problem) -> list[str]:
    """A problem as lines for a terminal: `file:line:column  what  (how to mend it)`, the source line and a caret.

    Whatever a tenant wrote, the lines hold no control characters.
    """
    head = "  ".join(part for part in (problem.where(), problem.detail) if part)
    lines = [_printable(f"{head}  ({problem.hint})" if problem.hint else head)]
    if problem.source is not None and problem.line is not None:
        text, before = _window(problem.source, problem.column or 1)
        lines += [f"    {text}", f"    {' ' * sum(map(_cells, before))}^"]
    return lines


def _window(source: str, column: int, width: int = 100) -> tuple[str, str]:
    """At most `width` characters of a line around `column`, and those of them that stand before it."""
    start = max(0, min(column - 1 - width // 2, len(source) - width)) if len(source) > width else 0
    text = _printable(source[start : start + width])
    return text, text[: max(0, column - 1 - start)]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _cells(character: str) -> int:
    """How many cells of a terminal a printable character takes: marks none, those of East Asia two."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
