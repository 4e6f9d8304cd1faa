"""The import contracts of `.importlinter`, and that none of them looks away from a module."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERED = {"core", "controller", "api", "api.dispatcher", "runtime.node"}


def test_contracts_are_kept() -> None:
    program = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run([*program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", sorted(LAYERED))
def test_a_new_module_must_say_its_place(package: str) -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = [c for c in contracts.values() if c.get("type") == "layers" and c.get("containers") == package]

    assert [contract.get("exhaustive") for contract in layers] == ["True"]
