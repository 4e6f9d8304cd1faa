"""What is measured of a change, one round each: a push, a save, and the peer, a bare `git push` to a directory."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from started_platform import StartedPlatform
from tested_platform import Clone
from visitor import Visitor

FSYNC = "committed,reference"  # what the platform asks of git for every push


@dataclass(frozen=True)
class Landed:
    """One change: its commit, and the milliseconds from the start to the acknowledgement and to the first answer."""

    commit: str
    acknowledged: float
    answered: float


def _handler(number: str) -> str:
    return f"class Handler:\n    def run(self, req):\n        return {{'round': {number!r}}}\n"


def push(clone: Clone, visitor: Visitor, service: str, number: int) -> Landed:
    """Commit a new handler, then `git push`: the clock runs from the start of git's process."""
    commit = clone.commit({f"{service}/handler.py": _handler(f"push {number}")})
    began = time.perf_counter()
    process = subprocess.Popen(
        ["git", "push", "origin", "main"],
        cwd=clone.path,
        env=dict(clone.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = process.communicate(timeout=60)
    acknowledged = time.perf_counter() - began
    assert process.returncode == 0, said.decode()
    return Landed(commit, acknowledged * 1000, (visitor.wait_for(commit) - began) * 1000)


class Saver:
    """Saves one file through the API, as the editor does, on one connection."""

    def __init__(self, platform: StartedPlatform, service: str) -> None:
        self._address = urlsplit(platform.api)
        self._headers = dict(platform.bearer)
        self._path = f"/api/v1/tenants/{platform.slug}/services/{quote(service)}/files/handler.py"
        self._connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=60)

    def _request(self, method: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, self._path, body, self._headers | named)
        return self._connection.getresponse()

    def save(self, visitor: Visitor, number: int) -> Landed:
        """PUT a new handler over the present one; the clock runs from the first byte sent."""
        present = self._request("GET")
        present.read()
        body = _handler(f"save {number}").encode()
        began = time.perf_counter()
        answer = self._request("PUT", body, If_Match=present.headers["ETag"])
        text = answer.read()
        acknowledged = time.perf_counter() - began
        assert answer.status in (200, 201, 202), text
        commit = json.loads(text)["commit"]["sha"]
        return Landed(commit, acknowledged * 1000, (visitor.wait_for(commit) - began) * 1000)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def open_peer(platform: StartedPlatform) -> Iterator[tuple[Clone, Path]]:
    """A clone whose `origin` is a bare repository on the same disk that syncs what the platform syncs."""
    bare = platform.directory / "peer.git"
    clone = platform.clone()
    clone.git("clone", "--quiet", "--bare", str(clone.path), str(bare))
    clone.git("-C", str(bare), "config", "core.fsync", FSYNC)
    clone.git("remote", "set-url", "origin", f"file://{bare}")
    yield clone, bare


def push_bare(clone: Clone, service: str, number: int) -> float:
    """The same commit pushed to a directory: the milliseconds until git's process has ended."""
    clone.commit({f"{service}/handler.py": _handler(f"peer {number}")})
    began = time.perf_counter()
    clone.push()
    return (time.perf_counter() - began) * 1000


def read_first_write(platform: StartedPlatform, service: str, commit: str) -> float | None:
    """The milliseconds from the commit to the first write to the cluster, as the release tells them."""
    with platform.client() as client:
        answer = client.get(f"/api/v1/tenants/{platform.slug}/releases/{service}@{commit}")
    stages = answer.json()["stages"]
    if "apply" not in stages or "commit" not in stages:
        return None
    began, applied = (datetime.fromisoformat(stages[name]["at"]) for name in ("commit", "apply"))
    return (applied - began).total_seconds() * 1000
