"""Images without a registry: archives made of directories and Dockerfiles, and brought into a node's containerd.

What does not live here: what an image contains (`runtime/Dockerfile`).
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from tests.cluster.sandbox import run


def pack_image(archive: Path, name: str, layer: Path, **config: object) -> None:
    """Write a docker-archive of one layer, which is the content of a directory; `config` as in an OCI image's."""
    contents = archive.with_suffix(".layer")
    with tarfile.open(contents, "w") as files:
        files.add(layer, arcname=".", recursive=True)
    digest = hashlib.file_digest(contents.open("rb"), "sha256").hexdigest()
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


def import_image(socket: Path, archive: Path) -> None:
    """Bring an archive's images into the containerd that listens on a socket, where the kubelet looks for them."""
    run("ctr", "-a", str(socket), "-n", "k8s.io", "images", "import", str(archive))
