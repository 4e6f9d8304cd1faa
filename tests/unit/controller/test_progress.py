"""How releases move on, and what dispatchers have reported."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from controller.progress import Book, Routes, advance
from core.health import Health
from core.releases import Release

OLD, NEW = "a" * 40, "b" * 40
PENDING = Release("t", "hello", NEW, "c" * 40, created=100.0, stages={"commit": 100.0, "apply": 101.0})
READY = Health("Ready", "Running", "1 of 1 running", ready=1, started=102.0)
BROKEN = Health(
    "Failed", "ImportFailed", "KeyError: 'x'", "Traceback (most recent call last)\nKeyError: 'x'", started=102.0
)


def routed(commit: str | None = NEW, kind: str = "routed", pods: tuple[str, ...] = ("p1",)) -> dict[str, object]:
    return {"type": kind, "namespace": "ns", "service": "hello", "tree": "t1", "commit": commit, "pods": list(pods)}


def is_led(routes: Routes, commit: str = NEW, tree: str = "t1", staying: tuple[str, ...] = ("p1", "p2")) -> bool:
    return routes.lead_to("ns", "hello", tree, commit, frozenset(staying))


def test_live_is_when_every_connected_dispatcher_and_at_least_one_leads_there() -> None:
    routes = Routes()
    assert not is_led(routes)
    routes.connect("one")
    routes.take("one", routed())
    assert is_led(routes)
    assert not is_led(routes, tree="t2")
    routes.connect("two")
    assert not is_led(routes)
    routes.take("two", routed(commit=OLD))
    assert not is_led(routes)
    routes.take("two", routed(commit=None))
    assert is_led(routes)
    routes.take("two", routed(commit=OLD))
    routes.disconnect("two")
    assert is_led(routes)
    routes.take("one", routed(kind="unrouted"))
    assert not is_led(routes)


def test_to_lead_to_pods_on_their_way_out_or_to_none_is_not_live() -> None:
    """Going back soon after a change: the old revision's pods still answer, and are about to go."""
    routes = Routes()
    routes.take("one", routed(pods=("old", "p1")))
    assert not is_led(routes)
    routes.take("one", routed(pods=()))
    assert not is_led(routes)
    routes.take("one", routed(pods=("p2",)))
    assert is_led(routes)


def test_reports_are_complete_once_all_have_told_all() -> None:
    routes = Routes()
    assert not routes.are_complete()
    routes.connect("one")
    assert not routes.are_complete()
    routes.take("one", {"type": "synced"})
    assert routes.are_complete()


def test_a_release_goes_live_once_it_is_routed() -> None:
    started = advance(PENDING, READY, routed=False, now=103.0)
    assert (started.state, started.stages["start"]) == ("pending", 102.0)
    live = advance(started, READY, routed=True, now=103.5)
    assert (live.state, live.stages["live"]) == ("live", 103.5)
    assert advance(live, BROKEN, routed=True, now=200.0) is live


def test_a_failed_release_keeps_its_evidence_and_may_still_turn_live() -> None:
    failed = advance(PENDING, BROKEN, routed=False, now=103.0)
    assert (failed.state, failed.reason) == ("failed", "ImportFailed")
    assert advance(failed, replace(BROKEN, message=None), routed=False, now=104.0).message == BROKEN.message
    live = advance(failed, READY, routed=True, now=105.0)
    assert (live.state, live.reason, live.message) == ("live", None, None)


def test_a_live_release_is_not_failed_by_a_later_crash() -> None:
    live = advance(PENDING, READY, routed=True, now=103.0)
    assert advance(live, BROKEN, routed=False, now=110.0).state == "live"


@given(st.lists(st.sampled_from([OLD, NEW, "c" * 40, "d" * 40]), max_size=12))
def test_the_book_supersedes_what_did_not_end_and_tells_each_change_once(commits: list[str]) -> None:
    told: list[Release] = []
    book = Book(told.append)
    for commit in commits:
        book.open(replace(PENDING, commit=commit))
    if commits:
        assert book.current["hello"].commit == commits[-1]
    changes = sum(a != b for a, b in pairwise(commits))
    assert sum(release.state == "superseded" for release in told) == changes
    assert sum(release.state == "pending" for release in told) == changes + bool(commits)
    before = len(told)
    for release in list(book.current.values()):
        book.put(release)
    assert len(told) == before
