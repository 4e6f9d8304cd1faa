"""The history of main: its commits, and what two of them differ in.

What does not live here: how a commit came to be live (`releases.py`), making one (`changes.py`, `files.py`).
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from api.cursors import read_commit_cursor, write_commit_cursor
from api.deps import Reader, ThePlatform
from api.operations import add_texts, answer, describe
from api.service_index import Overview
from api.shapes import history as shapes
from core import history
from core.errors import Problem, Refused
from core.repository import Repository

router = APIRouter()
_TENANT = "/api/v1/tenants/{slug}"
_DIFF = "text/x-diff"
_MAX_DIFF = 32 * 2**20  # bytes
_NEVER_RUN = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}


@router.get(_TENANT + "/commits", **describe("listCommits", "commits", {200: answer(shapes.Commits)}))
async def list_commits(
    platform: ThePlatform,
    reader: Reader,
    service: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """The commits of main, newest first, first parents only; of one service: those that changed it."""
    tenant = reader[1]
    overview = await platform.index.read(tenant)
    repository = await asyncio.to_thread(Repository, platform.tenants.path_of(tenant))
    start = repository.resolve(read_commit_cursor(cursor)) if cursor else overview.head
    of = _directory_of(overview, service)
    items, further = await asyncio.to_thread(history.list_commits, repository, start, service=of, limit=limit)
    return {"items": items, "next": write_commit_cursor(further) if further else None}


@router.get(_TENANT + "/commits/{ref:path}", **describe("getCommit", "commits", {200: answer(shapes.Commit)}))
async def get_commit(ref: str, platform: ThePlatform, reader: Reader) -> dict[str, Any]:
    """One commit, by its full id, or the one of a branch or a tag."""
    repository = await asyncio.to_thread(Repository, platform.tenants.path_of(reader[1]))
    return await asyncio.to_thread(lambda: history.describe_commit(repository, repository.resolve(ref)))


@router.get(
    _TENANT + "/compare/{span:path}",
    **describe("compareCommits", "commits", {200: add_texts(answer(shapes.Comparison), _DIFF)}),
)
async def compare_commits(span: str, request: Request, platform: ThePlatform, reader: Reader) -> Response:
    """What `a...b` differ in, from a to b: files with their patches; with `Accept: text/x-diff`, one unified diff."""
    old, dots, new = span.partition("...")
    if not dots:
        raise Refused(Problem("bad-request", "compare two commits as `a...b`"))
    repository = await asyncio.to_thread(Repository, platform.tenants.path_of(reader[1]))
    base, head = repository.resolve(old), repository.resolve(new)
    if _DIFF in request.headers.get("accept", ""):
        text = await asyncio.to_thread(_write_diff, repository, base, head)
        return StreamingResponse(iter(text), media_type=f"{_DIFF}; charset=utf-8", headers=_NEVER_RUN)
    found = await asyncio.to_thread(history.compare, repository, base, head)
    return JSONResponse(found, headers={"Vary": "Accept"})


def _write_diff(repository: Repository, base: str, head: str) -> list[bytes]:
    """All of it. Raises Refused where it is larger than anybody reads."""
    parts, size = [], 0
    for part in history.write_patch(repository, base, head):
        parts.append(part)
        size += len(part)
        if size > _MAX_DIFF:
            hint = "fetch the repository and run `git diff`"
            raise Refused(Problem("bad-request", f"the diff is longer than {_MAX_DIFF:,} bytes", hint=hint))
    return parts


def _directory_of(overview: Overview, service: str | None) -> str | None:
    """How history calls a service: one at the root has no name there. What is gone from main keeps its name."""
    tip = overview.services.get(service) if service is not None else None
    return tip.path if tip is not None else service
