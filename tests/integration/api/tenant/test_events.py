"""The stream of a tenant's events, at the wire."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.api_contract import read_contract
from tests.integration.api.tenant.conftest import Api, Server


@dataclass(frozen=True)
class Event:
    """One event as a browser sees it."""

    id: int | None
    type: str | None
    data: Any


def read_events(answer: http.client.HTTPResponse) -> Iterator[Event]:
    """The blocks of a stream, as they come (WHATWG HTML §9.2.6), each as it is documented; comments are left out."""
    fields: dict[str, str] = {}
    block = b""
    for line in iter(answer.readline, b""):
        block += line
        name, _, value = line.decode().rstrip("\n").partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif fields:
            read_contract().check("GET", "/api/v1/tenants/any/events", answer.status, dict(answer.headers), block)
            number = fields.get("id")
            yield Event(int(number) if number else None, fields.get("event"), json.loads(fields.get("data", "null")))
            fields, block = {}, b""


@contextlib.contextmanager
def listening(api: Api, query: str = "", **headers: str) -> Iterator[tuple[http.client.HTTPResponse, Iterator[Event]]]:
    """An open stream, once it has begun."""
    with contextlib.closing(api.open()) as connection:
        given = {"Authorization": f"Bearer {api.token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        connection.request("GET", f"{api.base}/events{query}", headers=given)
        answer = connection.getresponse()
        events = read_events(answer)
        if answer.status == 200:
            assert next(events).type is None
        yield answer, events


def save(api: Api, number: int) -> str:
    here = api.get("/services/hello/files/handler.py")
    answer = api.put("/services/hello/files/handler.py", b"x = %d\n" % number, If_Match=here.headers["ETag"])
    return str(answer.json["commit"]["sha"])


def test_a_save_is_told_to_everybody_who_listens(api: Api) -> None:
    with listening(api) as (answer, events):
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Accel-Buffering"] == "no"
        sha = save(api, 1)
        stage, commit = next(events), next(events)
        assert (stage.type, stage.data["id"], stage.data["state"]) == ("release.stage", f"hello@{sha}", "pending")
        assert (commit.type, commit.data["sha"]) == ("commit.created", sha)
        assert stage.id is not None
        assert commit.id is not None
        assert stage.id < commit.id
        api.hear("hello", "live")
        finished = next(events)
        assert (finished.type, finished.data["state"]) == ("release.finished", "live")


def test_a_stream_goes_on_where_it_broke_off(api: Api) -> None:
    with listening(api) as (_, events):
        first = save(api, 1)
        last = [next(events), next(events)][-1]
    second = save(api, 2)
    with listening(api, Last_Event_ID=str(last.id)) as (_, events):
        seen = [next(events), next(events)]
        assert [event.type for event in seen] == ["release.stage", "commit.created"]
        assert seen[1].data["sha"] == second != first


def test_a_stream_that_missed_something_is_told_to_read_again(api: Api) -> None:
    save(api, 1)
    for last in ("1", str(2**52)):
        with listening(api, Last_Event_ID=last) as (_, events):
            assert next(events).type == "reset"
    for last in ("x", "-1", "1.5", str(2**60), "9" * 5000):
        with listening(api, Last_Event_ID=last) as (answer, _):
            assert answer.status in (400, 431)


def test_only_the_topics_asked_for_are_sent(api: Api) -> None:
    with listening(api, "?topics=commit") as (_, events):
        save(api, 1)
        assert next(events).type == "commit.created"


def test_nobody_hears_of_another_tenant(server: Server, api: Api) -> None:
    other = server.run(server.platform.tenants.create(api.tenant.slug + "x"))
    with listening(api) as (_, events):
        stranger = Api(server, other, server.allow(other, "developer"))
        save(stranger, 1)
        mine = save(api, 2)
        assert next(events).data["commit"] == mine


def test_a_stream_ends_when_the_right_to_it_is_taken_away(server: Server, api: Api) -> None:
    with listening(api) as (_, events):
        directory = server.platform.directory
        directory.now = replace(directory.now, tokens={})
        assert list(events) == []
    assert api.get("/events").problem == "not-authenticated"
