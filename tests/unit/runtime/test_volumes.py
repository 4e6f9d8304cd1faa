"""A pod's files: written as its ConfigMap says, nowhere else, and gone with it."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from runtime.node.volumes import MissingConfigMap, Volumes, temporary_directory


def make_pod(items: list[dict[str, Any]] | None, uid: str = "u1", sub_path: str | None = "app") -> dict[str, Any]:
    source: dict[str, Any] = {"name": "files"} | ({"items": items} if items is not None else {})
    mount = {"name": "app", "mountPath": "/app"} | ({"subPath": sub_path} if sub_path else {})
    return {
        "metadata": {"uid": uid},
        "spec": {
            "volumes": [{"name": "app", "configMap": source}, {"name": "tmp", "emptyDir": {}}],
            "containers": [
                {"workingDir": "/app", "volumeMounts": [mount, {"name": "tmp", "mountPath": "/tmp"}]},
            ],
        },
    }


FILES = {
    "data": {"f1": "class Handler: ...\n", "f2": "naïve"},
    "binaryData": {"f3": base64.b64encode(b"\x00\xff").decode()},
}
ITEMS = [
    {"key": "f1", "path": "app/handler.py", "mode": 0o644},
    {"key": "f2", "path": "app/deep/er/run.sh", "mode": 0o755},
    {"key": "f3", "path": "app/deep/logo.bin"},
]


def test_files_have_their_paths_modes_and_bytes(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path)
    previous = os.umask(0o077)
    try:
        directory = volumes.materialise(make_pod(ITEMS), {"files": FILES}.get)
    finally:
        os.umask(previous)
    assert (directory / "handler.py").read_text() == "class Handler: ...\n"
    assert (directory / "deep/er/run.sh").read_text() == "naïve"
    assert (directory / "deep/logo.bin").read_bytes() == b"\x00\xff"
    modes = {p.name: p.stat().st_mode & 0o777 for p in directory.rglob("*") if p.is_file()}
    assert modes == {"handler.py": 0o644, "run.sh": 0o755, "logo.bin": 0o644}
    assert sorted(p.name for p in directory.iterdir()) == ["deep", "handler.py"]
    assert list(temporary_directory(tmp_path, "u1").iterdir()) == []


def test_without_items_each_key_is_a_file(tmp_path: Path) -> None:
    directory = Volumes(tmp_path).materialise(make_pod(None, sub_path=None), {"files": FILES}.get)
    assert sorted(p.name for p in directory.iterdir()) == ["f1", "f2", "f3"]


def test_pods_have_their_own(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path)
    first, second = (volumes.materialise(make_pod(ITEMS, uid), {"files": FILES}.get) for uid in ("u1", "u2"))
    volumes.remove("u1")
    volumes.remove("u1")
    assert not first.exists()
    assert (second / "handler.py").exists()


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path)
    with pytest.raises(MissingConfigMap, match='"files" not found'):
        volumes.materialise(make_pod(ITEMS), lambda _: None)
    with pytest.raises(MissingConfigMap, match='no key "f1"'):
        volumes.materialise(make_pod(ITEMS), {"files": {"data": {}}}.get)
    assert volumes.materialise(make_pod(ITEMS), {"files": FILES}.get).exists()


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "app/../../x", "app//x", "", "app/.", "a\0b"])
def test_no_file_leaves_its_volume(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a file"):
        Volumes(tmp_path).materialise(make_pod([{"key": "f1", "path": path}]), {"files": FILES}.get)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(("first", "second"), [("app/x", "app/x"), ("app/x", "app/x/y")])
def test_no_file_is_written_over(tmp_path: Path, first: str, second: str) -> None:
    items = [{"key": "f1", "path": first}, {"key": "f2", "path": second}]
    with pytest.raises(OSError, match=r"exists|directory"):
        Volumes(tmp_path).materialise(make_pod(items), {"files": FILES}.get)


def test_a_uid_is_one_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not the name"):
        Volumes(tmp_path).remove("../../etc")


def test_what_an_earlier_node_left_is_swept(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    directory = Volumes(tmp_path).materialise(make_pod(ITEMS), {"files": FILES}.get)
    (directory / "link").symlink_to(outside)
    (temporary_directory(tmp_path, "u1") / "closed").mkdir(mode=0)
    Volumes(tmp_path).sweep()
    assert list((tmp_path / "run" / "pods").iterdir()) == []
    assert (outside / "kept").exists()
