"""A handle on one real `paaks up`: the embedded platform, its processes and its data directory.

What does not live here: what tests ask of any platform (`tested_platform.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tested_platform import PAAKS, Part, Platform, Result, run_command

START_SECONDS = 60.0
STOP_SECONDS = 30.0
READY = "PaaKS is ready in"
_MODULES: Mapping[Part, str] = {
    "handlers": "runtime.node",
    "dispatcher": "api.dispatcher",
    "api": "api",
    "controller": "controller",
}


class StartedPlatform(Platform):
    """One data directory and the `paaks up` on it. Ports are free ones, and stay the same over restarts."""

    def __init__(self, *options: str, environment: Mapping[str, str] | None = None) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="paaks-")))  # short: a socket's path may have 107 bytes
        self.output_file = self.directory / "up.out"
        self._options = options
        self._extra = dict(environment or {})
        self._ports = {"api": 0, "dispatcher": 0, "node": 0}
        self.process: subprocess.Popen[bytes] | None = None
        self.node = ""
        self._login: dict[str, Any] = {}

    @property
    def login(self) -> Mapping[str, Any]:
        """`first-login.json`, as the last start found it."""
        return self._login

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.directory / "d"

    def start(self) -> float:
        """Start it and return, when everything answers, the seconds that took."""
        began = time.monotonic()
        endpoints = self.data / "run" / "endpoints.json"
        said = self.output().count(READY)
        endpoints.unlink(missing_ok=True)  # one that was killed left its own
        with self.output_file.open("ab") as output:
            self.process = subprocess.Popen(
                self._command(),
                env=self.bare_environment(),
                cwd=self.directory,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        while not (endpoints.exists() and self.output().count(READY) > said):
            assert self.process.poll() is None, self.describe()
            assert time.monotonic() - began < START_SECONDS, self.describe()
            time.sleep(0.01)  # files of another process
        seconds = time.monotonic() - began
        self._read(json.loads(endpoints.read_text()))
        return seconds

    def _command(self) -> list[str]:
        ports = [part for name, port in self._ports.items() for part in (f"--{name}-port", str(port))]
        return [str(PAAKS), "up", "--data", str(self.data), *ports, *self._options]

    def _read(self, endpoints: Mapping[str, str]) -> None:
        self.api, self.dispatcher, self.node = (endpoints[name] for name in ("api", "dispatcher", "node"))
        self._ports = {name: int(url.rpartition(":")[2]) for name, url in endpoints.items() if name in self._ports}
        self._login = json.loads((self.data / "first-login.json").read_text())

    def stop(self) -> None:
        """SIGTERM, and wait; it must end with 0."""
        assert self._end() == 0, self.describe()

    def _end(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS)
        self.process = None
        return code

    def kill_all(self) -> None:
        """SIGKILL everything at once: the process group, and the tenants' processes that it started."""
        if self.process is None:
            return
        tenants = find_descendants(self.process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pid in tenants:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        self.process = None

    def kill(self, part: Part) -> None:
        """SIGKILL one process, which `paaks up` starts again."""
        os.kill(self.pid_of(part), signal.SIGKILL)

    @contextlib.contextmanager
    def pause(self, *parts: Part) -> Iterator[None]:
        """SIGSTOP processes for a block."""
        stopped = [self.pid_of(part) for part in parts]
        try:
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def pid_of(self, part: Part) -> int:
        """The process of a part."""
        assert self.process is not None
        for pid in find_descendants(self.process.pid):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if words[1:3] == [b"-m", _MODULES[part].encode()]:
                    return pid
        raise LookupError(f"no process is the {part}")

    def close(self) -> None:
        """End it and remove its files."""
        try:
            if self.process is not None:
                self._end()
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def bare_environment(self) -> dict[str, str]:
        """A newcomer's shell, with the variables that this platform was given."""
        return super().bare_environment() | self._extra

    def _find_logins(self) -> dict[str, str]:
        return {"PAAKS_DATA": str(self.data)}

    def run_git(self, *arguments: str, check: bool = True) -> Result:
        """Run git in the tenant's repository."""
        command = ["git", "-c", "safe.directory=*", "-C", str(self.repository), *arguments]
        return run_command(command, self.environment(), check=check)

    # -- looking at it

    def output(self) -> str:
        """What `paaks up` printed."""
        return self.output_file.read_text() if self.output_file.exists() else ""

    def read_logs(self) -> str:
        """What `paaks up` printed, and each process's log."""
        return self.describe(lines=0)

    def describe(self, lines: int = 30) -> str:
        """What it printed, and the end of each process's log."""
        logs = sorted((self.data / "run" / "log").glob("*.log"))
        parts = [("paaks up", self.output()), *((log.stem, log.read_text(errors="replace")) for log in logs)]
        return "\n".join(f"--- {name}\n" + "\n".join(text.splitlines()[-lines:]) for name, text in parts)


def find_descendants(pid: int) -> list[int]:
    """All living processes below one, by /proc; the nearest first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, seen = [pid], 0
    while seen < len(found):
        found += children.get(found[seen], [])
        seen += 1
    return found[1:]
