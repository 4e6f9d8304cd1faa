"""The files of a service's revision, as git has them, for what is rendered of it.

What does not live here: git itself (`repository.py`), what the files become (`render.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from core.render import File
from core.repository import Repository


def read_files(repository: Repository, tree: str, *, reads: bool = True) -> list[File]:
    """Every file of a tree, by paths below it; without their bytes where not `reads`. Raises NotFound."""
    return list(_walk(repository, tree, "", reads))


def _walk(repository: Repository, tree: str, prefix: str, reads: bool) -> Iterator[File]:
    for entry in repository.tree(tree):
        path = prefix + entry.name.decode()
        if entry.kind == "tree":
            yield from _walk(repository, entry.oid, path + "/", reads)
        elif entry.kind == "blob":
            yield File(path, entry.mode, repository.blob(entry.oid) if reads else None)
