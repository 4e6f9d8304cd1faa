"""Releases over HTTP, and what makes the controller look again."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

from core.commit import Put
from core.releases import Release
from tests.integration.api.tenant.conftest import Answer, Api


def make(api: Api, number: int, service: str = "hello", state: str = "live") -> Release:
    return Release(api.tenant.id, service, f"{number:040x}", "t" * 40, state, created=1_700_000_000.0 + number)


def test_releases_are_listed_newest_first_page_by_page(api: Api) -> None:
    api.store(*(make(api, number) for number in range(5)), make(api, 9, "other"))
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/releases?service=hello&limit=2&cursor={cursor}").json
        seen += [int(item["commit"], 16) for item in page["items"]]
        cursor = page["next"]
    assert seen == [4, 3, 2, 1, 0]
    assert api.get("/releases").json["items"][0]["service"] == "other"
    for query in ("limit=0", "limit=201", "cursor=nonsense"):
        assert api.get(f"/releases?{query}").status in (400, 422)


def test_a_release_is_found_by_its_id_in_either_place(api: Api) -> None:
    api.store(make(api, 1))
    assert api.get(f"/releases/hello@{1:040x}").json["state"] == "live"
    api.hear("hello", "pending")
    shown = api.get(f"/releases/hello@{api.head}")
    assert (shown.status, shown.json["state"]) == (200, "pending")
    for name in (f"hello@{7:040x}", "hello", "hello@main", "@" + "0" * 40, "%ff@x"):
        assert api.get(f"/releases/{name}").problem == "not-found"


def test_waiting_for_a_release_ends_with_its_state_or_with_the_time(api: Api) -> None:
    heard = api.hear("hello", "pending")
    path = f"/releases/{heard.id}"
    assert api.get(path, Prefer="wait=1").status == 202
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(api.get(path, Prefer="wait=20")))
    thread.start()
    api.server.loop.call_soon_threadsafe(
        api.server.platform.live.publish, replace(heard, state="failed", message="Traceback")
    )
    thread.join(20)
    assert (answers[0].status, answers[0].json["state"], answers[0].json["message"]) == (200, "failed", "Traceback")


def test_waiting_for_what_only_the_database_knows_ends_with_the_time(api: Api) -> None:
    api.store(make(api, 3, state="pending"))
    answer = api.get(f"/releases/hello@{3:040x}", Prefer="wait=1")
    assert (answer.status, answer.json["state"]) == (202, "pending")


def test_waiting_for_what_was_superseded_ends_with_its_successor(api: Api) -> None:
    first = api.hear("hello", "pending")
    api.plant(Put("hello/handler.py", b"x = 1\n"))
    second = api.hear("hello", "live")
    live = api.server.platform.live
    api.server.loop.call_soon_threadsafe(live.publish, replace(first, state="superseded", superseded_by=second.commit))
    answer = api.get(f"/releases/{first.id}", Prefer="wait=5")
    assert (answer.json["id"], answer.json["state"]) == (second.id, "live") or answer.json["state"] == "superseded"


def test_a_wish_to_reconcile_is_stored_before_it_is_answered(api: Api) -> None:
    api.hear("hello", "pending")
    answer = api.post("/reconcile")
    assert (answer.status, answer.json["head"]) == (202, api.head)
    assert [release["service"] for release in answer.json["releases"]] == ["hello"]
    asked = api.server.platform.tenants.by_id(api.tenant.id)
    assert asked is not None
    assert asked.requests == {"": answer.json["requestedAt"]}
    assert datetime.fromisoformat(answer.json["requestedAt"]).tzinfo is not None
    one = api.post("/services/hello/reconcile")
    asked = api.server.platform.tenants.by_id(api.tenant.id)
    assert asked is not None
    assert asked.requests["hello"] == one.json["requestedAt"]
    assert api.post("/services/nope/reconcile").problem == "not-found"


def test_a_reconcile_that_waits_answers_when_all_is_done(api: Api) -> None:
    heard = api.hear("hello", "pending")
    answers: list[Answer] = []
    call = lambda: answers.append(api.call("POST", "/reconcile", b"", {"Prefer": "wait=20"}))  # noqa: E731
    thread = threading.Thread(target=call)
    thread.start()
    api.server.loop.call_soon_threadsafe(api.server.platform.live.publish, replace(heard, state="live"))
    thread.join(20)
    assert (answers[0].status, answers[0].json["releases"][0]["state"]) == (200, "live")


def test_a_prune_is_confirmed_for_one_commit(api: Api) -> None:
    assert api.post("/prune", commit=api.head).status == 202
    assert api.post("/prune", commit="main").json["commit"] == api.head
    tenant = api.server.platform.tenants.by_id(api.tenant.id)
    assert tenant is not None
    assert tenant.allowed_prunes == (api.head,)
    for commit in ("0" * 40, "HEAD@{1}"):
        assert api.post("/prune", commit=commit).status in (400, 404)
