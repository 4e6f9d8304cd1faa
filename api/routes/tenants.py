"""Tenants and who has which role in them.

What does not live here: a tenant's repository (`core/tenants.py`), storing roles (`api/accounts.py`).
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.access import Action, Principal, Role, may
from api.announcer import Actor, Arrival
from api.deps import Caller, Manager, Platform, Reader, TenantMaker, ThePlatform
from api.directory import User
from api.operations import answer, describe
from api.readiness import keeps_apart
from api.shapes import people as shapes
from core import names
from core.errors import Conflict, NotFound, Problem, Refused
from core.repository import Repository
from core.tenants import Tenant

router = APIRouter()
_PATH = "/api/v1/tenants"


class NewTenant(BaseModel):
    """`owner` is the address of the user who becomes its admin; without one, it is the caller."""

    slug: Annotated[str, Field(max_length=100)]
    owner: Annotated[str, Field(max_length=254)] | None = None


class NewMember(BaseModel):
    """A user's address, and what they may do."""

    email: Annotated[str, Field(max_length=254)]
    role: Role


class Membership(BaseModel):
    """What a member may do."""

    role: Role


@router.get(_PATH, **describe("listTenants", "tenants", {200: answer(shapes.Tenants)}))
async def list_tenants(platform: ThePlatform, caller: Caller) -> dict[str, Any]:
    """The tenants that one may look into, oldest first."""
    known = [tenant for tenant in platform.tenants.all() if may(caller, Action.READ, tenant.id)]
    return {"items": [_show(platform, caller, tenant) for tenant in known]}


@router.post(
    _PATH,
    status_code=201,
    **describe("createTenant", "tenants", {201: answer(shapes.Tenant)}, wishes=("Idempotency-Key",)),
)
async def create_tenant(body: NewTenant, request: Request, platform: ThePlatform, maker: TenantMaker) -> Response:
    """A new tenant with the template's repository, which goes live at once."""
    owner = _find_owner(platform, maker, body.owner)

    async def create() -> tuple[int, dict[str, Any]]:
        settings = platform.settings
        is_alone = not settings.insecure_single_domain and not keeps_apart(platform)
        tenant = await platform.tenants.create(body.slug, alone=is_alone)
        await platform.accounts.set_role(tenant.id, owner, "admin")
        await announce(platform, tenant, Actor(maker.email, maker.name, "api"))
        shown = _show(platform, maker, tenant)
        return 201, shown | {"role": platform.directory.now.roles.get(maker.user_id, {}).get(tenant.id)}

    return await platform.idempotency.answer(request, maker, create)


@router.get(_PATH + "/{slug}", **describe("getTenant", "tenants", {200: answer(shapes.Tenant)}))
async def get_tenant(platform: ThePlatform, reader: Reader) -> dict[str, Any]:
    """One tenant."""
    return _show(platform, reader.principal, reader.tenant)


@router.get(_PATH + "/{slug}/members", **describe("listMembers", "members", {200: answer(shapes.Members)}))
async def list_members(platform: ThePlatform, reader: Reader) -> dict[str, Any]:
    """Who has which role, by address."""
    now = platform.directory.now
    found = [
        _show_member(user, role)
        for user in now.users.values()
        if (role := now.roles.get(user.id, {}).get(reader.tenant.id)) is not None
    ]
    return {"items": sorted(found, key=lambda member: member["email"])}


@router.post(
    _PATH + "/{slug}/members", status_code=201, **describe("addMember", "members", {201: answer(shapes.Member)})
)
async def add_member(body: NewMember, platform: ThePlatform, manager: Manager) -> dict[str, Any]:
    """Gives a role to whoever has this address; one who has a role already keeps it (409)."""
    user = platform.directory.now.user_by_email(body.email)
    if user is None:
        detail = f"nobody here has the address {body.email[:100]!r}"
        raise Refused(Problem("bad-request", detail, pointer="/email", hint="an operator makes users"))
    if manager.tenant.id in platform.directory.now.roles.get(user.id, {}):
        raise Conflict(Problem("name-taken", f"{user.email} is a member already", pointer="/email"))
    await platform.accounts.set_role(manager.tenant.id, user.id, body.role)
    return _show_member(user, body.role)


@router.put(_PATH + "/{slug}/members/{userId}", **describe("setMember", "members", {200: answer(shapes.Member)}))
async def set_member(userId: str, body: Membership, platform: ThePlatform, manager: Manager) -> dict[str, Any]:
    """Gives a user a role. Whoever had another one has to sign in again."""
    user = platform.directory.now.users.get(userId)
    if user is None:
        raise NotFound(Problem("not-found", "there is no such user"))
    await platform.accounts.set_role(manager.tenant.id, user.id, body.role)
    return _show_member(user, body.role)


@router.delete(_PATH + "/{slug}/members/{userId}", status_code=204, **describe("removeMember", "members", {204: {}}))
async def remove_member(userId: str, platform: ThePlatform, manager: Manager) -> Response:
    """Takes a user's role away; the last admin stays."""
    if manager.tenant.id not in platform.directory.now.roles.get(userId, {}):
        raise NotFound(Problem("not-found", "there is no such member"))
    await platform.accounts.set_role(manager.tenant.id, userId, None)
    return Response(status_code=204)


async def announce(platform: Platform, tenant: Tenant, actor: Actor) -> None:
    """Tell the controller of a new tenant's first commit."""
    now = time.time()
    repository = await asyncio.to_thread(Repository, platform.tenants.path_of(tenant))
    await platform.announcer.announce(tenant, repository, None, tenant.template, Arrival(actor, now, now))


def _find_owner(platform: Platform, maker: Principal, email: str | None) -> str:
    if email is None:
        return maker.user_id
    user = platform.directory.now.user_by_email(email)
    if user is None or user.disabled:
        raise Refused(Problem("bad-request", f"there is no user {email[:100]!r}", pointer="/owner"))
    return user.id


def _show(platform: Platform, principal: Principal, tenant: Tenant) -> dict[str, Any]:
    return {
        "id": tenant.id,
        "slug": tenant.slug,
        "createdAt": tenant.created,
        "role": principal.role_in(tenant.id),
        "cloneUrl": names.clone_url(platform.settings.public_url, tenant.slug),
    }


def _show_member(user: User, role: Role) -> dict[str, Any]:
    return {"id": user.id, "email": user.email, "name": user.name, "role": role}
