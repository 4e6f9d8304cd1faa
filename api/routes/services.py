"""The services of a tenant: what there is and how it is doing; making one and removing one, each a commit.

What does not live here: a service's files (`files.py`), going back to an earlier revision (`changes.py`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api import landing, views
from api.changes import Wish
from api.conditions import matches, read_tag
from api.deps import Committer, Platform, Reader, ThePlatform, wait_seconds
from api.known_releases import find_newest, find_tips
from api.operations import answer, describe, refusal
from api.ready_pods import count_ready
from api.service_index import Overview, Tip, find_past, find_tree
from api.shapes import services as shapes
from api.shapes.changes import ConflictProblem, Landing
from core import names
from core.commit import Delete, Put
from core.errors import Conflict, Problem, Refused
from core.releases import Release
from core.repository import Repository
from core.service_templates import TEMPLATES
from core.tenants import Tenant

router = APIRouter()
_BASE = "/api/v1/tenants/{slug}/services"
_CONFLICT = dict.fromkeys((409, 412), refusal(ConflictProblem))
Ready = Annotated[bool, Query(description="count each service's pods that answer, as `ready`")]
Live = Mapping[str, str]


class NewService(BaseModel):
    """What a new service is called, and what it begins with."""

    name: str
    template: Literal["blank", "api"] = "blank"


@router.get(
    _BASE,
    **describe(
        "listServices",
        "services",
        {200: answer(shapes.Services, "ETag"), 304: answer(None, "ETag")},
        wishes=("If-None-Match",),
    ),
)
async def list_services(request: Request, platform: ThePlatform, reader: Reader, ready: Ready = False) -> Response:
    """Every service at the head of main, and those that are gone from it and still held; by name."""
    tenant = reader[1]
    overview = await platform.index.read(tenant)
    live = await asyncio.to_thread(_read_live, platform, tenant, overview)
    shown = await _show_all(platform, tenant, overview, live)
    if ready:
        counted = await count_ready(platform.cluster, tenant)
        shown = [item | _show_ready(item["name"], counted) for item in shown]
    body = json.dumps({"head": overview.head, "items": shown}, separators=(",", ":")).encode()
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if matches(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get(_BASE + "/{service}", **describe("getService", "services", {200: answer(shapes.Service, "ETag")}))
async def get_service(service: str, platform: ThePlatform, reader: Reader, ready: Ready = False) -> Response:
    """One service; its ETag is its tree."""
    tenant = reader[1]
    overview = await platform.index.read(tenant)
    tip = overview.find(service)
    live = await asyncio.to_thread(_read_live, platform, tenant, Overview(overview.head, {service: tip}))
    release = (await find_tips(platform.live, platform.engine, tenant.id, {service: tip.commit})).get(service)
    shown = _show(platform, tenant, tip, release, live.get(service))
    if ready:
        shown |= _show_ready(service, await count_ready(platform.cluster, tenant, service))
    return JSONResponse(shown, headers={"ETag": f'"{tip.tree}"', "Cache-Control": "private, no-cache"})


@router.post(
    _BASE,
    status_code=201,
    **describe(
        "createService",
        "services",
        dict.fromkeys((201, 202), answer(Landing, "PaaKS-Commit", "Location")) | _CONFLICT,
        wishes=("Prefer",),
    ),
)
async def create_service(
    body: NewService, request: Request, platform: ThePlatform, committer: Committer
) -> JSONResponse:
    """One commit with the template's files. 409 where something of this name is there already."""
    principal, tenant = committer
    problem = names.name_problem(body.name)
    if problem is not None:
        raise Refused(problem)
    files = {f"{body.name}/{name}": data for name, data in TEMPLATES[body.template].items()}
    operations = [Put(path, data) for path, data in files.items()]
    wish = Wish(operations, f"Create {body.name}\n", expected=dict.fromkeys(files))
    actor = landing.make_actor(principal, request.headers.get("user-agent"))
    try:
        landed = await platform.changes.apply(tenant, actor, wish)
    except Conflict as conflict:
        taken = Problem("name-taken", f"there is already something called {body.name!r}", hint="choose another name")
        raise Conflict(taken, head=conflict.head) from conflict
    answer = await landing.follow(platform.tenants, platform.live, tenant, landed, wait_seconds(request))
    location = f"/api/v1/tenants/{tenant.slug}/services/{body.name}"
    return answer.send({"releases": answer.releases}, 201, {"Location": location})


@router.delete(
    _BASE + "/{service}",
    **describe(
        "deleteService",
        "services",
        dict.fromkeys((200, 202), answer(Landing, "PaaKS-Commit")) | _CONFLICT,
        wishes=("If-Match", "Prefer"),
    ),
)
async def delete_service(service: str, request: Request, platform: ThePlatform, committer: Committer) -> JSONResponse:
    """One commit without the service's directory; of one at the root, only its service.yaml goes.

    With `If-Match` (the ETag), only if the service is as the caller saw it.
    """
    principal, tenant = committer
    overview = await platform.index.read(tenant)
    tip = overview.find(service)
    conditions = request.headers.getlist("if-match")
    if conditions and read_tag(conditions) != tip.tree:
        raise Conflict(Problem("precondition-failed", f"{service!r} is not what you read"), head=overview.head)
    # With the head that was just read as the base, a change that comes in between is not deleted unseen.
    wish = Wish([Delete(tip.path or names.SERVICE_FILE)], f"Delete {service}\n", base=overview.head)
    actor = landing.make_actor(principal, request.headers.get("user-agent"))
    landed = await platform.changes.apply(tenant, actor, wish)
    answer = await landing.follow(platform.tenants, platform.live, tenant, landed, wait_seconds(request))
    return answer.send({"releases": answer.releases})


async def _show_all(
    platform: Platform, tenant: Tenant, overview: Overview, live: Mapping[str, Live]
) -> list[dict[str, Any]]:
    tips = dict(overview.services)
    commits = {name: tip.commit for name, tip in tips.items()}
    found = dict(await find_tips(platform.live, platform.engine, tenant.id, commits))
    gone = {name: place for name, place in live.items() if name not in tips}
    if gone:
        newest = await find_newest(platform.live, platform.engine, tenant.id, gone)
        held = {name: release for name, release in newest.items() if release.state in ("held", "pending")}
        past = await asyncio.to_thread(_read_past, platform, tenant, {name: gone[name]["commit"] for name in held})
        tips, found = tips | past, found | held
    return [_show(platform, tenant, tips[name], found.get(name), live.get(name)) for name in sorted(tips)]


def _show(platform: Platform, tenant: Tenant, tip: Tip, release: Release | None, live: Live | None) -> dict[str, Any]:
    url = views.make_url(platform.settings.apps_url, tenant.slug, tip)
    return views.show_service(tip, release, live, url, platform.live.drifts(tenant.id).get(tip.name))


def _show_ready(service: str, counted: Mapping[str, int] | None) -> dict[str, Any]:
    return {"ready": counted.get(service, 0) if counted is not None else None}


def _read_live(platform: Platform, tenant: Tenant, overview: Overview) -> dict[str, Live]:
    """Service → commit and tree of its last live revision, as git keeps it."""
    repository = Repository(platform.tenants.path_of(tenant))
    found: dict[str, Live] = {}
    for name, commit in repository.live_refs().items():
        tip = overview.services.get(name)
        if tip is not None and tip.commit == commit:
            found[name] = {"commit": commit, "tree": tip.tree}
        elif (place := find_tree(repository, name, commit)) is not None:
            found[name] = {"commit": commit, "tree": place[1]}
    return found


def _read_past(platform: Platform, tenant: Tenant, commits: Mapping[str, str]) -> dict[str, Tip]:
    """Services that are gone from main, as they were when they were last live."""
    repository = Repository(platform.tenants.path_of(tenant))
    return {name: find_past(repository, name, commit) for name, commit in commits.items()}
