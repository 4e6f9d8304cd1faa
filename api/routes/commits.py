"""The history of main: its commits and what became of each, and what two of them differ in.

What does not live here: one release (`releases.py`), making a commit (`changes.py`, `files.py`).
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from api import known_releases, views
from api.cursors import read_commit_cursor, write_commit_cursor
from api.deps import Platform, Reader, ThePlatform
from api.operations import add_texts, answer, describe
from api.service_index import Overview
from api.shapes import history as shapes
from api.shapes.words import Via
from core import history
from core.errors import Problem, Refused
from core.repository import Repository
from core.tenants import Tenant

router = APIRouter()
_TENANT = "/api/v1/tenants/{slug}"
_DIFF = "text/x-diff"
_MAX_DIFF = 32 * 2**20  # bytes
_NEVER_RUN = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}


class Filter(BaseModel):
    """Which commits somebody wants to see: each that is said has to be met."""

    service: str | None = None
    author: str = Field("", max_length=200, description="part of the name or the address")
    via: Via | None = Field(None, description="how it came")
    failed: bool = Field(False, description="only what failed in some service")
    text: str = Field("", max_length=200, description="part of the message, or how the id begins")
    path: str | None = Field(None, max_length=1000, description="only what changed this file or directory")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


@router.get(_TENANT + "/commits", **describe("listCommits", "commits", {200: answer(shapes.Commits)}))
async def list_commits(platform: ThePlatform, reader: Reader, chosen: Annotated[Filter, Query()]) -> dict[str, Any]:
    """The commits of main, newest first, first parents only; of one service: those that changed it."""
    tenant = reader[1]
    overview = await platform.index.read(tenant)
    repository = await asyncio.to_thread(Repository, platform.tenants.path_of(tenant))
    start = repository.resolve(read_commit_cursor(chosen.cursor)) if chosen.cursor else overview.head
    of = _directory_of(overview, chosen.service)
    among = None
    if chosen.failed or chosen.via is not None:
        among = await known_releases.find_commits(
            platform.live, platform.engine, tenant.id, failed=chosen.failed, via=chosen.via
        )
    wanted = history.Wanted(chosen.author, chosen.text, chosen.path, among)
    items, further = await asyncio.to_thread(
        history.list_commits, repository, start, service=of, limit=chosen.limit, wanted=wanted
    )
    shown = await _add_releases(platform, tenant, items)
    return {"items": shown, "next": write_commit_cursor(further) if further else None}


@router.get(_TENANT + "/commits/{ref:path}", **describe("getCommit", "commits", {200: answer(shapes.PastCommit)}))
async def get_commit(ref: str, platform: ThePlatform, reader: Reader) -> dict[str, Any]:
    """One commit, by its full id, or the one of a branch or a tag."""
    tenant = reader[1]
    repository = await asyncio.to_thread(Repository, platform.tenants.path_of(tenant))
    found = await asyncio.to_thread(lambda: history.describe_commit(repository, repository.resolve(ref)))
    return (await _add_releases(platform, tenant, [found]))[0]


@router.get(
    _TENANT + "/compare/{span:path}",
    **describe("compareCommits", "commits", {200: add_texts(answer(shapes.Comparison), _DIFF)}),
)
async def compare_commits(span: str, request: Request, platform: ThePlatform, reader: Reader) -> Response:
    """What `a...b` differ in, from a to b: files with their patches; with `Accept: text/x-diff`, one unified diff.

    `...b` is all of b.
    """
    old, dots, new = span.partition("...")
    if not dots:
        raise Refused(Problem("bad-request", "compare two commits as `a...b`"))
    repository = await asyncio.to_thread(Repository, platform.tenants.path_of(reader[1]))
    base, head = repository.resolve(old) if old else None, repository.resolve(new)
    if _DIFF in request.headers.get("accept", ""):
        text = await asyncio.to_thread(_write_diff, repository, base, head)
        return StreamingResponse(iter(text), media_type=f"{_DIFF}; charset=utf-8", headers=_NEVER_RUN)
    found = await asyncio.to_thread(history.compare, repository, base, head)
    return JSONResponse(found, headers={"Vary": "Accept"})


def _write_diff(repository: Repository, base: str | None, head: str) -> list[bytes]:
    """All of it. Raises Refused where it is larger than anybody reads."""
    parts, size = [], 0
    for part in history.write_patch(repository, base, head):
        parts.append(part)
        size += len(part)
        if size > _MAX_DIFF:
            hint = "fetch the repository and run `git diff`"
            raise Refused(Problem("bad-request", f"the diff is longer than {_MAX_DIFF:,} bytes", hint=hint))
    return parts


async def _add_releases(platform: Platform, tenant: Tenant, commits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Commits with what became of each."""
    asked = {commit["sha"] for commit in commits}
    found = await known_releases.list_of_commits(platform.live, platform.engine, tenant.id, asked)
    return [views.show_past_commit(commit, found) for commit in commits]


def _directory_of(overview: Overview, service: str | None) -> str | None:
    """How history calls a service: one at the root has no name there. What is gone from main keeps its name."""
    tip = overview.services.get(service) if service is not None else None
    return tip.path if tip is not None else service
