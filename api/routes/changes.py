"""Several changes of files as one commit, across services; the same without writing; going back
to an earlier revision, and taking one commit back.

What does not live here: one file at a time (`files.py`), what a body may say (`api/wishes.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from api import landing, wishes
from api.changes import Wish
from api.deps import Committer, Platform, Reader, ThePlatform, wait_seconds
from api.operations import answer, describe, refusal
from api.shapes import changes as shapes
from api.wishes import Draft
from core import problems, releases
from core.errors import Conflict, NotFound, Refused
from core.tenants import Tenant

router = APIRouter()
_TENANT = "/api/v1/tenants/{slug}"
_SERVICE = _TENANT + "/services/{service}"
_LANDED = dict.fromkeys((200, 202), answer(shapes.ChangesLanding, "PaaKS-Commit"))
_ROLLED_BACK = dict.fromkeys((200, 202), answer(shapes.ReleaseLanding, "PaaKS-Commit", optional=("Location",)))


class RollbackTarget(BaseModel):
    """Where to go back to."""

    to: str | None = Field(None, description="a commit; without it, the revision that was live before")


@router.post(
    _TENANT + "/changes",
    max_body_size=wishes.MAX_BODY,
    **describe("postChanges", "changes", {**_LANDED, 409: refusal(shapes.ConflictProblem)}, wishes=("Prefer",)),
)
async def change_files(body: Draft, request: Request, platform: ThePlatform, committer: Committer) -> JSONResponse:
    """One commit. What others have changed since `base` is merged; what overlaps is a 409 with both sides."""
    principal, tenant = committer
    operations = wishes.read_operations(body)
    message, base = landing.read_message(body.message), wishes.read_base(body, required=True)
    wish = Wish(operations, message, base, bases=wishes.read_bases(body))
    actor = landing.make_actor(principal, request.headers.get("user-agent"))
    with _pointing(body):
        landed = await platform.changes.apply(tenant, actor, wish)
    answer = await landing.follow(platform.tenants, platform.live, tenant, landed, wait_seconds(request))
    return answer.send({"releases": answer.releases, "merged": landed.merged})


@router.post(
    _TENANT + "/check",
    max_body_size=wishes.MAX_BODY,
    **describe("checkChanges", "changes", {200: answer(shapes.Checked)}),
)
async def check_changes(body: Draft, platform: ThePlatform, reader: Reader) -> dict[str, Any]:
    """What `changes` would say, without a commit; `base` may be left out."""
    return await _check(platform, reader[1], body)


@router.post(
    _SERVICE + "/check",
    max_body_size=wishes.MAX_BODY,
    **describe("checkService", "changes", {200: answer(shapes.Checked)}),
)
async def check_service(service: str, body: Draft, platform: ThePlatform, reader: Reader) -> dict[str, Any]:
    """The same for changes of one service; paths are relative to the repository here too."""
    tenant = reader[1]
    tip = (await platform.index.read(tenant)).find(service)
    wishes.refuse_outside(body, tip.path)
    return await _check(platform, tenant, body)


@router.post(
    _SERVICE + "/rollback",
    **describe(
        "rollbackService", "services", {**_ROLLED_BACK, 409: refusal(shapes.ConflictProblem)}, wishes=("Prefer",)
    ),
)
async def roll_back(
    service: str,
    request: Request,
    platform: ThePlatform,
    committer: Committer,
    body: RollbackTarget | None = None,
) -> JSONResponse:
    """A new commit in which the service's directory is as it was."""
    principal, tenant = committer
    actor = landing.make_actor(principal, request.headers.get("user-agent"))
    to = body.to if body is not None else None
    landed = await platform.changes.roll_back(tenant, actor, service, to)
    answer = await landing.follow(platform.tenants, platform.live, tenant, landed, wait_seconds(request))
    release = next((found for found in answer.releases if found["service"] == service), None)
    if release is None and (known := platform.live.latest(tenant.id).get(service)) is not None:
        release = releases.describe(known)
    headers = {"Location": landing.locate_release(tenant.slug, service, release["commit"])} if release else {}
    return answer.send({"release": release}, headers=headers)


@router.post(
    _TENANT + "/commits/{sha}/revert",
    **describe("revertCommit", "commits", {**_LANDED, 409: refusal(shapes.ConflictProblem)}, wishes=("Prefer",)),
)
async def revert_commit(sha: str, request: Request, platform: ThePlatform, committer: Committer) -> JSONResponse:
    """A new commit that undoes what a commit changed of its first parent. What has changed since is merged; what
    overlaps is a 409 with both sides."""
    principal, tenant = committer
    actor = landing.make_actor(principal, request.headers.get("user-agent"))
    landed = await platform.changes.revert(tenant, actor, sha)
    answer = await landing.follow(platform.tenants, platform.live, tenant, landed, wait_seconds(request))
    return answer.send({"releases": answer.releases, "merged": landed.merged})


async def _check(platform: Platform, tenant: Tenant, body: Draft) -> dict[str, Any]:
    """What would be refused is listed, whatever status it would be refused with."""
    base = wishes.read_base(body, required=False)
    wish = Wish(wishes.read_operations(body), base=base, bases=wishes.read_bases(body))
    plan: dict[str, str] = {}
    try:
        judged = await platform.changes.check(tenant, wish)
        found, plan = judged.problems, judged.plan
    except (Refused, NotFound, Conflict) as error:
        found = list(error.problems)
    return {"problems": [problems.describe_entry(problem) for problem in wishes.point(found, body)], "plan": plan}


@contextmanager
def _pointing(body: Draft) -> Iterator[None]:
    """Raises what is raised within, its problems with pointers into the body."""
    try:
        yield
    except (Refused, NotFound, Conflict) as error:
        error.problems = tuple(wishes.point(error.problems, body))
        raise
