"""A push's objects: unseen until they are released, whole afterwards, gone where they were not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from core.quarantine import Quarantine, quarantined
from core.repository import GIT_ENVIRONMENT, Repository, create_repository, list_objects, sweep
from tests.unit.core.conftest import Git


def write(path: Path, environment: dict[str, str], text: bytes, *how: str) -> str:
    argv = ["git", f"--git-dir={path}", *how, "hash-object", "-w", "--stdin"]
    done = subprocess.run(argv, env={**GIT_ENVIRONMENT, **environment}, input=text, capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_what_is_released_is_the_repositorys(repo: Repository, path: Path, git: Git) -> None:
    with quarantined(path) as quarantine:
        oid = write(path, dict(quarantine.environment()), b"pushed\n")
        known = write(path, dict(quarantine.environment()), b"public: true\n")
        assert oid not in repo.git.odb
        assert Repository(path, str(quarantine.directory)).blob(oid) == b"pushed\n"
        assert set(list_objects(str(quarantine.directory))) == {oid}, f"{known[:7]} is there already"
        changed = quarantine.release()
    assert set(changed) == {path / "objects", path / "objects" / oid[:2], path / "objects" / "pack"}
    assert Repository(path).blob(oid) == b"pushed\n"
    assert not list(path.glob("objects/tmp_*"))


def test_a_pack_is_released_whole(path: Path, tmp_path: Path, git: Git) -> None:
    create_repository(tmp_path / "other.git", {"a": (0o100644, b"a"), "b": (0o100644, b"b")}, ("A", "a@example.org"))
    argv = ["git", "-C", str(tmp_path / "other.git"), "pack-objects", "-q", "--all", "--stdout"]
    pack = subprocess.run(argv, env=dict(GIT_ENVIRONMENT), stdin=subprocess.DEVNULL, capture_output=True, check=True)
    with quarantined(path) as quarantine:
        argv = ["git", f"--git-dir={path}", "index-pack", "--stdin", "--fix-thin", "--strict"]
        environment = {**GIT_ENVIRONMENT, **quarantine.environment()}
        subprocess.run(argv, env=environment, input=pack.stdout, capture_output=True, check=True)
        quarantine.release()
    head = Repository(tmp_path / "other.git").head()
    assert head is not None
    assert Repository(path).is_commit(head)
    assert git(path, "fsck", "--strict").startswith("dangling commit"), "it is sound, and nothing leads to it"
    assert len(git(path, "rev-list", "--objects", head).split("\n")) == 4


def test_what_is_not_released_leaves_nothing(path: Path) -> None:
    with quarantined(path) as quarantine:
        oid = write(path, dict(quarantine.environment()), b"refused\n")
    assert oid not in Repository(path).git.odb
    assert not list(path.glob("objects/tmp_*"))


def test_what_a_killed_process_leaves_is_swept(path: Path) -> None:
    left = Quarantine(path).directory
    assert sweep(path) == [left.name]


@pytest.mark.parametrize("name", ['a"b', "a:b", "a\\b", "a b"])
def test_a_repository_may_be_anywhere(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "r.git"
    create_repository(path, {"a": (0o100644, b"there\n")}, ("A", "a@example.org"))
    with quarantined(path) as quarantine:
        environment = dict(quarantine.environment())
        write(path, environment, b"there\n")
        assert list(list_objects(str(quarantine.directory))) == [], "the repository's own objects are seen"
        write(path, environment, b"new\n")
        quarantine.release()
