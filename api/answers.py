"""Errors → answers: everything that is raised while a request is served becomes `application/problem+json`, here alone.

What does not live here: the catalogue of problems (`core/problems.py`), raising them.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from api.passwords import TooManyAttempts
from api.views import show_sides
from core import problems
from core.cluster import ClusterError
from core.errors import Conflict, Problem, RetryLater, TenantError

REQUEST_ID = "paaks.request_id"  # where the scope of a request has it
_MOST = 20  # problems of one body that are listed
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_BY_STATUS = {
    401: "not-authenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}
_log: Any = structlog.get_logger(component="api")


def install(app: FastAPI) -> None:
    """Make an application answer so."""
    for kind in (TenantError, RetryLater, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    return answer(request, error)


def answer(request: Request, error: Exception) -> JSONResponse:
    """The answer to an error of any kind; one that nobody expected is logged with its traceback."""
    match error:
        case TenantError():
            return _answer_tenant(request, error)
        case RetryLater():
            return _answer_later(request, error)
        case RequestValidationError():
            return write_problem(request, *_read_invalid(error.errors()))
        case HTTPException():
            slug = _BY_STATUS.get(error.status_code, "bad-request")
            return write_problem(request, Problem(slug, _say(request, error)), headers=error.headers)
        case ClusterError():
            return _answer_later(request, RetryLater(f"the cluster refused: {error}", 2.0))
        case OSError() if error.errno in _FULL:
            return write_problem(request, Problem("storage-full", "nothing was changed"))
        case _:
            _log.error("request.failed", request_id=request.scope.get(REQUEST_ID), exc_info=error)
            return write_problem(request, Problem("internal", "the request could not be carried out"))


def write_problem(
    request: Request, *found: Problem, headers: Mapping[str, str] | None = None, **extra: Any
) -> JSONResponse:
    """An answer with problems; the first decides the status."""
    body = problems.document(found, request_id=request.scope.get(REQUEST_ID), **extra)
    sent = dict(headers or {})
    if body["status"] == 401:
        sent["WWW-Authenticate"] = 'Bearer realm="PaaKS"'
    return JSONResponse(body, body["status"], sent, media_type=problems.MEDIA_TYPE)


def _answer_tenant(request: Request, error: TenantError) -> JSONResponse:
    extra: dict[str, Any] = {}
    headers = {"Retry-After": _seconds(error.delay)} if isinstance(error, TooManyAttempts) else {}
    if isinstance(error, Conflict):
        if error.head is not None:
            extra["head"] = error.head
        if error.sides:
            extra["sides"] = [show_sides(side) for side in error.sides]
        if len(error.sides) == 1:
            extra |= {name: value for name, value in extra["sides"][0].items() if name != "path"}
    return write_problem(request, *error.problems, headers=headers, **extra)


def _answer_later(request: Request, error: RetryLater) -> JSONResponse:
    slug = "storage-full" if "disk is full" in error.cause else "unavailable"
    return write_problem(request, Problem(slug, error.cause), headers={"Retry-After": _seconds(error.delay)})


def _seconds(delay: float) -> str:
    return str(max(1, round(delay + 0.499)))


def _say(request: Request, error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return "there is nothing at this address"
        case 405:
            return f"{request.method} is not served here"
        case 413:
            return "the request's body is larger than this address takes"
        case _:
            return str(error.detail)


def _read_invalid(errors: Sequence[Mapping[str, Any]]) -> list[Problem]:
    found = []
    for entry in errors[:_MOST]:
        place, *path = entry["loc"] or ("",)
        if entry["type"] == "json_invalid":
            reason = entry.get("ctx", {}).get("error", "")
            found.append(
                Problem("bad-request", f"the body is not JSON: {reason} at character {path[0] if path else 0}")
            )
        elif place == "body":
            where = ".".join(map(str, path)) or "the body"
            found.append(Problem("bad-request", f"{where}: {entry['msg']}", pointer=_point(path)))
        else:
            found.append(Problem("bad-request", f"{place} {'.'.join(map(str, path))}: {entry['msg']}"))
    return found or [Problem("bad-request", "the request cannot be understood")]


def _point(path: Sequence[Any]) -> str:
    """A place in a document as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
