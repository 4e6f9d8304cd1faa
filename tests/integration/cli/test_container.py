"""What the containers of `control` run: the data directory is made, and PostgreSQL answers where the others look."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

PAAKS = [sys.executable, "-m", "cli"]
ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture
def data() -> Iterator[Path]:
    """A directory with a short path, for a socket's may have 107 bytes."""
    directory = Path(tempfile.mkdtemp(prefix="paaks-c-"))
    yield directory / "paaks"
    shutil.rmtree(directory, ignore_errors=True)


def run(command: str, data: Path) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    environment = {"PATH": os.environ["PATH"], "PAAKS_DATA": str(data)}
    return subprocess.run([*PAAKS, command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30)


def start(data: Path) -> subprocess.Popen[bytes]:
    """`paaks database` after `paaks prepare`, once it says that it is ready in the way that the manifests ask for."""
    assert run("prepare", data).returncode == 0
    environment = {"PATH": os.environ["PATH"], "PAAKS_DATA": str(data)}
    process = subprocess.Popen([*PAAKS, "database"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    asked = ["grep", "-q", "^ready", str(data / "pg" / "postmaster.pid")]
    while subprocess.run(asked, stderr=subprocess.DEVNULL).returncode != 0:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def ask(data: Path, statement: str) -> object:
    """One statement on its socket; the first value."""
    with psycopg.connect(host=str(data / "run" / "pg"), user="paaks", dbname="postgres", autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


def test_prepare_makes_what_the_processes_need_and_closes_it_to_others(data: Path) -> None:
    assert run("prepare", data).returncode == 0
    (data / "pg").mkdir(mode=0o770)
    (data / "pg").chmod(0o770)
    assert run("prepare", data).returncode == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in (data, data / "run", data / "keys", data / "pg")}
    assert modes == dict.fromkeys(("paaks", "run", "keys", "pg"), 0o700)


def test_prepare_needs_to_be_told_where() -> None:
    result = subprocess.run([*PAAKS, "prepare"], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True)
    assert result.returncode == 2


def test_the_database_keeps_what_it_was_told_when_it_is_killed(data: Path) -> None:
    first = start(data)
    try:
        ask(data, "CREATE TABLE kept AS SELECT 42 AS value")
    finally:
        first.kill()
        first.wait(10)
    second = start(data)
    try:
        assert ask(data, "SELECT value FROM kept") == 42
    finally:
        second.send_signal(signal.SIGINT)
        assert second.wait(20) == 0


def test_two_databases_never_have_the_same_files(data: Path) -> None:
    first = start(data)
    try:
        second = run("database", data)
        assert second.returncode != 0
        assert "another" in second.stderr
        assert ask(data, "SELECT 1") == 1
    finally:
        first.send_signal(signal.SIGINT)
        first.wait(20)
