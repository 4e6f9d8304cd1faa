"""The first minutes of a newcomer: what `paaks up` prints, typed word for word."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import httpx2
from started_platform import StartedPlatform


def read_printed(platform: StartedPlatform, heading: str) -> list[str]:
    """The indented lines below a line that `paaks up` printed."""
    lines = platform.output().splitlines()
    below = lines[lines.index(heading) + 1 :]
    end = next((number for number, line in enumerate(below) if not line.startswith("  ")), len(below))
    return [line.removeprefix("  ") for line in below[:end]]


def test_the_printed_tour_works_word_for_word(fresh_platform: StartedPlatform) -> None:
    tour = read_printed(fresh_platform, "Now, in another terminal:")

    typed = fresh_platform.shell("\n".join(tour))

    assert typed.returncode == 0, typed.stdout + typed.stderr
    assert '"good day"' in typed.stdout
    said = [line for line in typed.stderr.splitlines() if line.startswith("remote:")]
    for stage in ("plan", "check", "apply", "start", "live"):
        assert any(re.match(rf"remote: {stage}\b", line) for line in said), said
    url = next(word for line in said for word in line.split() if word.startswith("http://"))
    answer = httpx2.get(url)
    commit = fresh_platform.shell("git -C demo rev-parse HEAD").stdout.strip()
    assert answer.json() == {"good day": "world"}
    assert answer.headers["PaaKS-Revision"] == commit
    assert answer.headers["PaaKS-Service"] == "hello"


def test_an_existing_project_takes_the_untouched_templates_place(fresh_platform: StartedPlatform) -> None:
    tour = read_printed(fresh_platform, "Now, in another terminal:")
    exports = [line for line in tour if line.startswith("export ")]
    push = read_printed(fresh_platform, "An existing project takes the template's place, in its own repository:")
    project = fresh_platform.repository("project")
    project.commit({"README.md": "mine\n"}, "Begin")
    project.commit({"shop/service.yaml": "public: true\n", "shop/handler.py": HANDLER}, "Add a shop")

    pushed = fresh_platform.shell("\n".join([*exports, *push]), project.path)

    assert pushed.returncode == 0, pushed.stderr
    answer = httpx2.get(f"{fresh_platform.dispatcher}/~demo/shop/")
    assert answer.text == "open"
    assert answer.headers["PaaKS-Revision"] == project.head()
    assert fresh_platform.visit("~demo/hello/").status_code == 404
    again = project.push("--force", fresh_platform.clone_url(), "HEAD~1:main", check=False)
    assert again.returncode != 0
    assert "main only moves forward" in again.stderr


HANDLER = "class Handler:\n    def run(self, req):\n        return 'open'\n"


def test_the_first_start_keeps_secrets_to_itself(platform: StartedPlatform) -> None:
    login = platform.data / "first-login.json"
    secrets = [platform.login["operator"]["password"], platform.login["demo"]["password"], platform.token]

    assert stat.S_IMODE(login.stat().st_mode) == 0o600
    assert [secret for secret in secrets if secret in platform.output()] == []
    logs = "".join(path.read_text(errors="replace") for path in (platform.data / "run" / "log").glob("*.log"))
    assert [secret for secret in secrets if secret in logs] == []


def test_it_says_that_there_is_one_trust_domain(platform: StartedPlatform) -> None:
    assert "single trust domain" in platform.output()


def test_all_processes_but_the_tenants_are_in_its_group(platform: StartedPlatform) -> None:
    assert platform.process is not None
    ours = [platform.pid_of(module) for module in ("runtime.node", "api.dispatcher", "api", "controller")]

    assert {os.getpgid(pid) for pid in ours} == {platform.process.pid}


def test_sigterm_drains_and_exits_with_0_and_a_restart_serves_at_once(fresh_platform: StartedPlatform) -> None:
    commit = fresh_platform.clone().head()
    fresh_platform.wait_for("hello", commit)
    endpoints = fresh_platform.data / "run" / "endpoints.json"

    assert fresh_platform.stop() == 0
    assert not endpoints.exists()
    fresh_platform.start()
    assert fresh_platform.wait_for("hello", commit).json() == {"hello": "world"}
    assert (
        "in another terminal"
        not in fresh_platform.output().partition("PaaKS is ready")[2].partition("PaaKS is ready")[2]
    )


def test_the_readme_has_the_same_tour(platform: StartedPlatform) -> None:
    readme = (Path(__file__).parent.parent.parent / "README.md").read_text()
    written = re.search(r"^## The tour$[\s\S]*?((?:^    .*\n)+)", readme, re.MULTILINE)
    assert written is not None

    told = [line.strip() for line in written[1].splitlines() if "export" not in line]

    assert told == [line for line in read_printed(platform, "Now, in another terminal:") if "export" not in line]
