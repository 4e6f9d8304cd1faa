"""What `paaks status SERVICE` says of drift, and how many processes of a service answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cli.service_lines import describe_lines, describe_ready, is_fought, status_lines

SERVICE: dict[str, Any] = {
    "name": "hello",
    "path": "hello",
    "commit": "c" * 40,
    "subject": "x",
    "at": "2026-01-01T00:00:00Z",
    "url": "http://x/",
    "status": {"state": "live", "reason": None, "sentence": None, "message": None},
}
DRIFT = {
    "reason": "Contested",
    "object": "Deployment/hello",
    "fields": ["spec.replicas", "spec.x"],
    "manager": "kubectl-edit\x1b",
    "operation": "Update",
    "changedAt": None,
    "correctedAt": "2026-01-01T00:00:00Z",
    "pause": 4.0,
}


def drift_lines(drift: dict[str, Any] | None) -> list[str]:
    return [line for line in status_lines({**SERVICE, "drift": drift}) if line.startswith("drift")]


def test_drift_is_told_with_who_and_what_and_does_nothing_to_the_terminal() -> None:
    (line,) = drift_lines(DRIFT)
    assert "Contested: kubectl-edit\N{REPLACEMENT CHARACTER} changed spec.replicas, spec.x of Deployment/hello" in line
    assert line.endswith("slowed to once in 4 s")


def test_somebody_is_who_cannot_be_known() -> None:
    (line,) = drift_lines(DRIFT | {"reason": "Corrected", "manager": None})
    assert "Corrected: somebody changed" in line
    assert "slowed" not in line


def test_no_drift_no_line() -> None:
    assert drift_lines(None) == []


def test_a_fight_ends_when_it_has_been_quiet_for_a_minute() -> None:
    def fought(drift: dict[str, Any] | None, seconds: int) -> bool:
        return is_fought({**SERVICE, "drift": drift}, datetime(2026, 1, 1, 0, seconds // 60, seconds % 60, tzinfo=UTC))

    assert fought(DRIFT, 63)
    assert not fought(DRIFT, 64)
    assert not fought(DRIFT | {"reason": "Corrected"}, 1)
    assert not fought(None, 1)


def test_ready_is_how_many_answer_of_how_many_there_should_be() -> None:
    assert describe_ready({"ready": 1, "replicas": 2}) == "1/2"
    assert describe_ready({"ready": 0, "replicas": 1}) == "0/1"
    assert describe_ready({"ready": 1, "replicas": None}) == "1/?"
    assert describe_ready({"ready": None, "replicas": 2}) is None
    assert describe_ready({"replicas": 2}) is None  # of a server that does not count
    assert "ready    1/2" in describe_lines({**SERVICE, "tree": "t", "ready": 1, "replicas": 2}, [])
    assert "ready    -" in describe_lines({**SERVICE, "tree": "t"}, [])
