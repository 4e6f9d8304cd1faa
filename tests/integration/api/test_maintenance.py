"""A repository is packed after the push that filled it, without waiting for the timer."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from core.repository import needs_maintenance
from tests.api_process import ApiProcess

HOUR = 3600
FILES = 90  # git unpacks a push of up to 100 objects


def run_git(at: Path, *arguments: str) -> None:
    who = {f"GIT_{who}_{what}": "ana@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(at), "GIT_CONFIG_GLOBAL": os.devnull, **who}
    subprocess.run(["git", *arguments], cwd=at, env=environment, check=True, capture_output=True, timeout=60)


def test_a_push_that_brings_much_is_packed_at_once(empty_database: str, tmp_path: Path) -> None:
    with ApiProcess(empty_database, MAINTENANCE_SECONDS=HOUR).served() as api:
        (path,) = (api.data / "repos").glob("*.git")
        address = api.url.replace("://", f"://any:{api.token}@") + "/git/demo.git"
        run_git(tmp_path, "clone", "-q", address, "clone")
        clone = tmp_path / "clone"
        for push in range(12):
            for number in range(FILES):
                (clone / f"notes-{number}.txt").write_text(f"{push} {number}\n")
            run_git(clone, "add", "-A")
            run_git(clone, "commit", "-q", "-m", f"push {push}")
            run_git(clone, "push", "-q", "-o", "no-wait", "origin", "main")

        api.wait_for(lambda: list(path.glob("objects/pack/*.pack")) != [])
        api.wait_for(lambda: not needs_maintenance(path))
        assert any(line.get("event") == "repository.maintained" for line in api.lines)
