"""`paaks up` with a stand-in for each of our processes, and a real database: starts, deaths, the end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

UP = Path(__file__).parent.parent / "standins" / "up.py"
SECONDS = 30.0
NAMES = ("node", "dispatcher", "api", "controller")


class Started:
    """One `paaks up` on a data directory of its own."""

    def __init__(self, data: Path, *options: str, **variables: str) -> None:
        self.data = data
        self.output = data.with_suffix(".out")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PAAKS_")}
        ports = ("--api-port", "0", "--dispatcher-port", "0", "--node-port", "0")
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(UP), "--data", str(data), *ports, *options],
                env={**inherited, "PAAKS_RUNTIME_PYTHON": sys.executable, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def await_ready(self) -> Started:
        """Return when it has told its addresses."""
        self.wait_until((self.data / "run" / "endpoints.json").exists)
        return self

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Until something is so; fails with what was printed."""
        give_up = time.monotonic() + SECONDS
        while not condition():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < give_up, self.output.read_text()
            time.sleep(0.01)  # files and sockets of other processes: there is no event

    @property
    def addresses(self) -> dict[str, str]:
        """What `run/endpoints.json` says."""
        found: dict[str, str] = json.loads((self.data / "run" / "endpoints.json").read_text())
        return found

    def ask(self, name: str, path: str = "/environment") -> dict[str, Any]:
        """A request to one of the stand-ins."""
        with urllib.request.urlopen(self.addresses[name] + path, timeout=5) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found

    def answers(self, name: str, other_than: int) -> bool:
        """Does another process than that one answer now?"""
        with contextlib.suppress(OSError, ValueError):
            return int(self.ask(name)["pid"]) != other_than
        return False

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(SECONDS)

    def group(self) -> set[int]:
        """The living processes of its process group."""
        found = set()
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == self.process.pid and fields[0] != "Z":
                    found.add(int(entry.name))
        return found


@pytest.fixture
def data() -> Iterator[Path]:
    """Where it keeps everything; short, for a socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="paaks-", ignore_cleanup_errors=True) as directory:
        yield Path(directory) / "d"


@pytest.fixture
def start(data: Path) -> Iterator[Callable[..., Started]]:
    """Starts one, or several on the same data."""
    with contextlib.ExitStack() as stack:

        def begin(*options: str, **variables: str) -> Started:
            return stack.enter_context(contextlib.closing(Started(data, *options, **variables)))

        yield begin


def count_migrations(data: Path) -> int:
    """How often the database's stand-in was migrated: it is a real database."""
    url = f"postgresql://paaks@/postgres?host={data / 'run' / 'pg'}"
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM runs").fetchone()
        assert row is not None
        return int(row[0])


def test_everything_starts_and_one_environment_is_told_to_all(data: Path, start: Callable[..., Started]) -> None:
    up = start(PAAKS_DRAIN_SECONDS="3", PAAKS_TOKEN="of the client").await_ready()

    assert set(up.addresses) == {"api", "dispatcher", "node"}
    told = {name: up.ask(name) for name in up.addresses}
    for name, found in told.items():
        environment = found["environment"]
        assert environment["PAAKS_PUBLIC_URL"] == up.addresses["api"], name
        assert environment["PAAKS_APPS_URL"] == up.addresses["dispatcher"]
        assert environment["PAAKS_DRAIN_SECONDS"] == "3"
        assert "PAAKS_TOKEN" not in environment
        assert "PAAKS_API_PORT" not in environment
        assert found["group"] == up.process.pid
    assert count_migrations(data) == 1
    printed = up.output.read_text()
    assert printed.startswith("PaaKS is ready in ")
    assert "single trust domain" in printed
    assert "secret-token" not in printed
    assert stat.S_IMODE((data / "run" / "kubeconfig").stat().st_mode) == 0o600
    assert (data / "first-login.json").exists()


def test_what_dies_comes_back_on_its_port(start: Callable[..., Started]) -> None:
    up = start().await_ready()
    before, addresses = {name: up.ask(name)["pid"] for name in up.addresses}, up.addresses

    with pytest.raises(OSError, match=r"(?i)closed|reset|refused"):
        up.ask("api", "/die")
    os.kill(before["dispatcher"], signal.SIGKILL)
    os.kill(before["node"], signal.SIGSTOP)
    os.kill(before["node"], signal.SIGKILL)

    for name in addresses:
        up.wait_until(lambda name=name: up.answers(name, before[name]))  # type: ignore[misc]
    assert up.addresses == addresses
    assert "api ended (exit 9), starting it again" in up.output.read_text()
    assert up.stop() == 0


def test_a_database_that_is_killed_comes_back_with_what_it_had(data: Path, start: Callable[..., Started]) -> None:
    up = start().await_ready()
    pid = int((data / "pg" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)

    def is_back() -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            return count_migrations(data) == 1
        return False

    up.wait_until(lambda: "database ended (SIGKILL)" in up.output.read_text())
    up.wait_until(is_back)


def test_the_end_is_orderly_and_leaves_nobody(data: Path, start: Callable[..., Started]) -> None:
    up = start(STANDIN_API_DRAIN="0.2", STANDIN_CONTROLLER_DRAIN="0.1").await_ready()

    assert up.stop() == 0

    order = (data / "stopped").read_text().split()
    assert sorted(order) == sorted(NAMES)
    assert order.index("api") < order.index("controller") < order.index("node")
    assert not (data / "run" / "endpoints.json").exists()
    assert up.group() == set()
    assert "database system is shut down" in (data / "run" / "log" / "database.log").read_text()


def test_a_second_signal_does_not_wait(start: Callable[..., Started]) -> None:
    up = start(STANDIN_API_DRAIN="60").await_ready()
    up.process.send_signal(signal.SIGINT)
    up.wait_until(lambda: not (up.data / "run" / "endpoints.json").exists())
    assert up.stop(signal.SIGINT) == 130
    assert up.group() == set()


def test_nothing_outlives_a_supervisor_that_is_killed(start: Callable[..., Started]) -> None:
    up = start().await_ready()
    up.process.kill()
    up.process.wait(SECONDS)
    (up.data / "run" / "endpoints.json").unlink()  # it had no time for that, and the next one's is waited for
    give_up = time.monotonic() + 10
    while up.group():
        assert time.monotonic() < give_up, up.group()
        time.sleep(0.01)
    again = start().await_ready()
    assert again.stop() == 0


def test_a_second_one_on_the_same_data_is_refused_and_told_who(start: Callable[..., Started]) -> None:
    first = start().await_ready()
    second = start()
    assert second.process.wait(SECONDS) == 1
    assert f"process {first.process.pid} holds" in second.output.read_text()
    assert first.ask("api")["pid"]


def test_a_restart_keeps_the_data_and_gives_no_second_tour(data: Path, start: Callable[..., Started]) -> None:
    first = start().await_ready()
    token = (data / "run" / "node-token").read_text()
    assert "Now, in another terminal:" in first.output.read_text()
    first.stop()
    first.output.unlink()
    second = start().await_ready()
    assert count_migrations(data) == 2
    assert (data / "run" / "node-token").read_text() == token
    assert "Now, in another terminal:" not in second.output.read_text()


@pytest.mark.parametrize("name", ["api", "migrate", "node"])
def test_what_cannot_start_ends_the_start_and_says_why(start: Callable[..., Started], name: str) -> None:
    up = start(STANDIN_BROKEN=name)
    assert up.process.wait(SECONDS) == 1
    said = up.output.read_text()
    assert f"error: {name} " in said
    assert "PAAKS_NONSENSE is not a setting" in said or "no such revision" in said
    assert up.group() == set()


def test_without_a_controller_the_rest_runs(start: Callable[..., Started]) -> None:
    up = start("--no-controller").await_ready()
    assert not (up.data / "run" / "log" / "controller.log").exists()
    assert up.ask("api")["environment"]["PAAKS_LINK"]
    assert up.stop() == 0


def test_a_port_that_is_taken_is_named(start: Callable[..., Started], data: Path) -> None:
    up = start().await_ready()
    port = up.addresses["api"].rpartition(":")[2]
    other = Started(data.with_name("other"), "--api-port", port)
    with contextlib.closing(other):
        assert other.process.wait(SECONDS) == 1
        assert f"port {port} is in use" in other.output.read_text()


def test_another_database_is_used_where_one_is_named(
    data: Path, start: Callable[..., Started], database_url: str
) -> None:
    up = start(PAAKS_DATABASE_URL=database_url).await_ready()
    assert not (data / "pg").exists()
    assert up.ask("api")["environment"]["PAAKS_DATABASE_URL"] == database_url


def read_status(pid: int) -> Mapping[str, str]:
    """`/proc/<pid>/status` by name."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL runs as who we are")
def test_started_by_root_the_database_believes_to_be_somebody_else(data: Path, start: Callable[..., Started]) -> None:
    start().await_ready()
    pid = int((data / "pg" / "postmaster.pid").read_text().splitlines()[0])
    inside = Path(f"/proc/{pid}/uid_map").read_text().split()
    assert inside[0] != "0"
    assert inside[1:] == ["0", "1"]
    assert read_status(pid)["Uid"].split()[0] == "0"
    assert (data / "pg" / "PG_VERSION").stat().st_uid == 0
