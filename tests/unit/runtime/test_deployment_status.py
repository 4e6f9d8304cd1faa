"""What a Deployment says of itself, as `kubectl rollout status` and `kubectl wait` read it."""

from __future__ import annotations

from typing import Any

from runtime.node.deployment_status import Observed, describe_deployment, find_deadline
from runtime.node.rollout import PodState

NOW = 1_800_000_000.0


def deployment(status: dict[str, Any] | None = None, replicas: int = 2, generation: int = 1) -> dict[str, Any]:
    spec = {"replicas": replicas, "progressDeadlineSeconds": 600}
    obj: dict[str, Any] = {"metadata": {"name": "d", "generation": generation}, "spec": spec}
    return obj | ({"status": status} if status else {})


def observe(*texts: str, revision: str = "b", refusal: str | None = None) -> Observed:
    pods = [PodState(text[:-1], text[0], text[-1] == "+", text[-1] == "x") for text in texts]
    return Observed(revision, pods, refusal)


def condition(status: dict[str, Any], type_: str) -> tuple[str, str]:
    found = next(one for one in status["conditions"] if one["type"] == type_)
    return found["status"], found["reason"]


def test_a_rollout_from_start_to_end() -> None:
    status = describe_deployment(deployment(), observe("a1+", "a2+", "b1+", "b2-"), NOW)
    assert (status["replicas"], status["updatedReplicas"], status["readyReplicas"]) == (4, 2, 3)
    assert status["unavailableReplicas"] == 1
    assert status["observedGeneration"] == 1
    assert condition(status, "Available") == ("True", "MinimumReplicasAvailable")
    assert condition(status, "Progressing") == ("True", "ReplicaSetUpdated")

    status = describe_deployment(deployment(status), observe("a1x", "a2x", "b1+", "b2+"), NOW + 1)
    assert (status["replicas"], status["updatedReplicas"], status["availableReplicas"]) == (2, 2, 2)
    assert "unavailableReplicas" not in status
    assert condition(status, "Progressing") == ("True", "NewReplicaSetAvailable")


def test_a_crash_after_the_rollout_is_no_rollout() -> None:
    done = describe_deployment(deployment(), observe("b1+", "b2+"), NOW)
    status = describe_deployment(deployment(done), observe("b1+", "b2-"), NOW + 5)
    assert condition(status, "Progressing") == ("True", "NewReplicaSetAvailable")
    assert condition(status, "Available") == ("False", "MinimumReplicasUnavailable")


def test_the_same_again_is_the_same_status() -> None:
    seen = observe("a1+", "a2+", "b1-", "b2-")
    status = describe_deployment(deployment(), seen, NOW)
    assert describe_deployment(deployment(status), seen, NOW + 100) == status


def test_a_rollout_that_does_not_move_is_late_after_its_deadline_and_recovers() -> None:
    stuck = observe("a1+", "a2+", "b1-", "b2-")
    status = describe_deployment(deployment(), stuck, NOW)
    assert find_deadline(status, 600, NOW + 10) == 590
    status = describe_deployment(deployment(status), stuck, NOW + 600)
    assert condition(status, "Progressing") == ("False", "ProgressDeadlineExceeded")
    assert find_deadline(status, 600, NOW + 601) is None
    again = describe_deployment(deployment(status, generation=2), observe("a1+", "a2+", revision="c"), NOW + 700)
    assert condition(again, "Progressing") == ("True", "ReplicaSetUpdated")
    status = describe_deployment(deployment(status), observe("b1+", "b2+"), NOW + 800)
    assert condition(status, "Progressing") == ("True", "NewReplicaSetAvailable")


def test_movement_postpones_the_deadline() -> None:
    status = describe_deployment(deployment(), observe("b1-", "b2-"), NOW)
    status = describe_deployment(deployment(status), observe("b1+", "b2-"), NOW + 500)
    assert find_deadline(status, 600, NOW + 500) == 600


def test_a_refusal_is_said() -> None:
    status = describe_deployment(deployment(), observe(refusal="exceeded quota"), NOW)
    assert condition(status, "ReplicaFailure") == ("True", "FailedCreate")
    assert "replicas" not in status  # zero is left out, as the API does


def test_no_replicas_are_available_at_once() -> None:
    status = describe_deployment(deployment(replicas=0), observe(), NOW)
    assert condition(status, "Available")[0] == "True"
    assert condition(status, "Progressing") == ("True", "NewReplicaSetAvailable")


def test_a_condition_keeps_the_time_of_its_last_change() -> None:
    first = describe_deployment(deployment(), observe("b1-", "b2-"), NOW)
    later = describe_deployment(deployment(first), observe("b1+", "b2+"), NOW + 60)
    times = [next(c for c in s["conditions"] if c["type"] == "Progressing") for s in (first, later)]
    assert times[0]["lastTransitionTime"] == times[1]["lastTransitionTime"]
    assert times[0]["lastUpdateTime"] != times[1]["lastUpdateTime"]
