"""Where a platform keeps what it knows, and who holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from cli import data_directory
from cli.data_directory import DataDirectory
from cli.failure import Failure

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /srv/far\\040away rw,relatime - nfs4 server:/export rw
31 22 0:27 / /srv/far\\040away/near rw,relatime - xfs /dev/sdb1 rw
40 22 0:28 / /mnt rw master:2 shared:3 - fuse.sshfs host:/ rw
"""


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    """A fresh one."""
    made = DataDirectory(tmp_path / "data")
    made.create()
    return made


def test_it_is_for_its_owner_alone(directory: DataDirectory) -> None:
    for place in (directory.path, directory.run, directory.keys, directory.logs):
        assert place.stat().st_mode & 0o777 == 0o700


def test_one_holder_at_a_time_and_the_second_is_told_who(directory: DataDirectory) -> None:
    assert not directory.is_running()
    held = directory.acquire()
    try:
        assert directory.is_running()
        assert directory.read_holder() == os.getpid()
        with pytest.raises(Failure, match=f"process {os.getpid()} holds") as raised:
            directory.acquire()
        assert f"kill {os.getpid()}" in str(raised.value.hint)
    finally:
        os.close(held)
    assert not directory.is_running()
    os.close(directory.acquire())


def test_what_a_killed_one_left_running_is_named(directory: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_directory, "_LEFTOVER_SECONDS", 0.1)
    directory.lock.write_text("4194304999\n")
    with directory.lock.open("r+") as left:
        fcntl.flock(left, fcntl.LOCK_EX)
        with pytest.raises(Failure, match="still running"):
            directory.acquire()


def test_a_lock_file_that_names_nobody_has_no_holder(directory: DataDirectory) -> None:
    assert directory.read_holder() is None
    for text in ("", "nobody\n", "0\n"):
        directory.lock.write_text(text)
        assert directory.read_holder() is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/home/x", "ext4"), ("/srv/far away/x", "nfs4"), ("/srv/far away/near/x", "xfs"), ("/mnt", "fuse.sshfs")],
)
def test_the_deepest_mount_above_a_path_counts(path: str, kind: str) -> None:
    assert data_directory.file_system_of(Path(path), MOUNTS) == kind


def test_network_file_systems_are_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    data_directory.refuse_network(Path("/home/x"), mounts)
    with pytest.raises(Failure, match="network file system"):
        data_directory.refuse_network(Path("/mnt/data"), mounts)


def test_the_variable_wins_over_the_checkout() -> None:
    assert data_directory.default_path({"PAAKS_DATA": "/elsewhere"}) == Path("/elsewhere")
    checkout = data_directory.find_checkout()
    assert checkout is not None
    assert data_directory.default_path({}) == checkout / ".paaks"
