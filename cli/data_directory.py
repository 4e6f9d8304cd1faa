"""Where one `paaks up` keeps what it knows, which files are where, and who holds it.

What does not live here: what the files contain (each process's own affair).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from pathlib import Path

from cli.failure import Failure

# A lock taken by advisory flock, and PostgreSQL's fsync, mean little on these.
_NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "lustre", "glusterfs", "gfs2"),
        *("ocfs2", "beegfs", "davfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone"),
    )
)
_LEFTOVER_SECONDS = 10.0


def find_checkout() -> Path | None:
    """The directory of the source checkout that this code runs from; None where it is installed."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / "pyproject.toml").is_file() and (root / "repo-template").is_dir() else None


def default_path(environment: Mapping[str, str]) -> Path:
    """PAAKS_DATA, else `.paaks` in a checkout, else `paaks` in the XDG data home."""
    if named := environment.get("PAAKS_DATA"):
        return Path(named)
    if checkout := find_checkout():
        return checkout / ".paaks"
    home = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(home) / "paaks"


class DataDirectory:
    """The names of the files in a data directory."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.run = self.path / "run"
        self.postgres = self.path / "pg"
        self.keys = self.path / "keys"
        self.logs = self.run / "log"
        self.lock = self.run / "lock"
        self.endpoints = self.run / "endpoints.json"
        self.kubeconfig = self.run / "kubeconfig"
        self.node_token = self.run / "node-token"
        self.first_login = self.path / "first-login.json"
        self.sign_in = self.run / "sign-in.json"

    def create(self) -> None:
        """Make the directories, readable by their owner only. Raises Failure on a network file system."""
        refuse_network(self.path)
        for directory in (self.path, self.run, self.keys, self.logs):
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(0o700)

    def acquire(self) -> int:
        """Lock the directory for this process and those that inherit the descriptor, which is returned.

        Raises Failure, naming the holder. What a killed `paaks up` left running is given a moment to end.
        """
        fd = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up = time.monotonic() + _LEFTOVER_SECONDS
        while not _try_lock(fd):
            holder = self.read_holder()
            if holder is not None and _is_alive(holder):
                raise Failure(
                    "another `paaks up` runs on this data",
                    f"process {holder} holds {self.path}",
                    hint=f"stop it with `kill {holder}`, or name another directory with --data",
                )
            if time.monotonic() > give_up:
                raise Failure(
                    "processes of an earlier `paaks up` are still running",
                    f"they hold {self.lock}, and their supervisor (process {holder}) is gone",
                    hint=f"see them with `fuser {self.lock}`",
                )
            time.sleep(0.02)  # an flock of another process has no event to wait for, and blocking could not be cut
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        return fd

    def read_holder(self) -> int | None:
        """The process id that the lock file names."""
        try:
            return int(self.lock.read_text().strip() or 0) or None
        except (FileNotFoundError, ValueError):
            return None

    def is_running(self) -> bool:
        """Does a `paaks up` hold this directory?"""
        try:
            fd = os.open(self.lock, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _try_lock(fd, fcntl.LOCK_SH)
        finally:
            os.close(fd)


def _try_lock(fd: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def refuse_network(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """Raise Failure where `path` is, or would be, on a network file system."""
    kind = file_system_of(path, mounts.read_text())
    if kind in _NETWORK:
        raise Failure(
            f"{path} is on a network file system ({kind})",
            "locks and durable writes are not dependable there",
            hint="name a directory on a local disk with --data",
        )


def file_system_of(path: Path, mountinfo: str) -> str | None:
    """The type of the file system that `path` lies on, by the deepest mount above it (proc(5), mountinfo)."""
    best, kind = -1, None
    target = path.resolve()
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        point = Path(left.split()[4].encode().decode("unicode_escape"))
        if target.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split()[0]
    return kind
