"""The first minutes of a newcomer: what `paaks up` prints, typed word for word, and what a first start leaves."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import httpx2
import pytest
from started_platform import StartedPlatform
from tested_platform import PARTS, Platform


def read_printed(platform: StartedPlatform, heading: str) -> list[str]:
    """The indented lines below a line that `paaks up` printed."""
    lines = platform.output().splitlines()
    below = lines[lines.index(heading) + 1 :]
    end = next((number for number, line in enumerate(below) if not line.startswith("  ")), len(below))
    return [line.removeprefix("  ") for line in below[:end]]


@pytest.mark.embedded("what `paaks up` prints")
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


@pytest.mark.embedded("what `paaks up` prints")
def test_the_printed_line_for_an_existing_project_is_the_one_that_works(platform: StartedPlatform) -> None:
    """`test_push.py` types it."""
    [printed] = read_printed(platform, "An existing project takes the template's place, in its own repository:")

    options = "-c credential.helper='!paaks auth git-credential'"
    assert printed == f"git {options} push --force {platform.api}/git/{platform.slug}.git main"


def test_the_first_start_keeps_secrets_to_itself(platform: Platform) -> None:
    login = platform.data / "first-login.json"
    secrets = [platform.login["operator"]["password"], platform.login["demo"]["password"], platform.token]

    assert stat.S_IMODE(login.stat().st_mode) == 0o600
    logs = platform.read_logs()
    assert "api" in logs
    assert [secret for secret in secrets if secret in logs] == []


@pytest.mark.embedded("what `paaks up` prints")
def test_it_says_that_there_is_one_trust_domain(platform: StartedPlatform) -> None:
    assert "single trust domain" in platform.output()


@pytest.mark.embedded("process groups are those of `paaks up`")
def test_all_processes_but_the_tenants_are_in_its_group(platform: StartedPlatform) -> None:
    assert platform.process is not None
    ours = [platform.pid_of(part) for part in PARTS]

    assert {os.getpgid(pid) for pid in ours} == {platform.process.pid}


def test_after_a_restart_it_serves_at_once(fresh_platform: Platform) -> None:
    commit = fresh_platform.clone().head()
    fresh_platform.wait_for("hello", commit)

    fresh_platform.restart()

    assert fresh_platform.wait_for("hello", commit).json() == {"hello": "world"}


@pytest.mark.embedded("what `paaks up` leaves and prints")
def test_it_takes_its_addresses_back_and_tells_the_tour_once(fresh_platform: StartedPlatform) -> None:
    endpoints = fresh_platform.data / "run" / "endpoints.json"

    fresh_platform.stop()
    assert not endpoints.exists()
    fresh_platform.start()

    assert fresh_platform.output().count("PaaKS is ready") == 2
    assert fresh_platform.output().count("in another terminal") == 1


@pytest.mark.embedded("what `paaks up` prints")
def test_the_readme_has_the_same_tour(platform: StartedPlatform) -> None:
    readme = (Path(__file__).parent.parent.parent / "README.md").read_text()
    written = re.search(r"^## The tour$[\s\S]*?((?:^    .*\n)+)", readme, re.MULTILINE)
    assert written is not None

    told = [line.strip() for line in written[1].splitlines() if "export" not in line]

    assert told == [line for line in read_printed(platform, "Now, in another terminal:") if "export" not in line]
