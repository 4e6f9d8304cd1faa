"""A real Kubernetes on this machine: made of what Debian and the Go modules give, started, used and taken away.

What does not live here: the parts (`sandbox.py`, `control_plane.py`, `node.py`), and which tests use it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.cluster.binaries import build_binaries
from tests.cluster.control_plane import ControlPlane
from tests.cluster.images import build_runtime, import_image, pack_image
from tests.cluster.node import PAUSE, Node
from tests.cluster.sandbox import Sandbox

_PROGRAMS = {
    "go": "Go 1.25 or newer",
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "unshare": "util-linux",
    "openssl": "openssl",
    "buildah": "buildah",
    "debootstrap": "debootstrap",
}


def find_missing() -> str | None:
    """Why a cluster cannot be had on this machine; None where it can."""
    if os.geteuid() != 0:
        return "a cluster of one's own needs root"
    missing = sorted({package for program, package in _PROGRAMS.items() if shutil.which(program) is None})
    return f"a cluster of one's own needs {', '.join(missing)}" if missing else None


class KubernetesCluster:
    """One cluster of one node. Ends with this process, however that ends."""

    def __init__(self) -> None:
        self.binaries = build_binaries()
        self._runtime = build_runtime()
        self.sandbox = Sandbox()
        self.control_plane = ControlPlane(self.sandbox, self.binaries)
        self.node = Node(self.sandbox, self.binaries, self.control_plane)

    @property
    def kubeconfig(self) -> Path:
        """For `kubectl` and `Cluster.connect`: an administrator's."""
        return self.control_plane.kubeconfig

    def start(self) -> None:
        """Start everything, and wait until the node is ready."""
        self.sandbox.open()
        self.control_plane.start()
        self.node.start_containerd()
        self._import_pause()
        self.import_image(self._runtime)
        self.node.start_dns()
        self.node.start_kubelet()

    def _import_pause(self) -> None:
        """The image that holds the namespaces of every pod."""
        with tempfile.TemporaryDirectory(dir=self.sandbox.directory) as directory:
            layer = Path(directory) / "layer"
            layer.mkdir()
            shutil.copy(self.binaries / "pause", layer / "pause")
            archive = Path(directory) / "pause.tar"
            pack_image(archive, PAUSE, layer, Entrypoint=["/pause"])
            self.import_image(archive)

    def import_image(self, archive: Path, name: str | None = None) -> None:
        """Give the node an image, from its archive; under another name too, where one is given."""
        import_image(self.node.socket, archive, name)

    def stop(self) -> None:
        """End everything, and leave nothing."""
        self.sandbox.close()
