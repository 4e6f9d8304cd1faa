"""Real repositories, and the git program to compare with."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import Option

from core import repository
from core.repository import GIT_ENVIRONMENT, Repository

TEMPLATE = {
    "hello/service.yaml": (0o100644, b"public: true\n"),
    "hello/handler.py": (0o100644, b"class Handler: pass\n"),
    "README.md": (0o100644, b"# demo\n"),
}
Git = Callable[..., str]


@pytest.fixture(scope="session", autouse=True)
def unsynced() -> Iterator[None]:
    """The disk is not waited for; `tests/acceptance/test_sync.py` looks at what is synced."""
    pygit2.option(Option.ENABLE_FSYNC_GITDIR, False)
    yield
    pygit2.option(Option.ENABLE_FSYNC_GITDIR, True)


@pytest.fixture(scope="session")
def git() -> Git:
    """Run the git program on a repository; what it prints, without the last line end."""

    def run(path: Path, *arguments: str, given: bytes | None = None, **environment: str) -> str:
        argv = ["git", "-C", str(path), "-c", "core.bare=false", "-c", "core.fsync=none", *arguments]
        done = subprocess.run(argv, env={**GIT_ENVIRONMENT, **environment}, input=given, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    return run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A bare repository that was just created."""
    repository.create_repository(tmp_path / "r.git", TEMPLATE, ("PaaKS", "paaks@localhost"))
    return tmp_path / "r.git"


@pytest.fixture
def repo(path: Path) -> Repository:
    """The same, opened."""
    return Repository(path)
