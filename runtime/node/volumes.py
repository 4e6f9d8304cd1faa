"""A pod's files: its ConfigMap written below a directory of its own, and an empty one to write into.

    <data>/run/pods/<uid>/volumes/<name>/…

Written once, when the pod starts; gone with the pod. What does not live here: when that is (`pods.py`).
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from runtime.node.kinds import Object

TEMPORARY = "tmp"  # the name of the volume that handlers may write to
_DEFAULT_MODE = 0o644


class MissingConfigMap(Exception):
    """A pod names a ConfigMap, or a key of one, that is not there."""


def pods_directory(data: Path) -> Path:
    """Where all pods' files are."""
    return data / "run" / "pods"


def temporary_directory(data: Path, uid: str) -> Path:
    """Where the pod's process may write."""
    return pods_directory(data) / uid / "volumes" / TEMPORARY


class Volumes:
    """The files of all pods of a node whose data is below `data`."""

    def __init__(self, data: Path) -> None:
        self._pods = pods_directory(data)
        self._trash = data / "run" / "trash"
        # A handler may have left a hundred thousand files; nobody waits while they are removed.
        self._remover = ThreadPoolExecutor(1, thread_name_prefix="volumes")

    def materialise(self, pod: Object, find_config_map: Callable[[str], Object | None]) -> Path:
        """Write the pod's volumes; the directory that its container works in.

        Raises MissingConfigMap, OSError, and ValueError for a path that leaves its volume.
        """
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
        files = {
            name: list(_read_files(volume["configMap"], find_config_map))
            for name, volume in volumes.items()
            if "configMap" in volume
        }
        root = self._pods / pod["metadata"]["uid"]
        self.remove(pod["metadata"]["uid"])
        (root / "volumes" / TEMPORARY).mkdir(parents=True, mode=0o700)
        for name, found in files.items():
            _write_volume(root / "volumes" / _check_name(name), found)
        return self._find_working_directory(root, pod["spec"]["containers"][0])

    def _find_working_directory(self, root: Path, container: Object) -> Path:
        wanted = container.get("workingDir") or "/app"
        for mount in container.get("volumeMounts") or ():
            if mount["mountPath"].rstrip("/") == wanted.rstrip("/"):
                parts = _split(mount["subPath"]) if mount.get("subPath") else []
                return root.joinpath("volumes", _check_name(mount["name"]), *parts)
        raise ValueError(f"nothing is mounted at the working directory {wanted}")

    def remove(self, uid: str) -> None:
        """Take the pod's files away, if there are any: at once from their place, soon from the disk."""
        place = self._pods / _check_name(uid)
        if not place.exists():
            return
        self._trash.mkdir(parents=True, exist_ok=True)
        gone = self._trash / f"{uid}.{os.urandom(4).hex()}"
        place.rename(gone)
        self._remover.submit(_remove_tree, gone)

    def sweep(self) -> None:
        """Remove what an earlier node left."""
        for place in (self._pods, self._trash):
            _remove_tree(place)
            place.mkdir(parents=True, mode=0o700)


def _read_files(source: Object, find_config_map: Callable[[str], Object | None]) -> Iterator[tuple[str, int, bytes]]:
    """Path, mode and bytes of each file of a ConfigMap volume."""
    name = source["name"]
    config_map = find_config_map(name)
    if config_map is None:
        raise MissingConfigMap(f'configmap "{name}" not found')
    data, binary = config_map.get("data") or {}, config_map.get("binaryData") or {}
    items: list[Any] = source.get("items") or [{"key": key, "path": key} for key in sorted({*data, *binary})]
    default = source.get("defaultMode", _DEFAULT_MODE)
    for item in items:
        key = item["key"]
        if key not in data and key not in binary:
            raise MissingConfigMap(f'configmap "{name}" has no key "{key}"')
        content = data[key].encode() if key in data else base64.b64decode(binary[key])
        yield item["path"], item.get("mode", default), content


def _write_volume(root: Path, files: list[tuple[str, int, bytes]]) -> None:
    """New files in a new directory; nothing that is there already is followed or replaced."""
    root.mkdir(mode=0o755)
    for path, mode, content in files:
        *folders, name = _split(path)
        directory = _open_folder(root, folders)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(name, flags, 0o600, dir_fd=directory), "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), mode & 0o777)
        finally:
            os.close(directory)


def _open_folder(root: Path, folders: list[str]) -> int:
    """A descriptor of the folder below `root`; what is missing on the way is made."""
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW
    directory = os.open(root, flags)
    for folder in folders:
        parent = directory
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o755, dir_fd=parent)
            directory = os.open(folder, flags, dir_fd=parent)
        finally:
            os.close(parent)
    return directory


def _split(path: str) -> list[str]:
    """A path's names. Raises ValueError for one that is absolute or leaves its place."""
    parts = path.split("/")
    for part in parts:
        _check_name(part)
    return parts


def _check_name(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not the name of a file")
    return name


def _remove_tree(place: Path) -> None:
    """Remove everything there, also what its owner made unreadable; symbolic links are not followed."""

    def open_up(_function: object, path: str, _info: object) -> None:
        for folder in (os.path.dirname(path), path):
            if os.path.isdir(folder) and not os.path.islink(folder):
                os.chmod(folder, stat.S_IRWXU)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)

    # What resists is tried again at the next start.
    with contextlib.suppress(OSError):
        shutil.rmtree(place, onerror=open_up)
