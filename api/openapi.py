"""The API described for machines (OpenAPI 3.1) and as a page for people.

What does not live here: what routes say of themselves (`operations.py`), the forms of answers (`shapes/`); serving
either (`pages.py`).
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from typing_extensions import TypeAliasType, is_typeddict

from api.shapes import changes, events, history, people, services, words
from core.problems import MEDIA_TYPE

Document = dict[str, Any]
_METHODS = ("get", "put", "post", "patch", "delete")
_TEXT = {"type": "string"}
_COMPONENT = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\}")
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
    schemas |= _describe_shapes()
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"bearer": []}]
    for path, operations in document["paths"].items():
        for operation in (operations[method] for method in _METHODS if method in operations):
            _finish(path, operation)
    _drop_titles(document["paths"])
    _drop_titles(schemas)
    return document


def _describe_shapes() -> Document:
    """Every shape as a component, by name."""
    found = {
        shape.__name__: shape
        for module in (words, people, history, services, changes, events)
        for shape in vars(module).values()
        if (is_typeddict(shape) or isinstance(shape, TypeAliasType)) and not shape.__name__.startswith("_")
    }
    inputs = [(name, "serialization", TypeAdapter[Any](shape)) for name, shape in found.items()]
    _, described = TypeAdapter.json_schemas(inputs, ref_template=_COMPONENT)  # type: ignore[arg-type]
    components: Document = described["$defs"]
    return components


def _finish(path: str, operation: Document) -> None:
    """What the framework does not know of an operation, or says too much of."""
    responses = operation["responses"]
    responses.pop("422", None)
    responses["default"] = {
        "description": "A problem (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _COMPONENT.format(model="Problem")}}},
    }
    for response in responses.values():
        for content in response.get("content", {}).values():
            if "$ref" in content["schema"]:
                content["schema"] = {"$ref": content["schema"]["$ref"]}
    parameters = operation.setdefault("parameters", [])
    known = {parameter["name"] for parameter in parameters}
    missing = [name for name in _PARAMETER.findall(path) if name not in known]
    parameters += [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in missing]


def _drop_titles(schema: Any) -> None:
    """The titles that are made of names say nothing; a property may be called so."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            _drop_titles(part)


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
