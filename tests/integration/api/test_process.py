"""The api as a process: how it starts, drains and ends, what it does without a database, and what every answer has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from typing import Any

import psycopg
import pytest

from core.migrations import migrate
from core.problems import CATALOGUE
from tests.api_process import ROOT, ApiProcess, slug_of
from tests.conftest import PostgresServer
from tests.integration.api.conftest import People


def test_sigterm_lets_requests_end_and_streams_say_goodbye(empty_database: str) -> None:
    api = ApiProcess(empty_database, DRAIN_SECONDS=10)
    seen: list[str] = []
    with api.served(), api.open(api.token) as client:
        began = threading.Event()

        def listen() -> None:
            with client.stream("GET", "/api/v1/tenants/demo/events") as stream:
                for line in stream.iter_lines():
                    began.set()
                    seen.append(line)

        thread = threading.Thread(target=listen)
        thread.start()
        assert began.wait(10)
        started = time.monotonic()
        assert api.terminate() == 0
        thread.join(10)
        assert time.monotonic() - started < 10
        assert "event: bye" in seen
        assert [line["event"] for line in api.lines][-2:] == ["api.draining", "api.ended"]
        assert not [line for line in api.lines if line.get("level") == "error"], api.log.read_text()

        # The listener is the supervisor's: who connects meanwhile is served by the next process.
        answers: list[int] = []
        waiting = threading.Thread(target=lambda: answers.append(api.status("/livez")))
        waiting.start()
        api.start()
        waiting.join(10)
        assert answers == [200]


def test_it_ends_with_its_supervisor(empty_database: str) -> None:
    api = ApiProcess(empty_database)
    with api.served():
        assert api.process is not None
        assert api._lifeline is not None
        os.close(api._lifeline)
        api._lifeline = None
        api.process.wait(5)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PAAKS_PUBLIC_URL", "ftp://x", "PAAKS_PUBLIC_URL is not an http address"),
        ("PAAKS_DRAIN_SECONDS", "soon", "PAAKS_DRAIN_SECONDS: 'soon' is not a float"),
        ("PAAKS_WAT", "1", "PAAKS_WAT is not a setting"),
        ("PAAKS_DATABASE_URL", "sqlite://", "PAAKS_DATABASE_URL is not postgresql"),
    ],
)
def test_a_wrong_setting_is_named(database_url: str, name: str, value: str, said: str) -> None:
    api = ApiProcess(database_url)
    settings = {f"PAAKS_{key}": str(setting) for key, setting in api.settings.items()}
    environment = {"PATH": os.environ["PATH"], **settings, name: value}
    run = subprocess.run(
        [sys.executable, "-m", "api"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30
    )
    api.close()

    assert run.returncode == 1
    assert run.stderr.startswith(f"api: {said}")
    assert "Traceback" not in run.stderr


def test_a_database_of_another_version_refuses_the_start(postgres: PostgresServer) -> None:
    api = ApiProcess(postgres.create_database())
    api.settings["LISTEN_FD"] = api.listener.fileno()
    environment = {"PATH": os.environ["PATH"]} | {f"PAAKS_{name}": str(value) for name, value in api.settings.items()}
    run = subprocess.run(
        [sys.executable, "-m", "api"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, pass_fds=[api.listener.fileno()],
    )  # fmt: skip
    api.close()

    assert run.returncode == 1
    assert "run `paaks migrate`" in run.stderr


def test_without_its_database_it_still_knows_who_is_who(new_postgres: PostgresServer) -> None:
    url = new_postgres.create_database()
    migrate(url)
    with ApiProcess(url).served() as api, api.open(api.token) as client:
        assert client.get("/api/v1/tenants/demo/services").status_code == 200
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("CHECKPOINT")  # this server syncs nothing of its own accord
        new_postgres.stop()

        assert client.get("/api/v1/tenants/demo").status_code == 200
        assert client.get("/api/v1/tenants/demo/services").status_code == 200
        made = client.post("/api/v1/tenants/demo/services", json={"name": "while-down"})
        assert made.status_code == 201, made.text
        began = time.monotonic()
        refused = client.post("/api/v1/tokens", json={"name": "x", "tenant": "demo"})
        assert time.monotonic() - began < 6
        assert (refused.status_code, slug_of(refused)) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) >= 1
        assert api.status("/readyz") == 200
        assert _parts(client.get("/healthz").json())["database"] is False

        new_postgres.start()
        api.wait_for(lambda: client.post("/api/v1/tokens", json={"name": "x", "tenant": "demo"}).status_code == 201)


def test_parts_one_by_one(people: People) -> None:
    with people.api.open() as client:
        health, ready = client.get("/healthz"), client.get("/readyz?verbose")
        brief = client.get("/readyz").json()

    parts = {"directory": True, "first start": True, "git": True, "database": True, "node": False, "controller": False}
    assert (health.status_code, health.json()["status"], _parts(health.json())) == (200, "degraded", parts)
    assert (ready.status_code, _parts(ready.json())) == (200, parts)
    assert brief == {"status": "ok"}


def _parts(document: Any) -> dict[str, bool]:
    return {part["name"]: part["ok"] for part in document["parts"]}


# -- every answer


def test_every_answer_has_its_own_id_and_what_protects_a_browser(people: People) -> None:
    with people.api.open() as client:
        given = {"PaaKS-Request-Id": "mine", "X-Request-Id": "mine"}
        paths = ("/livez", "/", "/docs", "/openapi.json", "/nothing", "/api/v1/session", "/git/demo.git/info/refs")
        answers = [client.get(path, headers=given) for path in paths]

    assert len({answer.headers["paaks-request-id"] for answer in answers}) == len(paths)
    assert all(len(answer.headers["paaks-request-id"]) == 16 for answer in answers)
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        policy = answer.headers["content-security-policy"]
        # Pages that are there before the web is bring their one style sheet with them.
        style = r"style-src ('self'|'sha256-[\w+/=]+');"
        assert re.match(r"default-src 'none'; script-src 'self'; " + style, policy), policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/api/v1/nothing", 404, "not-found"),
        ("POST", "/", 405, "method-not-allowed"),
        ("PATCH", "/api/v1/tokens", 405, "method-not-allowed"),
        ("DELETE", "/livez", 405, "method-not-allowed"),
        ("GET", "/api/v1/tenants/nowhere", 404, "not-found"),
        ("GET", "/api/v1/problems/nothing", 404, "not-found"),
        ("GET", "/api/v1//tenants", 404, "not-found"),
        ("GET", "/api/v1/tenants/", 404, "not-found"),
    ],
)
def test_what_is_not_there_is_a_problem(people: People, method: str, path: str, status: int, slug: str) -> None:
    answer = people.operator.request(method, path)

    assert (answer.status_code, slug_of(answer)) == (status, slug)
    if status == 405:
        assert answer.headers["allow"]


def test_bodies_that_cannot_be_read(people: People) -> None:
    path, json_type = "/api/v1/tokens", {"Content-Type": "application/json"}
    for body in (b"{", b"\xff", b"[" * 10_000, b"1", b'"x"', b"", b'{"name": NaN}'):
        answer = people.operator.post(path, content=body, headers=json_type)
        assert (answer.status_code, slug_of(answer)) == (400, "bad-request"), (body[:10], answer.text)
    large = people.operator.post(path, content=b'"' + b"x" * 2**20 + b'"', headers=json_type)
    assert (large.status_code, slug_of(large)) == (413, "body-too-large")
    both = people.operator.post(path, json={"name": 1, "scopes": ["fly"]})
    assert {error["pointer"] for error in both.json()["errors"]} == {"/name", "/scopes/0"}


def test_the_catalogue_and_the_document_are_there_for_everybody(people: People) -> None:
    with people.api.open() as client:
        for prefix in ("/problems", "/api/v1/problems"):
            for slug, kind in CATALOGUE.items():
                assert client.get(f"{prefix}/{slug}").json()["title"] == kind.title
        page = client.get("/problems/forbidden", headers={"Accept": "text/html"})
        assert page.headers["content-type"].startswith("text/html")
        assert client.get("/api/v1/schemas/service.json").json()["$schema"]
        document = client.get("/openapi.json").json()
        docs = client.get("/docs").text
        assert "paaks" in client.get("/").text.lower()
    assert document["openapi"].startswith("3.1")
    assert "http" not in docs.replace("https://paaks", "").partition("<table>")[0]
    for path, operations in document["paths"].items():
        assert path in docs
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            assert "422" not in operation["responses"]


def test_metrics_have_no_label_that_grows(people: People) -> None:
    with people.api.open() as client:
        for number in range(20):
            client.get(f"/nothing/{number}")
            client.get(f"/api/v1/tenants/t-{number}/services/s-{number}")
            client.request(f"M{number}", "/livez")
        lines = client.get("/metrics").text.splitlines()

    counted = [line for line in lines if line.startswith("paaks_api_requests_total")]
    assert any('route="other"' in line for line in counted)
    assert not [line for line in counted if "t-1" in line or "M1" in line]
    assert len(counted) < 60


def test_pushes_may_be_larger_than_other_bodies(people: People, tmp_path: Any) -> None:
    address = people.api.url.replace("http://", f"http://x:{people.api.token}@") + "/git/demo.git"

    def git(*words: str) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
        author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(
            ["git", *author, *words], cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60
        )

    git("clone", "-q", address, "demo")
    (tmp_path / "demo" / "data.bin").write_bytes(os.urandom(3 * 2**20))
    git("-C", "demo", "add", ".")
    git("-C", "demo", "commit", "-qm", "Data")
    git("-C", "demo", "push", "-q", "-o", "no-wait", "origin", "main")
