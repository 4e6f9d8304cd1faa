"""Process 1 of the cluster's namespaces: a script of the standard library alone, started by `sandbox.py`.

    python inside.py DIRECTORY

Gives the namespaces places of their own for what Kubernetes' programs write outside the directories that they are
told of, says so on standard output, and buries what is orphaned to it until it is killed; everything in the namespaces
ends with it. What does not live here: what runs in them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

# These are the machine's, not a namespace's, and the kubelet sets them: here it sets a file.
KERNEL_SETTINGS = (
    *("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"),
    *("kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
)


def main(directory: Path) -> None:
    """Set up, then bury for ever."""
    mount("--make-rshared", "/")
    mount("-t", "tmpfs", "run", "/run")
    for place in ("/var/lib", "/var/log"):
        own = directory / place.lstrip("/")
        own.mkdir(parents=True)
        mount("--bind", str(own), place)
    for setting in KERNEL_SETTINGS:
        own = directory / "sysctl" / setting
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(Path("/proc/sys", setting).read_text())
        mount("--bind", str(own), f"/proc/sys/{setting}")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
    bury_children()


def mount(*arguments: str) -> None:
    """mount(8)."""
    subprocess.run(["mount", *arguments], check=True)


def bury_children() -> None:
    """Wait for whatever ends. Shims of containers are orphaned to process 1."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    print("ready", flush=True)
    while True:
        signal.sigwait({signal.SIGCHLD})
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


if __name__ == "__main__":
    main(Path(sys.argv[1]))
