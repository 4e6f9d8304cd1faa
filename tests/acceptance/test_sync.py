"""Acknowledged means durable: what a push and a save sync, and that it is before they answer, by the kernel's word."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from started_platform import StartedPlatform

pytestmark = [
    pytest.mark.embedded("the system calls are those of the same programs wherever they run"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]
HANDLER = "class Handler:\n    def run(self, req):\n        return {!r}\n"


@contextmanager
def traced(platform: StartedPlatform) -> Iterator[list[str]]:
    """The api's calls (and those of the git that it starts) that sync or send, in order; complete after the block."""
    file = platform.directory / f"trace-{time.monotonic_ns()}"
    command = ["strace", "-f", "-yy", "-s", "0", "-o", str(file), "-e", "trace=fsync,fdatasync,sendto,sendmsg,write"]
    tracing = subprocess.Popen([*command, "-p", str(platform.pid_of("api"))], stderr=subprocess.PIPE, text=True)
    assert tracing.stderr is not None
    assert "attached" in tracing.stderr.readline()
    lines: list[str] = []
    yield lines
    tracing.terminate()
    tracing.communicate()
    lines += file.read_text(errors="replace").splitlines()


def syncs(lines: list[str], pattern: str) -> list[int]:
    """Where in the trace something was synced whose path matches."""
    return [number for number, line in enumerate(lines) if re.search(rf"f(data)?sync\(\d+<{pattern}>", line)]


def last_answer(lines: list[str], port: str) -> int:
    """Where in the trace the last bytes went to a client of the api."""
    sent = [number for number, line in enumerate(lines) if f"TCP:[127.0.0.1:{port}->" in line and "= -1" not in line]
    assert sent, "nothing was sent to the client"
    return sent[-1]


def assert_synced(lines: list[str], repository: Path, port: str) -> None:
    """Objects, reference and the directories that name them, all before the last of the answer."""
    end = last_answer(lines, port)
    root = re.escape(str(repository))
    objects = syncs(lines, rf"{root}/objects/(tmp_object_git2_|(tmp_objdir-[^/]*/)?[0-9a-f]{{2}}/)[^>]+")
    reference = syncs(lines, rf"{root}/refs/heads/main\.lock( \(deleted\))?")
    directory = syncs(lines, rf"{root}/refs/heads")
    object_directories = syncs(lines, rf"{root}/objects/[0-9a-f]{{2}}")
    assert len([place for place in objects if place < end]) >= 3, "a blob, trees and a commit"
    assert [place for place in reference if place < end], "the reference"
    assert [place for place in directory if place < end], "the directory of the reference"
    assert [place for place in object_directories if place < end], "the directories of the objects"


def test_a_push_is_on_disk_before_it_is_acknowledged(platform: StartedPlatform, service_name: str) -> None:
    clone = platform.clone()
    clone.commit({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": HANDLER.format(service_name)})
    repository = platform.repository
    with traced(platform) as lines:
        clone.push("-o", "no-wait", "origin", "main")
    assert_synced(lines, repository, platform.api.rpartition(":")[2])


def test_a_save_is_on_disk_before_it_is_acknowledged(platform: StartedPlatform, service_name: str) -> None:
    clone = platform.clone()
    clone.commit({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": HANDLER.format(service_name)})
    clone.push()
    repository = platform.repository
    path = f"/api/v1/tenants/demo/services/{service_name}/files/handler.py"
    with platform.client() as client:
        tag = client.get(path).headers["ETag"]
        with traced(platform) as lines:
            saved = client.put(path, content=HANDLER.format("y"), headers={"If-Match": tag})
            assert saved.status_code == 200, saved.text
    assert_synced(lines, repository, platform.api.rpartition(":")[2])
