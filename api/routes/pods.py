"""The pods of a service, for whoever may read it.

What does not live here: what is said of each (`api/pods.py`), what they say themselves (`logs.py`).
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from api.deps import Reader, ThePlatform
from api.operations import answer, describe
from api.pods import read_pods
from api.shapes import services as shapes
from core.errors import NotFound, Problem

router = APIRouter()


@router.get(
    "/api/v1/tenants/{slug}/services/{service}/pods", **describe("listPods", "services", {200: answer(shapes.Pods)})
)
async def list_pods(service: str, platform: ThePlatform, reader: Reader) -> JSONResponse:
    """What runs of a service, also of one that is gone from main and runs still."""
    tenant = reader[1]
    overview = await platform.index.read(tenant)
    pods = await read_pods(platform.cluster, tenant, service)
    if not pods and service not in overview.services:
        raise NotFound(Problem("not-found", f"there is no service {service[:60]!r}"))
    return JSONResponse({"items": pods}, headers={"Cache-Control": "private, no-store"})
