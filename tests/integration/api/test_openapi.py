"""What is served as `/openapi.json`, and that the tests' contract with it catches what is not as documented."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_args

import jsonschema_rs
import pytest
from fastapi.routing import APIRoute

from api import access
from api.access import ROLES
from api.app import describe_routes
from api.routes import changes, files
from api.shapes import words
from core import credentials, releases
from tests.api_contract import read_contract
from tests.api_process import ROOT
from tests.integration.api.conftest import People

DOCUMENT = describe_routes()
TOKEN = {"token": "x", "expiresAt": "2026-11-24T21:00:00.000Z"}
ID = {"PaaKS-Request-Id": "0"}
JSON = {"content-type": "application/json", **ID}
PROBLEM = {"content-type": "application/problem+json", **ID}
REFUSAL = {"type": "/problems/forbidden", "title": "t", "status": 403, "detail": "d", "errors": []}
MINT = "/api/v1/session/token"
FILE = "/api/v1/tenants/t/services/s/files/a/b.py"


def list_operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def find_references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from find_references(part)


def test_what_is_served_is_what_is_printed(people: People) -> None:
    printed = subprocess.run([sys.executable, "-m", "api.app"], cwd=ROOT, capture_output=True, check=True, timeout=60)

    with people.api.open() as client:
        served = client.get("/openapi.json").json()
    assert served == json.loads(printed.stdout) == DOCUMENT


def test_every_operation_has_a_name_of_its_own_a_noun_and_every_parameter() -> None:
    names = [operation["operationId"] for _, _, operation in list_operations()]

    assert len(set(names)) == len(names)
    for _, path, operation in list_operations():
        assert re.fullmatch("[a-z]+([A-Z][a-z]+)*", operation["operationId"])
        assert len(operation["tags"]) == 1
        inside = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert inside == set(re.findall(r"\{(\w+)\}", path))
        assert set(operation["responses"]) > {"default"}


def test_every_answer_in_json_has_a_named_form_and_every_reference_leads_somewhere() -> None:
    components = DOCUMENT["components"]["schemas"]

    for reference in find_references(DOCUMENT):
        assert reference.removeprefix("#/components/schemas/") in components
    for _, path, operation in list_operations():
        for response in operation["responses"].values():
            for kind, content in response.get("content", {}).items():
                is_named = set(content["schema"]) == {"$ref"}
                assert is_named or "json" not in kind or path.endswith(("service.json",)) or "ndjson" in kind, path


def test_the_components_are_schemas_without_two_of_one_name() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert "__" not in name
        jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def test_the_words_are_those_that_are_used() -> None:
    assert get_args(words.ReleaseState.__value__) == releases.STATES
    assert set(get_args(words.ServiceState.__value__)) == {*releases.STATES, "unknown"}
    assert get_args(words.Stage.__value__) == releases.STAGES
    assert get_args(words.Role.__value__) == ROLES
    assert set(get_args(words.Scope.__value__)) == set(credentials.SCOPES)
    assert get_args(words.Credential.__value__) == get_args(access.Credential)


def test_saving_costs_nothing_for_being_described() -> None:
    for router in (files.router, changes.router):
        for route in router.routes:
            if isinstance(route, APIRoute) and route.operation_id in ("saveFile", "deleteFile", "postChanges"):
                assert (route.response_model, route.responses) == (None, {})


def check(status: int, headers: dict[str, str], body: Any, method: str = "POST", path: str = MINT) -> None:
    read_contract().check(method, path, status, headers, json.dumps(body).encode())


def test_the_contract_lets_through_what_is_documented() -> None:
    check(200, JSON, TOKEN)
    check(403, PROBLEM, REFUSAL)
    check(404, PROBLEM, REFUSAL, "PUT", "/api/v1/nothing/at/all")
    read_contract().check("GET", FILE, 304, {"ETag": '"x"', "PaaKS-Commit": "y", **ID}, b"")
    read_contract().check("GET", "/metrics", 200, {}, b"not of the API")


@pytest.mark.parametrize(
    ("what", "status", "headers", "body"),
    [
        ("another member", 200, JSON, {**TOKEN, "secret": "x"}),
        ("a missing member", 200, JSON, {"token": "x"}),
        ("a type", 200, JSON, {**TOKEN, "token": None}),
        ("a format", 200, JSON, {**TOKEN, "expiresAt": "tomorrow"}),
        ("a status", 201, JSON, TOKEN),
        ("a media type", 200, {"content-type": "text/csv", **ID}, TOKEN),
        ("no request id", 200, {"content-type": "application/json"}, TOKEN),
        ("a header", 200, {**JSON, "ETag": "x"}, TOKEN),
        ("a refusal that is none", 403, JSON, {"detail": "no"}),
        ("a member of a refusal", 403, PROBLEM, {**REFUSAL, "sides": []}),
        ("a refusal of an unknown kind", 403, PROBLEM, {**REFUSAL, "type": "/problems/none"}),
    ],
)
def test_the_contract_refuses_what_is_not_documented(
    what: str, status: int, headers: dict[str, str], body: Any
) -> None:
    with pytest.raises(AssertionError):
        check(status, headers, body)


@pytest.mark.parametrize("missing", ["ETag", "PaaKS-Commit"])
def test_the_contract_refuses_a_missing_header(missing: str) -> None:
    headers = {"ETag": '"x"', "PaaKS-Commit": "y", "content-type": "text/plain; charset=utf-8", **ID}
    read_contract().check("GET", FILE, 200, headers, b"text")

    del headers[missing]
    with pytest.raises(AssertionError, match=missing):
        read_contract().check("GET", FILE, 200, headers, b"text")


def test_the_contract_reads_streams_one_by_one() -> None:
    line = {"at": None, "level": "info", "requestId": None, "text": "x", "pod": "p", "commit": None, "complete": True}
    logs = "/api/v1/tenants/t/services/s/logs"
    ndjson, events = ({"content-type": kind, **ID} for kind in ("application/x-ndjson", "text/event-stream"))

    def send(kind: dict[str, str], form: str, found: Any) -> None:
        read_contract().check("GET", logs, 200, kind, form.replace("%", json.dumps(found)).encode())

    for kind, form in ((ndjson, "%\n%\n"), (events, "retry: 2000\n\nevent: log\ndata: %\n\n: keep-alive\n\n")):
        send(kind, form, line)
        with pytest.raises(AssertionError):
            send(kind, form, {**line, "more": 1})
    with pytest.raises(AssertionError):
        send(events, "event: other\ndata: %\n\n", line)
