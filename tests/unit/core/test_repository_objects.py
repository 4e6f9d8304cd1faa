"""What a push's check asks of objects that nothing leads to yet."""

from __future__ import annotations

import subprocess
from pathlib import Path

from core.repository import Repository, create_repository, list_objects


def git(path: Path, *arguments: str, stdin: str = "") -> str:
    """What git says."""
    result = subprocess.run(["git", "-C", path, *arguments], input=stdin, capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_objects_are_listed_whether_or_not_anything_leads_to_them(tmp_path: Path) -> None:
    create_repository(tmp_path / "r.git", {"a": (0o100644, b"a")}, ("P", "p@x"))
    orphan = git(tmp_path / "r.git", "hash-object", "-w", "--stdin", stdin="orphan")

    listed = set(list_objects(str(tmp_path / "r.git" / "objects")))

    reachable = set(git(tmp_path / "r.git", "rev-list", "--objects", "--no-object-names", "main").splitlines())
    assert listed == reachable | {orphan}


def test_a_commit_is_ahead_of_its_ancestors_and_itself_and_of_nothing_else(tmp_path: Path) -> None:
    first = create_repository(tmp_path / "r.git", {"a": (0o100644, b"a")}, ("P", "p@x"))
    who = ("-c", "user.name=P", "-c", "user.email=p@x")
    second, other = (
        git(tmp_path / "r.git", *who, "commit-tree", f"{first}^{{tree}}", *parent, "-m", "x")
        for parent in (("-p", first), ())
    )
    repository = Repository(tmp_path / "r.git")

    assert repository.is_ahead(second, of=first)
    assert repository.is_ahead(first, of=first)
    assert not repository.is_ahead(first, of=second)
    assert not repository.is_ahead(other, of=first)
    assert not repository.is_ahead("0" * 39 + "1", of=first)
