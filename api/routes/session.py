"""Signing in and out: by password or one-time link to a session in cookies, and tokens minted from a session.

What does not live here: storing sessions (`api/sessions.py`), judging what comes back (`api/auth.py`).
"""

from __future__ import annotations

import ipaddress
import time
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from api.access import Action, Principal, may, may_know
from api.accounts import UserChange, check_name
from api.deps import Caller, Platform, ThePlatform
from api.directory import User
from api.operations import answer, describe
from api.passwords import PASSWORD_BYTES, TooManyAttempts
from api.sessions import OpenSession, Session, not_signed_in
from api.settings import Settings
from api.shapes import people as shapes
from api.tokens import TenantGrant
from core.credentials import SCOPES
from core.errors import NotFound, Problem, Refused, RetryLater
from core.history import format_time

router = APIRouter()
_PATH = "/api/v1/session"
_NEEDED = {"git": Action.READ, "app": Action.CALL}


class SignIn(BaseModel):
    """Either an address and a password, or the code of a sign-in link, with a new password if one is chosen."""

    email: Annotated[str, Field(max_length=254)] | None = None
    password: Annotated[str, Field(max_length=PASSWORD_BYTES)] | None = None
    code: Annotated[str, Field(max_length=200)] | None = None


class OwnChange(BaseModel):
    """What to change of oneself; a new password takes `currentPassword`."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    password: Annotated[str, Field(max_length=PASSWORD_BYTES)] | None = None
    currentPassword: Annotated[str, Field(max_length=PASSWORD_BYTES)] | None = None


class TokenPurpose(BaseModel):
    """What a token is for: the API, or git or the services of one tenant."""

    aud: Literal["api", "git", "app"]
    tenant: str | None = None


@router.post(_PATH, **describe("signIn", "session", {200: answer(shapes.Session)}))
async def sign_in(body: SignIn, request: Request, platform: ThePlatform) -> Response:
    """A new session; its cookies cannot be read by scripts, `csrf` goes into X-PaaKS-CSRF."""
    agent = _read_agent(request)
    if body.code is not None and body.password is not None:
        user_id = await platform.accounts.choose_password(body.code, body.password)
        session = await platform.sessions.open(user_id, agent)
    elif body.code is not None:
        session = await platform.sessions.use_link(body.code, agent)
    elif body.email is not None and body.password is not None:
        user_id = await _verify(platform, body.email, body.password, _read_address(request))
        session = await platform.sessions.open(user_id, agent)
    else:
        raise Refused(Problem("bad-request", "send `email` and `password`, or `code`"))
    return _answer_session(platform, session)


async def _verify(platform: Platform, email: str, password: str, address: str) -> str:
    """The user's id. Raises Refused with the same words for every reason, TooManyAttempts, RetryLater."""
    account, limits = email.lower(), platform.limits
    with limits.attempt(account, address, time.monotonic()):
        user_id = await platform.accounts.verify(email, password)
        if user_id is None:
            limits.fail(account, address, time.monotonic())
            raise Refused(Problem("not-authenticated", "address or password is wrong"))
        limits.succeed(account)
        return user_id


def _read_address(request: Request) -> str:
    """Where the connection comes from, whatever headers say; "" for this machine: a proxy here speaks for everybody."""
    host = request.client.host if request.client else ""
    return "" if not host or ipaddress.ip_address(host).is_loopback else host


def _read_agent(request: Request) -> str:
    return request.headers.get("user-agent", "")


@router.get(_PATH, **describe("getSession", "session", {200: answer(shapes.CurrentSession)}))
async def describe_session(platform: ThePlatform, caller: Caller) -> dict[str, Any]:
    """Who is calling, with what, and which tenants they may know."""
    csrf = platform.keys.make_csrf_token(caller.session) if caller.session else None
    user = platform.directory.now.users[caller.user_id]
    shown = _show(platform, user, caller, csrf)
    return shown | {"credential": caller.credential, "scopes": sorted(caller.scopes)}


@router.patch(_PATH, **describe("changeSelf", "session", {200: answer(shapes.Session)}))
async def change_self(body: OwnChange, request: Request, platform: ThePlatform, caller: Caller) -> Response:
    """Changes one's own name and password. A new password ends every session; this caller gets a new one."""
    if caller.session is None:
        raise _no_session("sign in to change what is yours")
    if body.name is not None:
        check_name(body.name)
    if body.password is not None:
        await _require_password(platform, caller, body.currentPassword or "", _read_address(request))
    await platform.accounts.change_user(caller.user_id, UserChange(body.name, body.password))
    if body.password is None:
        return _answer_session(platform, Session(caller.session, caller.user_id, None))
    return _answer_session(platform, await platform.sessions.open(caller.user_id, _read_agent(request)))


async def _require_password(platform: Platform, caller: Principal, password: str, address: str) -> None:
    """Whoever holds an open browser is not yet its owner; wrong ones count as they do at the login."""
    try:
        await _verify(platform, caller.email, password, address)
    except TooManyAttempts:
        raise
    except Refused as error:
        raise Refused(Problem("bad-request", "this is not your password", pointer="/currentPassword")) from error


@router.delete(_PATH, status_code=204, **describe("signOut", "session", {204: {}}))
async def sign_out(platform: ThePlatform, caller: Caller) -> Response:
    """Ends the session; whatever was signed for it is refused everywhere within seconds."""
    if caller.session is None:
        raise _no_session("DELETE /api/v1/tokens/{id}")
    await platform.sessions.revoke(caller.session)
    response = Response(status_code=204)
    for name in ("paaks_session", "paaks_refresh"):
        _set_cookie(response, platform.settings, name, "", 0)
    return response


@router.get(_PATH + "/all", **describe("listSessions", "session", {200: answer(shapes.OpenSessions)}))
async def list_sessions(platform: ThePlatform, caller: Caller) -> dict[str, Any]:
    """One's own sessions that have not ended, the newest first."""
    current = _require_session(caller)
    found = await platform.sessions.list_open(caller.user_id)
    return {"items": [_show_open(each, each.id == current) for each in found]}


@router.delete(_PATH + "/all", status_code=204, **describe("endOtherSessions", "session", {204: {}}))
async def end_other_sessions(platform: ThePlatform, caller: Caller) -> Response:
    """Ends all of one's own sessions but this one; felt everywhere within seconds."""
    await platform.sessions.revoke_others(caller.user_id, _require_session(caller))
    return Response(status_code=204)


@router.delete(_PATH + "/all/{id}", status_code=204, **describe("endSession", "session", {204: {}}))
async def end_session(id: str, platform: ThePlatform, caller: Caller) -> Response:
    """Ends one of one's own sessions; felt everywhere within seconds."""
    _require_session(caller)
    if not _is_uuid(id):
        raise NotFound(Problem("not-found", "there is no such session"))
    await platform.sessions.revoke_own(caller.user_id, id)
    return Response(status_code=204)


def _require_session(caller: Principal) -> str:
    """The caller's session. Raises Refused."""
    if caller.session is None:
        raise _no_session("sign in to see and to end your sessions")
    return caller.session


def _show_open(session: OpenSession, is_current: bool) -> dict[str, Any]:
    return {
        "id": session.id,
        "createdAt": format_time(session.created_at.timestamp()),
        "lastUsedAt": format_time(session.used_at.timestamp()),
        "expiresAt": format_time(session.expires_at.timestamp()),
        "userAgent": session.user_agent,
        "current": is_current,
    }


@router.post(_PATH + "/refresh", **describe("refreshSession", "session", {200: answer(shapes.Session)}))
async def refresh(request: Request, platform: ThePlatform) -> Response:
    """A new access token and a new refresh cookie for the old one, which is used up."""
    cookie = request.cookies.get(f"{platform.settings.cookie_prefix}paaks_refresh", "")
    session_id, _, secret = cookie.partition(".")
    if not _is_uuid(session_id) or not secret:
        raise not_signed_in()
    return _answer_session(platform, await platform.sessions.refresh(session_id, secret))


@router.post(_PATH + "/token", **describe("mintToken", "session", {200: answer(shapes.AccessToken)}))
async def mint_token(body: TokenPurpose, platform: ThePlatform, caller: Caller) -> dict[str, Any]:
    """A token for one purpose, which is good for 15 minutes, but no longer than the session."""
    if caller.session is None:
        raise Refused(Problem("forbidden", "a personal token is good for all of this itself"))
    grant = _make_grant(platform, caller, body)
    await platform.sessions.require(caller.session)
    token, ends = platform.keys.sign_access_token(
        user_id=caller.user_id,
        session=caller.session,
        audience=body.aud,
        scopes=sorted(caller.scopes),
        now=time.time(),
        grant=grant,
    )
    return {"token": token, "expiresAt": format_time(ends)}


def _make_grant(platform: Platform, caller: Principal, wanted: TokenPurpose) -> TenantGrant | None:
    if wanted.aud == "api":
        if wanted.tenant is not None:
            raise Refused(Problem("bad-request", "a token for the API is for all tenants", pointer="/tenant"))
        return None
    if wanted.tenant is None:
        raise Refused(Problem("bad-request", "`tenant` is missing: its slug", pointer="/tenant"))
    tenant = platform.tenants.by_slug(wanted.tenant)
    if tenant is None or not may_know(caller, tenant.id):
        raise NotFound(Problem("not-found", "there is no such tenant", pointer="/tenant"))
    if not may(caller, _NEEDED[wanted.aud], tenant.id):
        raise Refused(Problem("forbidden", f"your role or your token does not allow it in {tenant.slug}"))
    return TenantGrant(tenant.id, tenant.slug, caller.role_in(tenant.id) or "operator", caller.email)


def _answer_session(platform: Platform, session: Session) -> Response:
    """The cookies of a session and who it belongs to. Raises Refused where the user may not sign in any more."""
    if not platform.directory.loaded:
        raise RetryLater("the directory of users has not been read yet")
    user = platform.directory.now.users.get(session.user_id)
    if user is None or user.disabled:
        raise not_signed_in()
    principal = Principal(
        user.id, user.email, user.name, user.operator, platform.directory.now.roles.get(user.id, {}), session=session.id
    )
    token, _ = platform.keys.sign_access_token(
        user_id=user.id, session=session.id, audience="api", scopes=list(SCOPES), now=time.time()
    )
    settings = platform.settings
    response = JSONResponse(_show(platform, user, principal, platform.keys.make_csrf_token(session.id)))
    _set_cookie(response, settings, "paaks_session", token, settings.access_token_seconds)
    if session.secret is not None:
        value = f"{session.id}.{session.secret}"
        _set_cookie(response, settings, "paaks_refresh", value, settings.session_seconds)
    return response


def _set_cookie(response: Response, settings: Settings, name: str, value: str, seconds: float) -> None:
    response.set_cookie(
        settings.cookie_prefix + name,
        value,
        max_age=int(seconds),
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="strict",
    )


def _show(platform: Platform, user: User, principal: Principal, csrf: str | None) -> dict[str, Any]:
    known = [tenant for tenant in platform.tenants.all() if may_know(principal, tenant.id)]
    return {
        "user": {"id": user.id, "email": user.email, "name": user.name, "operator": user.operator},
        "tenants": [{"id": t.id, "slug": t.slug, "role": principal.role_in(t.id)} for t in known],
        "csrf": csrf,
    }


def _no_session(hint: str) -> Refused:
    return Refused(Problem("forbidden", "a personal token has no session", hint=hint))


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
