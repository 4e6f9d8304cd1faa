"""The two Dockerfiles: one Python for the check and for the handlers, exact packages, an ordinary user."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent.parent
FILES = {"paaks": ROOT / "Dockerfile", "paaks-runtime": ROOT / "runtime" / "Dockerfile"}


def base_of(path: Path) -> str:
    """The image that a Dockerfile begins from."""
    found = re.findall(r"^ARG BASE=(\S+)$", path.read_text(), re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


def test_both_have_the_same_python() -> None:
    bases = {base_of(path) for path in FILES.values()}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+-slim", bases.pop())


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_packages_are_those_of_the_lock_file(path: Path) -> None:
    text = path.read_text()
    assert "--require-hashes --only-binary :all: -r /build/requirements.lock" in text
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE}"}


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_nobody_is_root(path: Path) -> None:
    assert re.findall(r"^USER (.*)$", path.read_text(), re.MULTILINE) == ["65532:65532"]


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_only_what_is_named_goes_into_the_build(path: Path) -> None:
    lines = (path.parent / ".dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    assert "**/__pycache__" in lines
    assert all((path.parent / line[1:]).exists() or line == "!web/dist" for line in lines if line.startswith("!"))


def test_the_manifests_name_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    base = ROOT / "manifests" / "base"
    assert yaml.safe_load((base / "kustomization.yaml").read_text())["images"][0]["newTag"] == version
    settings = yaml.safe_load((base / "settings.yaml").read_text())
    assert settings["data"]["PAAKS_RUNTIME_IMAGE"] == f"paaks-runtime:{version}"
    assert all(f"-t {name}:{version}" in path.read_text() for name, path in FILES.items())
