"""What acceptance tests ask of a platform, wherever it runs: its addresses and logins, its people's clones and command
line, and the death and return of its parts.

What does not live here: how a platform is started and killed (`started_platform.py` here: `paaks up`;
`tests/cluster/installed_platform.py`: on Kubernetes).
"""

from __future__ import annotations

import abc
import contextlib
import functools
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2

PAAKS = Path(sys.executable).with_name("paaks")
Result = subprocess.CompletedProcess[str]
# `handlers` is what runs the tenants' handlers, with all of them: the embedded node; on Kubernetes their containers.
Part = Literal["handlers", "dispatcher", "api", "controller"]
PARTS: tuple[Part, ...] = ("handlers", "dispatcher", "api", "controller")


@dataclass(frozen=True)
class Clone:
    """A tenant's repository, cloned: what a developer has in front of them."""

    path: Path
    environment: Mapping[str, str]

    def git(self, *arguments: str, check: bool = True) -> Result:
        """Run git in it."""
        return run_command(["git", *arguments], self.environment, self.path, check)

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


class Platform(abc.ABC):
    """A platform and one tenant of it. `directory` is the test's own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.home.mkdir()
        self.api = self.dispatcher = ""
        self._clones = 0

    @property
    @abc.abstractmethod
    def login(self) -> Mapping[str, Any]:
        """`first-login.json`: the operator, and as `demo` the tenant with its admin."""

    # -- its life

    @property
    @abc.abstractmethod
    def data(self) -> Path:
        """The data directory, as this machine sees it."""

    @abc.abstractmethod
    def start(self) -> float:
        """Start it and return, when everything answers, the seconds that took."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Ask it to end, and wait until it has, as it should."""

    @abc.abstractmethod
    def kill_all(self) -> None:
        """SIGKILL everything at once, handlers too; `start` brings it back."""

    @abc.abstractmethod
    def kill(self, part: Part) -> None:
        """SIGKILL one part, which then comes back by itself."""

    @abc.abstractmethod
    def pause(self, *parts: Part) -> contextlib.AbstractContextManager[None]:
        """SIGSTOP parts, and let them go on after the block: dead to the world, and not started again."""

    @abc.abstractmethod
    def close(self) -> None:
        """End it, or the tenant, and remove what is ours."""

    @abc.abstractmethod
    def read_logs(self) -> str:
        """All that its processes have said."""

    @abc.abstractmethod
    def describe(self, lines: int = 30) -> str:
        """What its processes have said last."""

    @abc.abstractmethod
    def run_git(self, *arguments: str, check: bool = True) -> Result:
        """Run git in the tenant's repository where it is stored, as its owner."""

    def restart(self, kill: bool = False) -> float:
        """Stop it (or kill it) and start it again on the same data and addresses; the seconds that the start took."""
        if kill:
            self.kill_all()
        else:
            self.stop()
        return self.start()

    # -- using it

    @property
    def slug(self) -> str:
        """The tenant."""
        return str(self.login["demo"]["tenant"])

    @property
    def token(self) -> str:
        """The personal access token of the tenant's admin."""
        return str(self.login["demo"]["token"])

    @property
    def bearer(self) -> dict[str, str]:
        """The header that the token travels in."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def repository(self) -> Path:
        """Where the tenant's repository is stored, to be looked at; `run_git` changes it."""
        return self.data / "repos" / f"{self.tenant_id}.git"

    @functools.cached_property
    def tenant_id(self) -> str:
        """The id of the tenant."""
        with self.client() as client:
            return str(client.get(f"/api/v1/tenants/{self.slug}").json()["id"])

    def client(self, token: str | None = None) -> httpx2.Client:
        """An HTTP client of the api, as the tenant's admin or with another token; close it (`with`)."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx2.Client(base_url=self.api, headers=headers, timeout=65.0)

    def operator(self) -> httpx2.Client:
        """An HTTP client of the api that is signed in as the operator, by cookie; close it (`with`)."""
        return self.sign_in(self.login["operator"]["email"], self.login["operator"]["password"])

    def sign_in(self, email: str, password: str) -> httpx2.Client:
        """An HTTP client of the api that is signed in as somebody, by cookie; close it (`with`)."""
        answer = httpx2.post(f"{self.api}/api/v1/session", json={"email": email, "password": password}, timeout=65.0)
        assert answer.status_code == 200, answer.text
        headers = {"X-PaaKS-CSRF": answer.json()["csrf"], "Origin": self.api}
        return httpx2.Client(base_url=self.api, headers=headers, cookies=answer.cookies, timeout=65.0)

    def visit(self, path: str, token: str | None = None, **options: Any) -> httpx2.Response:
        """A visitor's request at the dispatcher; `path` is `hello/…` with a token, or `~demo/hello/…`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        options.setdefault("timeout", 15.0)  # the dispatcher holds a request for up to 10 s
        return httpx2.request(options.pop("method", "GET"), f"{self.dispatcher}/{path}", headers=headers, **options)

    def visit_public(self, service: str, **options: Any) -> httpx2.Response:
        """A stranger's request to a service of the tenant."""
        return self.visit(f"~{self.slug}/{service}/", **options)

    def wait_for(self, service: str, commit: str, seconds: float = 15.0) -> httpx2.Response:
        """Visit a service of the tenant until `commit` answers; that answer."""
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
        run_command(["git", "clone", "--quiet", self.clone_url(slug, token), str(path)], self.environment())
        return Clone(path, self.environment())

    def make_repository(self, name: str) -> Clone:
        """An empty repository of one's own, on branch main, with no remote."""
        path = self.directory / name
        run_command(["git", "init", "--quiet", "--initial-branch=main", str(path)], self.environment())
        return Clone(path, self.environment())

    def shell(self, script: str, cwd: Path | None = None) -> Result:
        """Type lines into a newcomer's shell, one after the other, until one fails."""
        return run_command(["bash", "-e", "-c", script], self.bare_environment(), cwd or self.home, check=False)

    def paaks(self, *arguments: str, check: bool = True, cwd: Path | None = None, stdin: str = "") -> Result:
        """Run the command line, as a person who is operator and the tenant's admin."""
        return run_command([str(PAAKS), *arguments], self.environment(), cwd or self.directory, check, stdin)

    def bare_environment(self) -> dict[str, str]:
        """What a newcomer's shell has: no `paaks` on the PATH, no setting of ours, nobody's git configuration."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PAAKS_", "GIT_", "PYTEST_", "XDG_"))}
        path = [part for part in inherited.get("PATH", os.defpath).split(":") if Path(part) != PAAKS.parent]
        own = {"HOME": str(self.home), "PATH": ":".join(path), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        return inherited | own | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}

    def stranger_environment(self) -> dict[str, str]:
        """What the shell of a person with no login has: `paaks` on the PATH, a name in git."""
        bare = self.bare_environment()
        return bare | _PERSON | {"PATH": f"{PAAKS.parent}:{bare['PATH']}", "PAAKS_DATA": str(self.directory / "none")}

    def environment(self) -> dict[str, str]:
        """What the shell of a person at work has: a stranger's, and the logins of operator and tenant."""
        return self.stranger_environment() | self._find_logins()

    @abc.abstractmethod
    def _find_logins(self) -> dict[str, str]:
        """The variables by which `paaks` finds this platform and its logins."""


_WHO = {"NAME": "Dana Developer", "EMAIL": "dana@example.com"}
_PERSON = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _WHO.items()}


def run_command(
    command: Sequence[str],
    environment: Mapping[str, str],
    cwd: Path | None = None,
    check: bool = True,
    stdin: str = "",
) -> Result:
    """Run a command to its end; with `check` it must end with 0."""
    result = subprocess.run(
        command, env=dict(environment), cwd=cwd, input=stdin, capture_output=True, text=True, timeout=120
    )
    assert not check or result.returncode == 0, f"{command}: {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result
