"""The API described for machines (OpenAPI 3.1) and as a page for people.

What does not live here: the routes themselves; serving either (`pages.py`).
"""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from core.problems import CATALOGUE, MEDIA_TYPE

Document = dict[str, Any]
_METHODS = ("get", "put", "post", "patch", "delete")
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_PLACE = {"detail": _TEXT, "file": _TEXT, "line": _NUMBER, "column": _NUMBER, "hint": _TEXT, "pointer": _TEXT}
_INTRODUCTION = (
    "Send `Authorization: Bearer` with a personal access token or an access token; or the session's cookie, then with "
    "X-PaaKS-CSRF on what changes something. Git is at `/git/<slug>.git`."
)


def describe(app: FastAPI) -> Document:
    """The document of an application's routes. Every answer that is not a success is a problem."""
    document = get_openapi(title="PaaKS", version="1", description=_INTRODUCTION, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for generated in ("HTTPValidationError", "ValidationError"):
        schemas.pop(generated, None)
    schemas["Problem"] = _describe_problem()
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"bearer": []}]
    for path in document["paths"].values():
        for operation in (path[method] for method in _METHODS if method in path):
            operation["responses"].pop("422", None)
            reference = {"$ref": "#/components/schemas/Problem"}
            operation["responses"]["default"] = {
                "description": "A problem (RFC 9457)",
                "content": {MEDIA_TYPE: {"schema": reference}},
            }
    return document


def _describe_problem() -> Document:
    types = [f"/problems/{slug}" for slug in CATALOGUE]
    entry: Document = {
        "type": "object",
        "properties": {"type": {**_TEXT, "enum": types}, **_PLACE},
        "required": ["type"],
    }
    members = {"title": _TEXT, "status": _NUMBER, "requestId": _TEXT, "errors": {"type": "array", "items": entry}}
    required = ["type", "title", "status", "detail", "errors"]
    return {"type": "object", "properties": {**entry["properties"], **members}, "required": required}


def draw(document: Document) -> str:
    """The document as one page, without a script and without anything from elsewhere."""
    rows = []
    for path, operations in sorted(document["paths"].items()):
        for method in (name for name in _METHODS if name in operations):
            said = operations[method].get("description") or operations[method].get("summary", "")
            cells = (f"<code>{method.upper()}</code>", f"<code>{escape(path)}</code>", escape(said))
            rows.append("<tr>" + "".join(f"<td>{cell}" for cell in cells))
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>PaaKS API</title><style>body{font:16px/1.5 system-ui;"
        "margin:2rem auto;max-width:70rem;padding:0 1rem}td{vertical-align:top;padding:.3rem 1rem .3rem 0}</style>"
        "<h1>PaaKS API</h1><p>Every operation; schemas are in <a href=/openapi.json>/openapi.json</a>."
        f"<table>{''.join(rows)}</table></html>"
    )
