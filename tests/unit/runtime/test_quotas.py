"""When a namespace is full."""

from __future__ import annotations

from typing import Any

from runtime.node.quotas import find_excess


def spec(memory: str = "128Mi", cpu: str = "100m") -> dict[str, Any]:
    resources = {"requests": {"memory": memory, "cpu": cpu}, "limits": {"memory": memory, "cpu": "1"}}
    return {"containers": [{"resources": resources}]}


def pod(going: bool = False, **more: str) -> dict[str, Any]:
    return {"metadata": {"deletionTimestamp": "now"} if going else {}, "spec": spec(**more)}


def quota(**hard: str) -> list[dict[str, Any]]:
    return [{"metadata": {"name": "q"}, "spec": {"hard": {key.replace("_", "."): text for key, text in hard.items()}}}]


def test_without_a_quota_nothing_is_too_much() -> None:
    assert find_excess([], [pod()] * 500, spec()) is None


def test_the_number_of_pods() -> None:
    assert find_excess(quota(pods="2"), [pod()], spec()) is None
    assert find_excess(quota(pods="2"), [pod(), pod(going=True)], spec()) is None
    told = find_excess(quota(pods="2"), [pod(), pod()], spec())
    assert told == "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"


def test_memory_and_cpu() -> None:
    hard = quota(limits_memory="1Gi", requests_cpu="1")
    assert find_excess(hard, [pod(memory="512Mi")], spec(memory="512Mi")) is None
    told = find_excess(hard, [pod(memory="512Mi")], spec(memory="513Mi"))
    assert (
        told
        == "exceeded quota: q, requested: limits.memory=513Mi, used: limits.memory=512Mi, limited: limits.memory=1Gi"
    )
    told = find_excess(hard, [pod(cpu="600m")], spec(cpu="500m"))
    assert told == "exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1"


def test_what_a_pod_does_not_ask_for_does_not_count() -> None:
    assert find_excess(quota(limits_memory="1Mi"), [{"metadata": {}, "spec": {"containers": [{}]}}], {}) is None


def test_a_quota_of_something_that_the_node_does_not_have_is_left_alone() -> None:
    assert find_excess(quota(services="0"), [], spec()) is None
