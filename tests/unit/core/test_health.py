"""Pods become one state, one reason, one sentence; whatever the pods say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import health, names
from core.health import CROWD, READY_SECONDS, REASONS, START_SECONDS, End, Health, find_end, find_starts, judge

Object = dict[str, Any]
NOW = 1_800_000_000.0
TREE = "0123456789ab"
TRACEBACK = (
    "Traceback (most recent call last):\n  File \"handler.py\", line 1\nModuleNotFoundError: No module named 'x'\n\n"
)


def moment(seconds: float) -> str:
    """RFC 3339, as the API has it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod(
    *,
    tree: str = TREE,
    ready: bool = False,
    state: Object | None = None,
    last: Object | None = None,
    going: bool = False,
) -> Object:
    """A pod with one container."""
    metadata: Object = {"name": "p", "labels": {names.LABEL_TREE: tree}}
    if going:
        metadata["deletionTimestamp"] = moment(NOW)
    status: Object = {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    if state is not None or last is not None:
        status["containerStatuses"] = [{"name": "handler", "state": state or {}, "lastState": last or {}}]
    return {"metadata": metadata, "status": status}


def running(ago: float) -> Object:
    """A container's state."""
    return {"running": {"startedAt": moment(NOW - ago)}}


def ended(**how: Any) -> Object:
    """A container's state."""
    return {"terminated": {"exitCode": 1} | how}


def judged(*pods: Object, replicas: int = 1, applied: float = NOW - 1, deployment: Object | None = None) -> Health:
    """The health of the revision now."""
    return judge(pods, TREE, replicas, applied=applied, now=NOW, deployment=deployment)


def test_running() -> None:
    assert judged(pod(ready=True, state=running(3))) == Health("Ready", "Running", "1 of 1 running", None, 1, NOW - 3)


def test_starting() -> None:
    found = judged(pod(state=running(3)))

    assert (found.state, found.reason) == ("Progressing", "Starting")
    assert found.look_again == NOW - 3 + READY_SECONDS


@pytest.mark.parametrize(
    "pods", [[], [pod()], [pod(tree="f" * 12, ready=True, state=running(1))], [pod(ready=True, going=True)]]
)
def test_waiting(pods: list[Object]) -> None:
    found = judged(*pods)

    assert (found.state, found.reason, found.ready) == ("Progressing", "Waiting", 0)
    assert found.look_again == NOW - 1 + START_SECONDS


def test_waiting_says_what_for() -> None:
    found = judged(pod(state={"waiting": {"reason": "ErrImagePull", "message": "no such image"}}))

    assert (found.reason, found.sentence) == ("Waiting", "no such image")


@pytest.mark.parametrize("where", ["state", "last"])
def test_import_failed(where: str) -> None:
    how = ended(message=TRACEBACK)
    found = judged(pod(state=how) if where == "state" else pod(last=how))

    assert (found.state, found.reason) == ("Failed", "ImportFailed")
    assert found.sentence == "ModuleNotFoundError: No module named 'x'"
    assert found.message == TRACEBACK


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"exitCode": 3}, "it ended with status 3 before it was ready"),
        ({"exitCode": 137, "signal": 9}, "it ended with signal 9 before it was ready"),
        ({"message": "usage: x\nbad option\n"}, "bad option"),
        ({"message": "\n \n"}, "it ended with status 1 before it was ready"),
        ({"message": ""}, "it ended with status 1 before it was ready"),
    ],
)
def test_exited(how: Object, sentence: str) -> None:
    found = judged(pod(last=ended(**how)))

    assert (found.state, found.reason) == ("Failed", "Exited")
    assert found.sentence == sentence


def test_out_of_memory() -> None:
    found = judged(pod(last=ended(reason="OOMKilled", message=TRACEBACK)))

    assert (found.state, found.reason) == ("Failed", "OutOfMemory")
    assert "resources.memory" in found.sentence


def test_ready_timeout() -> None:
    found = judged(pod(state=running(READY_SECONDS)))

    assert (found.state, found.reason) == ("Failed", "ReadyTimeout")
    assert judged(pod(state=running(READY_SECONDS - 1))).state == "Progressing"


def test_handlers_that_load_in_a_crowd_get_longer() -> None:
    began = 2 * READY_SECONDS - 1
    crowd = [pod(state=running(began), ready=number % 2 == 0) for number in range(2 * CROWD)]
    others = [pod(), pod(state=running(began), going=True), pod(state=running(1)), pod(state=ended())]
    starts = find_starts([*crowd, *others])

    assert len(starts) == 2 * CROWD + 1
    found = judge(crowd[1:2], TREE, 1, applied=NOW - 30, now=NOW, starts=starts)
    assert (found.state, found.look_again) == ("Progressing", NOW + 1)
    assert judge(crowd[1:2], TREE, 1, applied=NOW - 30, now=NOW + 1, starts=starts).reason == "ReadyTimeout"
    assert judge(crowd[1:2], TREE, 1, applied=NOW - 30, now=NOW, starts=starts[:CROWD]).reason == "ReadyTimeout"


def test_start_timeout() -> None:
    assert judged(pod(), applied=NOW - START_SECONDS).reason == "StartTimeout"
    assert judged(applied=NOW - START_SECONDS).sentence == "no process could be started"
    assert judged(pod(), applied=NOW - START_SECONDS + 1).reason == "Waiting"


def test_quota_exceeded() -> None:
    refusal = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota: paaks-quota",
    }
    deployment = {"metadata": {}, "status": {"conditions": [{"type": "Progressing", "status": "True"}, refusal]}}
    found = judged(deployment=deployment)

    assert (found.state, found.reason, found.sentence) == ("Failed", "QuotaExceeded", "exceeded quota: paaks-quota")
    assert judged(pod(), deployment=deployment).reason == "Waiting"
    assert judged(deployment={"metadata": {}}).reason == "Waiting"


def test_every_reason_is_reached() -> None:
    """Each reason of the closed list has a test of its own above."""
    assert {name.removeprefix("test_").replace("_", "") for name in globals() if name.startswith("test_")} >= {
        reason.lower() for reason in REASONS
    }


def test_all_replicas_must_be_ready() -> None:
    one = pod(ready=True, state=running(5))

    assert judged(one, replicas=2).state == "Progressing"
    assert judged(one, one, replicas=2).state == "Ready"
    assert judged(one, one, one, replicas=2).ready == 3


def test_a_broken_pod_beside_enough_ready_ones_is_no_failure() -> None:
    assert judged(pod(ready=True, state=running(5)), pod(last=ended())).state == "Ready"
    assert judged(pod(ready=True, state=running(5)), pod(last=ended()), replicas=2).state == "Failed"


def test_a_ready_pod_that_crashed_before_is_ready() -> None:
    assert judged(pod(ready=True, state=running(1), last=ended(message=TRACEBACK))).state == "Ready"


def test_how_the_last_process_ended() -> None:
    assert find_end(pod(state=running(1), ready=True)) is None
    assert find_end({"metadata": {}}) is None
    died = ended(exitCode=3, finishedAt=moment(NOW - 9))
    assert find_end(pod(state=running(1), last=died, ready=True)) == End("Exited", 3, NOW - 9)
    assert find_end(pod(state=ended(reason="OOMKilled", exitCode=137))) == End("OutOfMemory", 137, None)


def test_the_pods_of_other_revisions_do_not_count() -> None:
    other = pod(tree="f" * 12, last=ended())

    assert judged(other, pod(ready=True, state=running(1))).state == "Ready"
    assert judged(other).state == "Progressing"


STATES = st.one_of(
    st.just({}),
    st.builds(running, st.integers(-10, 200)),
    st.builds(lambda message: {"waiting": {"message": message}}, st.none() | st.text(max_size=5)),
    st.builds(
        lambda **how: {"terminated": how},
        exitCode=st.none() | st.integers(0, 255),
        signal=st.none() | st.integers(1, 31),
        reason=st.sampled_from([None, "OOMKilled", "Error"]),
        message=st.sampled_from([None, "", TRACEBACK, "\n", "x"]) | st.text(max_size=10),
    ),
)
PODS = st.one_of(
    st.builds(
        pod,
        tree=st.sampled_from([TREE, "f" * 12]),
        ready=st.booleans(),
        state=st.none() | STATES,
        last=st.none() | STATES,
        going=st.booleans(),
    ),
    st.sampled_from(
        [
            {"metadata": {}},
            {"metadata": {"labels": {names.LABEL_TREE: TREE}}},
            {"metadata": {"labels": {names.LABEL_TREE: TREE}}, "status": {}},
            {
                "metadata": {"labels": {names.LABEL_TREE: TREE}},
                "status": {"conditions": None, "containerStatuses": None},
            },
            {"metadata": {"labels": {names.LABEL_TREE: TREE}}, "status": {"containerStatuses": [{}]}},
            {"metadata": {"labels": {names.LABEL_TREE: TREE}}, "status": {"containerStatuses": [{"state": None}]}},
        ]
    ),
)
DEPLOYMENTS: st.SearchStrategy[Object | None] = st.sampled_from(
    [
        None,
        {"metadata": {}},
        {"metadata": {}, "status": {"conditions": None}},
        {"metadata": {}, "status": {"conditions": [{"type": "ReplicaFailure", "status": "True"}]}},
        {"metadata": {}, "status": {"conditions": [{"type": "ReplicaFailure", "status": "False", "message": "m"}]}},
    ]
)


@given(st.lists(PODS, max_size=4), st.integers(1, 3), st.floats(NOW - 300, NOW), DEPLOYMENTS)
def test_judging_is_total(pods: list[Object], replicas: int, applied: float, deployment: Object | None) -> None:
    found = judge(pods, TREE, replicas, applied=applied, now=NOW, deployment=deployment)
    mine = [p for p in pods if names.label_of(p, names.LABEL_TREE) == TREE and "deletionTimestamp" not in p["metadata"]]

    assert found.reason in REASONS
    assert isinstance(found.sentence, str)
    assert found.sentence
    assert found.ready == sum(map(health.is_ready, mine))
    assert (found.state == "Ready") == (found.ready >= replicas) == (found.reason == "Running")
    # Whoever waits knows until when; whoever has an answer does not wait.
    assert (found.look_again is not None) == (found.state == "Progressing")
    assert found.look_again is None or found.look_again > NOW
    # The order of pods decides nothing but which of several broken ones is shown.
    again = judge(reversed(pods), TREE, replicas, applied=applied, now=NOW, deployment=deployment)
    assert (again.state, again.ready, again.started, again.look_again) == (
        found.state,
        found.ready,
        found.started,
        found.look_again,
    )


@given(st.lists(PODS, max_size=3), st.integers(1, 3), st.floats(NOW - 300, NOW), st.floats(0, 400))
def test_a_deadline_that_is_named_is_kept(pods: list[Object], replicas: int, applied: float, later: float) -> None:
    """Looking again at the named moment gives an answer, and before it none: nobody has to poll."""
    found = judge(pods, TREE, replicas, applied=applied, now=NOW)
    if found.look_again is not None:
        assert judge(pods, TREE, replicas, applied=applied, now=found.look_again).state == "Failed"
        before = min(NOW + later, found.look_again - 0.001)
        assert judge(pods, TREE, replicas, applied=applied, now=before).state == "Progressing"


def test_times() -> None:
    assert health.parse_time("2027-01-15T08:00:00Z") == NOW
    assert health.parse_time("2027-01-15T08:00:00.250Z") == NOW + 0.25
    assert health.parse_time("2027-01-15T09:00:00+01:00") == NOW
    assert health.parse_time(None) is None


@pytest.mark.parametrize(
    ("generation", "status", "observed"),
    [(2, {"observedGeneration": 2}, True), (2, {"observedGeneration": 1}, False), (1, {}, False)],
)
def test_a_deployment_is_observed_when_its_status_is_of_its_generation(
    generation: int, status: Object, observed: bool
) -> None:
    assert health.is_observed({"metadata": {"generation": generation}, "status": status}) is observed
    assert not health.is_observed(None)


def test_pods_that_stay_are_those_nobody_has_asked_to_end() -> None:
    stays, goes = pod(ready=True), pod(ready=True, going=True)
    stays["metadata"]["uid"], goes["metadata"]["uid"] = "1", "2"
    assert health.find_staying([stays, goes]) == {"1"}
