"""What the two pods of the network check run (`network_check.py`): a script of the standard library alone.

    python3 network_probe.py listen
    python3 network_probe.py call ADDRESS [REPORT]

`call` writes what it could reach into the termination message of its pod. Its source is handed to a pod as an argument:
no image has to hold it. What does not live here: who may reach what (`manifests/base/network-check.yaml`).
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from pathlib import Path

ALLOWED, NOT_IN, NOT_OUT = (
    8081,
    8082,
    8083,
)  # to reach the listener there is allowed; it takes no such call; no such call is made
_PATIENCE = 45.0  # seconds until the allowed port must answer
_SETTLING = 10.0  # seconds that a network may need to hear of a policy
_ANSWER = 1.0  # seconds for a connection
_PAUSE = 0.5


def listen() -> None:
    """Take connections on every port, and drop them, until killed."""
    waiting = selectors.DefaultSelector()
    for port in (ALLOWED, NOT_IN, NOT_OUT):
        waiting.register(socket.create_server(("", port)), selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.accept()[0].close()


def call(address: str) -> dict[str, bool]:
    """Which of the listener's ports stay reachable: `allowed`, `in` and `out`."""
    deadline = time.monotonic() + _PATIENCE
    while not _reaches(address, ALLOWED):
        if time.monotonic() > deadline:
            return {"allowed": False}
        time.sleep(_PAUSE)  # there is no event to wait for: what a network does
    deadline = time.monotonic() + _SETTLING
    while True:
        found = {"in": _reaches(address, NOT_IN), "out": _reaches(address, NOT_OUT)}
        if not any(found.values()) or time.monotonic() > deadline:
            return {"allowed": _reaches(address, ALLOWED), **found}
        time.sleep(_PAUSE)


def _reaches(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), _ANSWER).close()
    except OSError:
        return False
    return True


def main(arguments: list[str]) -> None:
    """One of the two roles."""
    if arguments[0] == "listen":
        listen()
    report = Path(arguments[2] if len(arguments) > 2 else "/dev/termination-log")
    report.write_text(json.dumps(call(arguments[1])))


if __name__ == "__main__":
    main(sys.argv[1:])
