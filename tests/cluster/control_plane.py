"""etcd, the API server, the controllers and the scheduler, inside a sandbox; and the way in for clients.

What does not live here: where pods run (`node.py`).
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.cluster.sandbox import Sandbox, run

_ETCD = "http://127.0.0.1:2379"
_PORT = 16443
# Three revisions of a key that is none of Kubernetes'.
_PUT = """
import sys, urllib.request
for _ in range(3):
    urllib.request.urlopen(sys.argv[1], data=b'{"key": "YWdl", "value": "MQ=="}', timeout=5).read()
"""


class ControlPlane:
    """One API server over one etcd. Its data are the sandbox's, and go with it."""

    def __init__(self, sandbox: Sandbox, binaries: Path) -> None:
        self._sandbox, self._binaries = sandbox, binaries
        self._directory = sandbox.directory / "control-plane"
        self._key = self._directory / "service-accounts.key"
        self.url = f"https://{sandbox.address}:{_PORT}"
        self.token = secrets.token_urlsafe(32)
        self.authority = self._directory / "apiserver.crt"
        self.kubeconfig = sandbox.directory / "kubeconfig"

    def start(self) -> None:
        """Start all of it, and wait until the API server is ready."""
        self.start_bare()
        self._start_controllers()

    def start_bare(self) -> None:
        """Start etcd and the API server alone: objects are stored, and nothing comes of them."""
        self._directory.mkdir()
        run("openssl", "genrsa", "-out", str(self._key), "2048")
        (self._directory / "tokens").write_text(f'{self.token},admin,admin,"system:masters"\n')
        self._start_etcd()
        self.start_apiserver()
        self.kubeconfig.write_text(self._write_kubeconfig())

    def _start_etcd(self) -> None:
        peers = "http://127.0.0.1:2380"
        self._sandbox.start(
            "etcd",
            str(self._binaries / "etcd"),
            f"--data-dir={self._directory / 'etcd'}",
            *(f"--listen-client-urls={_ETCD}", f"--advertise-client-urls={_ETCD}"),
            *(f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"),
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",  # nothing here outlives the machine
            "--log-level=warn",
        )
        self._sandbox.wait("etcd", self._make_history)

    def _make_history(self) -> bool:
        """Let version 1 be before the API server's time, as on every cluster that is older than its API server."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._sandbox.run(sys.executable, "-I", "-c", _PUT, f"{_ETCD}/v3/kv/put")
            return True
        return False

    def start_apiserver(self) -> None:
        """Start the API server, again after `Sandbox.stop("kube-apiserver")`, and wait until it is ready."""
        address = self._sandbox.address
        self._sandbox.start(
            "kube-apiserver",
            str(self._binaries / "kube-apiserver"),
            f"--etcd-servers={_ETCD}",
            f"--cert-dir={self._directory}",
            *(f"--bind-address={address}", f"--advertise-address={address}", f"--secure-port={_PORT}"),
            "--service-account-issuer=https://kubernetes.default.svc",
            *(f"--service-account-key-file={self._key}", f"--service-account-signing-key-file={self._key}"),
            "--api-audiences=api",
            f"--service-cluster-ip-range={self._sandbox.services}",
            "--authorization-mode=Node,RBAC",
            f"--token-auth-file={self._directory / 'tokens'}",
            "--allow-privileged",
            # Without it logs and exec look the node's name up, which nobody answers.
            "--kubelet-preferred-address-types=InternalIP",
        )
        self._sandbox.wait("kube-apiserver", self._is_ready)

    def _start_controllers(self) -> None:
        common = (f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--secure-port=0")
        self._sandbox.start(
            "kube-controller-manager",
            str(self._binaries / "kube-controller-manager"),
            *common,
            f"--service-account-private-key-file={self._key}",
            f"--root-ca-file={self.authority}",
            "--use-service-account-credentials",
        )
        self._sandbox.start("kube-scheduler", str(self._binaries / "kube-scheduler"), *common)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("/readyz") == b"ok"
        return False

    def ask(self, path: str) -> bytes:
        """What the API server answers to a GET. Raises OSError where it does not, or refuses."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        tls = ssl.create_default_context(cafile=str(self.authority))
        with urllib.request.urlopen(request, timeout=10, context=tls) as response:
            answer: bytes = response.read()
        return answer

    def _write_kubeconfig(self) -> str:
        authority = base64.b64encode(self.authority.read_bytes()).decode()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url, "certificate-authority-data": authority}}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        }
        return json.dumps(config, indent=2) + "\n"
