"""A service's whole life through the HTTP API alone, on the whole platform: made, saved, called, read, taken back."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tested_platform import Platform

HANDLER = """
import logging


class Handler:
    def run(self, req):
        logging.warning("asked for %s", req.path)
        return {{"text": {text!r}, "path": req.path, "method": req.method, "body": req.get_data(as_text=True)}}
"""
LIVE = {"Prefer": "wait=30"}


class Api:
    """The API of the demo tenant, as its user."""

    def __init__(self, client: httpx2.Client, slug: str) -> None:
        self.client = client
        self.base = f"/api/v1/tenants/{slug}"

    def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        answer = self.client.request(method, self.base + path, **options)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        return answer.json()

    def create(self, service: str) -> None:
        """A new service, once it is live."""
        made = self.call("POST", "/services", 201, json={"name": service}, headers=LIVE)
        assert [release["state"] for release in made["releases"]] == ["live"]

    def save(self, service: str, text: str, status: int = 200) -> Any:
        """Write the handler, and wait until it is live or known not to become so."""
        path = f"{self.base}/services/{service}/files/handler.py"
        tag = self.client.get(path).headers["ETag"]
        answer = self.client.put(path, content=HANDLER.format(text=text), headers={"If-Match": tag, **LIVE})
        assert answer.status_code == status, answer.text
        return answer.json()

    def invoke(self, service: str, **asked: Any) -> Any:
        return self.call("POST", f"/services/{service}/invoke", json=asked)

    def list_commits(self, service: str) -> list[Any]:
        found: list[Any] = self.call("GET", f"/commits?service={service}")["items"]
        return found


@pytest.fixture
def api(platform: Platform) -> Iterator[Api]:
    with platform.client() as client:
        yield Api(client, platform.slug)


def test_a_save_is_answered_once_it_is_live(platform: Platform, api: Api, service_name: str) -> None:
    api.create(service_name)
    saved = api.save(service_name, "one")
    release = saved["release"]
    assert (release["state"], release["commit"]) == ("live", saved["commit"]["sha"])
    assert list(release["stages"]) == ["commit", "check", "apply", "start", "live"]
    answer = platform.visit(f"{service_name}/a/b?c=d", platform.token)
    assert (answer.json()["text"], answer.json()["path"]) == ("one", "/a/b")
    assert answer.headers["PaaKS-Revision"] == saved["commit"]["sha"]
    shown = api.call("GET", f"/services/{service_name}")
    assert (shown["status"]["state"], shown["live"]["tree"]) == ("live", shown["tree"])
    assert api.call("GET", f"/releases/{release['id']}")["state"] == "live"
    assert api.call("GET", f"/releases?service={service_name}")["items"][0]["id"] == release["id"]


def test_a_save_that_cannot_start_is_a_commit_that_failed(platform: Platform, api: Api, service_name: str) -> None:
    api.create(service_name)
    good = api.save(service_name, "good")["commit"]["sha"]
    path = f"/services/{service_name}/files/handler.py"
    tag = api.client.get(api.base + path).headers["ETag"]
    failed = api.call("PUT", path, content="import nonsense\n", headers={"If-Match": tag, **LIVE})
    assert failed["release"]["state"] == "failed"
    assert "No module named 'nonsense'" in failed["release"]["message"]
    assert platform.visit(f"{service_name}/", platform.token).headers["PaaKS-Revision"] == good
    shown = api.call("GET", f"/services/{service_name}")
    assert (shown["status"]["state"], shown["live"]["commit"]) == ("failed", good)


def test_a_service_is_called_as_the_caller_and_its_log_is_read(api: Api, service_name: str) -> None:
    api.create(service_name)
    sha = api.save(service_name, "called")["commit"]["sha"]
    answer = api.invoke(service_name, method="POST", path="/x?y=1", headers={"X-A": "b"}, body="data")
    assert (answer["status"], answer["revision"]) == (200, sha)
    assert json.loads(answer["body"]) == {"text": "called", "path": "/x", "method": "POST", "body": "data"}
    assert answer["requestId"], answer
    raw = api.invoke(service_name, method="PUT", path="/", bodyBase64=base64.b64encode(b"\x00\xff").decode())
    assert raw["status"] == 200

    logs = f"{api.base}/services/{service_name}/logs?requestId={answer['requestId']}"
    lines = [json.loads(line) for line in api.client.get(logs).text.splitlines()]
    assert [(line["level"], line["text"], line["commit"]) for line in lines] == [("WARNING", "asked for /x", sha)]


def test_a_log_is_followed_as_events(platform: Platform, api: Api, service_name: str) -> None:
    api.create(service_name)
    api.save(service_name, "followed")
    path = f"{api.base}/services/{service_name}/logs?follow=true&tail=0&q=asked"
    with api.client.stream("GET", path, headers={"Accept": "text/event-stream"}) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        for number in range(3):
            platform.visit(f"{service_name}/{number}", platform.token)
            said = next(line for line in lines if line.startswith("data:"))
            assert json.loads(said.removeprefix("data:"))["text"] == f"asked for /{number}"


def test_going_back_twice_is_two_commits(platform: Platform, api: Api, service_name: str) -> None:
    api.create(service_name)
    api.save(service_name, "one")
    api.save(service_name, "two")
    before = len(api.list_commits(service_name))
    for text in ("one", "two"):
        back = api.call("POST", f"/services/{service_name}/rollback", headers=LIVE)
        assert (back["release"]["state"], back["release"]["via"]) == ("live", "rollback")
        answer = platform.visit(f"{service_name}/", platform.token)
        assert (answer.json()["text"], answer.headers["PaaKS-Revision"]) == (text, back["commit"]["sha"])
    assert len(api.list_commits(service_name)) == before + 2


def test_everything_that_happens_is_told(api: Api, service_name: str) -> None:
    api.create(service_name)
    with api.client.stream("GET", f"{api.base}/events") as stream:
        events = _read_events(stream)
        with contextlib.closing(httpx2.Client(base_url=api.client.base_url, headers=api.client.headers)) as other:
            sha = Api(other, api.base.rpartition("/")[2]).save(service_name, "told")["commit"]["sha"]
        seen = []
        for kind, data in events:
            if data.get("commit", data.get("sha")) == sha:
                seen.append(kind)
            if kind == "release.finished" and data["commit"] == sha:
                break
    assert seen[-1] == "release.finished"
    assert "commit.created" in seen
    assert data["state"] == "live"


def test_a_service_is_looked_at_again_and_removed(platform: Platform, api: Api, service_name: str) -> None:
    api.create(service_name)
    looked = api.call("POST", f"/services/{service_name}/reconcile", headers=LIVE)
    assert [release["state"] for release in looked["releases"]] == ["live"]
    gone = api.call("DELETE", f"/services/{service_name}", headers=LIVE)
    assert [release["state"] for release in gone["releases"]] == ["removed"]
    _wait_until_gone(platform, service_name)
    assert service_name not in [item["name"] for item in api.call("GET", "/services")["items"]]
    api.call("GET", f"/services/{service_name}", 404)


def test_streams_end_when_the_platform_stops(fresh_platform: Platform) -> None:
    base = f"/api/v1/tenants/{fresh_platform.slug}"
    with (
        fresh_platform.client() as client,
        client.stream("GET", f"{base}/events") as events,
        client.stream("GET", f"{base}/services/hello/logs?follow=true") as logs,
    ):
        stopping = threading.Thread(target=fresh_platform.stop)
        stopping.start()
        assert "event: bye" in list(events.iter_lines())
        assert all(json.loads(line)["pod"] for line in logs.iter_lines())
        stopping.join()


def _wait_until_gone(platform: Platform, service: str) -> None:
    """The dispatcher hears of a removal from the cluster, not from the api."""
    deadline = time.monotonic() + 10
    while (answer := platform.visit(f"{service}/", platform.token)).status_code != 404:
        assert time.monotonic() < deadline, answer.text


def _read_events(stream: httpx2.Response) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in stream.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)
