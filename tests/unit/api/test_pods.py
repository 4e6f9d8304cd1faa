"""What is shown of a service's pods, whatever state the cluster says that they are in."""

from __future__ import annotations

from typing import Any

from api.pods import show_pods
from core import names

Object = dict[str, Any]


def make_pod(name: str, *, ready: bool = False, at: str = "2026-11-30T10:00:00Z", **metadata: Any) -> Object:
    """One pod of the tree `aaa`."""
    labels = {names.LABEL_TREE: "aaa"}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": {"name": name, "labels": labels, "creationTimestamp": at, **metadata},
        "spec": {"nodeName": "secret-node"},
        "status": {"conditions": conditions, "podIP": "10.1.2.3", "hostIP": "10.1.2.4"},
    }


def test_each_state_has_its_word() -> None:
    pods = [
        make_pod("a", ready=True),
        make_pod("b", at="2026-11-30T10:00:01Z"),
        make_pod("c", ready=True, at="2026-11-30T10:00:02Z", deletionTimestamp="2026-11-30T10:01:00Z"),
    ]
    pods[1]["status"]["containerStatuses"] = [
        {"restartCount": 4, "state": {"waiting": {"message": "no image"}}, "lastState": {}}
    ]
    going, waiting, ready = show_pods(pods, {"aaa": "c" * 40})
    assert (ready["name"], ready["state"], ready["commit"]) == ("a", "ready", "c" * 40)
    assert (waiting["name"], waiting["state"], waiting["sentence"]) == ("b", "starting", "no image")
    assert waiting["restarts"] == 4
    assert (going["name"], going["state"], going["goneBy"]) == ("c", "going", "2026-11-30T10:01:00.000Z")


def test_where_it_runs_is_not_said() -> None:
    (shown,) = show_pods([make_pod("a", ready=True)], {})
    assert not any(word in repr(shown) for word in ("secret-node", "10.1.2.3", "10.1.2.4"))
    assert shown["commit"] is None
