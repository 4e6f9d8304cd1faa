"""The one machine that pods run on: containerd, a bridge, DNS, a kubelet and kube-proxy, inside a sandbox.

The bridge does not enforce NetworkPolicy. What does not live here: the images that containerd is given (`images.py`).
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from tests.cluster.control_plane import ControlPlane
from tests.cluster.sandbox import Sandbox

PAUSE = "docker.io/library/paaks-pause:test"
NAME = "node-1"
DOMAIN = "cluster.local"
_PLUGINS = Path("/usr/lib/cni")


class Node:
    """One node. `socket` is containerd's, for `ctr`."""

    def __init__(self, sandbox: Sandbox, binaries: Path, control_plane: ControlPlane) -> None:
        self._sandbox, self._binaries, self._control_plane = sandbox, binaries, control_plane
        self._directory = sandbox.directory / "node"
        self.socket = sandbox.directory / "containerd.sock"

    def start_containerd(self) -> None:
        """Start containerd, and wait until it answers."""
        (self._directory / "cni").mkdir(parents=True)
        (self._directory / "cni" / "bridge.conflist").write_text(json.dumps(self._describe_network()))
        config = self._directory / "containerd.toml"
        config.write_text(self._describe_containerd())
        self._sandbox.start("containerd", "containerd", "--config", str(config))
        self._sandbox.wait("containerd", self.socket.exists)

    def start_dns(self) -> None:
        """Start the names of Services, on the bridge; names of the outside are refused."""
        kubeconfig = self._control_plane.kubeconfig
        config = self._directory / "Corefile"
        config.write_text(f".:53 {{\n  errors\n  kubernetes {DOMAIN} {{\n    kubeconfig {kubeconfig}\n  }}\n}}\n")
        self._sandbox.start("dns", str(self._binaries / "dns"), "-conf", str(config))

    def start_kubelet(self) -> None:
        """Start the kubelet and kube-proxy, and wait until the API server calls the node ready."""
        config, kubeconfig = self._directory / "kubelet.json", self._control_plane.kubeconfig
        config.write_text(json.dumps(self._describe_kubelet()))
        (self._directory / "resolv.conf").touch()  # no name server of this machine's
        self._sandbox.start(
            "kubelet",
            str(self._binaries / "kubelet"),
            *(f"--config={config}", f"--kubeconfig={kubeconfig}"),
            # The address must be given: a node without one has no logs.
            *(f"--hostname-override={NAME}", f"--node-ip={self._sandbox.address}"),
        )
        self._sandbox.start(
            "kube-proxy",
            str(self._binaries / "kube-proxy"),
            *(f"--kubeconfig={kubeconfig}", f"--hostname-override={NAME}"),
            *("--proxy-mode=iptables", f"--cluster-cidr={self._sandbox.pods}"),
            # The table of connections is the machine's: its size stays as it is.
            *("--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s"),
            "--conntrack-tcp-timeout-close-wait=0s",
        )
        self._sandbox.wait("kubelet", self._is_ready)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            conditions = json.loads(self._control_plane.ask(f"/api/v1/nodes/{NAME}"))["status"].get("conditions", ())
            return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)
        return False

    def _describe_network(self) -> dict[str, object]:
        bridge = {
            "type": "bridge",
            "bridge": "pods",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": self._sandbox.pods, "gateway": self._sandbox.address}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }
        return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, {"type": "loopback"}]}

    def _describe_containerd(self) -> str:
        # Where root lacks CAP_SYS_RESOURCE, no sandbox starts without restrict_oom_score_adj; what is said then is
        # "can't get final child's PID from pipe: EOF".
        return f"""version = 2
root = "{self._directory}/containerd"
state = "/run/containerd"
[grpc]
  address = "{self.socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{self._directory}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{_PLUGINS}"
    conf_dir = "{self._directory}/cni"
"""

    def _describe_kubelet(self) -> dict[str, object]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self._sandbox.address,
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": self._sandbox.cgroup,
            "clusterDNS": [self._sandbox.address],
            "clusterDomain": DOMAIN,
            "containerRuntimeEndpoint": f"unix://{self.socket}",
            "enforceNodeAllocatable": [],
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "failSwapOn": False,
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "maxPods": 200,
            "resolvConf": str(self._directory / "resolv.conf"),
            "serializeImagePulls": False,
            "volumePluginDir": str(self._directory / "volume-plugins"),
        }
