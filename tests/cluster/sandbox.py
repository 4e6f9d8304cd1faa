"""Namespaces of their own for a cluster's processes, mounts and network, and the way in from this machine.

Whatever ends the process that made it, `kill -9` too, ends everything inside; what is then left (a directory, empty
cgroups) is taken away by the next one of the same number. What does not live here: what runs inside.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from tests.cluster.binaries import cache

_INSIDE = Path(__file__).parent / "inside.py"
_CGROUPS = Path("/sys/fs/cgroup")
_NUMBERS = range(8)
Process = subprocess.Popen[bytes]


class Sandbox:
    """One set of namespaces. `number` makes its addresses, its directory and its cgroups its own on this machine."""

    def __init__(self) -> None:
        self.number, self._lock = _take_number()
        self.directory = Path(tempfile.gettempdir()) / f"paaks-cluster-{self.number}"
        self.cgroup = f"/paaks-cluster-{self.number}"
        self.address = f"10.244.{self.number}.1"
        self.pods = f"10.244.{self.number}.0/24"
        self.services = f"10.96.{self.number}.0/24"
        self._link = f"paaks-cl{self.number}"
        self._outside, self._inside = f"10.244.255.{4 * self.number + 1}", f"10.244.255.{4 * self.number + 2}"
        self._first: Process | None = None
        self._processes: dict[str, Process] = {}

    def open(self) -> None:
        """Take away what a killed run has left, then make the namespaces, the bridge and the link to it."""
        self._clear()
        self.directory.mkdir()
        for hierarchy in _list_hierarchies():
            (hierarchy / self.cgroup.lstrip("/")).mkdir()
        namespaces = ["--mount", "--net", "--pid", "--fork", "--mount-proc", "--propagation", "private"]
        command = ["setpriv", "--pdeathsig", "KILL", "unshare", *namespaces, "--kill-child=KILL"]
        script = [sys.executable, "-I", str(_INSIDE), str(self.directory)]
        with self._log("sandbox").open("wb") as log:
            self._first = subprocess.Popen(
                [*command, "--", *script],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self._first.stdout is not None
        if self._first.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the cluster's namespaces cannot be made: {self.read_log('sandbox')}")
        self._connect(_find_child(self._first))

    def _connect(self, first: int) -> None:
        """A pair of links, one end inside; a bridge there, whose address serves everything; and the routes to it."""
        run("ip", "link", "add", self._link, "type", "veth", "peer", "name", "outside", "netns", str(first))
        run("ip", "address", "add", f"{self._outside}/30", "dev", self._link)
        run("ip", "link", "set", self._link, "up")
        self.run("ip", "address", "add", f"{self._inside}/30", "dev", "outside")
        self.run("ip", "link", "set", "outside", "up")
        self.run("ip", "route", "add", "default", "via", self._outside)
        self.run("ip", "link", "add", "pods", "type", "bridge")
        self.run("ip", "address", "add", f"{self.address}/24", "dev", "pods")
        self.run("ip", "link", "set", "pods", "up")
        for network in (self.pods, self.services):
            run("ip", "route", "add", network, "via", self._inside)

    def _enter(self, command: Sequence[str]) -> list[str]:
        assert self._first is not None
        target = str(_find_child(self._first))
        return ["nsenter", "--target", target, "--mount", "--net", "--pid", "--wd=/", "--", *command]

    def run(self, *command: str) -> str:
        """Run a command inside to its end; its output. Raises subprocess.CalledProcessError, with what it said."""
        return run(*self._enter(command))

    def start(self, name: str, *command: str, **environment: str) -> None:
        """Start a program inside, which is then known by a name; what it says is in `read_log`."""
        with self._log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                self._enter(command),
                env={"PATH": os.environ["PATH"], "HOME": str(self.directory)} | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the one that started the cluster
            )

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM, seconds: float = 30) -> None:
        """End one program, and wait until it has ended; its own children are left to process 1."""
        process = self._processes.pop(name)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(_find_child(process), number)
            process.wait(seconds)

    def find(self, name: str) -> int:
        """A program's process id, as this machine sees it."""
        return _find_child(self._processes[name])

    def wait(self, name: str, holds: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something holds that a program is to bring about. Raises RuntimeError when it ends or is late."""
        deadline = time.monotonic() + seconds
        while not holds():
            if self._processes[name].poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not get ready:\n{self.read_log(name)[-4000:]}")
            time.sleep(0.05)  # there is no event to wait for: what another program will do

    def read_log(self, name: str) -> str:
        """All that a program has said."""
        return self._log(name).read_text(errors="replace")

    def _log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def close(self) -> None:
        """End everything inside, and take away what it leaves."""
        if self._first is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(_find_child(self._first), signal.SIGKILL)
            self._first.wait(60)
            assert self._first.stdout is not None
            self._first.stdout.close()
            self._first = None
        for process in self._processes.values():
            process.wait(60)
        self._processes.clear()
        self._clear()
        self._lock.close()

    def _clear(self) -> None:
        subprocess.run(["ip", "link", "delete", self._link], capture_output=True)  # a dead namespace's link goes late
        for hierarchy in _list_hierarchies():
            _remove_cgroup(hierarchy / self.cgroup.lstrip("/"))
        shutil.rmtree(self.directory, ignore_errors=True)
        if self.directory.exists():
            shutil.rmtree(self.directory)  # what a dying process was still writing


def run(*command: str) -> str:
    """Run a command to its end; its output. Raises subprocess.CalledProcessError, with what it said."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    if done.returncode:
        error = subprocess.CalledProcessError(done.returncode, command)
        error.add_note(done.stdout + done.stderr)
        raise error
    return done.stdout


def _take_number() -> tuple[int, IO[str]]:
    """The first number that no other cluster on this machine has, and the lock that keeps it."""
    cache().mkdir(parents=True, exist_ok=True)
    for number in _NUMBERS:
        file = (cache() / f"{number}.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return number, file
    raise RuntimeError(f"{len(_NUMBERS)} clusters run already")


def _find_child(process: Process) -> int:
    """The one child of `unshare` or `nsenter`: proc(5)."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if found := children.read_text().split():
                return int(found[0])
        time.sleep(0.005)  # it has not forked yet
    raise ProcessLookupError(f"{process.args!r} has ended")


def _list_hierarchies() -> list[Path]:
    """The root of each cgroup hierarchy: one of version 2, or several of version 1."""
    if (_CGROUPS / "cgroup.controllers").exists():
        return [_CGROUPS]
    return [place for place in _CGROUPS.iterdir() if (place / "cgroup.procs").exists() and not place.is_symlink()]


def _remove_cgroup(cgroup: Path) -> None:
    """Remove a cgroup with those below it; all that was in it has ended."""
    if not cgroup.exists():
        return
    for child in sorted(cgroup.rglob("*/"), reverse=True):
        if child.is_dir():
            child.rmdir()
    cgroup.rmdir()
