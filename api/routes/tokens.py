"""Personal access tokens: one's own, made, listed and revoked.

What does not live here: storing them (`api/sessions.py`), judging them (`api/auth.py`).
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.access import Principal, may_know
from api.deps import Caller, Platform, ThePlatform
from api.directory import Token
from api.operations import answer, describe
from api.shapes import people as shapes
from core.errors import NotFound, Problem, Refused
from core.history import format_time

router = APIRouter()
_PATH = "/api/v1/tokens"
_LONGEST = 10 * 366 * 86_400
_DEFAULT = ("read", "write", "invoke")
Scope = Literal["read", "write", "invoke", "admin"]


class NewToken(BaseModel):
    """What a token is for. Without `tenant` it is for the platform, and an operator's."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    tenant: str | None = None
    scopes: Annotated[list[Scope], Field(min_length=1)] | None = None
    expiresIn: Annotated[float, Field(gt=0, le=_LONGEST, description="in seconds")] | None = None


@router.get(_PATH, **describe("listTokens", "tokens", {200: answer(shapes.PersonalTokens)}))
async def list_tokens(platform: ThePlatform, caller: Caller) -> dict[str, Any]:
    """One's own tokens, oldest first; a token that is for one tenant sees those of this tenant."""
    found = await platform.sessions.list_tokens(caller.user_id)
    return {"items": [_show(platform, token) for token in found if _reaches(caller, token)]}


@router.post(
    _PATH,
    status_code=201,
    **describe("createToken", "tokens", {201: answer(shapes.CreatedPersonalToken)}, wishes=("Idempotency-Key",)),
)
async def create_token(body: NewToken, request: Request, platform: ThePlatform, caller: Caller) -> Response:
    """A new token; its text is in this answer and nowhere else. It can do no more than what it is made with."""
    tenant_id = _find_tenant(platform, caller, body.tenant)
    scopes = _choose_scopes(caller, body.scopes)
    expires_in = _shorten(platform, caller, body.expiresIn)

    async def create() -> tuple[int, dict[str, Any]]:
        token, text = await platform.sessions.create_token(caller.user_id, tenant_id, body.name, scopes, expires_in)
        return 201, _show(platform, token) | {"token": text}

    return await platform.idempotency.answer(request, caller, create)


@router.delete(_PATH + "/{id}", status_code=204, **describe("revokeToken", "tokens", {204: {}}))
async def revoke_token(id: str, platform: ThePlatform, caller: Caller) -> Response:
    """Revokes one; felt everywhere within seconds."""
    own = (token for token in platform.directory.now.tokens.values() if token.user_id == caller.user_id)
    if not any(token.id == id and _reaches(caller, token) for token in own):
        raise NotFound(Problem("not-found", "there is no such token"))
    if caller.credential == "personal" and caller.token != id:
        _require_admin(caller)
    await platform.sessions.revoke_token(id)
    return Response(status_code=204)


def _find_tenant(platform: Platform, caller: Principal, slug: str | None) -> str | None:
    if caller.credential == "personal":
        _require_admin(caller)
    if slug is None:
        if not caller.operator or caller.tenant is not None:
            raise Refused(Problem("forbidden", "a token without a tenant is an operator's", pointer="/tenant"))
        return None
    tenant = platform.tenants.by_slug(slug)
    if tenant is None or not may_know(caller, tenant.id):
        raise NotFound(Problem("not-found", "there is no such tenant", pointer="/tenant"))
    return tenant.id


def _require_admin(caller: Principal) -> None:
    if "admin" not in caller.scopes:
        raise Refused(Problem("forbidden", "a token needs the scope admin to make or revoke others"))


def _choose_scopes(caller: Principal, wanted: list[Scope] | None) -> tuple[str, ...]:
    usual = [scope for scope in _DEFAULT if scope in caller.scopes]
    chosen = list(dict.fromkeys([str(scope) for scope in wanted] if wanted else usual))
    if not caller.scopes.issuperset(chosen):
        raise Refused(Problem("forbidden", "a token cannot do more than what it is made with", pointer="/scopes"))
    return tuple(chosen)


def _shorten(platform: Platform, caller: Principal, seconds: float | None) -> float | None:
    """A token that is made with another one ends with it at the latest."""
    held = next((t for t in platform.directory.now.tokens.values() if t.id == caller.token), None)
    if held is None or held.expires_at is None:
        return seconds
    left = max(1.0, held.expires_at.timestamp() - time.time())
    return left if seconds is None else min(seconds, left)


def _reaches(caller: Principal, token: Token) -> bool:
    return caller.tenant is None or caller.tenant == token.tenant_id


def _show(platform: Platform, token: Token) -> dict[str, Any]:
    tenant = platform.tenants.by_id(token.tenant_id) if token.tenant_id else None
    return {
        "id": token.id,
        "name": token.name,
        "tenant": tenant.slug if tenant else None,
        "scopes": list(token.scopes),
        "createdAt": format_time(token.created_at.timestamp()),
        "expiresAt": format_time(token.expires_at.timestamp()) if token.expires_at else None,
        "lastUsedAt": format_time(token.last_used_at.timestamp()) if token.last_used_at else None,
    }
