"""Where a push's objects are until it is accepted: a directory of their own beside the repository's objects.

Git processes write and read them there by the environment; `Repository(path, quarantine)` sees them too. What does not
live here: starting those processes, and judging what is in it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

_PREFIX = "tmp_objdir-incoming-"  # as git names them: `repository.sweep` removes what a killed process has left
_LAST = (".pack", ".rev", ".idx")  # readers take a pack for whole once its index is there


class Quarantine:
    """One push's objects. `directory` is where they are."""

    def __init__(self, repository: Path) -> None:
        self._objects = repository / "objects"
        self.directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._objects))
        (self.directory / "pack").mkdir()

    def environment(self) -> Mapping[str, str]:
        """What makes a git process write here, and see the repository's objects too (git(1))."""
        return {
            "GIT_OBJECT_DIRECTORY": str(self.directory),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quote(str(self._objects)),
            "GIT_QUARANTINE_PATH": str(self.directory),
        }

    def release(self) -> list[Path]:
        """Move all objects to the repository's. The directories that have new names in them, still to be synced."""
        changed = [self._objects]
        for source in sorted(self.directory.iterdir()):
            target = self._objects / source.name
            with contextlib.suppress(FileExistsError):
                target.mkdir()
            changed.append(target)
            for name in sorted(os.listdir(source), key=_rank):
                os.rename(source / name, target / name)
        return changed

    def remove(self) -> None:
        """Remove the directory with what is left in it."""
        shutil.rmtree(self.directory, ignore_errors=True)


def _rank(name: str) -> tuple[int, str]:
    suffix = os.path.splitext(name)[1]
    return (_LAST.index(suffix) if suffix in _LAST else -1), name


def _quote(path: str) -> str:
    """A path in a list of paths, whatever is in it: quoted as in C."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


@contextlib.contextmanager
def quarantined(repository: Path) -> Iterator[Quarantine]:
    """A quarantine that is gone afterwards. Raises OSError where the disk has no room for it."""
    quarantine = Quarantine(repository)
    try:
        yield quarantine
    finally:
        quarantine.remove()
