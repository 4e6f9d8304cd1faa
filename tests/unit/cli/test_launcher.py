"""A program that is started as somebody else, and ends with its parent."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from cli import launcher

COMMAND = [sys.executable, "-I", "-S", launcher.__file__]


def test_it_becomes_the_program() -> None:
    done = subprocess.run([*COMMAND, str(os.getpid()), "0", "/bin/echo", "a b"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "a b\n")


def test_it_appears_as_the_user_that_is_wanted() -> None:
    done = subprocess.run([*COMMAND, str(os.getpid()), "1234", "/usr/bin/id", "-u"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) in ((0, "1234\n"), (launcher.CANNOT, ""))


def test_a_parent_that_is_gone_already_ends_it() -> None:
    done = subprocess.run([*COMMAND, "1", "0", "/bin/echo", "never"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")


def test_it_ends_when_its_parent_does(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    script = (
        "import os, signal, subprocess, sys\n"
        f"child = subprocess.Popen({COMMAND!r} + [str(os.getpid()), '0', '/bin/sleep', '60'])\n"
        "open(sys.argv[1], 'w').write(str(child.pid))\n"
        "while open(f'/proc/{child.pid}/cmdline').read().split('\\0')[0] != '/bin/sleep': pass\n"
        "print('up', flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(told)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        child = os.pidfd_open(int(told.read_text()))
        parent.send_signal(signal.SIGKILL)
    assert select.select([child], [], [], 10)[0] == [child]
    os.close(child)
