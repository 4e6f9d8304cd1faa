"""RBAC-01: every operation of the OpenAPI document × who is calling × whose tenant it is, against one table.

What is asked for is often not there, so an answer past the door is anything but 401, 403 and the tenant's own 404.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import describe_routes
from tests.api_process import Client
from tests.integration.api.conftest import People

WHO = ("anon", "viewer", "developer", "admin", "operator")
DOCUMENT = describe_routes()
OPERATIONS = [(m.upper(), p) for p, found in DOCUMENT["paths"].items() for m in found if m != "parameters"]
T = "/api/v1/tenants/{slug}"
S = T + "/services/{service}"

# Who comes in: everybody, whoever is signed in, those who may read, call, commit, manage, and operators.
GROUPS = {
    "everybody": set(WHO),
    "signed": set(WHO) - {"anon"},
    "read": {"viewer", "developer", "admin", "operator"},
    "call": {"viewer", "developer", "admin"},
    "commit": {"developer", "admin"},
    "manage": {"admin", "operator"},
    "operator": {"operator"},
}
MATRIX: dict[tuple[str, str], str] = {
    ("GET", "/livez"): "everybody",
    ("GET", "/readyz"): "everybody",
    ("GET", "/healthz"): "everybody",
    ("GET", "/metrics"): "everybody",
    ("GET", "/api/v1/schemas/service.json"): "everybody",
    ("GET", "/api/v1/problems/{slug}"): "everybody",
    ("POST", "/api/v1/session"): "everybody",
    ("POST", "/api/v1/session/refresh"): "everybody",
    ("GET", "/api/v1/session"): "signed",
    ("PATCH", "/api/v1/session"): "signed",
    ("DELETE", "/api/v1/session"): "signed",
    ("GET", "/api/v1/session/all"): "signed",
    ("DELETE", "/api/v1/session/all"): "signed",
    ("DELETE", "/api/v1/session/all/{id}"): "signed",
    ("POST", "/api/v1/session/token"): "signed",
    ("GET", "/api/v1/tokens"): "signed",
    ("POST", "/api/v1/tokens"): "signed",
    ("DELETE", "/api/v1/tokens/{id}"): "signed",
    ("GET", "/api/v1/tenants"): "signed",
    ("POST", "/api/v1/tenants"): "operator",
    ("GET", "/api/v1/users"): "operator",
    ("POST", "/api/v1/users"): "operator",
    ("PATCH", "/api/v1/users/{id}"): "operator",
    ("POST", "/api/v1/users/{id}/link"): "operator",
    ("GET", "/api/v1/roles"): "signed",
    ("GET", "/api/v1/platform"): "operator",
    ("GET", T): "read",
    ("GET", T + "/members"): "read",
    ("POST", T + "/members"): "manage",
    ("PUT", T + "/members/{userId}"): "manage",
    ("DELETE", T + "/members/{userId}"): "manage",
    ("GET", T + "/services"): "read",
    ("POST", T + "/services"): "commit",
    ("GET", S): "read",
    ("DELETE", S): "commit",
    ("GET", S + "/files"): "read",
    ("GET", S + "/files/{path}"): "read",
    ("PUT", S + "/files/{path}"): "commit",
    ("DELETE", S + "/files/{path}"): "commit",
    ("POST", T + "/changes"): "commit",
    ("POST", T + "/commits/{ref}/revert"): "commit",
    ("POST", T + "/check"): "read",
    ("POST", S + "/check"): "read",
    ("POST", S + "/rollback"): "commit",
    ("GET", T + "/commits"): "read",
    ("GET", T + "/commits/{ref}"): "read",
    ("GET", T + "/compare/{span}"): "read",
    ("GET", T + "/releases"): "read",
    ("GET", T + "/releases/{release}"): "read",
    ("POST", T + "/reconcile"): "commit",
    ("POST", S + "/reconcile"): "commit",
    ("POST", T + "/prune"): "commit",
    ("GET", S + "/pods"): "read",
    ("GET", S + "/resources"): "read",
    ("GET", S + "/logs"): "read",
    ("GET", T + "/events"): "read",
    ("POST", S + "/invoke"): "call",
}
# A name that no service has; a commit that is none. The body passes no check, so nothing is ever changed.
VALUES = {
    "service": "nothing-here",
    "path": "x",
    "sha": "0" * 40,
    "range": "0...1",
    "release": "x",
    "id": "0",
    "userId": "0",
}


def anonymise(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def fill(path: str, slug: str) -> str:
    values = {**VALUES, "slug": slug}
    return re.sub(r"\{([^}:]*)[^}]*\}", lambda match: values.get(match[1], "0"), path)


def send(client: Client, method: str, path: str) -> tuple[int, Any]:
    """The status and the problem's words; only the head of a stream."""
    body = None if method in ("GET", "DELETE") else b"{}"
    headers = {"Content-Type": "application/json"}
    with client.stream(method, path, content=body, headers=headers) as answer:
        if "event-stream" in answer.headers.get("content-type", ""):
            return answer.status_code, None
        answer.read()
        is_problem = answer.headers.get("content-type") == "application/problem+json"
        return answer.status_code, answer.json()["detail"] if is_problem else None


def came_in(method: str, path: str, status: int, detail: Any) -> bool:
    if status == 401:
        return path in ("/api/v1/session", "/api/v1/session/refresh") and method == "POST"
    if status == 403:
        return detail in ("a personal token has no session", "a personal token is good for all of this itself")
    return not (status == 404 and detail == "there is no such tenant")


@pytest.fixture(scope="module")
def callers(people: People) -> Iterator[tuple[str, str, dict[str, Client]]]:
    """Two tenants, and everybody with a token of the first one, or of their own."""
    ours, theirs = people.make_tenant(), people.make_tenant()
    scopes = ["read", "write", "invoke", "admin"]
    clients = {"anon": people.api.open()}
    for role in ("viewer", "developer", "admin"):
        person = people.make_person(**{ours: role})
        clients[role] = people.api.open(people.mint(person.client, "api"))
    clients["operator"] = people.api.open(people.make_token(people.operator, None, scopes=scopes))
    yield ours, theirs, clients
    for client in clients.values():
        client.close()


def test_every_operation_is_in_the_table() -> None:
    assert {(method, anonymise(path)) for method, path in MATRIX} == {(m, anonymise(p)) for m, p in OPERATIONS}


@pytest.mark.parametrize(("method", "path"), sorted(OPERATIONS), ids=lambda value: str(value))
def test_rbac_01(method: str, path: str, callers: tuple[str, str, dict[str, Client]]) -> None:
    ours, theirs, clients = callers
    rule = next(rule for (m, p), rule in MATRIX.items() if (m, anonymise(p)) == (method, anonymise(path)))
    allowed = GROUPS[rule]
    for who, client in clients.items():
        if (method, path) == ("DELETE", "/api/v1/session") and who in ("viewer", "developer", "admin"):
            continue  # it would sign them out
        status, detail = send(client, method, fill(path, ours))
        assert status < 500 or path.endswith(("/pods", "/resources", "/logs", "/invoke")), (who, status, detail)
        assert came_in(method, path, status, detail) == (who in allowed), (who, "own", status, detail)
        if who == "anon" and who not in allowed:
            assert status == 401
        if "{slug}" in path and path.startswith(T):
            status, detail = send(client, method, fill(path, theirs))
            is_welcome = who == "operator" and who in allowed
            assert came_in(method, path, status, detail) == is_welcome, (who, "other", status, detail)
            if who in ("viewer", "developer", "admin"):
                assert (status, detail) == (404, "there is no such tenant")
