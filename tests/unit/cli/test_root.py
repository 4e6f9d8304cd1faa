"""The root: every verb loads, help on everything, errors as exit codes, and nothing imported before its time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli import catalogue, options, topics
from cli.failure import MEANING
from cli.root import run
from core.problems import CATALOGUE

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.mark.parametrize("entry", catalogue.ENTRIES, ids=lambda entry: entry.name)
def test_every_verb_loads_and_has_help(entry: catalogue.Entry, capsys: pytest.CaptureFixture[str]) -> None:
    command = entry.load()
    assert command.name == entry.name
    assert run([entry.name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: paaks {entry.name}")
    assert run(["help", entry.name]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: paaks {entry.name}")
    if isinstance(command, click.Group):
        for name in command.commands:
            assert run([entry.name, name, "--help"]) == 0
            assert run(["help", entry.name, name]) == 0


@pytest.mark.parametrize("topic", topics.TOPICS)
def test_every_topic_says_something(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", topic]) == 0
    assert len(capsys.readouterr().out) > 100


def test_every_problem_and_every_exit_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for slug, kind in CATALOGUE.items():
        assert run(["help", f"problems/{slug}"]) == 0
        assert kind.text in capsys.readouterr().out
    assert run(["help", "exit-codes"]) == 0
    assert [int(line.split()[0]) for line in capsys.readouterr().out.splitlines()] == [code.value for code in MEANING]


def test_what_there_is_not_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["nothing"], ["help", "nothing"], ["help", "problems/nothing"], ["status", "--nothing"], ["call"]):
        assert run(words) == 2
    assert "there is no help on 'problems/nothing'" in capsys.readouterr().err


def test_version_and_completion_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version"]) == 0
    assert capsys.readouterr().out.startswith("paaks ")
    for shell in ("bash", "zsh", "fish"):
        assert run(["completion", shell]) == 0
        assert "_PAAKS_COMPLETE" in capsys.readouterr().out


def test_completion_offers_the_verbs() -> None:
    environment = {
        "_PAAKS_COMPLETE": "bash_complete",
        "COMP_WORDS": "paaks ro",
        "COMP_CWORD": "1",
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run([sys.executable, "-m", "cli"], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["plain,rollback"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90.0), ("30s", 30.0), ("2m", 120.0), ("1h", 3600.0), ("0.5m", 30.0), ("250ms", 0.25)]
)
def test_lengths_of_time_are_read(text: str, seconds: float) -> None:
    assert options.SPAN.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1d2h", "1e9"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError):
        options.SPAN.convert(text, None, None)


def test_a_reader_who_has_enough_is_no_error() -> None:
    command = f"{sys.executable} -m cli help problems | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""


def test_help_imports_nothing_that_it_does_not_need() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "cli", "--help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    loaded = {line.rpartition("|")[2].strip() for line in said.splitlines()}
    assert {"httpx2", "git", "rich", "yaml", "core.names", "sqlalchemy", "pygit2", "asyncio"} & loaded == set()


def test_a_call_imports_no_server_and_no_git() -> None:
    command = [sys.executable, "-X", "importtime", "-c", "import cli.commands.call"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    loaded = {line.rpartition("|")[2].strip() for line in said.splitlines()}
    assert {"git", "rich", "yaml", "sqlalchemy", "pygit2", "controller.loop", "fastapi"} & loaded == set()


@pytest.mark.parametrize(("words", "wanted"), [([], 7.0), (["--timeout", "2m"], 120.0), (["--no-wait"], None)])
def test_a_variable_says_how_long_to_wait_and_a_flag_wins(
    words: list[str], wanted: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float | None] = []

    @click.command()
    @options.waiting("it is live")
    def wait(timeout: float | None) -> None:
        waited.append(timeout)

    monkeypatch.setenv("PAAKS_TIMEOUT", "7s")
    wait.main(words, standalone_mode=False)
    assert waited == [wanted]


@pytest.mark.parametrize(("words", "wanted"), [([], "work"), (["--context", "home"], "home")])
def test_a_variable_names_the_login_and_a_flag_wins(
    words: list[str], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes: list[str | None] = []

    @click.command()
    @options.connected
    def connect(connection: options.Connection) -> None:
        wishes.append(connection.wish.context)

    monkeypatch.setenv("PAAKS_CONTEXT", "work")
    connect.main(words, standalone_mode=False)
    assert wishes == [wanted]
