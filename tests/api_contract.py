"""Holds the answers of the api that tests get over the wire against what `/openapi.json` says of them.

Each status, media type, header and member must be documented: a member that is not fails here, though clients have to
bear new ones.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import jsonschema_rs

from api.app import describe_routes

_LONG = {"path", "ref", "span"}  # parameters that have slashes in them
_EMPTY = {204, 304}


class Contract:
    """What a document says of every answer."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._paths = [(_match_path(path), operations) for path, operations in document["paths"].items()]
        self._components = _close(document["components"])

    def check(self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
        """Raises AssertionError for what is not documented. `body` is None where it was not read."""
        said = {name.lower(): value for name, value in headers.items()}
        place = f"{method} {path} {status}"
        if not path.startswith("/api/v1/"):
            return
        if "paaks-request-id" not in said:  # the server refuses what it cannot read, before the application
            assert status in (400, 431), f"{place}: without PaaKS-Request-Id"
            return
        described = self._find(method, path, status, place)
        for name, header in described.get("headers", {}).items():
            assert name.lower() in said or not header["required"], f"{place}: without {name}"
        for name in ("ETag", "Location", "PaaKS-Commit"):
            assert name.lower() not in said or name in described.get("headers", {}), f"{place}: {name} is undocumented"
        if method == "HEAD":
            return
        contents = described.get("content", {})
        if not contents:
            assert not body, f"{place}: an undocumented body"
            return
        kind = said.get("content-type", "").partition(";")[0]
        assert kind in contents, f"{place}: {kind or 'no type'} is undocumented"
        for schema, instance in _read_instances(kind, contents[kind]["schema"], body):
            for error in self._judge(json.dumps(schema)).iter_errors(instance):
                raise AssertionError(f"{place}: {error}")

    def _find(self, method: str, path: str, status: int, place: str) -> Any:
        operations: Mapping[str, Any] = next((found for pattern, found in self._paths if pattern.fullmatch(path)), {})
        responses = operations.get(method.lower(), {}).get("responses", {"default": _PROBLEM})
        assert str(status) in responses or status >= 400, f"{place}: the status is undocumented"
        return responses.get(str(status), responses["default"])

    @functools.cache  # noqa: B019 - there is one contract
    def _judge(self, schema: str) -> jsonschema_rs.Draft202012Validator:
        whole = {**json.loads(schema), "components": self._components}
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


_PROBLEM = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}


@functools.cache
def read_contract() -> Contract:
    """The contract of this checkout; that it is what is served is a test of its own."""
    return Contract(describe_routes())


def check_answer(response: httpx2.Response) -> None:
    """A client's hook: each answer is as it is documented. What has no length may have no end, and is not read."""
    request = response.request
    body = response.read() if "content-length" in response.headers else None
    path = request.url.raw_path.decode().partition("?")[0]
    read_contract().check(request.method, path, response.status_code, response.headers, body)


def read_events(body: bytes) -> list[dict[str, Any]]:
    """The events of a stream of server-sent events, as their fields; `data` as the JSON that it is."""
    found = []
    for block in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if "event" in fields:
            fields.pop("retry", None)
            found.append({**fields, "data": json.loads(fields["data"])})
    return found


def _read_instances(kind: str, schema: Mapping[str, Any], body: bytes | None) -> Iterator[tuple[Any, Any]]:
    """Each JSON text of an answer, and the schema that it must have."""
    if body is None:
        return
    match kind:
        case "application/json" | "application/problem+json":
            yield schema, json.loads(body)
        case "application/x-ndjson":
            yield from ((schema["x-item-schema"], json.loads(line)) for line in body.splitlines())
        case "text/event-stream":
            yield from ((schema["x-item-schema"], event) for event in read_events(body))


def _match_path(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    odd = [".+" if name in _LONG else "[^/]+" for name in parts[1::2]]
    fixed = [re.escape(part) for part in parts[::2]]
    return re.compile("".join(a + b for a, b in zip(fixed, [*odd, ""], strict=True)), re.DOTALL)


def _close(schema: Any) -> Any:
    """The schema without room for members that it does not name."""
    if isinstance(schema, list):
        return [_close(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _close(part) for name, part in schema.items()}
    is_object = closed.get("type") == "object" and "properties" in closed
    return {"additionalProperties": False, **closed} if is_object else closed
