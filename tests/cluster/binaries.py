"""The programs of a cluster, built once from pinned Go modules (`build/`) and kept outside the tree.

What does not live here: starting them (`control_plane.py`, `node.py`), and what Debian brings (containerd, runc, CNI).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

BUILD = Path(__file__).parent / "build"
KUBERNETES = "1.34.4"
_VERSION = "k8s.io/component-base/version"
_STAMPS = {"gitVersion": f"v{KUBERNETES}", "gitMajor": "1", "gitMinor": KUBERNETES.split(".")[1]}
_COMMANDS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")
_SECONDS = 1800  # four minutes on two idle cores, and the modules come over a network


def cache() -> Path:
    """Where everything is kept that takes minutes to make: PAAKS_CLUSTER_CACHE, or `~/.cache/paaks-cluster`."""
    return Path(os.environ.get("PAAKS_CLUSTER_CACHE") or Path.home() / ".cache" / "paaks-cluster")


def build_binaries() -> Path:
    """The directory with the programs, `etcd`, `dns` and `pause` among them; builds them where they are not there yet.

    Raises subprocess.CalledProcessError where Go fails; what it said is on standard error.
    """
    directory = cache() / _identify(BUILD) / "bin"
    with hold_lock(cache() / "build.lock"):
        if not directory.exists():
            unfinished = directory.with_name("unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            _build(unfinished)
            unfinished.rename(directory)
    return directory


@contextlib.contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Wait until nobody else makes the same thing; the lock goes with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def identify_files(*paths: Path) -> str:
    """Sixteen hex digits that change with any of these files' bytes or names."""
    found = hashlib.sha256()
    for path in sorted(paths):
        found.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def _identify(directory: Path) -> str:
    return identify_files(*(path for path in directory.rglob("*") if path.is_file()))


def _build(directory: Path) -> None:
    stamps = [f"-X {_VERSION}.{name}={value}" for name, value in _STAMPS.items()]
    _run_go(directory, stamps, *(f"k8s.io/kubernetes/cmd/{command}" for command in _COMMANDS))
    _run_go(directory / "etcd", [], "go.etcd.io/etcd/server/v3")
    # It runs alone in its image: no C library there.
    _run_go(directory / "pause", [], "./pause", CGO_ENABLED="0")
    _run_go(directory / "dns", [], ".", module=BUILD / "dns")


def _run_go(output: Path, stamps: list[str], *packages: str, module: Path = BUILD, **environment: str) -> None:
    """`go build`, with what go.sum pins and the Go that is here."""
    ours = {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"} | environment
    where = f"{output}/" if output.is_dir() else str(output)
    command = ["go", "build", "-trimpath", "-ldflags", " ".join(["-s -w", *stamps]), "-o", where, *packages]
    subprocess.run(command, cwd=module, env=os.environ | ours, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
