"""What a push says and does, at the wire, without a cluster behind it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.integration.git.conftest import Clone, GitServer, make_clone

BROKEN = "class Handler:\n    def run(self, req:\n        return 1\n"


def test_a_push_lands_and_prints_its_plan(server: GitServer, clone: Clone) -> None:
    sha = clone.commit("hello", **{"hello/extra.py": "x = 1\n"})
    done = clone.push()

    assert done.returncode == 0, done.stderr
    assert server.head() == sha
    assert "plan     ~ hello  updated" in done.stderr
    assert "check    ok" in done.stderr


def test_a_syntax_error_is_refused_with_its_line_and_caret_and_leaves_nothing(server: GitServer, clone: Clone) -> None:
    before, objects = server.head(), _count_objects(server)
    clone.commit("broken", **{"hello/handler.py": BROKEN})
    done = clone.push()

    assert done.returncode == 1
    assert "hello/handler.py:2:12  SyntaxError: '(' was never closed" in done.stderr
    lines = done.stderr.splitlines()
    source = next(line for line in lines if "def run(self, req:" in line)
    assert lines[lines.index(source) + 1].index("^") == source.index("(")
    assert "no reference has moved" in done.stderr
    assert server.head() == before
    assert _count_objects(server) == objects


def test_an_unknown_key_a_symlink_and_a_long_line_are_refused_at_once(
    server: GitServer, clone: Clone, tmp_path: Path
) -> None:
    before = server.head()
    clone.write("hello/service.yaml", "public: true\nreplicass: 2\n")
    clone.commit()
    done = clone.push()
    assert "hello/service.yaml:2:1  unknown key 'replicass'  (did you mean `replicas`?)" in done.stderr

    linked = make_clone(server, tmp_path / "b", "ta")
    (linked.path / "hello/link").symlink_to("/etc/passwd")
    linked.commit()
    assert "hello/link  a symbolic link is not accepted" in linked.push().stderr

    nested = make_clone(server, tmp_path / "c", "ta")
    nested.commit(**{"hello/handler.py": "x=" + "a." * 100_000 + "a\n"})
    assert "hello/handler.py" in nested.push().stderr
    assert server.head() == before


def test_a_dry_run_shows_the_plan_and_moves_nothing(server: GitServer, clone: Clone) -> None:
    before = server.head()
    clone.commit(**{"second/service.yaml": "", "second/handler.py": "app = None\n"})
    done = clone.push("-o", "dry-run", "origin", "main")

    assert done.returncode == 1
    assert "+ second  created" in done.stderr
    assert "dry run" in done.stderr
    assert server.head() == before


def test_another_branch_is_stored_and_says_how_to_deploy(server: GitServer, clone: Clone) -> None:
    clone.git("checkout", "-q", "-b", "master")
    sha = clone.commit()
    done = clone.push("origin", "master")

    assert done.returncode == 0
    assert "Only main deploys: git push <remote> master:main" in done.stderr
    assert server.repository("ta").read_ref("refs/heads/master") == sha


def test_main_only_moves_forward(server: GitServer, clone: Clone) -> None:
    clone.commit("one")
    assert clone.push().returncode == 0
    before = server.head()
    clone.git("reset", "-q", "--hard", "HEAD~1")
    clone.commit("two")

    assert "non-fast-forward" in clone.push().stderr
    assert "main only moves forward" in clone.push("--force", "origin", "main").stderr
    assert "main cannot be deleted" in clone.push("origin", ":main").stderr
    assert server.head() == before


def test_the_untouched_template_gives_way_to_an_existing_project(server: GitServer, tmp_path: Path) -> None:
    project = Clone(tmp_path / "project")
    project.path.mkdir()
    project.git("init", "-q", "-b", "main")
    project.commit("long ago", **{"shop/service.yaml": "", "shop/handler.py": "app = None\n"})
    sha = project.commit("today", **{"shop/more.py": ""})
    address = server.address("tb")

    assert project.push("-o", "no-wait", address, "main").returncode == 1
    done = project.push("-o", "no-wait", "--force", address, "main")
    assert done.returncode == 0, done.stderr
    assert "+ shop   created" in done.stderr
    assert "- hello  removed" in done.stderr
    assert server.head("tb") == sha
    project.git("commit", "-q", "--amend", "-m", "again")
    assert project.push("-o", "no-wait", "--force", address, "main").returncode == 1


def test_a_chunked_push_and_a_gzipped_fetch_arrive_whole(server: GitServer, clone: Clone, tmp_path: Path) -> None:
    data = "".join(f"{n * 7919 % 99991:08x}{n:07d}\n" for n in range(150_000))
    clone.git("config", "http.postBuffer", "65536")
    clone.git("config", "core.compression", "0")
    clone.commit(**{"data/large.txt": data})
    assert clone.push().returncode == 0

    branches = [f"refs/heads/many-{n}" for n in range(60)]
    clone.git("push", "-q", "origin", *(f"main:{ref}" for ref in branches))
    other = make_clone(server, tmp_path / "other", "ta")
    assert (other.path / "data/large.txt").read_text() == data
    other.git("fetch", "-q", "origin")


def test_the_pusher_is_in_the_reflog_whatever_the_commit_claims(server: GitServer, clone: Clone) -> None:
    clone.commit()
    assert clone.push().returncode == 0
    log = (server.repository("ta").path / "logs/refs/heads/main").read_text().splitlines()
    assert "<ta-developer@example.org>" in log[-1]


def _count_objects(server: GitServer) -> int:
    path = server.repository("ta").path
    listed = subprocess.run(
        ["git", "-C", path, "count-objects", "-v"], capture_output=True, text=True, check=True
    ).stdout
    assert not list(path.glob("objects/tmp_objdir-*"))
    return int(listed.split()[1])
