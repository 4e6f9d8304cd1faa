"""Who owns what: which fields were taken from us, by whom, and how they are called."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import ownership, plan, render
from core.descriptor import Service
from core.ownership import Owners
from runtime.node import field_sets, kinds
from runtime.node.objects import Store, Stored

Object = dict[str, Any]
OWNER = render.Owner("0" * 32, "demo")
NOW = 1_800_000_000.0


def wanted_objects() -> list[Object]:
    files = [render.File("handler.py", 0o644, b"x = 1\n")]
    revision = render.Revision("hello", "a" * 40, "c" * 40, Service(env={"A": "1", "EMPTY": ""}), files)
    return [
        *render.render_tenant(OWNER, render.Quota()),
        *render.render_service(OWNER, revision, {"a" * 12: "c" * 40}),
    ]


class Node:
    """The node's store with everything of a service in it, as we have applied it."""

    def __init__(self) -> None:
        self.store = Store(lambda: NOW)
        self.wanted = {plan.key_of(obj): obj for obj in wanted_objects()}
        for obj in self.wanted.values():
            self.apply(obj)

    def apply(self, obj: Object) -> Object:
        metadata = obj["metadata"]
        kind = kinds.kind_of(obj)
        return self.store.apply(kind, metadata.get("namespace"), metadata["name"], copy.deepcopy(obj), "paaks")[0]

    def find(self, obj: Object) -> Stored:
        metadata = obj["metadata"]
        found = self.store.get(kinds.kind_of(obj), metadata.get("namespace"), metadata["name"])
        assert found is not None
        return found

    def change(self, obj: Object, patch: Object, manager: str = "kubectl-edit") -> Object:
        return self.store.patch(self.find(obj), patch, manager)

    @property
    def deployment(self) -> Object:
        return next(obj for (kind, _, _), obj in self.wanted.items() if kind == "Deployment")


@pytest.fixture
def node() -> Node:
    return Node()


def taken(node: Node, obj: Object) -> dict[str, str | None]:
    live = node.find(obj).value
    found = ownership.find_taken(obj, live, ownership.read_owners(live))
    return {one.field: one.by.manager if one.by else None for one in found}


def container_with(node: Node, **changes: Any) -> Object:
    container = node.find(node.deployment).value["spec"]["template"]["spec"]["containers"][0]
    return {"spec": {"template": {"spec": {"containers": [container | changes]}}}}


def test_what_we_apply_is_all_ours(node: Node) -> None:
    for obj in node.wanted.values():
        live = node.find(obj).value
        owners = ownership.read_owners(live)
        assert not ownership.is_taken(obj, owners)
        assert not plan.needs_apply(obj, live, owners)
        assert taken(node, obj) == {}


def test_a_changed_field_is_named_with_who_has_it(node: Node) -> None:
    node.change(node.deployment, container_with(node, image="other"))
    assert taken(node, node.deployment) == {"spec.template.spec.containers[handler].image": "kubectl-edit"}
    entry = ownership.read_owners(node.find(node.deployment).value).others[0]
    assert (entry.operation, entry.time) == ("Update", "2027-01-15T08:00:00Z")


def test_a_field_that_was_changed_there_and_back_is_taken_all_the_same(node: Node) -> None:
    node.change(node.deployment, {"spec": {"revisionHistoryLimit": 7}})
    node.change(node.deployment, {"spec": {"revisionHistoryLimit": 2}})
    assert plan.contains(node.find(node.deployment).value, node.deployment)
    assert taken(node, node.deployment) == {"spec.revisionHistoryLimit": "kubectl-edit"}


def test_what_is_removed_has_a_name_and_nobody_to_name(node: Node) -> None:
    node.change(node.deployment, {"metadata": {"labels": {"app.kubernetes.io/part-of": None}}})
    assert taken(node, node.deployment) == {"metadata.labels[app.kubernetes.io/part-of]": None}


def test_what_is_put_into_a_list_of_ours_is_named_and_trimmed(node: Node) -> None:
    env = node.find(node.deployment).value["spec"]["template"]["spec"]["containers"][0]["env"]
    node.change(node.deployment, container_with(node, env=[*env, {"name": "THEIRS", "value": "x"}]))
    assert taken(node, node.deployment) == {"spec.template.spec.containers[handler].env[THEIRS]": "kubectl-edit"}
    live = node.apply(node.deployment)
    patch = ownership.trim(live, node.deployment)
    assert patch is not None
    node.change(node.deployment, patch, "paaks")
    assert taken(node, node.deployment) == {}
    assert ownership.trim(node.find(node.deployment).value, node.deployment) is None


def test_a_field_that_we_do_not_apply_is_no_concern_of_ours(node: Node) -> None:
    node.change(node.deployment, {"metadata": {"labels": {"theirs": "x"}}, "spec": {"paused": True}})
    assert taken(node, node.deployment) == {}


@pytest.mark.parametrize(
    ("manager", "subresource", "expected"),
    [
        ("kube-controller-manager", "scale", True),
        ("horizontal-pod-autoscaler", "", True),
        ("kubectl", "scale", False),
        ("kubectl-edit", "", False),
    ],
)
def test_an_autoscaler_has_the_replicas_to_itself(node: Node, manager: str, subresource: str, expected: bool) -> None:
    live = copy.deepcopy(node.change(node.deployment, {"spec": {"replicas": 7}}, manager))
    for entry in live["metadata"]["managedFields"]:
        if entry["manager"] == manager and subresource:
            entry["subresource"] = subresource
    owners = ownership.read_owners(live)
    assert ownership.is_autoscaled(owners) is expected
    yielded = plan.yield_replicas(node.deployment, owners)
    assert ("replicas" not in yielded["spec"]) is expected
    assert plan.needs_apply(yielded, live, owners) is not expected


@pytest.mark.parametrize(
    ("owned", "replicas", "expected"),
    [(False, 0, True), (False, 3, False), (True, 0, False)],
    ids=["taken by nobody", "another number", "ours"],
)
def test_nothing_that_nobody_owns_was_scaled_to(node: Node, owned: bool, replicas: int, expected: bool) -> None:
    """As Kubernetes records `PUT …/scale` with 0 (seen on 1.34): nobody has the field then."""
    live = copy.deepcopy(node.find(node.deployment).value)
    live["spec"]["replicas"] = replicas
    for entry in live["metadata"]["managedFields"]:
        if not owned:
            entry["fieldsV1"]["f:spec"].pop("f:replicas", None)
    owners = ownership.read_owners(live)

    assert ownership.is_scaled_to_nothing(live, owners) is expected
    name = frozenset({node.deployment["metadata"]["name"]})
    assert "replicas" in plan.yield_replicas(node.deployment, owners)["spec"]
    assert "replicas" not in plan.yield_replicas(node.deployment, owners, name)["spec"]


def test_a_number_that_somebody_wrote_into_the_deployment_is_no_autoscalers(node: Node) -> None:
    live = node.change(node.deployment, {"spec": {"replicas": 0}})
    assert not ownership.is_scaled_to_nothing(live, ownership.read_owners(live))


def test_who_writes_a_status_owns_nothing(node: Node) -> None:
    live = copy.deepcopy(node.find(node.deployment).value)
    status = {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status"}
    live["metadata"]["managedFields"].append(status | {"fieldsV1": {"f:status": {"f:replicas": {}}}})
    assert ownership.read_owners(live).others == ()


def test_what_nobody_can_change_need_not_be_held_to_be_compared(node: Node) -> None:
    config_map = next(obj for obj in node.wanted.values() if obj["kind"] == "ConfigMap")
    live = copy.deepcopy(node.find(config_map).value)
    del live["data"]
    owners = ownership.read_owners(live)
    assert not ownership.is_taken(config_map, owners)
    assert ownership.find_taken(config_map, live, owners) == []
    node.change(config_map, {"metadata": {"labels": {"app.kubernetes.io/part-of": "theirs"}}})
    assert taken(node, config_map) == {"metadata.labels[app.kubernetes.io/part-of]": "kubectl-edit"}


def test_owners_of_objects_of_one_form_share_their_text(node: Node) -> None:
    live = node.find(node.deployment).value
    first, second = ownership.read_owners(live), ownership.read_owners(copy.deepcopy(live))
    assert first.own is second.own


def test_nothing_known_of_owners_means_that_all_is_lost(node: Node) -> None:
    assert ownership.is_taken(node.deployment, Owners())


LEAVES = st.sampled_from(
    sorted(
        field
        for field, value in field_sets.list_values(wanted_objects()[-1]).items()
        if value is not None and not field[-1].startswith("f:name") and not any(s.startswith("k:") for s in field)
        if field[:2] != ("f:spec", "f:selector") and "f:labels" not in field and isinstance(value, int | str)
    )
)


@given(LEAVES)
def test_whatever_field_another_changes_it_is_found_named_and_ours_again_after_an_apply(field: tuple[str, ...]) -> None:
    node = Node()
    value = field_sets.list_values(node.deployment)[field]
    other: Any = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else value + "1"
    patch: Any = other
    for step in reversed(field):
        patch = {step[2:]: patch}
    node.change(node.deployment, patch)
    assert taken(node, node.deployment) == {ownership.name_path(field): "kubectl-edit"}
    node.apply(node.deployment)
    assert taken(node, node.deployment) == {}


@given(st.data())
def test_whatever_of_ours_is_cut_away_is_taken_exactly_if_a_field_of_it_is_named(data: st.DataObject) -> None:
    obj = data.draw(st.sampled_from(wanted_objects()))
    node = Node()
    own = json.loads(ownership.read_owners(node.find(obj).value).own)
    branch = own
    while children := sorted(branch):
        step = data.draw(st.sampled_from(children))
        if data.draw(st.booleans()) or not branch[step]:
            del branch[step]
            break
        branch = branch[step]
    owners = Owners(own=json.dumps(own))
    named = ownership.find_taken(obj, obj, owners)
    assert ownership.is_taken(obj, owners) == bool(named)


@given(st.sets(st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.sampled_from("ab")), max_size=12))
def test_a_set_of_fields_is_written_and_read_as_it_is(names: set[tuple[str, ...]]) -> None:
    fields = frozenset(tuple(f"f:{name}" for name in field) for field in names)
    assert frozenset(field_sets.read_tree(field_sets.build_tree(fields))) == fields


def test_what_is_live_of_what_is_wanted_is_the_same_where_nobody_has_changed_it() -> None:
    node = Node()
    for obj in node.wanted.values():
        live = copy.deepcopy(node.find(obj).value)
        live["metadata"]["uid"] = "of the cluster"
        live["status"] = {"of": "the cluster"}
        assert ownership.restrict(live, obj) == obj


def test_what_others_have_put_into_lists_of_ours_is_kept() -> None:
    wanted = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "args": ["x"], "empty": ""}
    theirs = {"name": "C", "value": "3"}
    live = {"env": [theirs, {"name": "B", "value": "9", "default": True}], "args": ["x", "y"], "more": 1}
    assert ownership.restrict(live, wanted) == {
        "env": [{"name": "B", "value": "9"}, theirs],
        "args": ["x", "y"],
        "empty": "",
    }
