"""Becomes another program, as an ordinary user and never longer than its parent: how PostgreSQL is started.

Run as a script, by path, so that it starts in milliseconds: `python -I -S launcher.py PARENT-PID UID COMMAND…`. It is
exec'ed between the supervisor and the program: the order is namespace, then the death signal (a change of credentials
clears it), then exec. What does not live here: which program, with which arguments (`database.py`).
"""

import ctypes
import os
import signal
import sys

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
CANNOT = 70


def main(arguments: list[str]) -> None:
    """`arguments`: the parent's pid, the uid to appear as (0: as we are), then the command."""
    parent, uid, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    if int(uid):
        _become(libc, int(uid))
    # SIGQUIT is PostgreSQL's immediate shutdown: its children and shared memory go with it, and recovery follows.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execv(command[0], command)


def _become(libc: ctypes.CDLL, uid: int) -> None:
    """Appear as `uid` in a new user namespace (user_namespaces(7)); outside, the process keeps its own."""
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        print(f"unshare(CLONE_NEWUSER): {os.strerror(ctypes.get_errno())}", file=sys.stderr)
        sys.exit(CANNOT)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {outside_uid} 1")
    _write("/proc/self/gid_map", f"{uid} {outside_gid} 1")


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


if __name__ == "__main__":
    main(sys.argv[1:])
