"""The workshop's own tools: `make` lists itself, and the Python that is found is one that works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FIND_PYTHON = ROOT / ".ci" / "find-python"


def find_python(*directories: Path) -> subprocess.CompletedProcess[str]:
    """Run `.ci/find-python` with nothing else on the PATH."""
    path = ":".join(str(directory) for directory in directories)
    return subprocess.run(["/bin/sh", FIND_PYTHON], env={"PATH": path}, capture_output=True, text=True)


def make_program(directory: Path, name: str, script: str) -> None:
    """An executable shell script."""
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"#!/bin/sh\n{script}\n")
    (directory / name).chmod(0o755)


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A directory with a Python that runs: this one, by another name."""
    directory = tmp_path / "real"
    make_program(directory, "python3", f'exec {Path(sys.executable).resolve()} "$@"')
    return directory


def test_a_shim_that_fails_is_passed_over(tmp_path: Path, real: Path) -> None:
    shims = tmp_path / "shims"
    for name in ("python3", "python3.11", "python3.13"):
        make_program(shims, name, "echo 'command not found' >&2; exit 127")

    found = find_python(shims, real)

    assert (found.returncode, Path(found.stdout.strip()).is_file()) == (0, True), found.stderr


def test_the_newest_wins_wherever_it_stands(tmp_path: Path, real: Path) -> None:
    for number, name in (("12", "old"), ("14", "new"), ("13", "middle"), ("99", "too-new")):
        make_program(tmp_path / name, "python3", f"[ {number} -le 14 ] && echo '{number} /{name}'")

    found = find_python(tmp_path / "old", tmp_path / "new", tmp_path / "middle", tmp_path / "too-new", real)

    assert found.stdout.strip() == "/new"


def test_without_one_it_says_what_to_install(tmp_path: Path) -> None:
    make_program(tmp_path / "none", "python3", "exit 1")

    found = find_python(tmp_path / "none")

    assert found.returncode == 1
    assert "3.11 or newer" in found.stderr
    assert "python3-venv" in found.stderr


def test_make_lists_its_targets() -> None:
    listed = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)

    targets = re.findall(r"^\.PHONY: ([\w-]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"^  make ([\w-]+) ", listed.stdout, re.MULTILINE) == targets
    ours = {"help", "install", "run", "test", "check", "bench", "soak", "lock", "format", "clean"}
    assert set(targets) == ours | {"cluster", "test-cluster", "bench-cluster", "web", "test-web", "screenshots"}


def test_lock_files_pin_everything_with_hashes() -> None:
    for lock in (*ROOT.glob("requirements*.lock"), ROOT / "runtime" / "requirements.lock"):
        blocks = re.split(r"\n(?=\S)", lock.read_text().strip())
        assert [block.split()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []
