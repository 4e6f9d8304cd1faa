"""What everybody may read: the catalogue of problems, and the JSON Schema of service.yaml.

What does not live here: either's contents (`core/problems.py`, `core/descriptor.py`).
"""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.operations import add_texts, answer, describe
from api.shapes.changes import ProblemKind
from core.descriptor import json_schema
from core.errors import NotFound, Problem
from core.problems import CATALOGUE

router = APIRouter()


@router.get("/problems/{slug}", include_in_schema=False)
@router.get(
    "/api/v1/problems/{slug}",
    **describe("explainProblem", "problems", {200: add_texts(answer(ProblemKind), "text/html")}),
)
async def explain_problem(slug: str, request: Request) -> Response:
    """One problem explained: as a page for browsers, else as JSON."""
    kind = CATALOGUE.get(slug)
    if kind is None:
        raise NotFound(Problem("not-found", "there is no such problem"))
    headers = {"Cache-Control": "public, max-age=3600", "Vary": "Accept"}
    if "text/html" in request.headers.get("accept", ""):
        page = f"<!doctype html><meta charset=utf-8><title>{escape(kind.title)}</title><h1>{escape(kind.title)}</h1>"
        return HTMLResponse(f"{page}<p>{escape(kind.text)}<p><code>{kind.slug}</code>, {kind.status}", headers=headers)
    body = {"type": f"/problems/{kind.slug}", "title": kind.title, "status": kind.status, "text": kind.text}
    return JSONResponse(body, headers=headers)


@router.get("/api/v1/schemas/service.json", **describe("describeDescriptor", "platform", {200: {}}))
async def describe_descriptor() -> dict[str, Any]:
    """The JSON Schema of service.yaml."""
    return json_schema()
