"""Logs and calls where the cluster and the dispatcher are not: what is refused, and whose fault the rest is."""

from __future__ import annotations

from tests.integration.api.tenant.conftest import Api, Server

LOGS = "/services/hello/logs"
INVOKE = "/services/hello/invoke"


def test_a_question_about_logs_that_is_none_is_refused(api: Api) -> None:
    for query in ("since=yesterday", "tail=-1", "tail=10001", "tail=x", "follow=true&previous=true", "follow=perhaps"):
        answer = api.get(f"{LOGS}?{query}")
        assert (answer.status, answer.problem) == (400, "bad-request"), query


def test_logs_without_a_cluster_are_for_later(api: Api) -> None:
    answer = api.get(LOGS)
    assert (answer.status, answer.problem) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_call_that_is_none_is_refused(api: Api) -> None:
    for members in (
        {"path": "no-slash"},
        {"path": "/ "},
        {"path": "http://127.0.0.1:22/"},
        {"method": "CONNECT"},
        {"headers": {"X\r\nY": "z"}},
        {"body": "a", "bodyBase64": "YQ=="},
        {"bodyBase64": "!"},
        {"headers": {"x": 1}},
    ):
        answer = api.post(INVOKE, **members)
        assert (answer.status, answer.problem) == (400, "bad-request"), members
    assert api.post("/services/nope/invoke", path="/").problem == "not-found"
    assert api.post(INVOKE, body="x" * (13 * 2**20)).status == 413
    assert api.post(INVOKE, body="x" * (8 * 2**20 + 1)).problem == "body-too-large"


def test_a_call_without_a_dispatcher_is_for_later(api: Api) -> None:
    answer = api.post(INVOKE, path="/")
    assert (answer.status, answer.problem) == (503, "unavailable")


def test_only_members_call(server: Server, api: Api) -> None:
    other = server.run(server.platform.tenants.create(api.tenant.slug + "x"))
    stranger = Api(server, api.tenant, server.allow(other, "admin"))
    assert stranger.post(INVOKE, path="/").problem == "not-found"
    viewer = Api(server, api.tenant, server.allow(api.tenant, "viewer"))
    assert viewer.post(INVOKE, path="/").problem == "unavailable"
