"""Releases as they are told to those who wait, and the events of a tenant."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from api import live as live_module
from api.live import Event, Live
from core.releases import Release

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40


def release(commit: str = ONE, state: str = "pending", **more: object) -> Release:
    return replace(Release("t", "hello", commit, "c" * 40, state=state, created=1.0), **more)  # type: ignore[arg-type]


async def test_a_wait_ends_when_the_release_is_final() -> None:
    live = Live()
    waiting = asyncio.create_task(live.wait("t", [("hello", ONE)], 5))
    await asyncio.sleep(0)
    live.publish(release())
    await asyncio.sleep(0)
    assert not waiting.done()
    live.publish(release(state="live"))
    assert [r.state for r in await waiting] == ["live"]


async def test_a_superseded_release_is_followed_to_its_successor() -> None:
    live = Live()
    waiting = asyncio.create_task(live.wait("t", [("hello", ONE)], 5))
    live.publish(release())
    live.publish(release(TWO))
    live.publish(release(state="superseded", superseded_by=TWO))
    live.publish(release(THREE))
    live.publish(release(TWO, state="superseded", superseded_by=THREE))
    await asyncio.sleep(0)
    live.publish(release(THREE, state="failed", reason="ImportFailed"))
    assert [(r.commit, r.state) for r in await waiting] == [(THREE, "failed")]


async def test_a_wait_answers_as_things_stand_when_its_time_is_over() -> None:
    live = Live()
    live.publish(release())
    assert [r.state for r in await live.wait("t", [("hello", ONE), ("other", ONE)], 0.01)] == ["pending"]
    assert await live.wait("nobody", [("hello", ONE)], 0.01) == []


async def test_what_only_the_first_word_knew_is_kept() -> None:
    live = Live()
    live.publish(release(actor="ana@x", via="web", subject="s", url="http://u", stages={"commit": 1.0}))
    live.publish(release(state="live", stages={"commit": 9.0, "live": 2.0}))
    found = live.latest("t")["hello"]
    assert (found.actor, found.via, found.url, found.state) == ("ana@x", "web", "http://u", "live")
    assert found.stages == {"commit": 1.0, "live": 2.0}


async def test_a_late_word_on_an_old_release_does_not_make_it_the_newest() -> None:
    live = Live()
    live.publish(release())
    live.publish(release(TWO))
    live.publish(release(state="superseded", superseded_by=TWO))
    assert live.latest("t")["hello"].commit == TWO


async def collect(live: Live, after: int | None, count: int) -> list[Event]:
    found = []
    async for event in live.stream("t", after):
        found.append(event)
        if len(found) == count:
            break
    return found


async def test_a_stream_resumes_after_an_event_without_loss_or_repetition() -> None:
    live = Live()
    for number in range(5):
        live.tell("t", "commit.created", {"n": number})
    reading = asyncio.create_task(collect(live, None, 2))
    await asyncio.sleep(0)
    live.tell("t", "commit.created", {"n": 5})
    live.tell("t", "commit.created", {"n": 6})
    first, second = await reading
    assert [first.data["n"], second.data["n"]] == [5, 6]
    assert second.id > first.id
    live.tell("t", "commit.created", {"n": 7})
    assert [event.data["n"] for event in await collect(live, first.id, 2)] == [6, 7]


async def test_what_cannot_be_resumed_begins_with_a_reset() -> None:
    live = Live()
    live.tell("t", "x", {})
    assert [event.type for event in await collect(live, 1, 1)] == ["reset"]
    assert [event.type for event in await collect(live, 10**18, 1)] == ["reset"]


async def test_a_full_ring_resets_those_who_fell_behind() -> None:
    live = Live()
    live.tell("t", "x", {})
    first = (await collect(live, 1, 1))[0].id
    for number in range(live_module.KEPT_EVENTS + 5):
        live.tell("t", "x", {"n": number})
    assert [event.type for event in await collect(live, first, 1)] == ["reset"]


async def test_closing_ends_waits_and_streams_with_a_goodbye() -> None:
    live = Live()
    reading = asyncio.create_task(collect(live, None, 1))
    waiting = asyncio.create_task(live.wait("t", [("hello", ONE)], 30))
    await asyncio.sleep(0)
    live.close()
    assert [event.type for event in await reading] == ["bye"]
    assert await waiting == []


async def test_only_changes_are_told() -> None:
    live = Live()
    reading = asyncio.create_task(collect(live, None, 5))
    await asyncio.sleep(0)
    for state in ("pending", "live", "live", "removed"):
        live.publish(release(state=state))
        await asyncio.sleep(0)
    types = [event.type for event in await reading]
    assert types == ["release.stage", "release.finished", "service.updated", "release.finished", "service.deleted"]


async def test_drift_is_told_once_and_kept() -> None:
    live = Live()
    mark = live.mark("t")
    for _ in range(2):
        live.note_drift("t", "hello", {"manager": "kubectl-edit"})
    assert live.drifts("t") == {"hello": {"manager": "kubectl-edit"}}
    stream = live.stream("t", mark)
    event = await anext(stream)
    assert (event.type, event.data) == ("service.updated", {"name": "hello", "release": None})
    live.close()
    assert (await anext(stream)).type == "bye"
