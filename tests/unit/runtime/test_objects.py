"""The store: versions, apply, deletion, and that nothing that was handed out ever changes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.node import kinds
from runtime.node.kinds import Kind, Object
from runtime.node.objects import Change, Preconditions, Refusal, Store

NOW = 1_800_000_000.0


class Recorded:
    """A store with a namespace in it, and all that it has told."""

    def __init__(self) -> None:
        self.store = Store(lambda: NOW)
        self.changes: list[Change] = []
        self.store.subscribe(self.changes.append)
        self.apply(kinds.NAMESPACE, "n", {}, namespace=None)
        self.changes.clear()

    def apply(
        self,
        kind: Kind,
        name: str,
        body: Object,
        *,
        namespace: str | None = "n",
        manager: str = "paaks",
        **options: Any,
    ) -> Object:
        given_object = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": name}} | body
        return self.store.apply(kind, namespace, name, given_object, manager, **options)[0]

    def pod(self, **spec: Any) -> Object:
        metadata = {"name": "p", "namespace": "n"}
        return self.store.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def test_versions_begin_at_the_clock_and_count_one_by_one(recorded: Recorded) -> None:
    recorded.apply(kinds.CONFIG_MAP, "a", {"data": {"x": "1"}})
    recorded.apply(kinds.CONFIG_MAP, "a", {"data": {"x": "2"}})
    recorded.store.remove(recorded.apply(kinds.CONFIG_MAP, "a", {"data": {"x": "2"}}))
    assert [(change.type, change.version - int(NOW * 1000)) for change in recorded.changes] == [
        ("ADDED", 2),
        ("MODIFIED", 3),
        ("DELETED", 4),
    ]
    last = recorded.changes[-1].stored
    assert last.value["metadata"]["resourceVersion"] == str(recorded.changes[-1].version)


def test_what_is_stored_is_what_goes_over_the_wire(recorded: Recorded) -> None:
    recorded.apply(kinds.CONFIG_MAP, "a", {"data": {"x": "ä"}})
    assert json.loads(recorded.changes[0].stored.data) == recorded.changes[0].stored.value


def test_a_no_op_commits_nothing(recorded: Recorded) -> None:
    first = recorded.apply(kinds.SERVICE, "a", {"spec": {"ports": [{"port": 80}]}})
    second = recorded.apply(kinds.SERVICE, "a", {"spec": {"ports": [{"port": 80}]}})
    assert first == second
    assert len(recorded.changes) == 1


def test_status_and_metadata_of_the_server_survive_an_apply(recorded: Recorded) -> None:
    first = recorded.apply(kinds.CONFIG_MAP, "a", {"data": {"x": "1"}})
    recorded.store.update(first, lambda value: value | {"status": {"known": True}})
    second = recorded.apply(kinds.CONFIG_MAP, "a", {"data": {"x": "2"}, "status": {"known": False}})
    assert second["status"] == {"known": True}
    assert second["metadata"]["uid"] == first["metadata"]["uid"]


def test_another_manager_is_refused_and_told_the_way(recorded: Recorded) -> None:
    recorded.apply(kinds.CONFIG_MAP, "a", {})
    with pytest.raises(Refusal) as caught:
        recorded.apply(kinds.CONFIG_MAP, "a", {}, manager="kubectl")
    assert caught.value.code == 409
    assert "commit on main" in caught.value.message


def test_an_object_that_was_made_again_is_not_mistaken_for_the_one_before(recorded: Recorded) -> None:
    old = recorded.apply(kinds.CONFIG_MAP, "a", {})
    recorded.store.remove(old)
    new = recorded.apply(kinds.CONFIG_MAP, "a", {})
    assert recorded.store.update(old, lambda value: value | {"data": {"x": "1"}}) is None
    recorded.store.remove(old)
    found = recorded.store.get(kinds.CONFIG_MAP, "n", "a")
    assert found is not None
    assert found.value == new


def test_a_pod_is_marked_and_its_grace_can_only_shrink(recorded: Recorded) -> None:
    pod = recorded.pod(terminationGracePeriodSeconds=35)

    def delete(grace: int | None) -> int:
        stored = recorded.store.get(kinds.POD, "n", "p")
        assert stored is not None
        wanted = Preconditions(pod["metadata"]["uid"])
        marked = recorded.store.request_deletion(stored, wanted, grace, foreground=False)
        return int(marked["metadata"]["deletionGracePeriodSeconds"])

    assert [delete(None), delete(60), delete(5), delete(None), delete(0)] == [35, 35, 5, 5, 0]


def test_a_namespace_that_is_being_deleted_takes_nothing_in(recorded: Recorded) -> None:
    space = recorded.store.get(kinds.NAMESPACE, None, "n")
    assert space is not None
    marked = recorded.store.request_deletion(space, Preconditions(), None, foreground=False)
    assert marked["status"]["phase"] == "Terminating"
    with pytest.raises(Refusal) as caught:
        recorded.apply(kinds.CONFIG_MAP, "a", {})
    assert caught.value.code == 403


BODIES = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2"]), max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["x", "y"]), BODIES, st.booleans()), max_size=12))
def test_whatever_is_applied_nothing_that_was_told_changes_afterwards(steps: list[tuple[str, Object, bool]]) -> None:
    recorded, copies = Recorded(), []
    recorded.store.subscribe(lambda change: copies.append(copy.deepcopy(change.stored.value)))
    for name, data, dry_run in steps:
        before = recorded.store.get(kinds.CONFIG_MAP, "n", name)
        value = recorded.apply(kinds.CONFIG_MAP, name, {"data": data}, dry_run=dry_run)
        stored = recorded.store.get(kinds.CONFIG_MAP, "n", name)
        assert value["data"] == data
        assert stored == before if dry_run else (stored and stored.value == value)
    assert [change.stored.value for change in recorded.changes] == copies
