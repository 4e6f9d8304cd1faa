"""The objects of a service beside what main says of them, for whoever may read it.

What does not live here: which objects, and what is said of each (`api/resources.py`).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from api.deps import Reader, ThePlatform
from api.operations import answer, describe
from api.resources import Question, read_resources
from api.shapes import services as shapes
from core import names
from core.errors import NotFound, Problem

router = APIRouter()
ManagedFields = Annotated[bool, Query(alias="managedFields", description="with who owns which field, in `live`")]


@router.get(
    "/api/v1/tenants/{slug}/services/{service}/resources",
    **describe("listResources", "services", {200: answer(shapes.Resources)}),
)
async def list_resources(
    service: str, platform: ThePlatform, reader: Reader, managed_fields: ManagedFields = False
) -> JSONResponse:
    """What the cluster holds of a service, and what main says; also of one that is gone from main and runs still."""
    tenant = reader[1]
    overview = await platform.index.read(tenant)
    if service not in overview.services and names.name_problem(service) is not None:
        raise _missing(service)
    question = Question(
        tenant, service, platform.tenants.path_of(tenant), platform.settings.runtime_image, managed_fields
    )
    shown = await read_resources(platform.cluster, question, overview.services.get(service))
    if not shown and service not in overview.services:
        raise _missing(service)
    return JSONResponse({"head": overview.head, "items": shown}, headers={"Cache-Control": "private, no-store"})


def _missing(service: str) -> NotFound:
    return NotFound(Problem("not-found", f"there is no service {service[:60]!r}"))
