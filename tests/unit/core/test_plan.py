"""A plan leads to what is wanted, leaves alone what is not ours, and asks before it removes much."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import names, plan, render
from core.descriptor import Service
from core.plan import Key, Plan, key_of, make_plan
from core.render import File, Owner, Quota, Revision
from runtime.node import kinds

Object = dict[str, Any]
Live = dict[Key, Object]
OWNER = Owner("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "demo")
TENANT = list(render.render_tenant(OWNER, Quota()))
SERVICES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
# What a tenant's main may hold: a few services, each at one of a few revisions.
WANTED = st.dictionaries(st.sampled_from(SERVICES), st.integers(0, 3), max_size=6)


def tree_of(service: str, number: int) -> str:
    """The tree of a service's revision."""
    return f"{number:x}{SERVICES.index(service):x}" * 20


def objects(wanted: Mapping[str, int]) -> dict[str, list[Object]]:
    """What is wanted of each service."""
    found = {}
    for service, number in wanted.items():
        tree = tree_of(service, number)
        files = [File("handler.py", 0o100644, f"n = {number}\n".encode())]
        of = Revision(service, tree, "c" * 40, Service(replicas=number % 3 + 1, env={"EMPTY": "", "A": "b"}), files)
        found[service] = list(render.render_service(OWNER, of, {tree[:12]: "c" * 40}))
    return found


def named(wanted: Mapping[str, int]) -> dict[str, frozenset[str]]:
    """The trees that are named by what is wanted alone: no pod runs another."""
    return {service: frozenset({tree_of(service, number)[:12]}) for service, number in wanted.items()}


def answer(obj: Object) -> Object:
    """An applied object as a cluster has it: with defaults, metadata of the server, and empty texts left out."""
    stored: Object = kinds.complete(kinds.kind_of(obj), json.loads(json.dumps(obj)))
    stored = stored | {"metadata": stored["metadata"] | {"uid": f"uid-{key_of(obj)}", "resourceVersion": "7"}}
    for container in stored.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ()):
        container["env"] = [{k: v for k, v in entry.items() if v != ""} for entry in container["env"]]
    return stored


def apply(live: Mapping[Key, Object], made: Plan) -> Live:
    """The cluster after a plan was carried out."""
    after = dict(live)
    for obj in [*made.tenant, *(obj for written in made.services.values() for obj in written)]:
        after[key_of(obj)] = answer(obj)
    for obj in [*(obj for removed in made.prune.values() for obj in removed), *made.garbage]:
        del after[key_of(obj)]
    return after


def plan_for(wanted: Mapping[str, int], live: Mapping[Key, Object], **how: Any) -> Plan:
    """The plan for one tenant."""
    return make_plan(TENANT, objects(wanted), live, **({"named_trees": named(wanted)} | how))


def settled(wanted: Mapping[str, int]) -> Live:
    """The cluster that holds exactly what is wanted."""
    return apply({}, plan_for(wanted, {}))


def ours(obj: Object) -> bool:
    """Does it carry our labels?"""
    return names.label_of(obj, names.LABEL_TENANT) == OWNER.id


@given(st.lists(WANTED, min_size=1, max_size=5))
def test_what_is_planned_and_applied_leaves_nothing_to_plan(history: list[dict[str, int]]) -> None:
    live: Live = {}
    for wanted in history:
        live = apply(live, plan_for(wanted, live, prune_allowed=True))

        assert plan_for(wanted, live).is_empty
        assert plan_for(wanted, live).held == []
        expected = {key_of(obj) for obj in [*TENANT, *(obj for made in objects(wanted).values() for obj in made)]}
        assert live.keys() == expected


@given(WANTED, WANTED, st.data())
def test_a_plan_that_was_cut_off_anywhere_is_finished_by_the_next(
    before: dict[str, int], after: dict[str, int], data: st.DataObject
) -> None:
    live = settled(before)
    made = plan_for(after, live, prune_allowed=True)
    steps = [
        *(("apply", obj) for obj in [*made.tenant, *(obj for written in made.services.values() for obj in written)]),
        *(("delete", obj) for obj in [*made.garbage, *(obj for removed in made.prune.values() for obj in removed)]),
    ]
    for what, obj in steps[: data.draw(st.integers(0, len(steps)))]:
        if what == "apply":
            live[key_of(obj)] = answer(obj)
        else:
            del live[key_of(obj)]

    live = apply(live, plan_for(after, live, prune_allowed=True))
    assert plan_for(after, live, prune_allowed=True).is_empty
    assert live.keys() == settled(after).keys()


def test_a_config_map_whose_service_is_gone_is_garbage() -> None:
    """A pass that ended between the removal of a Service and that of its ConfigMap."""
    live = settled({"alpha": 1, "beta": 1})
    for kind in ("Deployment", "Service"):
        del live[kind, OWNER.namespace, "beta"]
    made = plan_for({"alpha": 1}, live)

    assert [key_of(obj)[0] for obj in made.garbage] == ["ConfigMap"]
    assert made.prune == {}


def test_a_config_map_of_a_kept_or_held_service_is_not_garbage() -> None:
    live = settled({"alpha": 1, "beta": 1})
    without = {key: obj for key, obj in live.items() if key[0] != "Deployment"}

    assert plan_for({}, live, kept=frozenset(SERVICES)).is_empty
    assert plan_for({}, without, kept=frozenset(SERVICES)).garbage == []
    held = plan_for({}, live)
    assert list(held.held) == ["alpha", "beta"]
    assert held.garbage == []


FOREIGN = st.sampled_from(["ConfigMap", "Service", "Deployment", "Secret", "Pod", "Job", "Ingress", "Namespace"])


@given(WANTED, WANTED, st.lists(st.tuples(FOREIGN, st.sampled_from([*SERVICES, "other"]), st.booleans()), max_size=6))
def test_nothing_without_our_labels_is_ever_deleted(
    before: dict[str, int], after: dict[str, int], foreign: list[tuple[str, str, bool]]
) -> None:
    live = settled(before)
    for kind, name, labelled in foreign:
        labels = {"app": name} if labelled else None
        obj = {"kind": kind, "metadata": {"name": name, "namespace": OWNER.namespace, "uid": "x", "labels": labels}}
        live[kind, OWNER.namespace, name] = obj
    made = plan_for(after, live, prune_allowed=True)

    for obj in [*made.garbage, *(obj for removed in made.prune.values() for obj in removed)]:
        assert ours(obj)
        assert obj["kind"] in ("Deployment", "Service", "ConfigMap")
        assert names.label_of(obj, names.LABEL_SERVICE) in SERVICES


@given(WANTED, WANTED, st.sets(st.sampled_from(SERVICES)))
def test_a_kept_service_is_neither_written_nor_removed(
    before: dict[str, int], after: dict[str, int], kept: set[str]
) -> None:
    wanted = {service: number for service, number in after.items() if service not in kept}
    made = plan_for(wanted, settled(before), kept=frozenset(kept), prune_allowed=True)

    touched = {*made.services, *made.prune, *(names.label_of(obj, names.LABEL_SERVICE) for obj in made.garbage)}
    assert touched.isdisjoint(kept)


@given(WANTED, WANTED)
@example(dict.fromkeys(SERVICES, 1), {"alpha": 1})
@example(dict.fromkeys(SERVICES[:5], 1), {"alpha": 1})
@example({"alpha": 1, "beta": 1}, {})
@example({"alpha": 1}, {})
def test_many_services_are_not_removed_without_a_word(before: dict[str, int], after: dict[str, int]) -> None:
    removed = sorted(set(before) - set(after))
    made = plan_for(after, settled(before))

    if len(removed) >= 5 or (len(removed) > 1 and not after):
        assert list(made.held) == removed
        assert made.prune == {}
    else:
        assert made.held == []
        assert sorted(made.prune) == removed
    # Whatever is held, what is wanted is written.
    assert set(made.services) == {s for s in after if before.get(s) != after[s]}
    assert plan_for(after, settled(before), prune_allowed=True).held == []


@pytest.mark.parametrize(
    ("removed", "remaining", "asks"),
    [
        (0, 0, False),
        (1, 0, False),
        (2, 0, True),
        (4, 1, False),
        (5, 1, True),
        (5, 100, True),
        (4, 0, True),
        (1, 5, False),
    ],
)
def test_the_hold_rule(removed: int, remaining: int, asks: bool) -> None:
    assert plan.needs_confirmation(removed, remaining) is asks


def test_a_service_is_removed_from_its_traffic_backwards() -> None:
    made = plan_for({"alpha": 1}, settled({"alpha": 1, "beta": 1}))

    assert [obj["kind"] for obj in made.prune["beta"]] == ["Deployment", "Service", "ConfigMap"]


def test_what_is_going_already_is_not_removed_again() -> None:
    live = settled({"alpha": 1, "beta": 1})
    for key, obj in live.items():
        if key[2].startswith("beta"):
            obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    made = plan_for({"alpha": 1}, live)

    assert made.is_empty
    assert made.held == []


def test_a_service_whose_deployment_is_going_still_loses_its_service() -> None:
    live = settled({"alpha": 1, "beta": 1})
    live["Deployment", OWNER.namespace, "beta"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert [obj["kind"] for obj in plan_for({"alpha": 1}, live).prune["beta"]] == ["Service", "ConfigMap"]


def test_a_config_map_that_a_pod_still_names_stays() -> None:
    live = apply(settled({"alpha": 1}), plan_for({"alpha": 2}, settled({"alpha": 1}), named_trees={}))
    live |= {key: obj for key, obj in settled({"alpha": 1}).items() if key[0] == "ConfigMap"}
    old, new = tree_of("alpha", 1)[:12], tree_of("alpha", 2)[:12]

    assert plan_for({"alpha": 2}, live, named_trees={"alpha": frozenset({old, new})}).garbage == []
    garbage = plan_for({"alpha": 2}, live).garbage
    assert [obj["metadata"]["name"] for obj in garbage] == [f"alpha-{old}"]


@pytest.mark.parametrize("kind", ["Deployment", "Service", "ConfigMap", "Namespace", "ResourceQuota", "NetworkPolicy"])
def test_what_somebody_deleted_is_written_again(kind: str) -> None:
    live = settled({"alpha": 1})
    gone = next(key for key in live if key[0] == kind)
    del live[gone]
    made = plan_for({"alpha": 1}, live)

    assert [key_of(o) for o in [*made.tenant, *(o for w in made.services.values() for o in w)]] == [gone]


@pytest.mark.parametrize(
    "change",
    [
        lambda spec: spec.update(replicas=9),
        lambda spec: spec["template"]["spec"]["containers"][0].update(image="evil"),
        lambda spec: spec["template"]["spec"]["containers"][0]["env"].append({"name": "X", "value": "y"}),
        lambda spec: spec["template"]["spec"].pop("automountServiceAccountToken"),
        lambda spec: spec["template"]["spec"]["securityContext"].pop("runAsNonRoot"),
        lambda spec: spec["template"]["spec"]["containers"][0]["env"][0].update(value="y"),
        lambda spec: spec["template"]["metadata"]["annotations"].update({names.ANNOTATION_PUBLIC: "true"}),
        lambda spec: spec["strategy"]["rollingUpdate"].update(maxUnavailable=1),
    ],
)
def test_what_somebody_changed_is_written_again(change: Any) -> None:
    live = copy.deepcopy(settled({"alpha": 1}))
    change(live["Deployment", OWNER.namespace, "alpha"]["spec"])

    assert [obj["kind"] for obj in plan_for({"alpha": 1}, live).services["alpha"]] == ["Deployment"]


def test_a_hash_alone_that_somebody_changed_is_written_again() -> None:
    live = settled({"alpha": 1})
    live["ConfigMap", OWNER.namespace, names.config_map_name("alpha", tree_of("alpha", 1))]["metadata"][
        "annotations"
    ] = {}

    assert [obj["kind"] for obj in plan_for({"alpha": 1}, live).services["alpha"]] == ["ConfigMap"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_everything_contains_itself_and_itself_with_more(value: Any) -> None:
    assert plan.contains(value, value)
    assert plan.contains(_grow(value), value)


def _grow(value: Any) -> Any:
    """The same with fields that a server adds."""
    if isinstance(value, dict):
        return {key: _grow(inner) for key, inner in value.items()} | {"added": 1}
    return [_grow(inner) for inner in value] if isinstance(value, list) else value


@given(JSON, JSON)
def test_what_contains_each_other_is_the_same_but_for_empty_texts(one: Any, other: Any) -> None:
    if plan.contains(one, other) and plan.contains(other, one):
        assert _prune(one) == _prune(other)


def _prune(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _prune(inner) for key, inner in value.items() if inner != ""}
    return [_prune(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        ({}, {"a": ""}, True),  # Kubernetes leaves empty texts out of its answers
        ({}, {"a": False}, False),
        ({}, {"a": 0}, False),
        ({}, {"a": {}}, False),
        ({"a": None}, {"a": ""}, False),
        ([1, 2], [1], False),
        ([{"a": 1, "b": 2}], [{"a": 1}], True),
        ("a", {"a": 1}, False),
        (None, [], False),
    ],
)
def test_contains(live: Any, wanted: Any, expected: bool) -> None:
    assert plan.contains(live, wanted) is expected


def test_an_empty_plan_says_so() -> None:
    assert Plan().is_empty
    assert Plan(held=["a"]).is_empty
    assert not Plan(garbage=[{}]).is_empty


def test_live_objects_are_not_changed_by_planning() -> None:
    live = settled({"alpha": 1, "beta": 2})
    before = copy.deepcopy(live)
    _consume(plan_for({"alpha": 2, "gamma": 1}, live))

    assert live == before


def _consume(made: Plan) -> Iterable[Object]:
    return [*made.tenant, *made.garbage]
