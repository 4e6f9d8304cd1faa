"""What needs no server: snapshots of a directory, check, render and diff on real repositories."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from cli import config, offline, upload, working_tree
from cli.failure import Exit, Failure
from cli.root import run

HANDLER = "class Handler:\n    def run(self, req):\n        return 'one'\n"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one service and one commit; we are in it."""
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "ana@example.com")
    place = tmp_path / "clone"
    write(place, {"shop/service.yaml": "public: true\n", "shop/handler.py": HANDLER, ".gitignore": "*.log\n"})
    git(place, "init", "--quiet", "--initial-branch=main")
    commit(place, "Begin")
    monkeypatch.chdir(place)
    return place


def write(place: Path, files: dict[str, str]) -> None:
    """Write files below a directory."""
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)


def git(place: Path, *words: str) -> str:
    """Run git there."""
    done = subprocess.run(["git", *words], cwd=place, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(place: Path, message: str) -> None:
    """Commit everything."""
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", message)


def test_a_snapshot_is_what_git_would_commit_and_touches_nothing(clone: Path) -> None:
    write(clone, {"shop/handler.py": HANDLER + "\n", "shop/new.py": "x = 1\n", "noise.log": "x"})
    objects = sorted((clone / ".git").rglob("*"))
    index = (clone / ".git" / "index").read_bytes()
    with working_tree.open_snapshots(clone / "shop") as trees:
        assert trees.work_tree == clone
        tree, before = trees.of_files(), trees.of_commit("HEAD")
        scratch = trees.repository
    assert before == git(clone, "rev-parse", "HEAD^{tree}")
    assert sorted((clone / ".git").rglob("*")) == objects
    assert (clone / ".git" / "index").read_bytes() == index
    assert not scratch.exists()
    commit(clone, "Change")
    assert tree == git(clone, "rev-parse", "HEAD^{tree}")


def test_a_directory_without_git_has_a_snapshot_too(tmp_path: Path) -> None:
    write(tmp_path / "loose", {"shop/service.yaml": "", "shop/handler.py": HANDLER})
    with working_tree.open_snapshots(tmp_path / "loose") as trees:
        assert list(offline.find_services(trees.repository, trees.of_files())) == ["shop"]
        with pytest.raises(Failure, match="not in a git repository"):
            trees.of_commit("HEAD")
    with pytest.raises(Failure, match="not a directory"), working_tree.open_snapshots(tmp_path / "none"):
        pass


def test_gits_own_variables_do_not_lead_elsewhere(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    with working_tree.open_snapshots(clone) as trees:
        assert list(offline.find_services(trees.repository, trees.of_files())) == ["shop"]
    assert not (tmp_path / "index").exists()


def test_check_ends_with_0_1_or_2(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check"]) == 0
    assert capsys.readouterr().out == "no problem: shop\n"
    write(clone, {"shop/handler.py": "def f(\n", "bad/service.yaml": "replica: 1\n", "bad/handler.py": HANDLER})
    assert run(["check"]) == 1
    said = capsys.readouterr().out
    assert "shop/handler.py:1:" in said
    assert "bad/service.yaml:1:1" in said
    assert said.endswith("2 problems\n")
    assert run(["check", "bad"]) == 1
    assert "shop/handler.py" not in capsys.readouterr().out
    assert run(["check", "--revision", "HEAD", "-q"]) == 0
    assert run(["check", "--revision", "nowhere"]) == 2
    assert run(["check", "--revision", "--help"]) == 2
    assert run(["check", "none"]) == 2
    capsys.readouterr()
    assert run(["check", "-o", "json"]) == 1
    assert {problem["file"] for problem in json.loads(capsys.readouterr().out)["problems"]} == {
        "shop/handler.py",
        "bad/service.yaml",
    }


def test_a_link_is_found_before_it_is_pushed(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / "shop" / "passwords").symlink_to("/etc/passwd")
    assert run(["check"]) == 1
    assert "shop/passwords  a symbolic link is not accepted" in capsys.readouterr().out


def test_render_gives_the_same_objects_each_time(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["render", "--tenant-id", "12345678-0000-0000-0000-000000000000"]) == 0
    first = capsys.readouterr().out
    found = list(yaml.safe_load_all(first))
    assert [obj["kind"] for obj in found] == ["ConfigMap", "Service", "Deployment"]
    assert {obj["metadata"]["namespace"] for obj in found} == {"tnt-12345678"}
    assert HANDLER in found[0]["data"].values()
    assert run(["render", "shop", "--revision", "HEAD", "--tenant-id", "12345678-0000-0000-0000-000000000000"]) == 0
    assert capsys.readouterr().out == first
    assert run(["render", "-o", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["items"]) == 3
    assert run(["render", "nowhere"]) == 2


def test_diff_between_commits_needs_no_server(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(clone, {"shop/handler.py": HANDLER.replace("one", "two"), "README.md": "no service\n"})
    commit(clone, "Change")
    write(clone, {"web/service.yaml": "", "web/handler.py": HANDLER})
    (clone / "shop" / "service.yaml").unlink()
    commit(clone, "Replace")
    capsys.readouterr()

    assert run(["diff", "HEAD..HEAD"]) == 0
    assert run(["diff", "HEAD~2..HEAD~1"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("# ~ shop  updated\n")
    assert "--- a/shop/handler.py" in said
    assert "+        return 'two'" in said
    assert "README" not in said
    assert run(["diff", "HEAD~1..HEAD"]) == 1
    verbs = [line for line in capsys.readouterr().out.splitlines() if line.startswith("# ")]
    assert verbs == ["# - shop  removed", "# + web  created"]
    assert run(["diff", "web", "--revision", "HEAD~1.."]) == 1
    assert run(["diff", "HEAD..nowhere"]) == 2
    capsys.readouterr()
    assert run(["diff", "--rendered", "HEAD~2..HEAD~1"]) == 1
    assert "+++ b/rendered.yaml" in capsys.readouterr().out
    assert run(["diff", "--rendered", "HEAD..HEAD"]) == 0


def test_diff_that_cannot_be_made_ends_with_2(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAAKS_DATA", str(clone / "none"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(clone / "none"))
    assert run(["diff"]) == 2
    assert "no server is known" in capsys.readouterr().err


def test_an_upload_is_what_has_changed(tmp_path: Path) -> None:
    write(tmp_path / "shop", {"service.yaml": "", "handler.py": HANDLER, "lib/a.py": "a\n", ".venv/x": "x"})
    (tmp_path / "shop" / "handler.py").chmod(0o755)
    assert list(upload.find_services(tmp_path)) == list(upload.find_services(tmp_path / "shop")) == ["shop"]
    there = {
        "service.yaml": (upload.blob_id(b""), "100644"),
        "handler.py": (upload.blob_id(HANDLER.encode()), "100644"),
        "old.py": ("0" * 40, "100644"),
    }
    found = list(upload.list_operations("shop", tmp_path / "shop", there))
    assert [(entry["op"], entry["path"], entry.get("mode")) for entry in found] == [
        ("put", "shop/handler.py", "100755"),
        ("put", "shop/lib/a.py", "100644"),
        ("delete", "shop/old.py", None),
    ]


def test_an_upload_follows_no_link_and_needs_a_service(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no service in"):
        upload.find_services(tmp_path)
    write(tmp_path / "shop", {"service.yaml": ""})
    (tmp_path / "shop" / "home").symlink_to(tmp_path)
    with pytest.raises(Failure, match="symbolic link") as raised:
        list(upload.list_operations("shop", tmp_path / "shop", {}))
    assert raised.value.code is Exit.REFUSED


def test_a_blobs_id_is_gits(clone: Path) -> None:
    assert upload.blob_id(HANDLER.encode()) == git(clone, "rev-parse", "HEAD:shop/handler.py")


def test_new_writes_files_only_in_a_tenants_clone(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(clone, "config", "paaks.tenant", "demo")
    assert config.read_clone(clone / "shop").tenant == "demo"
    assert run(["new", "web", "--template", "api"]) == 0
    assert sorted(os.listdir(clone / "web")) == ["handler.py", "service.yaml"]
    assert run(["check", "web"]) == 0
    assert run(["new", "web"]) == 5
    assert run(["new", "Bad_Name"]) == 8
    assert not (clone / "Bad_Name").exists()
