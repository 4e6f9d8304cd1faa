"""What acceptance tests ask of a platform, of PaaKS on Kubernetes: one tenant of the one installation.

What does not live here: what they ask (`tests/acceptance/tested_platform.py`), the installation (`installation.py`).
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
from tested_platform import Part, Platform, Result, run_command

from core import names
from tests.cluster.cluster import KubernetesCluster
from tests.cluster.installation import SYSTEM, Installation

_SECONDS = 120.0
_PARTS = "app.kubernetes.io/part-of=paaks"


class InstalledPlatform(Platform):
    """The installation as the admin of `demo` has it, or of a tenant `is_own`, whose services go when it is closed."""

    def __init__(self, cluster: KubernetesCluster, installation: Installation, is_own: bool = False) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="paaks-")))
        self._cluster, self._installation = cluster, installation
        self._own: dict[str, Any] = {}
        self._is_own, self._configured = is_own, ""
        self.api, self.dispatcher = installation.api, installation.dispatcher
        if is_own:
            self._make_tenant(f"own-{secrets.token_hex(4)}")
        self._namespace = names.namespace_of(self.tenant_id)

    def _make_tenant(self, slug: str) -> None:
        with self.operator() as operator:
            _expect(operator.post("/api/v1/tenants", json={"slug": slug}), 201)
        self._make_admin(slug)
        deadline = time.monotonic() + _SECONDS
        while self.visit_public("hello").status_code != 200:
            assert time.monotonic() < deadline, self.describe()

    def _make_admin(self, slug: str) -> None:
        """A new admin of the tenant, and their token."""
        email = f"admin-{secrets.token_hex(4)}@example.com"
        with self.operator() as operator:
            person = {"email": email, "name": "Dana", "roles": {slug: "admin"}}
            password = _expect(operator.post("/api/v1/users", json=person), 201)["password"]
        with self.sign_in(email, password) as client:
            wish = {"name": "tests", "tenant": slug, "scopes": ["read", "write", "invoke", "admin"]}
            token = _expect(client.post("/api/v1/tokens", json=wish), 201)["token"]
        demo = {"tenant": slug, "email": email, "password": password, "token": token}
        self._own = {"demo": demo}

    @property
    def login(self) -> Mapping[str, Any]:
        """The installation's first login; of a tenant of its own its admin's, as `demo`."""
        return self._installation.login | self._own

    # -- its life

    @property
    def data(self) -> Path:
        """The node's directory that is the volume of the pod `control`."""
        return self._cluster.sandbox.directory / "volume" / "paaks"

    def start(self) -> float:
        """Let the pods be made that are not there, and wait until all are ready; the seconds that took.

        A database that begins empty has no user of before: the logins are read again, and a tenant of its own gets a
        new admin.
        """
        began = time.monotonic()
        self._kubectl("scale", "statefulset/control", "--replicas=1")
        self._kubectl("scale", "deployment/dispatcher", "--replicas=2")
        for what in ("statefulset/control", "deployment/dispatcher"):
            self._kubectl("rollout", "status", what, f"--timeout={_SECONDS:.0f}s")
        self._wait_until_ready()
        seconds = time.monotonic() - began
        self._read_logins()
        return seconds

    def _read_logins(self) -> None:
        login = json.loads((self.data / "first-login.json").read_text())
        if login == self._installation.login:
            return
        self._installation.login = login
        if self._is_own:
            self._make_admin(self.slug)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _SECONDS
        for url in (self.api, self.dispatcher):
            while not _is_ready(url):
                assert time.monotonic() < deadline, self.describe()
                time.sleep(0.1)  # there is no event to wait for: a Service that has no endpoint yet

    def stop(self) -> None:
        """Scale it to nothing, and wait until no pod is left; the handlers stay."""
        for what in ("statefulset/control", "deployment/dispatcher"):
            self._kubectl("scale", what, "--replicas=0")
        deadline = time.monotonic() + _SECONDS
        while self._installation.list("pods", SYSTEM, _PARTS):
            assert time.monotonic() < deadline, self.describe()
            time.sleep(0.2)

    def restart(self, kill: bool = False) -> float:
        """As on one machine handlers go and come back too."""
        if not kill:
            self._installation.kubectl("delete", "pod", "--all", "--wait=false", namespace=self._namespace)
        return super().restart(kill)

    def kill_all(self) -> None:
        """SIGKILL all containers of the platform and of the tenant, and make the cluster forget their pods."""
        containers = [*self._find_containers(SYSTEM), *self._find_containers(self._namespace)]
        self._signal("SIGKILL", containers)
        for namespace in (SYSTEM, self._namespace):
            forced = ("delete", "pod", "--all", "--grace-period=0", "--force")
            self._installation.kubectl(*forced, namespace=namespace)

    def kill(self, part: Part) -> None:
        """SIGKILL the containers of a part, which the kubelet starts again."""
        self._signal("SIGKILL", self._containers_of(part))

    @contextlib.contextmanager
    def pause(self, *parts: Part) -> Iterator[None]:
        """SIGSTOP the containers of parts; more than a minute of it and their probes would have them killed."""
        containers = [container for part in parts for container in self._containers_of(part)]
        self._signal("SIGSTOP", containers)
        try:
            yield
        finally:
            self._signal("SIGCONT", containers)

    def close(self) -> None:
        """Remove the services of a tenant of its own, and the files of the test."""
        try:
            if self._is_own:
                if not _is_ready(self.api):
                    self.start()
                self.remove_services()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def remove_services(self, prefix: str = "") -> None:
        """Remove the tenant's services whose names begin so: pods take what the node has for others."""
        with self.client() as client:
            base = f"/api/v1/tenants/{self.slug}"
            for item in _expect(client.get(f"{base}/services"))["items"]:
                if item["name"].startswith(prefix):
                    client.delete(f"{base}/services/{item['name']}")

    # -- looking at it

    def read_logs(self) -> str:
        """What all of its containers have said."""
        return self._read_logs(-1)

    def describe(self, lines: int = 30) -> str:
        """The pods, and what the platform's have said last."""
        pods = [self._installation.kubectl("get", "pods", "--output=wide", namespace=n) for n in self._namespaces()]
        return "\n".join([*pods, self._read_logs(lines)])

    def _namespaces(self) -> list[str]:
        return [SYSTEM, *([self._namespace] if hasattr(self, "_namespace") else [])]

    def _read_logs(self, lines: int) -> str:
        which = (f"--selector={_PARTS}", "--all-containers", "--prefix", f"--tail={lines}", "--max-log-requests=20")
        return self._installation.kubectl("logs", *which, namespace=SYSTEM)

    def run_git(self, *arguments: str, check: bool = True) -> Result:
        """Run git in the tenant's repository, in the container of the api."""
        where = f"/data/paaks/repos/{self.tenant_id}.git"
        kubectl = [str(self._cluster.binaries / "kubectl"), f"--kubeconfig={self._cluster.kubeconfig}"]
        inside = ["exec", f"--namespace={SYSTEM}", "control-0", "--container=api", "--", "git", "-C", where, *arguments]
        return run_command([*kubectl, *inside], self.bare_environment(), check=check)

    # -- its parts

    def _kubectl(self, *arguments: str) -> str:
        return self._installation.kubectl(*arguments, namespace=SYSTEM)

    def _containers_of(self, part: Part) -> list[str]:
        if part == "handlers":
            return self._find_containers(self._namespace)
        return self._find_containers(SYSTEM, part)

    def _find_containers(self, namespace: str, name: str | None = None) -> list[str]:
        """The ids that containerd knows running containers by."""
        found = []
        for pod in self._installation.list("pods", namespace):
            status = pod["status"]
            for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
                if "running" in container["state"] and name in (None, container["name"]):
                    found.append(container["containerID"].removeprefix("containerd://"))
        return found

    def _signal(self, signal: str, containers: list[str]) -> None:
        ctr = ["ctr", "-a", str(self._cluster.node.socket), "-n", "k8s.io", "tasks", "kill", "--signal", signal]
        running = [subprocess.Popen([*ctr, container], stderr=subprocess.PIPE) for container in containers]
        for process in running:
            _, said = process.communicate(timeout=30)
            assert process.returncode == 0 or b"not found" in said or b"already finished" in said, said

    def _find_logins(self) -> dict[str, str]:
        directory = self.directory / "config"
        if self._configured != self.token:  # none yet, or one from before the database was lost
            self._write_config(directory / "paaks" / "config.yaml")
            self._configured = self.token
        return {"XDG_CONFIG_HOME": str(directory)}

    def _write_config(self, path: Path) -> None:
        """A configuration of `paaks` with the logins of operator and tenant."""
        with self.operator() as operator:
            made = operator.post("/api/v1/tokens", json={"name": "tests", "tenant": None, "scopes": _SCOPES})
            tokens = {"": _expect(made, 201)["token"], self.slug: self.token}
        context = {"server": self.api, "tenant": self.slug, "email": self.login["demo"]["email"], "tokens": tokens}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"current": "installed", "contexts": {"installed": context}}))


_SCOPES = ["read", "write", "invoke", "admin"]


def _expect(answer: httpx2.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def _is_ready(url: str) -> bool:
    with contextlib.suppress(httpx2.HTTPError):
        return httpx2.get(f"{url}/readyz", timeout=5.0).status_code == 200
    return False
