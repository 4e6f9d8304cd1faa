"""Images without a registry: built from Dockerfiles on a Debian of our own, and brought into a node's containerd.

Each is built once for the files it is made of and kept as an archive. What does not live here: what an image contains
(`runtime/Dockerfile`, `Dockerfile`).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.cluster.binaries import cache, hold_lock, identify_files
from tests.cluster.sandbox import run

ROOT = Path(__file__).parent.parent.parent
RUNTIME = "docker.io/library/paaks-runtime:latest"  # how containerd spells core.render.IMAGE
SUITE = "bookworm"  # its Python is 3.11
PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
_CONTROL = [
    *("Dockerfile", ".dockerignore", "requirements.lock", "pyproject.toml"),
    *("core", "controller", "api", "cli", "repo-template", "manifests"),
]
_BASE = f"localhost/paaks-base:{SUITE}"


def pack_image(archive: Path, name: str, layer: Path, **config: object) -> None:
    """Write a docker-archive of one layer, which is the content of a directory; `config` as in an OCI image's."""
    contents = archive.with_suffix(".layer")
    with tarfile.open(contents, "w") as files:
        files.add(layer, arcname=".", recursive=True)
    digest = hashlib.sha256(contents.read_bytes()).hexdigest()
    described = {
        "architecture": "amd64",
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as whole:
        for path, text in (("manifest.json", manifest), ("config.json", described)):
            data = json.dumps(text).encode()
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            whole.addfile(entry, io.BytesIO(data))
        whole.add(contents, arcname="layer.tar")
    contents.unlink()


def import_image(socket: Path, archive: Path, name: str | None = None) -> None:
    """Bring an archive's image into the containerd that listens on a socket, where the kubelet looks for it.

    `name` is another one that it gets too.
    """
    images = ("ctr", "-a", str(socket), "-n", "k8s.io", "images")
    said = run(*images, "import", str(archive))
    if name is not None:
        run(*images, "tag", "--force", said.split()[1], name)


def build_runtime() -> Path:
    """The archive of the image that handlers run in, from `runtime/Dockerfile`."""
    context = ROOT / "runtime"
    hosting = [path for path in (context / "hosting").rglob("*.py") if path.is_file()]
    files = [*(context / name for name in ("Dockerfile", "requirements.lock", "host.py")), *hosting]
    return build_image(RUNTIME, context, files)


def build_control() -> Path:
    """The archive of the image of everything else, from `Dockerfile`."""
    kept = run("git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", *_CONTROL)
    return build_image("docker.io/library/paaks:latest", ROOT, [ROOT / path for path in kept.split("\n") if path])


def build_image(name: str, context: Path, files: list[Path]) -> Path:
    """The archive of an image, from the Dockerfile of a directory and on our base; `files` are what it is made of.

    Raises subprocess.CalledProcessError, with what was said.
    """
    directory = cache() / "images"
    archive = directory / f"{name.rpartition('/')[2].partition(':')[0]}-{identify_files(*files)}.tar"
    with hold_lock(cache() / "images.lock"):
        if not archive.exists():
            if not _buildah_succeeds("inspect", "--type", "image", _BASE):
                _make_base(directory)
            _build(name, context)
            unfinished = archive.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            _buildah("push", "--quiet", name, f"docker-archive:{unfinished}:{name}")
            _buildah("rmi", name)
            unfinished.rename(archive)
    return archive


def _make_base(directory: Path) -> None:
    """A small Debian with Python and pip, for where `python:3.12-slim` cannot be had."""
    root = directory / "root"
    shutil.rmtree(root, ignore_errors=True)  # half of one
    directory.mkdir(parents=True, exist_ok=True)
    run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root))
    shutil.rmtree(root / "var" / "cache" / "apt")
    container = _buildah("from", "scratch")
    _buildah("copy", "--quiet", container, str(root), "/")
    _buildah("commit", "--quiet", "--rm", container, _BASE)
    shutil.rmtree(root)


def _build(name: str, context: Path) -> None:
    """`buildah build`, with the certificates and the index of packages that this machine goes by."""
    given = [f"--build-arg={key}={os.environ[key]}" for key in ("PIP_CERT", "PIP_INDEX_URL") if key in os.environ]
    if "PIP_CERT" in os.environ:
        given.append("--volume=/etc/ssl/certs:/etc/ssl/certs:ro")
    how = ["--isolation=chroot", "--network=host", "--pull-never", f"--build-arg=BASE={_BASE}"]
    _buildah("build", "--quiet", *how, *given, "--tag", name, str(context))


def _buildah(*arguments: str) -> str:
    """Run buildah on images of our own; what it prints. Raises subprocess.CalledProcessError, with what it said."""
    return run(*_place(), *arguments).strip()


def _buildah_succeeds(*arguments: str) -> bool:
    return subprocess.run([*_place(), *arguments], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def _place() -> list[str]:
    storage = cache() / "images" / "storage"
    return ["buildah", f"--root={storage}/root", f"--runroot={storage}/run", "--storage-driver=vfs"]
