"""What a cluster leaves on this machine: nothing when it is stopped, nothing that runs when it is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster.cluster import find_missing
from tests.cluster.sandbox import Sandbox

ROOT = Path(__file__).parent.parent.parent
OPENED = """
import sys
from tests.cluster.sandbox import Sandbox
sandbox = Sandbox()
sandbox.open()
sandbox.start("sleep", "sh", "-c", "echo $$; exec sleep 600")
sandbox.wait("sleep", lambda: sandbox.read_log("sleep") != "")
print(sandbox.number, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _possible() -> None:
    if reason := find_missing():
        pytest.skip(reason)


def list_links() -> str:
    return subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout


def test_what_is_closed_leaves_nothing() -> None:
    before = Path("/proc/sys/kernel/panic").read_text()
    sandbox = Sandbox()
    sandbox.open()
    assert f"paaks-cl{sandbox.number}@" in list_links()
    assert sandbox.address in sandbox.run("ip", "-brief", "address")
    sandbox.run("sh", "-c", "echo 77 >/proc/sys/kernel/panic; touch /run/ours /var/lib/ours")
    sandbox.close()
    assert f"paaks-cl{sandbox.number}@" not in list_links()
    assert not sandbox.directory.exists()
    assert list(Path("/sys/fs/cgroup").glob(f"**{sandbox.cgroup}")) == []
    assert Path("/proc/sys/kernel/panic").read_text() == before
    assert not Path("/run/ours").exists()
    assert not Path("/var/lib/ours").exists()


def test_what_is_killed_ends_and_is_taken_away_by_the_next() -> None:
    command = [sys.executable, "-c", OPENED]
    killed = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert killed.stdin is not None
    assert killed.stdout is not None
    with killed.stdin, killed.stdout:
        number = int(killed.stdout.readline())
        namespace = os.readlink(f"/proc/{find_process_one(killed.pid)}/ns/pid")
        killed.kill()
        killed.wait()
    while any(_namespace_of(process) == namespace for process in Path("/proc").glob("[0-9]*")):
        time.sleep(0.01)  # the kernel is ending them, and tells nobody who is no parent
    again = Sandbox()
    again.open()
    again.close()
    assert again.number <= number
    assert not again.directory.exists()


def find_process_one(parent: int) -> int:
    """Process 1 of the namespaces that a process has made: the child of its child `unshare`."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if "unshare" in Path(f"/proc/{child}/cmdline").read_text():
            return int(Path(f"/proc/{child}/task/{child}/children").read_text().split()[0])
    raise AssertionError("there is no sandbox")


def _namespace_of(process: Path) -> str | None:
    try:
        return os.readlink(process / "ns" / "pid")
    except OSError:
        return None
