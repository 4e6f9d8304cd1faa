"""What is wrong with an object, and in which field."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from runtime.node import kinds
from runtime.node.kinds import Kind
from runtime.node.validation import find_faults, find_forbidden_changes, parse_quantity

Object = dict[str, Any]


def deployment() -> Object:
    container = {
        "name": "handler",
        "image": "i",
        "env": [{"name": "A", "value": "1"}],
        "resources": {"limits": {"memory": "128Mi"}},
        "volumeMounts": [{"name": "app", "mountPath": "/app", "subPath": "app"}],
    }
    volumes = [{"name": "app", "configMap": {"name": "c", "items": [{"key": "k", "path": "app/x.py"}]}}]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container], "volumes": volumes}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"metadata": {"name": "d", "namespace": "n"}, "spec": spec}


def config_map(**fields: Any) -> Object:
    return {"metadata": {"name": "c", "namespace": "n"}, **fields}


def faults(kind: Kind, obj: Object) -> list[str]:
    return [fault.field for fault in find_faults(kind, kinds.complete(kind, obj))]


def container_of(obj: Object) -> Object:
    found: Object = obj["spec"]["template"]["spec"]["containers"][0]
    return found


def test_what_is_right_has_no_faults() -> None:
    assert faults(kinds.DEPLOYMENT, deployment()) == []
    assert faults(kinds.CONFIG_MAP, config_map(data={"a.b_C-1": "x"}, binaryData={"b": "eA=="})) == []
    assert faults(kinds.SERVICE, {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}) == []
    assert faults(kinds.NAMESPACE, {"metadata": {"name": "n"}}) == []


CONTAINER = "spec.template.spec.containers[0]"


@pytest.mark.parametrize(
    ("break_it", "field"),
    [
        (lambda d: d["metadata"].update(name="Upper"), "metadata.name"),
        (lambda d: d["metadata"].update(name="x" * 254), "metadata.name"),
        (lambda d: d["metadata"].update(labels={"a b": "1"}), "metadata.labels"),
        (lambda d: d["metadata"].update(labels={"a": "x" * 64}), "metadata.labels"),
        (lambda d: d["metadata"].update(labels={"a": 1}), "metadata.labels"),
        (lambda d: d["metadata"].update(annotations={"a": "x" * 300_000}), "metadata.annotations"),
        (lambda d: d["spec"].update(selector={}), "spec.selector"),
        (lambda d: d["spec"].update(selector={"matchLabels": {"a": "c"}}), "spec.template.metadata.labels"),
        (lambda d: d["spec"].update(replicas=-1), "spec.replicas"),
        (lambda d: d["spec"]["template"]["spec"].update(containers=[]), "spec.template.spec.containers"),
        (lambda d: d["spec"]["template"]["spec"].update(initContainers=[{}]), "spec.template.spec.containers"),
        (lambda d: container_of(d).update(env=[{"name": "A"}, {"name": "A"}]), f"{CONTAINER}.env"),
        (lambda d: container_of(d).update(env=[{"name": "A", "valueFrom": {}}]), f"{CONTAINER}.env"),
        (lambda d: container_of(d).update(envFrom=[{}]), f"{CONTAINER}.env"),
        (
            lambda d: container_of(d).update(resources={"limits": {"memory": "much"}}),
            f"{CONTAINER}.resources.limits.memory",
        ),
        (lambda d: container_of(d)["volumeMounts"][0].update(name="other"), f"{CONTAINER}.volumeMounts"),
        (lambda d: container_of(d)["volumeMounts"][0].update(subPath="../x"), f"{CONTAINER}.volumeMounts"),
        (
            lambda d: d["spec"]["template"]["spec"]["volumes"][0]["configMap"].update(
                items=[{"key": "k", "path": "/etc/x"}]
            ),
            "spec.template.spec.volumes",
        ),
    ],
)
def test_what_is_wrong_is_found_in_its_field(break_it: Callable[[Object], Any], field: str) -> None:
    obj = deployment()
    break_it(obj)
    assert faults(kinds.DEPLOYMENT, obj) == [field]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"data": {"a/b": "x"}}, "data[a/b]"),
        ({"data": {"a": 1}}, "data"),
        ({"data": []}, "data"),
        ({"data": {"a": "x" * (2**20 + 1)}}, ""),
        ({"binaryData": {"a": "AAAA" * (2**20 // 3 + 1)}}, ""),
    ],
)
def test_config_maps_are_small_maps_of_text(fields: Object, field: str) -> None:
    assert faults(kinds.CONFIG_MAP, config_map(**fields)) == [field]


def test_a_service_is_for_the_cluster_only() -> None:
    assert faults(kinds.SERVICE, {"metadata": {"name": "s"}, "spec": {"type": "NodePort"}}) == ["spec.type"]


def test_what_must_not_change() -> None:
    old = deployment()
    new = copy.deepcopy(old)
    new["spec"]["selector"] = {"matchLabels": {"x": "y"}}
    assert [fault.field for fault in find_forbidden_changes(kinds.DEPLOYMENT, old, new)] == ["spec.selector"]
    fixed = config_map(immutable=True, data={"a": "1"})
    for changed, fields in (
        (config_map(immutable=True, data={"a": "2"}), ["data"]),
        (config_map(immutable=True, data={"a": "1"}, binaryData={"b": ""}), ["binaryData"]),
        (config_map(data={"a": "1"}), ["immutable"]),
        (config_map(immutable=True, data={"a": "1"}), []),
    ):
        assert [fault.field for fault in find_forbidden_changes(kinds.CONFIG_MAP, fixed, changed)] == fields
    assert find_forbidden_changes(kinds.CONFIG_MAP, config_map(data={"a": "1"}), config_map()) == []
    assert find_forbidden_changes(kinds.POD, old, new) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("100m", 0.1), ("128Mi", 2**27), ("1.5Gi", 1.5 * 2**30), ("2k", 2000), (3, 3), ("", None), ("x", None)],
)
def test_quantities(text: object, value: float | None) -> None:
    assert parse_quantity(text) == value
