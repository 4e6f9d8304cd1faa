"""A directory as git would commit it, without a commit: its tree, and its objects beside those of the clone.

The objects are in a repository of their own that is removed afterwards; the clone is only read. `.gitignore` counts.
What does not live here: judging or rendering what is in the tree (`core`), pushing (`commands/deploy.py`).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli import config
from cli.failure import Exit, Failure

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git knows it without storing it


@dataclass(frozen=True)
class Snapshots:
    """Trees of one directory. `repository` is a bare repository that has their objects, and the clone's."""

    repository: Path
    work_tree: Path
    clone: Path | None

    def of_files(self, below: str = ".") -> str:
        """The tree of the files as they lie there; `below` limits it to one directory."""
        _git(["add", "--all", "--", below], self.repository, self.work_tree)
        return _git(["write-tree"], self.repository, self.work_tree)

    def of_commit(self, name: str) -> str:
        """The tree of a commit, as git understands the name. Raises Failure."""
        return self._resolve(f"{name}^{{tree}}", name)

    def commit(self, name: str) -> str:
        """The id of a commit. Raises Failure."""
        return self._resolve(f"{name}^{{commit}}", name)

    def _resolve(self, expression: str, name: str) -> str:
        if self.clone is None:
            raise Failure(f"{self.work_tree} is not in a git repository", code=Exit.USAGE)
        command = ["git", "-C", str(self.clone), "rev-parse", "--verify", "--quiet", "--end-of-options", expression]
        found = subprocess.run(command, capture_output=True, text=True)
        if found.returncode != 0:
            raise Failure(f"there is no commit {name!r} in this clone", hint="git fetch", code=Exit.USAGE)
        return found.stdout.strip()

    def difference(self, old: str, new: str, prefix: str) -> str:
        """The unified diff between two trees; `prefix` is the directory that both stand for."""
        below = f"{prefix}/" if prefix else ""
        names = [f"--src-prefix=a/{below}", f"--dst-prefix=b/{below}"]
        return _git(
            ["diff", "--no-color", "--no-ext-diff", *names, old, new], self.repository, self.work_tree, strip=False
        )


@contextlib.contextmanager
def open_snapshots(directory: Path) -> Iterator[Snapshots]:
    """Trees of the clone that a directory is in, or of the directory itself. Raises Failure where there is no git."""
    place = directory.resolve()
    if not place.is_dir():
        raise Failure(f"{directory} is not a directory", code=Exit.USAGE)
    clone = config.find_clone(place)
    with tempfile.TemporaryDirectory(prefix="paaks-") as scratch:
        bare = Path(scratch) / "objects.git"
        _git(["init", "--quiet", "--bare", str(bare)], None, None)
        if clone is not None:
            common = _git(["rev-parse", "--path-format=absolute", "--git-path", "objects"], clone / ".git", None)
            (bare / "objects" / "info" / "alternates").write_text(f"{common}\n")
        yield Snapshots(bare, clone or place, clone)


def _git(arguments: list[str], repository: Path | None, work_tree: Path | None, *, strip: bool = True) -> str:
    places = {"GIT_DIR": repository, "GIT_WORK_TREE": work_tree}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = inherited | {name: str(place) for name, place in places.items() if place is not None}
    command = ["git", "-c", "core.safecrlf=false", "-c", "advice.addEmbeddedRepo=false", *arguments]
    try:
        done = subprocess.run(command, env=environment, cwd=work_tree, capture_output=True)
    except FileNotFoundError:
        raise Failure("git is not installed", code=Exit.USAGE) from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise Failure(f"git {arguments[0]} failed", said, code=Exit.USAGE)
    text = done.stdout.decode(errors="replace")
    return text.strip() if strip else text
