"""A directory that is in no clone, as the changes that make the tenant's repository hold it: one commit, by the api.

What does not live here: sending it (`commands/deploy.py`), a clone's commits (git).
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cli.failure import Exit, Failure
from core.names import SERVICE_FILE

_LEFT_OUT = frozenset({".git", "__pycache__", ".venv", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
Operation = dict[str, Any]


def find_services(directory: Path) -> dict[str, Path]:
    """The services of a directory: itself, or those below it. Raises Failure where there is none."""
    place = directory.resolve()
    if (place / SERVICE_FILE).is_file():
        return {place.name: place}
    found = {below.name: below for below in sorted(place.iterdir()) if (below / SERVICE_FILE).is_file()}
    if not found:
        hint = f"a service is a directory with a {SERVICE_FILE}; `paaks new NAME` makes one in a clone"
        raise Failure(f"there is no service in {directory}", hint=hint, code=Exit.USAGE)
    return found


def list_operations(name: str, place: Path, there: Mapping[str, tuple[str, str]]) -> Iterator[Operation]:
    """What makes a service's directory in the repository the same as `place`.

    `there` is what it holds now: path below the service → blob id and mode. Raises Failure for a symbolic link.
    """
    seen = set()
    for file in _list_files(place):
        path = file.relative_to(place).as_posix()
        seen.add(path)
        data = file.read_bytes()
        mode = "100755" if os.access(file, os.X_OK) else "100644"
        if there.get(path) != (blob_id(data), mode):
            yield {
                "op": "put",
                "path": f"{name}/{path}",
                "contentBase64": base64.b64encode(data).decode(),
                "mode": mode,
            }
    for path in sorted(set(there) - seen):
        yield {"op": "delete", "path": f"{name}/{path}"}


def _list_files(place: Path) -> Iterator[Path]:
    for parent, directories, files in os.walk(place):
        directories[:] = sorted(d for d in directories if d not in _LEFT_OUT)
        for name in (*directories, *files):
            if (Path(parent) / name).is_symlink():
                hint = "put the file itself in its place"
                raise Failure(f"{Path(parent) / name} is a symbolic link", hint=hint, code=Exit.REFUSED)
        yield from (Path(parent) / name for name in sorted(files) if not name.endswith(".pyc"))


def blob_id(data: bytes) -> str:
    """The id that git gives to a file's bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
