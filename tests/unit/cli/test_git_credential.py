"""What git asks for before a push, and what it is told."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import config, git_credential
from cli.config import Context, Logins

ASKED = {"protocol": "http", "host": "work:3000", "path": "git/acme.git"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A login at one server with tokens for two tenants."""
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "PAAKS_DATA": str(tmp_path / "data")}
    context = Context("http://work:3000", "acme", tokens={"acme": "of acme", "other": "of other"})
    config.write_logins(config.config_path(environment), Logins("work", {"work": context}))
    return environment


def test_the_token_is_that_of_the_tenant_in_the_path(environment: dict[str, str]) -> None:
    assert git_credential.find_token(ASKED, environment) == "of acme"
    assert git_credential.find_token({**ASKED, "path": "git/other.git"}, environment) == "of other"
    assert git_credential.find_token({**ASKED, "path": "git/third.git"}, environment) is None
    assert git_credential.find_token({"protocol": "http", "host": "work:3000"}, environment) == "of acme"


def test_another_server_gets_nothing(environment: dict[str, str]) -> None:
    for other in ({"host": "elsewhere"}, {"protocol": "https"}, {"host": "work"}):
        assert git_credential.find_token({**ASKED, **other}, environment) is None


def test_the_variable_is_for_our_repositories_alone(environment: dict[str, str]) -> None:
    environment["PAAKS_TOKEN"] = "for a script"
    assert git_credential.find_token(ASKED, environment) == "for a script"
    assert git_credential.find_token({**ASKED, "host": "code.example", "path": "me/mine.git"}, environment) is None
    environment["PAAKS_SERVER"] = "http://work:3000/"
    assert git_credential.find_token(ASKED, environment) == "for a script"
    assert git_credential.find_token({**ASKED, "host": "evil"}, environment) is None


def test_the_first_login_of_this_machine_serves_the_demo(environment: dict[str, str]) -> None:
    data = Path(environment["PAAKS_DATA"])
    (data / "run").mkdir(parents=True)
    (data / "run" / "endpoints.json").write_text(json.dumps({"api": "http://here", "dispatcher": "http://there"}))
    (data / "first-login.json").write_text(json.dumps({"demo": {"tenant": "demo", "token": "first"}}))
    asked = {"protocol": "http", "host": "here", "path": "git/demo.git"}
    assert git_credential.find_token(asked, environment) == "first"
    assert git_credential.find_token({**asked, "path": "git/acme.git"}, environment) is None


def test_the_answer_is_in_gits_form(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", environment["XDG_CONFIG_HOME"])
    asked = "".join(f"{name}={value}\n" for name, value in ASKED.items())
    monkeypatch.setattr("sys.stdin", io.StringIO(asked + "\n"))
    assert git_credential.main(["--data", environment["PAAKS_DATA"], "get"]) == 0
    assert capsys.readouterr().out == "username=paaks\npassword=of acme\n"
    assert git_credential.main(["store"]) == 0
    assert capsys.readouterr().out == ""


names = st.from_regex(r"[a-z]{1,8}", fullmatch=True)


@given(st.dictionaries(names, st.text(st.characters(exclude_characters="\n"))))
def test_what_git_says_is_read_as_it_is(said: dict[str, str]) -> None:
    text = "".join(f"{name}={value}\n" for name, value in said.items()) + "\nignored=1\n"
    assert git_credential.parse(text) == said


def test_the_helper_names_this_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAAKS_DATA", "/some where")
    command = git_credential.helper_command()
    assert command.startswith("!")
    assert command.endswith("auth git-credential --data '/some where'")
    monkeypatch.delenv("PAAKS_DATA")
    assert git_credential.helper_command().endswith("auth git-credential")
