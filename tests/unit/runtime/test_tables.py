"""What `kubectl get` prints of our kinds."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.node import kinds
from runtime.node.objects import format_time
from runtime.node.tables import build_table, format_age

NOW = 1_800_000_000.0


def metadata(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "n", "creationTimestamp": format_time(NOW - 90), **more}


def pod(status: dict[str, Any], **more: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "handler", "image": "i"}], "nodeName": "paaks"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata("p", **more), "spec": spec, "status": status}


def row(kind: kinds.Kind, obj: dict[str, Any], *, wide: bool = False) -> list[Any]:
    table = build_table(kind, [obj], "7", NOW)
    shown = [wide or column["priority"] == 0 for column in table["columnDefinitions"]]
    cells = table["rows"][0]["cells"]
    assert len(cells) == len(shown)
    return [cell for cell, is_shown in zip(cells, shown, strict=True) if is_shown]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (190, "3m10s"), (600, "10m"), (10_000, "166m")),
        *((3 * 3600, "3h"), (3 * 3600 + 120, "3h2m"), (20 * 3600, "20h"), (47 * 3600 + 59, "47h")),
        *((76 * 3600, "3d4h"), (90 * 86400, "90d"), (760 * 86400, "2y30d"), (3650 * 86400, "10y")),
    ],
)
def test_ages(seconds: float, text: str) -> None:
    assert format_age(seconds) == text


def test_a_pod_that_runs() -> None:
    container = {"ready": True, "restartCount": 0, "state": {"running": {}}, "lastState": {}}
    obj = pod({"phase": "Running", "containerStatuses": [container]})
    assert row(kinds.POD, obj) == ["p", "1/1", "Running", "0", "90s"]
    assert row(kinds.POD, obj, wide=True)[5:] == ["<none>", "paaks", "<none>", "<none>"]


def test_a_pod_that_crashed() -> None:
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": format_time(NOW - 5)}}
    container = {"restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended}
    obj = pod({"phase": "Running", "containerStatuses": [container]})
    assert row(kinds.POD, obj) == ["p", "0/1", "CrashLoopBackOff", "2 (5s ago)", "90s"]
    container["state"] = ended
    assert row(kinds.POD, obj)[2] == "Error"


def test_a_pod_that_is_new_or_going() -> None:
    assert row(kinds.POD, pod({})) == ["p", "0/1", "Pending", "0", "90s"]
    assert row(kinds.POD, pod({"phase": "Running"}, deletionTimestamp=format_time(NOW)))[2] == "Terminating"


def test_a_deployment() -> None:
    template = {"spec": {"containers": [{"name": "handler", "image": "i"}]}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"b": "2", "a": "1"}}, "template": template}
    status = {"replicas": 4, "readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1}
    obj = {"metadata": metadata("d"), "spec": spec, "status": status}
    assert row(kinds.DEPLOYMENT, obj, wide=True) == ["d", "2/3", 3, 1, "90s", "handler", "i", "a=1,b=2"]
    assert row(kinds.DEPLOYMENT, obj | {"status": {}}) == ["d", "0/3", 0, 0, "90s"]


def test_the_other_kinds() -> None:
    config = {"metadata": metadata("c"), "data": {"a": "1"}, "binaryData": {"b": "MQ=="}}
    assert row(kinds.CONFIG_MAP, config) == ["c", 2, "90s"]
    service = {"metadata": metadata("s"), "spec": {"type": "ClusterIP", "clusterIP": "None", "ports": [{"port": 80}]}}
    assert row(kinds.SERVICE, service) == ["s", "ClusterIP", "None", "<none>", "80/TCP", "90s"]
    assert row(kinds.NAMESPACE, {"metadata": metadata("n"), "status": {"phase": "Active"}}) == ["n", "Active", "90s"]
    quota = {"metadata": metadata("q"), "spec": {"hard": {"pods": "2", "limits.memory": "1Gi"}}}
    assert row(kinds.RESOURCE_QUOTA, quota) == ["q", "pods: 0/2", "limits.memory: 0/1Gi", "90s"]
    assert row(kinds.LIMIT_RANGE, {"metadata": metadata("l")}) == ["l", format_time(NOW - 90)]
    assert row(kinds.NETWORK_POLICY, {"metadata": metadata("p"), "spec": {"podSelector": {}}}) == ["p", "<none>", "90s"]


def test_an_event() -> None:
    event = {
        "metadata": metadata("e"),
        "involvedObject": {"kind": "Pod", "name": "p"},
        "type": "Warning",
        "reason": "BackOff",
        "message": "again",
        "count": 3,
        "source": {"component": "node"},
        "firstTimestamp": format_time(NOW - 60),
        "lastTimestamp": format_time(NOW - 2),
    }
    assert row(kinds.EVENT, event) == ["2s", "Warning", "BackOff", "pod/p", "again"]
    assert row(kinds.EVENT, event, wide=True)[-3:] == ["60s", 3, "e"]


def test_what_rows_carry() -> None:
    obj = pod({"phase": "Running"})
    tables = {include: build_table(kinds.POD, [obj], "7", NOW, include) for include in ("None", "Metadata", "Object")}
    assert "object" not in tables["None"]["rows"][0]
    assert tables["Object"]["rows"][0]["object"] == obj
    partial = tables["Metadata"]["rows"][0]["object"]
    assert (partial["kind"], partial["metadata"]) == ("PartialObjectMetadata", obj["metadata"])
    assert tables["None"]["metadata"] == {"resourceVersion": "7"}
