"""The network check's script, as a pod runs it: both roles as processes, reported through a file."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from controller import network_check, network_probe

SOURCE = Path(network_probe.__file__).read_text()


def run_role(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-I", "-c", SOURCE, *arguments])


def test_what_answers_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is in the way here: it takes the whole patience of the script to say so."""
    monkeypatch.setattr(network_probe, "_SETTLING", 0.2)
    monkeypatch.setattr(network_probe, "_PAUSE", 0.01)
    listener = run_role("listen")
    try:
        network_probe.main(["call", "127.0.0.1", str(tmp_path / "report")])
    finally:
        listener.kill()
        listener.wait(10)

    assert json.loads((tmp_path / "report").read_text()) == {"allowed": True, "in": True, "out": True}


def test_a_port_that_closes_while_it_looks_is_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a network takes a policy in some seconds after the pods have started."""
    monkeypatch.setattr(network_probe, "_PAUSE", 0.01)
    ports = (network_probe.ALLOWED, network_probe.NOT_IN, network_probe.NOT_OUT)
    allowed, *others = (socket.create_server(("127.0.0.1", port)) for port in ports)
    closing = threading.Timer(0.2, lambda: [other.close() for other in others])
    closing.start()

    assert network_probe.call("127.0.0.1") == {"allowed": True, "in": False, "out": False}
    closing.join()
    allowed.close()


def test_pods_that_cannot_talk_at_all_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_probe, "_PATIENCE", 0.0)
    monkeypatch.setattr(network_probe, "_PAUSE", 0.0)

    assert network_probe.call("127.0.0.1") == {"allowed": False}


@pytest.mark.parametrize(
    ("report", "enforced", "said"),
    [
        ({"allowed": True, "in": False, "out": False}, True, "is enforced"),
        ({"allowed": True, "in": True, "out": True}, False, "tenants can reach each other's pods"),
        ({"allowed": True, "in": True, "out": False}, False, "tenants can reach each other's pods"),
        ({"allowed": True, "in": False, "out": True}, False, "for what comes into a pod alone"),
        ({"allowed": False}, None, "cannot be told"),
        ({"allowed": False, "in": False, "out": False}, None, "cannot be told"),
        ({}, None, "cannot be told"),
    ],
)
def test_a_report_is_judged(report: dict[str, bool], enforced: bool | None, said: str) -> None:
    verdict, sentence = network_check.judge(report)

    assert verdict is enforced
    assert said in sentence
