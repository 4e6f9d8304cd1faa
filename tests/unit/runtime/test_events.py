"""What happens is told once and counted; what is old goes."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.node import kinds
from runtime.node.events import EventLimits, Events
from runtime.node.objects import Preconditions, Store


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    store = Store(clock)
    store.apply(kinds.NAMESPACE, None, "n", {"metadata": {"name": "n"}}, "paaks")
    return store


def new_pod(store: Store, name: str = "p") -> dict[str, Any]:
    return store.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "n"}, "spec": {}})


def told(store: Store) -> list[tuple[str, str, int]]:
    events = [stored.value for stored in store.list(kinds.EVENT, "n")]
    events.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
    return [(event["reason"], event["message"], event["count"]) for event in events]


def test_the_same_again_is_counted(store: Store, clock: Clock) -> None:
    events, pod = Events(store), new_pod(store)
    events.tell(pod, "BackOff", "again", is_warning=True)
    clock.now += 10
    events.tell(pod, "BackOff", "again", is_warning=True)
    events.tell(pod, "Killing", "stop")
    assert told(store) == [("BackOff", "again", 2), ("Killing", "stop", 1)]
    event = next(s.value for s in store.list(kinds.EVENT, "n") if s.value["reason"] == "BackOff")
    assert (event["type"], event["firstTimestamp"] < event["lastTimestamp"]) == ("Warning", True)
    assert event["involvedObject"]["uid"] == pod["metadata"]["uid"]


def test_there_are_never_more_than_so_many(store: Store) -> None:
    events, pod = Events(store, EventLimits(namespace=3)), new_pod(store)
    for number in range(5):
        events.tell(pod, "R", str(number))
    events.tell(pod, "R", "2")
    events.tell(pod, "R", "5")
    assert [message for _, message, _ in told(store)] == ["4", "2", "5"]


def test_all_namespaces_together_keep_no_more_than_so_many(store: Store) -> None:
    events = Events(store, EventLimits(namespace=3, total=4))
    for name in ("a", "b", "c"):
        store.apply(kinds.NAMESPACE, None, name, {"metadata": {"name": name}}, "paaks")
        metadata = {"name": "p", "namespace": name}
        pod = store.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}})
        for number in range(4):
            events.tell(pod, "R", str(number))
    kept = [(s.value["metadata"]["namespace"], s.value["message"]) for s in store.list(kinds.EVENT)]
    assert sorted(kept) == [("b", "3"), ("c", "1"), ("c", "2"), ("c", "3")]


def test_what_was_told_an_hour_ago_goes(store: Store, clock: Clock) -> None:
    events, pod = Events(store), new_pod(store)
    events.tell(pod, "R", "old")
    clock.now += 3601
    events.tell(pod, "R", "new")
    assert [message for _, message, _ in told(store)] == ["new"]


def test_an_event_that_is_gone_is_told_anew(store: Store) -> None:
    events, pod = Events(store), new_pod(store)
    events.tell(pod, "R", "x")
    for stored in store.list(kinds.EVENT, "n"):
        store.remove(stored.value)
    events.tell(pod, "R", "x")
    assert told(store) == [("R", "x", 1)]


def test_nothing_is_told_in_a_namespace_that_goes(store: Store) -> None:
    events, pod = Events(store), new_pod(store)
    space = store.get(kinds.NAMESPACE, None, "n")
    assert space is not None
    store.request_deletion(space, Preconditions(), None, foreground=False)
    events.tell(pod, "R", "x")
    assert told(store) == []
