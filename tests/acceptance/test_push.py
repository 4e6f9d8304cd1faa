"""A push as the pusher sees it: what is refused and how, what an accepted one says, what `-o` does."""

from __future__ import annotations

import re
import time

import pytest
from tested_platform import Clone, Platform


def write_handler(answer: str) -> str:
    """A handler that answers with a text."""
    return f"class Handler:\n    def run(self, req):\n        return {answer!r}\n"


def read_remote(said: str) -> list[str]:
    """What the server said, line by line, without git's prefix."""
    return [line.removeprefix("remote: ").rstrip() for line in said.splitlines() if line.startswith("remote: ")]


@pytest.fixture
def clone(platform: Platform) -> Clone:
    """A fresh clone of the demo tenant."""
    return platform.clone()


def add_service(clone: Clone, name: str, answer: str = "one") -> str:
    """Push a public service; its commit."""
    commit = clone.commit({f"{name}/service.yaml": "public: true\n", f"{name}/handler.py": write_handler(answer)})
    clone.push()
    return commit


BROKEN = "class Handler:\n    def run(self, req):\n        return greet(req\n"
REFUSED = {
    "syntax error": (
        {"handler.py": BROKEN},
        r"\S+/handler\.py:3:21  SyntaxError: '\(' was never closed",
        "        return greet(req",
    ),
    "unknown key": (
        {"service.yaml": "public: true\nreplica: 2\n"},
        r"\S+/service\.yaml:2:1  unknown key 'replica'  \(did you mean `replicas`\?\)",
        "replica: 2",
    ),
    "wrong type": (
        {"service.yaml": "timeout: 30\n"},
        r"\S+/service\.yaml:1:10  timeout is the number 30  \(seconds from 1s to 600s, say `30s`\)",
        "timeout: 30",
    ),
    "not YAML": ({"service.yaml": "env: {a: b\n"}, r"\S+/service\.yaml:\d+:\d+  ", None),
    "no handler": (
        {"service.yaml": "handler: other.py\n"},
        r"\S+/service\.yaml:1:10  .*other\.py",
        "handler: other.py",
    ),
}


@pytest.mark.parametrize(("files", "head", "source"), REFUSED.values(), ids=REFUSED)
def test_a_push_that_cannot_be_right_is_refused_with_its_place(
    platform: Platform, clone: Clone, service_name: str, files: dict[str, str], head: str, source: str | None
) -> None:
    before = clone.head("origin/main")
    whole = {"service.yaml": "", "handler.py": write_handler("x")} | files
    clone.commit({f"{service_name}/{name}": text for name, text in whole.items()})

    pushed = clone.push(check=False)

    assert pushed.returncode != 0
    lines = read_remote(pushed.stderr)
    place = next((number for number, line in enumerate(lines) if re.search(head, line)), None)
    assert place is not None, lines
    if source is not None:
        column = int(re.findall(r":\d+:(\d+)  ", lines[place])[0])
        shown, caret = lines[place + 1], lines[place + 2]
        assert shown.strip() == source.strip()
        indent = shown.index(source.strip()) - (len(source) - len(source.lstrip()))
        assert caret.index("^") == indent + column - 1
    assert any("nothing was deployed, and no reference has moved" in line for line in lines)
    assert clone.git("ls-remote", "origin", "refs/heads/main").stdout.split()[0] == before


def test_every_problem_is_named_at_once(clone: Clone, service_name: str) -> None:
    clone.commit(
        {
            f"{service_name}/service.yaml": "replicas: 99\npublic: maybe\n",
            f"{service_name}/handler.py": BROKEN,
            f"{service_name}/more.py": "x = = 1\n",
        }
    )

    lines = read_remote(clone.push(check=False).stderr)

    places = [match[1] for line in lines if (match := re.search(r"/(\S+?:\d+):\d+  ", line))]
    assert sorted(places) == ["handler.py:3", "more.py:1", "service.yaml:1", "service.yaml:2"]
    assert any(line.startswith("4 problems") for line in lines)


def test_a_symbolic_link_is_refused(clone: Clone, service_name: str) -> None:
    clone.write({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": write_handler("x")})
    (clone.path / service_name / "passwords").symlink_to("/etc/passwd")
    clone.commit({}, "Add a link")

    pushed = clone.push(check=False)

    assert pushed.returncode != 0
    assert f"{service_name}/passwords" in pushed.stderr


def test_a_refused_push_leaves_nothing_behind(platform: Platform, clone: Clone, service_name: str) -> None:
    clone.commit({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": BROKEN})
    blob = clone.head(f"HEAD:{service_name}/handler.py")

    clone.push(check=False)

    assert platform.run_git("cat-file", "-e", blob, check=False).returncode != 0
    assert list((platform.repository / "objects").glob("tmp_objdir*")) == []


def test_nested_attributes_on_one_line_are_refused_in_seconds(clone: Clone, service_name: str) -> None:
    clone.commit({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": "a" + ".b" * 100_000 + "\n"})
    began = time.monotonic()

    pushed = clone.push(check=False)

    assert pushed.returncode != 0
    assert time.monotonic() - began < 10, "3 s on an idle machine"
    assert any(f"{service_name}/handler.py" in line for line in read_remote(pushed.stderr))


def test_an_accepted_push_tells_plan_stages_and_address(platform: Platform, clone: Clone, service_name: str) -> None:
    add_service(clone, service_name)
    commit = clone.commit({f"{service_name}/handler.py": write_handler("two")})

    lines = read_remote(clone.push().stderr)

    words = [line.split()[0] for line in lines]
    assert [word for word in words if word in ("plan", "check", "apply", "start")] == [
        "plan",
        "check",
        "apply",
        "start",
    ]
    assert lines[0] == f"plan     ~ {service_name}  updated"
    url = f"{platform.dispatcher}/~{platform.slug}/{service_name}/"
    assert lines[-1].strip() == url
    answer = platform.visit_public(service_name)
    assert (answer.text, answer.headers["PaaKS-Revision"]) == ("two", commit)


def test_a_private_service_is_called_with_paaks_call(platform: Platform, clone: Clone, service_name: str) -> None:
    clone.commit({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": write_handler("mine")})

    lines = read_remote(clone.push().stderr)

    assert any(f"paaks call {service_name}" in line for line in lines)
    assert platform.visit(f"{service_name}/").status_code == 401
    assert platform.visit(f"{service_name}/", platform.token).text == "mine"
    assert platform.paaks("call", service_name).stdout.strip() == "mine"


def test_a_handler_that_raises_leaves_the_old_one_serving_and_shows_the_traceback(
    platform: Platform, clone: Clone, service_name: str
) -> None:
    before = add_service(clone, service_name)
    clone.commit({f"{service_name}/handler.py": "import there_is_no_such_module\n" + write_handler("two")})

    pushed = clone.push()

    said = pushed.stderr
    assert f"failed   {service_name}" in said
    assert "ModuleNotFoundError: No module named 'there_is_no_such_module'" in said
    answer = platform.visit_public(service_name)
    assert (answer.text, answer.headers["PaaKS-Revision"]) == ("one", before)
    status = platform.paaks("status", service_name, check=False)
    assert "there_is_no_such_module" in status.stdout + status.stderr


# -- options


def test_dry_run_says_what_would_happen_and_moves_nothing(clone: Clone, service_name: str) -> None:
    before = clone.head("origin/main")
    clone.commit({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": write_handler("x")})

    pushed = clone.push("-o", "dry-run", "origin", "main", check=False)

    assert pushed.returncode != 0
    lines = read_remote(pushed.stderr)
    assert lines[0] == f"plan     + {service_name}  created"
    assert any(line.startswith("dry run") for line in lines)
    assert clone.git("ls-remote", "origin", "refs/heads/main").stdout.split()[0] == before


def test_no_wait_returns_before_it_is_live(platform: Platform, clone: Clone, service_name: str) -> None:
    slow = "import time\ntime.sleep(2)\n" + write_handler("slow")
    commit = clone.commit({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": slow})

    pushed = clone.push("-o", "no-wait", "origin", "main")

    assert "live " not in pushed.stderr
    assert "paaks status" in pushed.stderr
    assert platform.wait_for(service_name, commit).text == "slow"


def test_timeout_ends_the_wait_and_says_how_to_follow(platform: Platform, clone: Clone, service_name: str) -> None:
    slow = "import time\ntime.sleep(5)\n" + write_handler("slow")
    commit = clone.commit({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": slow})

    pushed = clone.push("-o", "timeout=1", "origin", "main")

    assert f"paaks status {service_name} -w" in pushed.stderr
    assert platform.wait_for(service_name, commit).text == "slow"


def test_quiet_says_nothing_of_a_push_that_goes_well(clone: Clone, service_name: str) -> None:
    clone.commit({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": write_handler("x")})

    assert read_remote(clone.push("-o", "quiet", "origin", "main").stderr) == []


# -- references


def test_main_only_moves_forward_once_the_template_has_been_changed(clone: Clone, service_name: str) -> None:
    tip = add_service(clone, service_name)

    forced = clone.push("--force", "origin", "HEAD~1:main", check=False)
    deleted = clone.push("origin", ":main", check=False)

    assert "main only moves forward" in forced.stderr
    assert "main cannot be deleted" in deleted.stderr
    assert clone.git("ls-remote", "origin", "refs/heads/main").stdout.split()[0] == tip


def test_an_existing_project_takes_the_untouched_templates_place(fresh_platform: Platform) -> None:
    """By the line that `paaks up` prints."""
    platform = fresh_platform
    url = f"{platform.api}/git/{platform.slug}.git"
    project = platform.make_repository("project")
    project.commit({"README.md": "mine\n"}, "Begin")
    project.commit({"shop/service.yaml": "public: true\n", "shop/handler.py": write_handler("open")}, "Add a shop")

    project.git("-c", "credential.helper=!paaks auth git-credential", "push", "--force", url, "main")

    answer = platform.visit_public("shop")
    assert (answer.text, answer.headers["PaaKS-Revision"]) == ("open", project.head())
    assert platform.visit_public("hello").status_code == 404
    again = project.push("--force", platform.clone_url(), "HEAD~1:main", check=False)
    assert again.returncode != 0
    assert "main only moves forward" in again.stderr


def test_another_branch_is_stored_and_says_how_to_deploy(clone: Clone, service_name: str) -> None:
    clone.commit({f"{service_name}/service.yaml": "", f"{service_name}/handler.py": write_handler("x")})

    pushed = clone.push("origin", "HEAD:refs/heads/master")

    assert "Only main deploys" in pushed.stderr
    clone.push("origin", ":master")


def test_a_name_outside_heads_and_tags_is_refused(clone: Clone) -> None:
    pushed = clone.push("origin", "HEAD:refs/internal/live/hello", check=False)

    assert pushed.returncode != 0
    assert "refs/internal" not in clone.git("ls-remote", "origin").stdout


def test_a_wrong_token_is_told_so(platform: Platform) -> None:
    stranger = platform.make_repository("stranger")

    asked = stranger.git("ls-remote", platform.clone_url(token="paaks_pat_wrong"), check=False)

    assert asked.returncode != 0
    assert "Authentication failed" in asked.stderr
