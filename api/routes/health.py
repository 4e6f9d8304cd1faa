"""Does the process live, is it ready, how are its parts, and what has it counted.

What does not live here: looking at the parts (`api/readiness.py`), counting (`api/metrics.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.deps import ThePlatform
from api.metrics import MEDIA_TYPE
from api.operations import add_texts, answer, describe
from api.readiness import Part, look_at_all, look_at_own
from api.shapes import people as shapes

router = APIRouter()
_HEALTH = dict.fromkeys((200, 503), answer(shapes.Health))
_FRESH = {"Cache-Control": "no-store"}


@router.get("/health_check", include_in_schema=False)  # the original's name for it
@router.get("/livez", **describe("getLife", "platform", {200: answer(shapes.Life)}))
async def tell_life() -> JSONResponse:
    """The process lives."""
    return JSONResponse({"status": "ok"}, headers=_FRESH)


@router.get("/readyz", **describe("getReadiness", "platform", _HEALTH))
async def tell_readiness(request: Request, platform: ThePlatform) -> JSONResponse:
    """200 once users are known, the first start is done and git answers; `?verbose` also says how the others are."""
    verbose = "verbose" in request.query_params
    parts = await look_at_all(platform) if verbose else look_at_own(platform)
    ready = all(part.ok for part in parts if part.needed)
    body = {"status": "ok" if ready else "not ready", **({"parts": _show(parts)} if verbose or not ready else {})}
    return JSONResponse(body, 200 if ready else 503, _FRESH)


@router.get("/healthz", **describe("getHealth", "platform", _HEALTH))
async def tell_health(platform: ThePlatform) -> JSONResponse:
    """All parts; 200 as long as this process can serve, `degraded` where another does not answer."""
    parts = await look_at_all(platform)
    ready = all(part.ok for part in parts if part.needed)
    status = "ok" if all(part.ok for part in parts) else "degraded" if ready else "not ready"
    return JSONResponse({"status": status, "parts": _show(parts)}, 200 if ready else 503, _FRESH)


@router.get(
    "/metrics", response_class=Response, **describe("getMetrics", "platform", {200: add_texts({}, "text/plain")})
)
async def tell_metrics(platform: ThePlatform) -> Response:
    """Prometheus' text format."""
    return Response(platform.metrics.write(), media_type=MEDIA_TYPE, headers=_FRESH)


def _show(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [{"name": part.name, "ok": part.ok, "detail": part.detail} for part in parts]
