"""The command line against the whole platform: what each command prints, changes and ends with."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from started_platform import StartedPlatform
from tested_platform import PAAKS, Platform

Result = subprocess.CompletedProcess[str]
PUBLIC = "public: true\n"


def write_handler(answer: str) -> str:
    """A handler that answers with a text and logs the path."""
    return f"class Handler:\n    def run(self, req):\n        print('asked', req.path)\n        return {answer!r}\n"


BROKEN = "class Handler:\n    def run(self, req):\n        return greet(\n"
FAILING = "import nothing_like_it\n" + write_handler("never")


@dataclass(frozen=True)
class Terminal:
    """A person's shell: a home of their own, and a directory that they are in."""

    directory: Path
    environment: Mapping[str, str]

    def run(self, *words: str, code: int = 0, stdin: str = "", cwd: Path | None = None, **variables: str) -> Result:
        """Type a `paaks` command that must end with `code`."""
        result = subprocess.run(
            [str(PAAKS), *words],
            env={**self.environment, **variables},
            cwd=cwd or self.directory,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert result.returncode == code, f"{words}: {result.returncode}\n{result.stdout}\n{result.stderr}"
        return result

    def git(self, *words: str, cwd: Path) -> str:
        """Type a git command."""
        done = subprocess.run(["git", *words], env=dict(self.environment), cwd=cwd, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def make_terminal(platform: Platform, directory: Path) -> Terminal:
    """A new home; `paaks` finds the platform and the logins of its operator and the tenant's admin."""
    home = directory / "home"
    home.mkdir()
    return Terminal(directory, {**platform.environment(), "HOME": str(home)})


@pytest.fixture
def terminal(platform: Platform, tmp_path: Path) -> Terminal:
    """The shell of the operator, who is the tenant's admin too."""
    return make_terminal(platform, tmp_path)


@pytest.fixture
def stranger(platform: Platform, terminal: Terminal) -> Terminal:
    """The same person's shell on a machine that knows of no platform."""
    environment = {**platform.stranger_environment(), "HOME": terminal.environment["HOME"]}
    return Terminal(terminal.directory, environment)


@pytest.fixture
def clone(terminal: Terminal) -> Path:
    """A clone of the demo tenant by `paaks clone`."""
    terminal.run("clone", "demo")
    return terminal.directory / "demo"


def write_service(place: Path, name: str, handler: str, descriptor: str = PUBLIC) -> None:
    """The files of a service."""
    (place / name).mkdir(exist_ok=True)
    (place / name / "service.yaml").write_text(descriptor)
    (place / name / "handler.py").write_text(handler)


def read_json(result: Result) -> dict[str, object]:
    """What was printed with `-o json`."""
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


# -- login


def test_login_makes_a_token_of_this_machine_that_logout_revokes(
    platform: Platform, terminal: Terminal, stranger: Terminal, service_name: str
) -> None:
    email = f"{service_name}@example.com"
    made = terminal.run("users", "create", email, "--name", "Ana", "--role", "demo=developer", "-o", "json")
    password = str(read_json(made)["password"])

    stranger.run("whoami", code=4)
    said = stranger.run("login", platform.api, "--email", email, "--password-stdin", stdin=password).stdout

    config = Path(stranger.environment["HOME"]) / ".config" / "paaks" / "config.yaml"
    token = next(line.split()[-1] for line in config.read_text().splitlines() if "paaks_pat_" in line)
    assert f"as {email} (developer of demo)" in said
    assert config.stat().st_mode & 0o777 == 0o600
    assert read_json(stranger.run("whoami", "-o", "json"))["user"]["email"] == email  # type: ignore[index]
    assert stranger.run("tokens", "list", "-o", "name").stdout.count("\n") == 1
    stranger.run("users", "list", code=9)
    stranger.run("tenants", "create", "mine", code=9)
    stranger.run("logout")
    stranger.run("whoami", code=4)
    stranger.run("whoami", code=4, PAAKS_SERVER=platform.api, PAAKS_TOKEN=token)


def test_a_second_login_replaces_the_first_ones_token(platform: Platform, stranger: Terminal) -> None:
    login = platform.login["demo"]
    words = ("login", platform.api, "--email", login["email"], "--password-stdin")
    stranger.run(*words, stdin=login["password"])
    before = stranger.run("tokens", "list", "-o", "name").stdout.split()
    stranger.run(*words, stdin=login["password"])
    after = stranger.run("tokens", "list", "-o", "name").stdout.split()

    assert len(before) == len(after)
    assert set(before) != set(after)


def test_login_says_what_is_wrong(platform: Platform, stranger: Terminal) -> None:
    email = platform.login["demo"]["email"]
    wrong = stranger.run("login", platform.api, "--email", email, "--password-stdin", stdin="guess", code=4)
    assert "address or password is wrong" in wrong.stderr
    assert "guess" not in wrong.stderr
    assert "--email" in stranger.run("login", platform.api, code=2).stderr
    stranger.run("login", platform.api, "--with-token", stdin="paaks_pat_" + "x" * 36, code=4)
    stranger.run("login", "http://127.0.0.1:1", "--email", email, "--password-stdin", stdin="x", code=69)


def test_a_token_from_standard_input_or_the_environment_is_enough(platform: Platform, stranger: Terminal) -> None:
    assert stranger.run("call", "hello", PAAKS_SERVER=platform.api, PAAKS_TOKEN=platform.token, PAAKS_TENANT="demo")
    stranger.run("login", platform.api, "--with-token", stdin=platform.token)
    assert "demo" in stranger.run("whoami").stdout
    listed = stranger.run("services", "list", "-o", "name").stdout.split()
    assert "hello" in listed


def test_an_operator_logs_in_without_a_tenant(platform: Platform, stranger: Terminal, service_name: str) -> None:
    login = platform.login["operator"]
    stranger.run("login", platform.api, "--email", login["email"], "--password-stdin", stdin=login["password"])
    made = stranger.run("tenants", "create", service_name, "-o", "json")
    assert read_json(made)["slug"] == service_name
    assert service_name in stranger.run("tenants", "list", "--no-headers").stdout
    stranger.run("tenants", "create", service_name, code=5)
    stranger.run("tenants", "create", "Bad_Name", code=8)


# -- a clone


def test_a_clone_has_the_helper_and_a_name_and_no_secret(platform: Platform, terminal: Terminal, clone: Path) -> None:
    config = (clone / ".git" / "config").read_text()
    assert platform.token not in config
    assert "auth git-credential" in config
    assert terminal.git("config", "user.email", cwd=clone)
    assert terminal.git("config", "paaks.tenant", cwd=clone) == "demo"
    terminal.git("fetch", cwd=clone)
    terminal.run("clone", "demo", code=5)
    terminal.run("clone", "nobody", code=4)


def test_deploy_commits_pushes_and_sees_it_live(
    platform: Platform, terminal: Terminal, clone: Path, service_name: str
) -> None:
    said = terminal.run("new", service_name, cwd=clone).stdout.split()
    assert f"{service_name}/handler.py" in said
    write_service(clone, service_name, write_handler("one"))
    (clone / "unrelated").write_text("not committed\n")

    dry = terminal.run("deploy", service_name, "--dry-run", cwd=clone)
    assert "dry run: it would be accepted" in dry.stderr
    assert terminal.git("log", "-1", "--format=%s", cwd=clone) != f"Deploy {service_name}"
    deployed = terminal.run("deploy", service_name, "-m", "First", cwd=clone)

    assert "remote:" not in deployed.stderr
    assert [line for line in deployed.stderr.splitlines() if line.startswith("live ")]
    assert platform.visit(f"~demo/{service_name}/").text == "one"
    assert terminal.git("log", "-1", "--format=%s", cwd=clone) == "First"
    assert terminal.git("status", "--short", cwd=clone) == "?? unrelated"
    again = terminal.run("deploy", service_name, "-o", "jsonl", cwd=clone)
    assert {json.loads(line)["state"] for line in again.stdout.splitlines()} == {"live"}
    terminal.run("deploy", service_name, "--error-unchanged", code=3, cwd=clone)


def test_deploy_ends_with_8_where_it_is_refused_and_with_7_where_it_does_not_start(
    terminal: Terminal, clone: Path, service_name: str
) -> None:
    write_service(clone, service_name, write_handler("good"))
    terminal.run("deploy", service_name, cwd=clone)

    write_service(clone, service_name, BROKEN)
    refused = terminal.run("deploy", service_name, code=8, cwd=clone)
    assert f"{service_name}/handler.py:3:21" in refused.stderr
    write_service(clone, service_name, FAILING)
    failed = terminal.run("deploy", service_name, code=7, cwd=clone)
    assert "No module named 'nothing_like_it'" in failed.stderr

    shown = terminal.run("status", service_name).stdout
    assert shown.startswith(f"{service_name}   failed   ")
    assert "ModuleNotFoundError: No module named 'nothing_like_it'" in shown
    assert "the last that came up goes on serving" in shown
    terminal.run("status", service_name, "--for=live", code=7)
    assert terminal.run("call", service_name).stdout == "good"


def test_what_failed_is_in_the_history_of_failures_whatever_came_after_it(
    terminal: Terminal, clone: Path, service_name: str
) -> None:
    write_service(clone, service_name, write_handler("good"))
    terminal.run("deploy", service_name, cwd=clone)
    write_service(clone, service_name, FAILING)
    terminal.run("deploy", service_name, "-m", "Break it", code=7, cwd=clone)
    write_service(clone, service_name, write_handler("mended"))
    terminal.run("deploy", service_name, "-m", "Mend it", cwd=clone)

    listed = read_json(terminal.run("history", service_name, "--failed", "-o", "json"))
    everything = read_json(terminal.run("history", service_name, "-o", "json"))

    assert [item["subject"] for item in listed["items"]] == ["Break it"]  # type: ignore[attr-defined]
    assert [item["state"] for item in everything["items"]][:2] == ["live", "superseded"]  # type: ignore[attr-defined]


def test_deploy_ends_with_5_where_main_has_moved(terminal: Terminal, clone: Path, service_name: str) -> None:
    terminal.run("services", "create", service_name)
    write_service(clone, f"{service_name}-x", write_handler("x"))
    refused = terminal.run("deploy", f"{service_name}-x", code=5, cwd=clone)
    assert "git pull --rebase" in refused.stderr


def test_deploy_leaves_other_branches_alone(terminal: Terminal, clone: Path) -> None:
    terminal.git("switch", "--quiet", "--create", "topic", cwd=clone)
    assert "only main deploys" in terminal.run("deploy", code=2, cwd=clone).stderr


def test_deploy_uploads_a_directory_that_is_in_no_clone(
    platform: Platform, terminal: Terminal, service_name: str
) -> None:
    write_service(terminal.directory, service_name, write_handler("up"))
    place = terminal.directory / service_name
    (place / "old.txt").write_text("old")
    (place / "__pycache__").mkdir()
    (place / "__pycache__" / "x.pyc").write_bytes(b"\0")

    assert "It would be accepted" in terminal.run("deploy", service_name, "--dry-run").stdout
    assert terminal.run("deploy", service_name).stdout.splitlines()[-1].startswith("next     paaks call")
    assert platform.visit(f"~demo/{service_name}/").text == "up"
    assert terminal.run("deploy", service_name, "--error-unchanged", code=3).stdout == "Nothing has changed.\n"
    (place / "old.txt").unlink()
    terminal.run("deploy", service_name, "--no-wait")
    assert terminal.run("files", "ls", service_name, "-o", "name").stdout.split() == ["handler.py", "service.yaml"]
    (place / "handler.py").write_text(BROKEN)
    assert "handler.py:3:21" in terminal.run("deploy", service_name, code=8).stderr
    terminal.run("deploy", service_name, "--dry-run", code=8)


def test_diff_compares_with_what_is_live(terminal: Terminal, clone: Path, service_name: str) -> None:
    write_service(clone, service_name, write_handler("one"))
    assert f"# + {service_name}  created" in terminal.run("diff", service_name, code=1, cwd=clone).stdout
    terminal.run("deploy", service_name, cwd=clone)
    assert terminal.run("diff", service_name, cwd=clone).stdout == ""
    write_service(clone, service_name, write_handler("two"))
    shown = terminal.run("diff", service_name, code=1, cwd=clone).stdout
    assert f"--- a/{service_name}/handler.py" in shown
    assert "+        return 'two'" in shown
    terminal.run("diff", "nowhere", code=2, cwd=clone)
    terminal.run("diff", service_name)


# -- services


def test_a_service_is_created_called_rolled_back_and_deleted(
    platform: Platform, terminal: Terminal, service_name: str
) -> None:
    created = terminal.run("services", "create", service_name, "--template", "api").stdout
    assert f"service/{service_name} created" in created
    terminal.run("services", "create", service_name, code=5)
    terminal.run("services", "create", "metrics", code=8)
    note = terminal.run(
        "call", f"{service_name}/first", "-X", "PUT", "-d", '"x"', "-H", "Content-Type: application/json"
    )
    assert json.loads(note.stdout) == {"name": "first"}
    described = terminal.run("services", "describe", service_name).stdout
    assert f"path     {service_name}" in described
    assert "ready    1/1" in described
    rows = [row.split() for row in terminal.run("services").stdout.splitlines()]
    assert rows[0][:3] == ["NAME", "STATUS", "READY"]
    assert [service_name, "live", "1/1"] in [row[:3] for row in rows]

    source = write_handler("changed")
    terminal.run("files", "put", f"{service_name}/handler.py", stdin=source)
    assert terminal.run("files", "cat", f"{service_name}/handler.py").stdout == source
    assert terminal.run("call", service_name).stdout == "changed"
    dry = terminal.run("rollback", service_name, "--dry-run").stdout
    assert "-        return 'changed'" in dry
    assert terminal.run("call", service_name).stdout == "changed"
    back = terminal.run("rollback", service_name).stdout
    undo = back.splitlines()[-1].removeprefix("undo: paaks ").split()
    assert json.loads(terminal.run("call", service_name).stdout) == {"notes": []}
    terminal.run(*undo)
    assert terminal.run("call", service_name).stdout == "changed"
    terminal.run("rollback", service_name, "0123456", code=6)
    terminal.run("rollback", service_name, "zebra", code=2)

    listed = terminal.run("history", service_name, "-o", "json")
    vias = [item["via"] for item in read_json(listed)["items"]]  # type: ignore[attr-defined]
    assert vias == ["rollback", "rollback", "cli", "cli"]
    deleted = terminal.run("services", "delete", service_name).stdout
    assert f"removed  {service_name}" in deleted
    terminal.run("status", service_name, code=6)


def test_a_call_says_what_the_service_says(terminal: Terminal, service_name: str) -> None:
    source = "class Handler:\n    def run(self, req):\n        print('it was', req.path)\n        return 'no', 418\n"
    write_service(terminal.directory, service_name, source)
    terminal.run("deploy", service_name)

    assert terminal.run("call", service_name, "a/b?c=d").stdout == "no"
    terminal.run("call", service_name, "--fail", code=22)
    shown = terminal.run("call", service_name, "a/b", "-i", "--logs")
    head, _, body = shown.stdout.partition("\n\n")
    assert head.startswith("HTTP/1.1 418 ")
    revision = read_json(terminal.run("services", "describe", service_name, "-o", "json"))["commit"]
    assert f"paaks-revision: {revision}" in head.lower()
    assert body == "no"
    assert "it was /a/b" in shown.stderr
    assert "it was /a/b" in terminal.run("logs", service_name).stdout
    line = json.loads(terminal.run("logs", service_name, "--tail", "1", "-o", "jsonl").stdout)
    assert (line["service"], line["text"]) == (service_name, "it was /a/b")
    assert terminal.run("logs", service_name, "--grep", "not in it").stdout == ""
    assert terminal.run("call", "nowhere", code=6).stdout == ""


def test_logs_are_followed_until_the_reader_has_enough(terminal: Terminal, service_name: str) -> None:
    write_service(terminal.directory, service_name, write_handler("x"))
    terminal.run("deploy", service_name)
    command = [str(PAAKS), "logs", service_name, "-f"]
    with subprocess.Popen(command, env=dict(terminal.environment), stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        try:
            terminal.run("call", f"{service_name}/now")
            assert any("asked /now" in line for line in following.stdout)
        finally:
            following.kill()


def test_status_watches_what_changes(terminal: Terminal, service_name: str) -> None:
    command = [str(PAAKS), "status", "-w", "-o", "jsonl"]
    with subprocess.Popen(command, env=dict(terminal.environment), stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        try:
            assert json.loads(watching.stdout.readline())["name"]
            terminal.run("services", "create", service_name)
            states = (json.loads(line) for line in watching.stdout)
            assert any(item["name"] == service_name and item["status"]["state"] == "live" for item in states)
        finally:
            watching.kill()


def test_status_waits_until_the_cluster_holds_what_main_says(terminal: Terminal, service_name: str) -> None:
    terminal.run("services", "create", service_name)
    assert terminal.run("status", service_name, "--for=synced").stdout == "synced\n"
    terminal.run("files", "put", f"{service_name}/handler.py", "--no-wait", stdin=FAILING)
    assert terminal.run("status", service_name, "--for=synced").stdout == "synced\n"
    terminal.run("status", service_name, "--for=live", code=7)


def test_the_bare_command_shows_in_a_clone_how_its_services_are(terminal: Terminal, clone: Path) -> None:
    assert terminal.run(cwd=clone).stdout.startswith("NAME ")
    assert terminal.run().stdout.startswith("Usage: paaks")


def test_files_are_never_written_over_what_others_wrote(terminal: Terminal, service_name: str) -> None:
    terminal.run("services", "create", service_name)
    place = f"{service_name}/handler.py"
    editor = terminal.directory / "editor.sh"
    others = f"printf 'class Handler:\\n    run = str\\n' | {PAAKS} files put {place} >&2"
    mine = "printf '# mine\\n' >> \"$1\""
    editor.write_text(f"#!/bin/sh\n{others}\n{mine}\n")
    editor.chmod(0o755)

    lost = terminal.run("files", "edit", place, code=5, EDITOR=str(editor))

    kept = Path(lost.stderr.rpartition("your text is in ")[2].strip())
    assert kept.read_text().endswith("# mine\n")
    kept.unlink()
    editor.write_text(f"#!/bin/sh\n{mine}\n")
    terminal.run("files", "edit", place, "--no-wait", EDITOR=str(editor))
    assert terminal.run("files", "cat", place).stdout.endswith("# mine\n")
    terminal.run("files", "put", f"{service_name}/notes/a b.txt", "--no-wait", stdin="x")
    terminal.run("files", "rm", f"{service_name}/notes/a b.txt", "--no-wait")
    terminal.run("files", "cat", f"{service_name}/notes/a b.txt", code=6)
    terminal.run("files", "put", f"{service_name}/../x", stdin="x", code=8)
    terminal.run("files", "cat", "nothing", code=2)


def test_reconcile_waits_for_the_controller(terminal: Terminal) -> None:
    said = terminal.run("reconcile", "hello").stdout.splitlines()
    assert said[0].startswith("► ")
    assert said[-1].startswith("✔ hello   live")
    terminal.run("reconcile", "nowhere", code=6)


def test_doctor_finds_nothing_wrong(terminal: Terminal, stranger: Terminal) -> None:
    items = read_json(terminal.run("doctor", "-o", "json"))["items"]
    assert [item for item in items if not item["ok"]] == []  # type: ignore[attr-defined]
    said = stranger.run("doctor", code=69, PAAKS_SERVER="http://127.0.0.1:1").stdout
    assert "FAILED   server" in said


@pytest.mark.embedded("pods are isolated, processes of one machine are not")
def test_doctor_names_the_trust_domain(terminal: Terminal) -> None:
    assert "single trust domain" in terminal.run("doctor").stdout


def test_a_token_is_made_shown_once_and_revoked(platform: Platform, terminal: Terminal, stranger: Terminal) -> None:
    made = read_json(terminal.run("tokens", "create", "for a test", "--scope", "read", "-o", "json"))
    variables = {"PAAKS_SERVER": platform.api, "PAAKS_TOKEN": str(made["token"]), "PAAKS_TENANT": "demo"}

    stranger.run("services", **variables)
    stranger.run("services", "create", "refused", code=9, **variables)
    terminal.run("tokens", "revoke", str(made["id"]))
    stranger.run("services", code=4, **variables)


def test_a_checked_out_file_cannot_have_the_token_sent_elsewhere(stranger: Terminal, platform: Platform) -> None:
    (stranger.directory / ".paaks.yaml").write_text("server: http://127.0.0.1:1\ntenant: demo\n")
    refused = stranger.run("services", code=2, PAAKS_TOKEN=platform.token)
    assert "PAAKS_TOKEN is not sent to http://127.0.0.1:1" in refused.stderr


def test_open_prints_the_address(terminal: Terminal, platform: Platform) -> None:
    assert terminal.run("open", "hello").stdout.strip() == f"{platform.dispatcher}/~demo/hello/"
    assert terminal.run("open").stdout.strip() == platform.api


# -- without a controller


@pytest.mark.embedded("`paaks up --no-controller`, and the lock of a process on this machine")
def test_one_pass_in_this_process_deploys_and_a_running_controller_refuses_it(
    start_platform: Callable[..., StartedPlatform], platform: StartedPlatform, terminal: Terminal, tmp_path: Path
) -> None:
    refused = terminal.run("reconcile", "--local", code=5)
    assert f"process {platform.pid_of('controller')}" in refused.stderr
    alone = start_platform("--no-controller")
    (tmp_path / "alone").mkdir()
    shell = make_terminal(alone, tmp_path / "alone")
    shell.run("clone", "demo")
    clone = shell.directory / "demo"
    write_service(clone, "shop", write_handler("by hand"))
    shell.run("deploy", "shop", "--no-wait", cwd=clone)

    said = shell.run("reconcile", "--local", "-t", "demo")

    assert said.stdout.startswith("✔ demo   tnt-")
    assert alone.wait_for("shop", shell.git("rev-parse", "HEAD", cwd=clone)).text == "by hand"
    shell.run("reconcile", "--local", "-t", "nobody", code=6)
    shell.run("reconcile", "--local", "--data", str(tmp_path / "none"), code=2)
