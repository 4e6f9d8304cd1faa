"""Every operation of `/openapi.json`, called on the whole platform, answers as it is documented.

What the integration tests cannot have is here: releases that a real controller moved on, events of them, logs of a pod.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from tested_platform import Platform

from tests.api_contract import check_answer, read_contract

LIVE = {"Prefer": "wait=30"}
JSON = {"Accept": "application/json"}
FAILING = b"import nothing_like_it\n"
BODY = b"class Handler:\n    def run(self, req):\n        print('asked')\n        return 'ok'\n"


@dataclass
class Caller:
    """The operator and the tenant's admin at once; every answer is checked, and which operations answered is kept."""

    base: str
    operator: httpx2.Client
    admin: httpx2.Client
    called: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for client in (self.operator, self.admin):
            client.event_hooks = {"response": [check_answer]}

    def call(
        self, operation: str, path: str, *, status: int = 200, operator: bool = False, **options: Any
    ) -> httpx2.Response:
        """Call `GET …` below the tenant, or below the API for a path that starts with `/api/`."""
        method, template = operation.split(" ")
        whole = path if path.startswith("/api/") else self.base + path
        answer = (self.operator if operator else self.admin).request(method, whole, **options)
        assert answer.status_code == status, f"{operation}: {answer.status_code} {answer.text}"
        self.called.add((method.lower(), template))
        return answer

    def read(self, operation: str, path: str, **options: Any) -> Any:
        """The JSON that it answers."""
        return self.call(operation, path, **options).json()


T = "/api/v1/tenants/{slug}"
S = T + "/services/{service}"


@pytest.fixture
def caller(platform: Platform) -> Iterator[Caller]:
    with ExitStack() as stack:
        operator = stack.enter_context(platform.operator())
        admin = stack.enter_context(platform.client())
        yield Caller(f"/api/v1/tenants/{platform.slug}", operator, admin)


def listen(caller: Caller, wanted: set[str], act: Any) -> set[str]:
    """The types of the events that come while and after `act`, each checked, until all wanted ones have come."""
    found: set[str] = set()
    path = f"{caller.base}/events"
    with caller.admin.stream("GET", path, timeout=60.0) as answer:
        blocks = iter_blocks(answer)
        next(blocks)
        act()
        while not wanted <= found:
            block = next(blocks)
            read_contract().check("GET", path, 200, answer.headers, block.encode())
            found |= {line.removeprefix("event: ") for line in block.splitlines() if line.startswith("event: ")}
    caller.called.add(("get", T + "/events"))
    return found


def iter_blocks(answer: httpx2.Response) -> Iterator[str]:
    lines: list[str] = []
    for line in answer.iter_lines():
        lines.append(line)
        if not line:
            yield "\n".join([*lines, ""])
            lines = []


def test_every_operation_answers_as_it_is_documented(platform: Platform, caller: Caller, service_name: str) -> None:
    document = caller.admin.get("/openapi.json").json()
    in_the_document = {
        (method, path)
        for path, found in document["paths"].items()
        for method in found
        if path.startswith("/api/") and not path.startswith("/api/v1/session")
    }
    use_people(caller, service_name)
    use_sessions(platform, caller)
    use_service(caller, service_name)
    use_the_rest(caller)

    assert in_the_document - caller.called == set(), "call them here too"


def use_sessions(platform: Platform, caller: Caller) -> None:
    login = platform.login["operator"]
    with httpx2.Client(base_url=platform.api, event_hooks={"response": [check_answer]}, timeout=60.0) as client:
        given = {"email": login["email"], "password": login["password"]}
        session = client.post("/api/v1/session", json=given)
        headers = {"X-PaaKS-CSRF": session.json()["csrf"], "Origin": platform.api}
        assert client.get("/api/v1/session").status_code == 200
        assert client.post("/api/v1/session/token", json={"aud": "api"}, headers=headers).status_code == 200
        renewed = client.post("/api/v1/session/refresh", headers=headers)
        assert renewed.status_code == 200
        headers["X-PaaKS-CSRF"] = renewed.json()["csrf"]
        assert client.delete("/api/v1/session", headers=headers).status_code == 204
    assert caller.admin.get("/api/v1/session").json()["csrf"] is None
    end_sessions(platform, caller)


def end_sessions(platform: Platform, caller: Caller) -> None:
    """Of somebody of their own: everybody else's stay."""
    every, given = "/api/v1/session/all", {"email": "many.sessions@example.org", "password": "correct horse battery"}
    caller.operator.post("/api/v1/users", json={**given, "name": "Many"}).raise_for_status()
    with httpx2.Client(base_url=platform.api, event_hooks={"response": [check_answer]}, timeout=60.0) as client:
        for _ in range(3):
            client.cookies.clear()
            session = client.post("/api/v1/session", json=given)
        headers = {"X-PaaKS-CSRF": session.json()["csrf"], "Origin": platform.api}
        found = client.get(every).json()["items"]
        assert [each["current"] for each in found] == [True, False, False]
        assert client.delete(f"{every}/{found[1]['id']}", headers=headers).status_code == 204
        assert client.delete(every, headers=headers).status_code == 204
        assert [each["id"] for each in client.get(every).json()["items"]] == [found[0]["id"]]


def use_people(caller: Caller, name: str) -> None:
    users, tenants, tokens = "/api/v1/users", "/api/v1/tenants", "/api/v1/tokens"
    body = {"email": f"{name}@example.org", "name": "Ada"}
    user = caller.read(f"POST {users}", users, status=201, operator=True, json=body)["id"]
    caller.call(f"GET {users}", users, operator=True)
    caller.call(f"PATCH {users}/{{id}}", f"{users}/{user}", operator=True, json={"name": "Ana"})
    caller.call(f"POST {users}/{{id}}/link", f"{users}/{user}/link", status=201, operator=True, json={})
    caller.call(f"POST {tenants}", tenants, status=201, operator=True, json={"slug": f"t-{name}"})
    caller.call(f"GET {tenants}", tenants, operator=True)
    caller.call(f"GET {T}", "")
    caller.call(f"POST {T}/members", "/members", status=201, json={"email": body["email"], "role": "viewer"})
    caller.call(f"PUT {T}/members/{{userId}}", f"/members/{user}", json={"role": "developer"})
    caller.call(f"GET {T}/members", "/members")
    caller.call(f"DELETE {T}/members/{{userId}}", f"/members/{user}", status=204)
    slug = caller.base.rpartition("/")[2]
    made = caller.read(f"POST {tokens}", tokens, status=201, json={"name": name, "tenant": slug, "expiresIn": 60})
    caller.call(f"GET {tokens}", tokens)
    caller.call(f"DELETE {tokens}/{{id}}", f"{tokens}/{made['id']}", status=204)


def use_service(caller: Caller, name: str) -> None:
    here, file = f"/services/{name}", f"/services/{name}/files/handler.py"

    def create() -> None:
        caller.call(f"POST {T}/services", "/services", status=201, json={"name": name}, headers=LIVE)

    listen(caller, {"release.stage", "release.finished", "commit.created", "service.updated"}, create)
    services = caller.read(f"GET {T}/services", "/services?ready=true")
    first = services["head"]
    assert caller.read(f"GET {S}", f"{here}?ready=true")["ready"] == 1
    caller.call(f"GET {S}/files", f"{here}/files")
    etag = caller.call(f"GET {S}/files/{{path}}", file).headers["ETag"]
    assert "content" in caller.read(f"GET {S}/files/{{path}}", file, headers=JSON)
    caller.call(f"GET {S}/files/{{path}}", file, status=304, headers={"If-None-Match": etag})
    saved = caller.call(f"PUT {S}/files/{{path}}", file, content=BODY, headers={"If-Match": etag, **LIVE})
    assert saved.json()["release"]["state"] == "live"
    caller.call(f"PUT {S}/files/{{path}}", file, status=412, content=FAILING, headers={"If-Match": etag})
    asked = {"method": "GET", "path": "/x"}
    assert caller.read(f"POST {S}/invoke", f"{here}/invoke", json=asked)["body"] == "ok"
    pods = caller.read(f"GET {S}/pods", f"{here}/pods")["items"]
    assert "ready" in {pod["state"] for pod in pods if pod["commit"] == saved.json()["release"]["commit"]}
    resources = caller.read(f"GET {S}/resources", f"{here}/resources")["items"]
    assert [(item["name"], item["patch"]) for item in resources if item["kind"] == "Deployment"] == [(name, "")]
    logs = caller.call(f"GET {S}/logs", f"{here}/logs")
    assert json.loads(logs.text.splitlines()[-1])["text"]
    caller.call(f"GET {S}/logs", f"{here}/logs", headers={"Accept": "text/event-stream"})
    use_changes(caller, name, first)
    caller.call(f"POST {S}/reconcile", f"{here}/reconcile", status=200, headers=LIVE)
    caller.call(f"POST {S}/rollback", f"{here}/rollback", json={"to": first}, headers=LIVE)
    kept = caller.call(
        f"PUT {S}/files/{{path}}", f"{here}/files/r.txt", status=201, content=b"1", headers={"If-None-Match": "*"}
    )
    sha = kept.headers["PaaKS-Commit"]
    caller.call(f"POST {T}/commits/{{sha}}/revert", f"/commits/{sha}/revert", headers=LIVE)
    caller.call(f"POST {T}/commits/{{sha}}/revert", f"/commits/{sha}/revert", status=422)
    extra = caller.call(
        f"PUT {S}/files/{{path}}", f"{here}/files/a/b.txt", status=201, content=b"x", headers={"If-None-Match": "*"}
    )
    condition = {"If-Match": extra.headers["ETag"], **LIVE}
    caller.call(f"DELETE {S}/files/{{path}}", f"{here}/files/a/b.txt", headers=condition)

    def delete() -> None:
        caller.call(f"DELETE {S}", here, headers=LIVE)

    listen(caller, {"service.deleted"}, delete)


def use_changes(caller: Caller, name: str, first: str) -> None:
    path = f"{name}/handler.py"
    failing = {"base": first, "ops": [{"op": "put", "path": path, "content": FAILING.decode()}]}
    refused = caller.read(f"POST {T}/changes", "/changes", status=409, json=failing)
    assert refused["sides"][0]["theirs"] == BODY.decode()
    head = caller.read(f"GET {T}/services", "/services")["head"]
    assert caller.read(f"POST {T}/check", "/check", json=failing)["problems"]
    caller.call(f"POST {S}/check", f"/services/{name}/check", json={**failing, "base": head})
    landed = caller.read(f"POST {T}/changes", "/changes", json={**failing, "base": head}, headers=LIVE)
    (release,) = landed["releases"]
    assert release["state"] == "failed"
    assert "nothing_like_it" in release["message"]
    status = caller.read(f"GET {S}", f"/services/{name}")["status"]
    assert status["state"] == "failed"
    caller.call(f"GET {T}/releases", f"/releases?service={name}")
    caller.call(f"GET {T}/releases/{{release}}", f"/releases/{release['id']}")
    caller.call(f"GET {T}/commits", f"/commits?service={name}&limit=1")
    caller.call(f"GET {T}/commits/{{ref}}", f"/commits/{first}")
    caller.call(f"GET {T}/compare/{{span}}", f"/compare/{first}...{head}")
    caller.call(f"GET {T}/compare/{{span}}", f"/compare/{first}...{head}", headers={"Accept": "text/x-diff"})


def use_the_rest(caller: Caller) -> None:
    head = caller.read(f"GET {T}/services", "/services")["head"]
    caller.call(f"POST {T}/prune", "/prune", status=202, json={"commit": head})
    caller.call(f"POST {T}/reconcile", "/reconcile", status=202)
    caller.call("GET /api/v1/platform", "/api/v1/platform", operator=True)
    caller.call("GET /api/v1/roles", "/api/v1/roles")
    caller.call("GET /api/v1/problems/{slug}", "/api/v1/problems/forbidden")
    caller.call("GET /api/v1/schemas/service.json", "/api/v1/schemas/service.json")
