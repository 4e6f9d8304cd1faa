"""Users of the platform, as the operator sees and changes them.

What does not live here: storing them (`api/accounts.py`), their roles one by one (`tenants.py`).
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.access import Role
from api.accounts import NewUser, UserChange, check_name
from api.deps import Platform, ThePlatform, UserManager
from api.directory import User
from api.operations import answer, describe
from api.passwords import PASSWORD_BYTES
from api.shapes import people as shapes
from core.errors import NotFound, Problem, Refused
from core.history import format_time

router = APIRouter()
_PATH = "/api/v1/users"
_A_DAY = 86_400.0
_LONGEST_LINK = 7 * _A_DAY
_EMAIL = re.compile(r"[^\s@<>,;:\"\\()\[\]\x00-\x20\x7f]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,187}[A-Za-z0-9])?")
Name = Annotated[str, Field(min_length=1, max_length=100)]
Password = Annotated[str, Field(max_length=PASSWORD_BYTES)]


class UserDraft(BaseModel):
    """A new user; without a password one is made. `roles` is slug → role."""

    email: Annotated[str, Field(max_length=254)]
    name: Name
    password: Password | None = None
    operator: bool = False
    roles: dict[str, Role] = Field(default_factory=dict)


class UserPatch(BaseModel):
    """What to change; what is left out stays as it is."""

    name: Name | None = None
    password: Password | None = None
    operator: bool | None = None
    disabled: bool | None = None


class LinkDraft(BaseModel):
    """For how long the link is good; a day, where nothing is said."""

    expiresIn: Annotated[float, Field(gt=0, le=_LONGEST_LINK, description="in seconds")] = _A_DAY


@router.get(_PATH, **describe("listUsers", "users", {200: answer(shapes.Users)}))
async def list_users(platform: ThePlatform, _: UserManager) -> dict[str, Any]:
    """All users, oldest first."""
    users = sorted(platform.directory.now.users.values(), key=lambda user: (user.created_at, user.id))
    return {"items": [_show(platform, user) for user in users]}


@router.post(
    _PATH,
    status_code=201,
    **describe("createUser", "users", {201: answer(shapes.CreatedUser)}, wishes=("Idempotency-Key",)),
)
async def create_user(body: UserDraft, request: Request, platform: ThePlatform, manager: UserManager) -> Response:
    """A new user; `password` is in the answer where one was made, and nowhere else."""
    if not _EMAIL.fullmatch(body.email):
        raise Refused(Problem("bad-request", "email is not an address", pointer="/email"))
    check_name(body.name)
    new = NewUser(body.email, body.name, body.password, body.operator, _read_roles(platform, body.roles))

    async def create() -> tuple[int, dict[str, Any]]:
        user, password = await platform.accounts.create_user(new)
        shown = _show(platform, user)
        return 201, shown if body.password is not None else shown | {"password": password}

    return await platform.idempotency.answer(request, manager, create)


@router.patch(_PATH + "/{id}", **describe("changeUser", "users", {200: answer(shapes.User)}))
async def change_user(id: str, body: UserPatch, platform: ThePlatform, _: UserManager) -> dict[str, Any]:
    """Whatever takes a right away, a new password too, ends the user's sessions."""
    _require_user(platform, id)
    if body.name is not None:
        check_name(body.name)
    change = UserChange(body.name, body.password, body.operator, body.disabled)
    return _show(platform, await platform.accounts.change_user(id, change))


@router.post(
    _PATH + "/{id}/link", status_code=201, **describe("createSignInLink", "users", {201: answer(shapes.SignInLink)})
)
async def create_link(id: str, body: LinkDraft, platform: ThePlatform, _: UserManager) -> dict[str, Any]:
    """A link that signs its holder in once, to choose a password; the one from before is worthless.

    Whoever has it is that user: it belongs into one person's hands.
    """
    _require_user(platform, id)
    code, ends = await platform.sessions.create_link(id, body.expiresIn)
    url = f"{platform.settings.public_url.rstrip('/')}/sign-in#code={code}&choose=password"
    return {"url": url, "expiresAt": format_time(ends.timestamp())}


def _require_user(platform: Platform, user_id: str) -> None:
    if user_id not in platform.directory.now.users:
        raise NotFound(Problem("not-found", "there is no such user"))


def _read_roles(platform: Platform, roles: dict[str, Role]) -> dict[str, Role]:
    found = {}
    for slug, role in roles.items():
        tenant = platform.tenants.by_slug(slug)
        if tenant is None:
            raise Refused(Problem("bad-request", f"there is no tenant {slug[:60]!r}", pointer="/roles"))
        found[tenant.id] = role
    return found


def _show(platform: Platform, user: User) -> dict[str, Any]:
    held = platform.directory.now.roles.get(user.id, {})
    roles = {tenant.slug: held[tenant.id] for tenant in platform.tenants.all() if tenant.id in held}
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "operator": user.operator,
        "disabled": user.disabled,
        "createdAt": format_time(user.created_at.timestamp()),
        "roles": roles,
    }
