"""A handle on one real `paaks up`: its addresses and logins, its git clones and command line, its death and return."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

PAAKS = Path(sys.executable).with_name("paaks")
START_SECONDS = 60.0
STOP_SECONDS = 30.0
READY = "PaaKS is ready in"
Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Clone:
    """A tenant's repository, cloned: what a developer has in front of them."""

    path: Path
    environment: Mapping[str, str]

    def git(self, *arguments: str, check: bool = True) -> Result:
        """Run git in it."""
        return _run(["git", *arguments], self.environment, self.path, check)

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files, None removes one. Paths are relative to the repository."""
        for name, content in files.items():
            path = self.path / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "Change it") -> str:
        """Write files and commit everything; the new commit's id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.head()

    def head(self, name: str = "HEAD") -> str:
        """The id of a commit by name."""
        return self.git("rev-parse", name).stdout.strip()

    def push(self, *arguments: str, check: bool = True) -> Result:
        """`git push`, to `origin main` unless told otherwise; what the server says is in `stderr`."""
        return self.git("push", *(arguments or ("origin", "main")), check=check)


class StartedPlatform:
    """One data directory and the `paaks up` on it. Ports are free ones, and stay the same over restarts."""

    def __init__(self, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="paaks-"))  # short: a socket's path may have 107 bytes
        self.data = self.directory / "d"
        self.home = self.directory / "home"
        self.home.mkdir()
        self.output_file = self.directory / "up.out"
        self._options = options
        self._extra = dict(environment or {})
        self._ports = {"api": 0, "dispatcher": 0, "node": 0}
        self._clones = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.api = self.dispatcher = self.node = ""
        self.login: dict[str, Any] = {}

    # -- its life

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
        self.login = json.loads((self.data / "first-login.json").read_text())

    def stop(self) -> int:
        """SIGTERM, and wait; the exit code."""
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
            _kill(pid)
        self.process.wait(STOP_SECONDS)
        self.process = None

    def restart(self, kill: bool = False) -> float:
        """Stop it (or kill it) and start it again on the same data and ports; the seconds that the start took."""
        if kill:
            self.kill_all()
        else:
            assert self.stop() == 0, self.describe()
        return self.start()

    def kill(self, name: str) -> int:
        """SIGKILL one process, by its module: `api`, `controller`, `api.dispatcher`, `runtime.node`; its pid."""
        pid = self.pid_of(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def pid_of(self, module: str) -> int:
        """The process that runs a module."""
        assert self.process is not None
        for pid in find_descendants(self.process.pid):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if words[1:3] == [b"-m", module.encode()]:
                    return pid
        raise LookupError(f"no process runs {module}")

    def close(self) -> None:
        """End it and remove its files."""
        try:
            if self.process is not None:
                self.stop()
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    # -- using it

    @property
    def slug(self) -> str:
        """The demo tenant."""
        return str(self.login["demo"]["tenant"])

    @property
    def token(self) -> str:
        """The demo tenant's personal access token."""
        return str(self.login["demo"]["token"])

    @property
    def bearer(self) -> dict[str, str]:
        """The header that the demo's token travels in."""
        return {"Authorization": f"Bearer {self.token}"}

    def client(self, token: str | None = None) -> httpx2.Client:
        """An HTTP client of the api, as the demo user or with another token; close it (`with`)."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx2.Client(base_url=self.api, headers=headers, timeout=65.0)

    def operator(self) -> httpx2.Client:
        """An HTTP client of the api that is signed in as the operator, by cookie; close it (`with`)."""
        client = httpx2.Client(base_url=self.api, timeout=65.0)
        answer = client.post("/api/v1/session", json={k: self.login["operator"][k] for k in ("email", "password")})
        assert answer.status_code == 200, answer.text
        client.headers["X-PaaKS-CSRF"] = answer.json()["csrf"]
        client.headers["Origin"] = self.api
        return client

    def visit(self, path: str, token: str | None = None, **options: Any) -> httpx2.Response:
        """A visitor's request at the dispatcher; `path` is `hello/…` with a token, or `~demo/hello/…`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        return httpx2.request(options.pop("method", "GET"), f"{self.dispatcher}/{path}", headers=headers, **options)

    def wait_for(self, service: str, commit: str, seconds: float = 15.0) -> httpx2.Response:
        """Visit a service of the demo tenant until `commit` answers; that answer."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.visit(f"{service}/", self.token)
            if answer.headers.get("PaaKS-Revision") == commit:
                return answer
            assert time.monotonic() < deadline, f"{answer.status_code} {answer.headers} {answer.text}"

    def clone_url(self, slug: str | None = None, token: str | None = None) -> str:
        """Where a repository is, with the credential in it."""
        host = self.api.partition("//")[2]
        return f"http://paaks:{token or self.token}@{host}/git/{slug or self.slug}.git"

    def clone(self, slug: str | None = None, token: str | None = None) -> Clone:
        """A new clone of a tenant's repository."""
        self._clones += 1
        path = self.directory / f"clone-{self._clones}"
        _run(["git", "clone", "--quiet", self.clone_url(slug, token), str(path)], self.environment(), None, True)
        return Clone(path, self.environment())

    def repository(self, name: str) -> Clone:
        """An empty repository of one's own, on branch main, with no remote."""
        path = self.directory / name
        _run(["git", "init", "--quiet", "--initial-branch=main", str(path)], self.environment(), None, True)
        return Clone(path, self.environment())

    def shell(self, script: str, cwd: Path | None = None) -> Result:
        """Type lines into a newcomer's shell, one after the other, until one fails."""
        return _run(["bash", "-e", "-c", script], self.bare_environment(), cwd or self.home, check=False)

    def paaks(self, *arguments: str, check: bool = True, cwd: Path | None = None, stdin: str = "") -> Result:
        """Run the command line, as the person who ran `paaks up`."""
        return _run([str(PAAKS), *arguments], self.environment(), cwd or self.directory, check, stdin)

    def bare_environment(self) -> dict[str, str]:
        """What a newcomer's shell has: no `paaks` on the PATH, no setting of ours, nobody's git configuration."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PAAKS_", "GIT_", "PYTEST_", "XDG_"))}
        path = [part for part in inherited.get("PATH", os.defpath).split(":") if Path(part) != PAAKS.parent]
        own = {"HOME": str(self.home), "PATH": ":".join(path), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        return inherited | own | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"} | self._extra

    def environment(self) -> dict[str, str]:
        """What the shell of a person at work has: `paaks` on the PATH, this platform's data, a name in git."""
        bare = self.bare_environment()
        return bare | _PERSON | {"PATH": f"{PAAKS.parent}:{bare['PATH']}", "PAAKS_DATA": str(self.data)}

    # -- looking at it

    def output(self) -> str:
        """What `paaks up` printed."""
        return self.output_file.read_text() if self.output_file.exists() else ""

    def describe(self, lines: int = 30) -> str:
        """What it printed, and the end of each process's log."""
        logs = sorted((self.data / "run" / "log").glob("*.log"))
        parts = [("paaks up", self.output()), *((log.stem, log.read_text(errors="replace")) for log in logs)]
        return "\n".join(f"--- {name}\n" + "\n".join(text.splitlines()[-lines:]) for name, text in parts)


_WHO = {"NAME": "Dana Developer", "EMAIL": "dana@example.com"}
_PERSON = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _WHO.items()}


def _run(
    command: Sequence[str], environment: Mapping[str, str], cwd: Path | None, check: bool, stdin: str = ""
) -> Result:
    result = subprocess.run(
        command, env=dict(environment), cwd=cwd, input=stdin, capture_output=True, text=True, timeout=120
    )
    assert not check or result.returncode == 0, f"{command}: {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


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


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
