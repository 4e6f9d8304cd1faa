"""The releases of a tenant, and what makes the controller look again: reconcile, and confirming a prune.

What does not live here: moving releases on (the controller), their form (`core/releases.py`).
"""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api import known_releases, landing
from api.cursors import read_release_cursor, write_release_cursor
from api.deps import Committer, Platform, Reader, ThePlatform, wait_seconds
from api.operations import answer, describe
from api.shapes import history as shapes
from core import names, releases
from core.errors import NotFound, Problem
from core.history import format_time
from core.releases import Release
from core.repository import Repository
from core.tenants import Tenant, allow_prune, request_reconcile

router = APIRouter()
_TENANT = "/api/v1/tenants/{slug}"
_RECONCILED = dict.fromkeys((200, 202), answer(shapes.Reconciliation))


class Prune(BaseModel):
    """The commit whose removals are meant."""

    commit: str


@router.get(_TENANT + "/releases", **describe("listReleases", "releases", {200: answer(shapes.Releases)}))
async def list_releases(
    platform: ThePlatform,
    reader: Reader,
    service: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Releases, newest first."""
    after = read_release_cursor(cursor) if cursor else None
    found = await known_releases.list_releases(
        platform.live, platform.engine, reader[1].id, service=service, limit=limit, after=after
    )
    further = write_release_cursor(found[-1].place) if len(found) == limit else None
    return {"items": [releases.describe(release) for release in found], "next": further}


@router.get(
    _TENANT + "/releases/{release}",
    **describe("getRelease", "releases", dict.fromkeys((200, 202), answer(shapes.Release)), wishes=("Prefer",)),
)
async def get_release(release: str, request: Request, platform: ThePlatform, reader: Reader) -> Response:
    """One release; with `Prefer: wait=N`, once it is final or after N seconds (202: still on its way)."""
    tenant = reader[1]
    place = names.parse_release_id(release)
    found = await _find(platform, tenant, *place) if place else None
    if found is None:
        raise NotFound(Problem("not-found", f"there is no release {release[:100]!r}", hint="<service>@<commit>"))
    waited, is_settled = [found], True
    if not found.is_final and (seconds := wait_seconds(request)):
        waited, is_settled = await landing.wait_for(platform.live, tenant, [found], seconds)
    return JSONResponse(releases.describe(waited[0]), 200 if is_settled else 202)


@router.post(
    _TENANT + "/reconcile",
    status_code=202,
    **describe("reconcileTenant", "services", _RECONCILED, wishes=("Prefer",)),
)
async def reconcile(request: Request, platform: ThePlatform, committer: Committer) -> JSONResponse:
    """Ask the controller to look at every service of the tenant now."""
    return await _reconcile(request, platform, committer[1], "")


@router.post(
    _TENANT + "/services/{service}/reconcile",
    status_code=202,
    **describe("reconcileService", "services", _RECONCILED, wishes=("Prefer",)),
)
async def reconcile_service(
    service: str, request: Request, platform: ThePlatform, committer: Committer
) -> JSONResponse:
    """Ask the controller to look at one service now; one that had failed is tried again at once."""
    (await platform.index.read(committer[1])).find(service)
    return await _reconcile(request, platform, committer[1], service)


@router.post(
    _TENANT + "/prune", status_code=202, **describe("confirmPrune", "services", {202: answer(shapes.ConfirmedPrune)})
)
async def confirm_prune(body: Prune, platform: ThePlatform, committer: Committer) -> dict[str, Any]:
    """Confirm that a commit may remove as many services as it does."""
    tenant = committer[1]
    commit = Repository(platform.tenants.path_of(tenant)).resolve(body.commit)
    await platform.tenants.update(tenant.id, lambda now: allow_prune(now, commit))
    platform.announcer.look(tenant)
    return {"commit": commit}


async def _reconcile(request: Request, platform: Platform, tenant: Tenant, service: str) -> JSONResponse:
    """The wish is stored before the hint is sent; a hint that is lost is made up for by the controller's poll."""
    now = format_time(time.time())
    await platform.tenants.update(tenant.id, lambda known: request_reconcile(known, service, now))
    platform.announcer.look(tenant)
    head = (await platform.index.read(tenant)).head
    tips = await _find_tips(platform, tenant, service)
    waiting = [release for release in tips if not release.is_final]
    settled, is_settled = await landing.wait_for(platform.live, tenant, waiting, wait_seconds(request))
    ready = bool(wait_seconds(request)) and is_settled
    shown = [*(release for release in tips if release.is_final), *settled]
    body = {"head": head, "requestedAt": now, "releases": [releases.describe(release) for release in shown]}
    return JSONResponse(body, 200 if ready else 202)


async def _find(platform: Platform, tenant: Tenant, service: str, commit: str) -> Release | None:
    return await known_releases.find_release(platform.live, platform.engine, tenant.id, service, commit)


async def _find_tips(platform: Platform, tenant: Tenant, service: str) -> list[Release]:
    """The releases of what is at the head of main: of one service, or of all for ""."""
    overview = await platform.index.read(tenant)
    commits = {name: tip.commit for name, tip in overview.services.items() if service in ("", name)}
    found = await known_releases.find_tips(platform.live, platform.engine, tenant.id, commits)
    return [found[name] for name in sorted(found)]
