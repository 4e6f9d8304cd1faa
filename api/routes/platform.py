"""What the platform is, for its operators, and which role may do what, for everybody.

What does not live here: how its parts are (`health.py`), the table itself (`api/access.py`).
"""

from __future__ import annotations

import importlib.metadata
from typing import Any

from fastapi import APIRouter

from api.access import PLATFORM, Action, roles_for, scope_for
from api.deps import Caller, Operator, ThePlatform
from api.operations import answer, describe
from api.shapes import people as shapes

router = APIRouter()
_VERSION = importlib.metadata.version("paaks")


@router.get("/api/v1/roles", **describe("listRoles", "platform", {200: answer(shapes.Permissions)}))
async def list_roles(_: Caller) -> dict[str, Any]:
    """Every permission, who has it, and the scope that a token needs for it."""
    return {"items": [_show(action) for action in Action]}


@router.get("/api/v1/platform", **describe("getPlatform", "platform", {200: answer(shapes.PlatformFacts)}))
async def get_platform(platform: ThePlatform, _: Operator) -> dict[str, Any]:
    """Which version runs, where people reach it, how tenants are kept apart, and how many there are."""
    settings = platform.settings
    return {
        "version": _VERSION,
        "publicUrl": settings.public_url,
        "appsUrl": settings.apps_url,
        "isolation": settings.isolation,
        "singleDomain": settings.insecure_single_domain,
        "tenants": len(platform.tenants.all()),
        "users": len(platform.directory.now.users),
    }


def _show(action: Action) -> dict[str, Any]:
    return {
        "action": action.value,
        "text": action.text,
        "platform": action in PLATFORM,
        "roles": list(roles_for(action)),
        "scope": scope_for(action),
    }
