"""PaaKS in a cluster, as `paaks install` puts it there, and the way to it from this machine.

What does not live here: what is asked of it (the tests), and the cluster.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.cluster import KubernetesCluster
from tests.cluster.images import ROOT, build_control, build_runtime
from tests.cluster.sandbox import run

SYSTEM = "paaks-system"
_IMAGES = ("paaks:0.1.0", "paaks-runtime:0.1.0")
_NOBODY = 65532  # whom our containers run as


class Installation:
    """One installation on a cluster of our own. `api` and `dispatcher` are URLs, `login` is `first-login.json`."""

    def __init__(self, cluster: KubernetesCluster) -> None:
        self._cluster = cluster
        self.api = self.dispatcher = ""
        self.login: dict[str, Any] = {}

    def install(self) -> None:
        """Build the images, bring them in, apply the objects, and wait until everything is ready."""
        for archive, name in zip((build_control(), build_runtime()), _IMAGES, strict=True):
            self._cluster.import_image(archive, f"docker.io/library/{name}")
        self._make_volume()
        # The addresses that people type are those of Services, which the cluster draws.
        self._apply([obj for obj in self._print() if obj["kind"] in ("Namespace", "Service")])
        self.api, self.dispatcher = self._find("api", 3000), self._find("dispatcher", 8080)
        self._apply(self._print("--public-url", self.api, "--apps-url", self.dispatcher))
        for what in ("statefulset/control", "deployment/dispatcher"):
            self.kubectl("rollout", "status", what, "--timeout=180s", namespace=SYSTEM)
        read = ("exec", "control-0", "--container=api", "--", "cat", "/data/paaks/first-login.json")
        self.login = json.loads(self.kubectl(*read, namespace=SYSTEM))

    @property
    def token(self) -> str:
        """The demo tenant's personal access token."""
        return str(self.login["demo"]["token"])

    def kubectl(self, *arguments: str, namespace: str | None = None) -> str:
        """Run kubectl as an administrator; what it prints. Raises subprocess.CalledProcessError, with what it said."""
        where = [f"--kubeconfig={self._cluster.kubeconfig}", *([f"--namespace={namespace}"] if namespace else [])]
        return run(str(self._cluster.binaries / "kubectl"), *where, *arguments)

    def list(self, kind: str, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        """The objects of a kind."""
        given = ("get", kind, "--output=json", *((f"--selector={selector}",) if selector else ()))
        items: list[dict[str, Any]] = json.loads(self.kubectl(*given, namespace=namespace))["items"]
        return items

    def _make_volume(self) -> None:
        """What a storage class would provide: a directory of the node."""
        directory = self._cluster.sandbox.directory / "volume"
        directory.mkdir()
        os.chown(directory, _NOBODY, _NOBODY)
        spec = {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": str(directory), "type": "Directory"},
        }
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "paaks-data"}, "spec": spec}
        self._apply([volume])

    def _print(self, *options: str) -> list[dict[str, Any]]:
        """What `paaks install` prints."""
        image, runtime_image = _IMAGES
        paaks = str(Path(sys.executable).with_name("paaks"))
        command = [paaks, "install", "--image", image, "--runtime-image", runtime_image, *options]
        command.append("--insecure-single-domain")  # the bridge of these tests enforces no NetworkPolicy
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        return [obj for obj in yaml.safe_load_all(done.stdout) if obj]

    def _apply(self, objects: list[dict[str, Any]]) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump_all(objects, file)
            file.flush()
            self.kubectl("apply", "--server-side", "--filename", file.name)

    def _find(self, service: str, port: int) -> str:
        [found] = [obj for obj in self.list("services", SYSTEM) if obj["metadata"]["name"] == service]
        return f"http://{found['spec']['clusterIP']}:{port}"
