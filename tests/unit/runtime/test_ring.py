"""The changes of the past: who may go on from where, and what each watcher sees."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.node import kinds, selectors
from runtime.node.objects import Refusal, Store
from runtime.node.watch import Ring, Scope

SCOPE = Scope(kinds.CONFIG_MAP)


def new_ring(**limits: int) -> tuple[Store, Ring]:
    store = Store()
    return store, Ring(store, **limits)


def put(store: Store, name: str, namespace: str = "n", **labels: str) -> None:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    value: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    stored = store.get(kinds.CONFIG_MAP, namespace, name)
    if stored is None:
        store.create(value)
    else:
        merged = stored.value["metadata"] | {"labels": labels}
        store.update(stored.value, lambda current: current | {"metadata": merged})


def drop(store: Store, name: str) -> None:
    stored = store.get(kinds.CONFIG_MAP, "n", name)
    assert stored is not None
    store.remove(stored.value)


async def read(ring: Ring, scope: Scope, version: int) -> list[tuple[str, str]]:
    place, found = ring.place_after(version), []
    while place < ring.end:
        seen, place = await ring.advance(scope, place, 0.05)  # all that is to come is there
        found += [(one.type, one.stored.value["metadata"]["name"]) for one in seen]
    return found


async def test_one_goes_on_from_any_version_that_is_kept() -> None:
    store, ring = new_ring()
    start = store.version
    for name in "abc":
        put(store, name)
    assert await read(ring, SCOPE, start) == [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c")]
    assert await read(ring, SCOPE, start + 2) == [("ADDED", "c")]
    assert await read(ring, SCOPE, store.version) == []


async def test_a_version_outside_the_ring_is_gone_older_or_newer() -> None:
    store, ring = new_ring(max_changes=3)
    start = store.version
    for name in "abcde":
        put(store, name)
    assert len(await read(ring, SCOPE, start + 2)) == 3
    for version in (start + 1, 1, store.version + 1):
        with pytest.raises(Refusal) as caught:
            ring.place_after(version)
        assert caught.value.code == 410


async def test_a_slow_watcher_falls_off() -> None:
    store, ring = new_ring(max_changes=3)
    place = ring.place_after(store.version)
    for name in "abcd":
        put(store, name)
    with pytest.raises(Refusal) as caught:
        await ring.advance(SCOPE, place, 1)
    assert caught.value.code == 410


async def test_the_ring_is_bounded_by_bytes() -> None:
    store, ring = new_ring(max_bytes=2000)
    start = store.version
    for number in range(50):
        put(store, f"c{number}")
    with pytest.raises(Refusal):
        ring.place_after(start)
    assert 1 <= len(await read(ring, SCOPE, store.version - 3)) <= 3


async def test_a_watcher_sees_what_concerns_it() -> None:
    store, ring = new_ring()
    start = store.version
    put(store, "mine", app="x")
    put(store, "other", namespace="m", app="x")
    put(store, "mine", app="y")
    put(store, "mine", app="x")
    drop(store, "mine")
    scope = Scope(kinds.CONFIG_MAP, "n", selectors.parse_labels("app=x"))
    assert await read(ring, scope, start) == [
        ("ADDED", "mine"),
        ("DELETED", "mine"),
        ("ADDED", "mine"),
        ("DELETED", "mine"),
    ]
    assert await read(ring, Scope(kinds.POD), start) == []


async def test_one_that_stops_matching_departs_with_the_version_of_that_change() -> None:
    store, ring = new_ring()
    put(store, "mine", app="x")
    place = ring.place_after(store.version)
    put(store, "mine", app="y")
    (seen,), _ = await ring.advance(Scope(kinds.CONFIG_MAP, None, selectors.parse_labels("app=x")), place, 1)
    assert seen.stored.value["metadata"]["resourceVersion"] == str(store.version)
    assert seen.stored.value["metadata"]["labels"] == {"app": "x"}


async def test_waiting_ends_with_a_change_or_with_the_time() -> None:
    store, ring = new_ring()
    place = ring.place_after(store.version)
    assert await ring.advance(SCOPE, place, 0.01) == ([], place)
    waiting = [asyncio.create_task(ring.advance(SCOPE, place, 30)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    put(store, "a")
    for task in waiting[1:]:
        seen, after = await task
        assert ([one.type for one in seen], after) == (["ADDED"], place + 1)
    assert ring.version_at(place + 1) == store.version


def put_namespace(store: Store, name: str) -> None:
    store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


async def test_a_change_of_another_kind_wakes_nobody() -> None:
    store, ring = new_ring()
    place = ring.place_after(store.version)
    waiting = asyncio.create_task(ring.advance(SCOPE, place, 30))
    await asyncio.sleep(0)
    put_namespace(store, "other")
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    put(store, "a")
    seen, after = await waiting
    assert ([one.type for one in seen], after) == (["ADDED"], place + 2)


async def test_a_watcher_of_a_quiet_kind_never_falls_off() -> None:
    store, ring = new_ring(max_changes=3)
    place = ring.place_after(store.version)
    waiting = asyncio.create_task(ring.advance(SCOPE, place, 30))
    await asyncio.sleep(0)
    for number in range(5):
        put_namespace(store, f"s{number}")
    assert await ring.advance(SCOPE, place, 0) == ([], place + 5)
    put(store, "a")
    for number in range(2):
        put_namespace(store, f"t{number}")
    for seen, _ in (await waiting, await ring.advance(SCOPE, place, 1)):
        assert [one.stored.value["metadata"]["name"] for one in seen] == ["a"]
    put_namespace(store, "u")
    with pytest.raises(Refusal):
        await ring.advance(SCOPE, place, 1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", None])), max_size=30), st.integers(0, 30))
def test_replaying_what_a_watcher_sees_gives_what_is_there(steps: list[tuple[str, str | None]], cut: int) -> None:
    async def check() -> None:
        store, ring = new_ring()
        scope = Scope(kinds.CONFIG_MAP, "n", selectors.parse_labels("app=x"))
        known: set[str] = set()
        version = store.version
        for number, (name, app) in enumerate(steps):
            if number == cut:
                known = {s.value["metadata"]["name"] for s in store.list(kinds.CONFIG_MAP, "n") if scope.covers(s)}
                version = store.version
            if app is not None:
                put(store, name, app=app)
            elif store.get(kinds.CONFIG_MAP, "n", name):
                drop(store, name)
        for type_, name in await read(ring, scope, version):
            assert (name in known) is (type_ != "ADDED")
            known = known - {name} if type_ == "DELETED" else known | {name}
        assert known == {s.value["metadata"]["name"] for s in store.list(kinds.CONFIG_MAP) if scope.covers(s)}

    asyncio.run(check())
