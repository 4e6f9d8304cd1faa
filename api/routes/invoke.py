"""Trying a service from the page or a script: one request through the dispatcher, as the caller, answered as JSON.

What does not live here: the way to the dispatcher (`api/invocation.py`).
"""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api import invocation, views
from api.access import Principal
from api.deps import Platform, ThePlatform, Visitor
from api.invocation import Call, Reply
from api.operations import answer, describe
from api.shapes.services import Invocation
from api.tokens import TenantGrant
from core.errors import Problem, Refused
from core.tenants import Tenant

router = APIRouter()
_MAX_BODY = 12 * 2**20  # bytes: what may be sent, as base64


class ServiceCall(BaseModel):
    """A request to a service. `path` is below the service, with its query."""

    method: str = "GET"
    path: str = "/"
    headers: dict[str, str] = Field(default_factory=dict, max_length=100)
    body: str | None = Field(None, description="as text")
    bodyBase64: str | None = Field(None, description="as bytes")


@router.post(
    "/api/v1/tenants/{slug}/services/{service}/invoke",
    max_body_size=_MAX_BODY,
    **describe("invokeService", "services", {200: answer(Invocation)}),
)
async def invoke_service(service: str, body: ServiceCall, platform: ThePlatform, visitor: Visitor) -> dict[str, Any]:
    """What the service answers, and which revision of it. Redirects are answered, not followed."""
    principal, tenant = visitor
    (await platform.index.read(tenant)).find(service)
    call = Call(body.method.upper(), body.path, body.headers, _read_body(body))
    token = _make_token(platform, principal, tenant)
    door = platform.settings.dispatcher_url or platform.settings.apps_url
    return _show(await invocation.invoke(door, service, token, call))


def _make_token(platform: Platform, principal: Principal, tenant: Tenant) -> str:
    """A token for this one call: for apps and this tenant only; it never leaves the platform."""
    session = principal.session or f"token:{principal.token}"
    grant = TenantGrant(tenant.id, tenant.slug, principal.role_in(tenant.id) or "viewer", principal.email)
    token, _ = platform.keys.sign_access_token(
        user_id=principal.user_id, session=session, audience="app", scopes=["invoke"], now=time.time(), grant=grant
    )
    return token


def _read_body(asked: ServiceCall) -> bytes:
    if asked.body is not None and asked.bodyBase64 is not None:
        raise Refused(Problem("bad-request", "send either `body` or `bodyBase64`", pointer="/body"))
    try:
        return (asked.body or "").encode() or base64.b64decode(asked.bodyBase64 or "", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError) as error:
        raise Refused(Problem("bad-request", "the body cannot be decoded", pointer="/bodyBase64")) from error


def _show(reply: Reply) -> dict[str, Any]:
    return {
        "status": reply.status,
        "headers": dict(reply.headers),
        **views.show_content(reply.body, "body"),
        "truncated": reply.truncated,
        "revision": reply.headers.get("paaks-revision"),
        "requestId": reply.headers.get("paaks-request-id"),
        "ms": round(reply.seconds * 1000, 1),
    }
