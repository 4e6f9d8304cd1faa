"""What this machine must have before anything is started: a patched git, and the handlers' Python."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from cli.data_directory import find_checkout
from cli.failure import Failure

# The first release of each line with the fixes of July 2025 (notes/security.md §2.2, "Git version").
_PATCHED = ((2, 43, 7), (2, 44, 4), (2, 45, 4), (2, 46, 4), (2, 47, 3), (2, 48, 2), (2, 49, 1), (2, 50, 1))
_OLDEST = (2, 36, 0)  # the first with core.fsync
_OWNERS = (("dpkg-query", "-S"), ("rpm", "-qf"), ("apk", "info", "--who-owns"), ("pacman", "-Qo"))


def check_git() -> str:
    """The version of git, which is patched. Raises Failure where it is not, or where there is none."""
    program = shutil.which("git")
    if program is None:
        raise Failure("git is not installed", hint="install git 2.50.1 or newer, or your distribution's")
    text = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    version = parse_version(text)
    if version < _OLDEST or not (is_patched(version) or _is_packaged(program)):
        raise Failure(
            f"git {text.strip().removeprefix('git version ')} is too old",
            "it lacks durable references or fixes of known holes",
            hint="install git 2.50.1 or newer, or your distribution's own package",
        )
    return text.strip().removeprefix("git version ")


def parse_version(text: str) -> tuple[int, int, int]:
    """`git version 2.39.5 (Apple Git-154)` → (2, 39, 5); zeros where there is no number."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else (0, 0, 0)


def is_patched(version: tuple[int, int, int]) -> bool:
    """Does this upstream release have the fixes?"""
    if version >= _PATCHED[-1]:
        return True
    return any(version[:2] == line[:2] and version >= line for line in _PATCHED)


def _is_packaged(program: str) -> bool:
    """Does a distribution's package own it? Distributions mend old versions without a new number."""
    return any(
        shutil.which(owner[0]) and subprocess.run([*owner, program], capture_output=True).returncode == 0
        for owner in _OWNERS
    )


def find_runtime_python(environment: Mapping[str, str]) -> Path:
    """The Python that runs handlers: PAAKS_RUNTIME_PYTHON, or the checkout's. Raises Failure where there is none."""
    named = environment.get("PAAKS_RUNTIME_PYTHON")
    checkout = find_checkout()
    path = Path(named) if named else checkout / "runtime/.venv/bin/python" if checkout else None
    if path is None or not path.is_file():
        raise Failure(
            "the handlers' Python is missing",
            f"{path} does not exist" if path else "PAAKS_RUNTIME_PYTHON names it where this is no source checkout",
            hint="make install",
        )
    return path
