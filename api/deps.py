"""What a route may ask for, as `Annotated` names: the platform's parts, who is calling, and the tenant of the path.

Whoever may not is answered here, before a route runs: 401, 404 for what one may not know of, 403. What does not live
here: finding out who is calling (`auth.py`), the table of who may what (`access.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from api.access import Action, Principal, may, may_know, roles_for, scope_for
from api.accounts import Accounts
from api.announcer import Announcer
from api.auth import Authenticator, Wire, read_headers
from api.changes import Changes
from api.directory import Directory, Snapshot
from api.idempotency import Idempotency
from api.live import Live
from api.metrics import Metrics
from api.passwords import LoginLimits, Passwords
from api.readiness import Readiness
from api.service_index import ServiceIndex
from api.sessions import Sessions
from api.settings import Settings
from api.tokens import KeyRing
from core.check import Checker
from core.cluster import Cluster
from core.errors import NotFound, Problem, Refused
from core.link import Connection
from core.tenants import Tenant, Tenants

PRINCIPAL = "paaks.principal"  # where the scope of a request has who sent it
_LONGEST_WAIT = 600.0  # seconds
_ASKED = 3  # admins that a refusal names


@dataclass(frozen=True)
class Platform:
    """Everything that routes use, built once."""

    settings: Settings
    engine: AsyncEngine
    keys: KeyRing
    directory: Directory
    authenticator: Authenticator
    accounts: Accounts
    sessions: Sessions
    passwords: Passwords
    limits: LoginLimits
    tenants: Tenants
    checker: Checker
    announcer: Announcer
    changes: Changes
    live: Live
    index: ServiceIndex
    cluster: Cluster
    link: Connection
    metrics: Metrics
    readiness: Readiness
    idempotency: Idempotency
    crowded: asyncio.Queue[Tenant] = field(default_factory=asyncio.Queue)  # what a push has filled with loose objects


class Member(NamedTuple):
    """A caller and the tenant of the path, in which they may do what the dependency's name says."""

    principal: Principal
    tenant: Tenant


def find_platform(request: Request) -> Platform:
    """The platform that the application was made with."""
    platform: Platform = request.app.state.platform
    return platform


def read_wire(request: Request) -> Wire:
    """What of a request says who sent it."""
    return Wire(request.method, read_headers(request.scope["headers"]), request.cookies)


async def _get_platform(request: Request) -> Platform:
    return find_platform(request)


ThePlatform = Annotated[Platform, Depends(_get_platform)]


async def _authenticate(request: Request) -> Principal:
    """The principal that was found before the request was read; else it is found here."""
    known = request.scope.get(PRINCIPAL)
    if isinstance(known, Principal):
        return known
    return find_platform(request).authenticator.authenticate(read_wire(request))


Caller = Annotated[Principal, Depends(_authenticate)]


def _in_tenant(action: Action) -> Callable[..., Awaitable[Member]]:
    async def admit(slug: str, platform: ThePlatform, caller: Caller) -> Member:
        tenant = platform.tenants.by_slug(slug)
        if tenant is None or not may_know(caller, tenant.id):
            raise NotFound(Problem("not-found", "there is no such tenant"))
        if not may(caller, action, tenant.id):
            raise _forbidden(platform.directory.now, caller, action, tenant)
        return Member(caller, tenant)

    return admit


def _of_platform(action: Action) -> Callable[..., Awaitable[Principal]]:
    async def admit(caller: Caller) -> Principal:
        if not may(caller, action):
            raise Refused(Problem("forbidden", f"only an operator may do this ({action.value})"))
        return caller

    return admit


def _forbidden(now: Snapshot, caller: Principal, action: Action, tenant: Tenant) -> Refused:
    """Which role or scope is missing, and who can give it."""
    role = caller.role_in(tenant.id) or ("operator" if caller.operator else "none")
    if role in roles_for(action):
        hint = f"your token's scopes are: {' '.join(sorted(caller.scopes))}; this takes {scope_for(action)}"
    else:
        admins = sorted(u.email for u in now.users.values() if now.roles.get(u.id, {}).get(tenant.id) == "admin")
        ask = f"; ask {' or '.join(admins[:_ASKED])}" if admins else ""
        hint = f"your role here is {role}, this takes {' or '.join(roles_for(action))}{ask}"
    return Refused(Problem("forbidden", f"this takes the right to {action.value} in {tenant.slug}", hint=hint))


Reader = Annotated[Member, Depends(_in_tenant(Action.READ))]
Visitor = Annotated[Member, Depends(_in_tenant(Action.CALL))]
Committer = Annotated[Member, Depends(_in_tenant(Action.COMMIT))]
Suspender = Annotated[Member, Depends(_in_tenant(Action.SUSPEND))]
Manager = Annotated[Member, Depends(_in_tenant(Action.MANAGE))]
TenantMaker = Annotated[Principal, Depends(_of_platform(Action.CREATE_TENANT))]
UserManager = Annotated[Principal, Depends(_of_platform(Action.MANAGE_USERS))]
Operator = Annotated[Principal, Depends(_of_platform(Action.OPERATE))]


def wait_seconds(request: Request) -> float | None:
    """For how long the caller wants to wait for the result: `Prefer: wait=N` (RFC 7240 §4.3), at most 600 s."""
    for value in request.headers.getlist("prefer"):
        for preference in value.split(","):
            name, _, seconds = preference.partition(";")[0].partition("=")
            seconds = seconds.strip().strip('"')
            if name.strip().lower() == "wait" and seconds.isascii() and seconds.isdigit() and len(seconds) < 10:
                return min(float(seconds), _LONGEST_WAIT)
    return None
