"""What a route says of itself in the OpenAPI document: its name, its noun, its answers by status, its headers. Pure.

Nothing of it is used while a request is served. What does not live here: the answers' forms (`shapes/`), the document
(`openapi.py`), what a request may say where the framework reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from core.problems import MEDIA_TYPE

Document = dict[str, Any]
_TEXT: Document = {"type": "string"}
_HEADERS = {
    "ETag": "names this version, for If-Match and If-None-Match",
    "PaaKS-Commit": "the commit that this is of",
    "Location": "where to find what was made",
}
_WISHES = {
    "Prefer": "`wait=N`: answer when the releases are final, or after N seconds (202)",
    "If-Match": "the ETag of what is replaced",
    "If-None-Match": "`*` to create; to read, the ETag of what is known",
    "Idempotency-Key": "1 to 200 visible characters: the same request is done once, and answered the same for a day",
}
FILE: Document = {"content": {"application/octet-stream": {"schema": {**_TEXT, "format": "binary"}}}}


def refer(shape: Any) -> Document:
    """A reference to the component of a shape."""
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def answer(shape: Any = None, *headers: str, optional: tuple[str, ...] = ()) -> Document:
    """An answer with JSON of a shape, or without a body; `headers` it always has, `optional` ones it may have."""
    described: Document = {}
    if shape is not None:
        described["content"] = {"application/json": {"schema": refer(shape)}}
    if headers or optional:
        described["headers"] = {
            name: {"description": _HEADERS[name], "required": name in headers, "schema": _TEXT}
            for name in (*headers, *optional)
        }
    return described


def add_texts(described: Document, *media_types: str) -> Document:
    """An answer that may also come as text of these media types."""
    content = {name: {"schema": _TEXT} for name in media_types}
    return {**described, "content": {**described.get("content", {}), **content}}


def stream(**items: Any) -> Document:
    """An answer without an end, as lines of JSON (`ndjson`) or server-sent events (`events`), each of a shape.

    OpenAPI 3.1 has no word for it: `x-item-schema` is what `itemSchema` is in 3.2.
    """
    media_types = {"ndjson": "application/x-ndjson", "events": "text/event-stream"}
    schemas = {media_types[name]: {**_TEXT, "x-item-schema": refer(shape)} for name, shape in items.items()}
    return {"content": {name: {"schema": schema} for name, schema in schemas.items()}}


def refusal(shape: Any) -> Document:
    """A problem that says more than others."""
    return {"content": {MEDIA_TYPE: {"schema": refer(shape)}}}


def describe(
    name: str, noun: str, answers: Mapping[int, Document], *, wishes: tuple[str, ...] = (), body: Document | None = None
) -> dict[str, Any]:
    """What a route's decorator takes: `name` becomes the client's function, `wishes` are request headers."""
    responses = {
        str(status): {"description": HTTPStatus(status).phrase, **described} for status, described in answers.items()
    }
    extra: Document = {"responses": responses}
    if wishes:
        extra["parameters"] = [
            {"name": header, "in": "header", "required": False, "description": _WISHES[header], "schema": _TEXT}
            for header in wishes
        ]
    if body is not None:
        extra["requestBody"] = {"required": True, **body}
    return {"operation_id": name, "tags": [noun], "openapi_extra": extra}
