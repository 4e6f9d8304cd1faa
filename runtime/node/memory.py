"""How much memory each pod's processes use, sampled; and who is told when it is more than they may.

Resident memory, because an address space says nothing: an idle host has 300 MB of it. A pod's processes are those of
its session. What does not live here: what happens then (`processes.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field

INTERVAL = 0.25  # seconds
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class _Watched:
    limit: int
    tell: Callable[[int], None]
    members: set[int] = field(default_factory=set)


class MemoryWatch:
    """Samples while anything is watched. Used on one loop."""

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._watched: dict[int, _Watched] = {}
        self._sessions: dict[int, int] = {}  # process → session, of every process that was seen
        self._sampling: asyncio.Task[None] | None = None

    def watch(self, pid: int, limit: int, tell: Callable[[int], None]) -> None:
        """Watch the session that `pid` leads; `tell` gets the bytes in use, once, when they are over the limit."""
        self._watched[pid] = _Watched(limit, tell)
        if self._sampling is None:
            self._sampling = asyncio.get_running_loop().create_task(self._sample_often(), name="memory")

    def forget(self, pid: int) -> None:
        """It has ended."""
        self._watched.pop(pid, None)

    async def close(self) -> None:
        """Stop sampling."""
        self._watched.clear()
        if self._sampling is not None:
            self._sampling.cancel()
            await asyncio.wait({self._sampling})

    async def _sample_often(self) -> None:
        # What a process uses has no event.
        while self._watched:
            with contextlib.suppress(OSError):  # no descriptor left, say: the leaders are looked at all the same
                self._find_members()
            for pid, watched in list(self._watched.items()):
                used = measure_memory({pid, *watched.members}, watched.limit)
                if used > watched.limit:
                    self.forget(pid)
                    watched.tell(used)
            await asyncio.sleep(self._interval)
        self._sampling = None

    def _find_members(self) -> None:
        """Find the processes of each session; only those that are new are looked at."""
        present = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        for pid in self._sessions.keys() - present:
            watched = self._watched.get(self._sessions.pop(pid))
            if watched is not None:
                watched.members.discard(pid)
        for pid in present - self._sessions.keys():
            self._sessions[pid] = session = _read_session(pid)
            if session in self._watched and session != pid:
                self._watched[session].members.add(pid)


def _read_session(pid: int) -> int:
    """The session of a process, proc_pid_stat(5); 0 where it is gone."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def measure_memory(pids: set[int], limit: int) -> int:
    """Bytes in use by the processes together.

    What they share is counted for each, which is cheap and too much; once that is over the limit, it is counted once.
    """
    used = sum(map(_read_resident, pids))
    if used <= limit or len(pids) == 1:
        return used
    return sum(map(_read_proportional, pids))


def _read_resident(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError), open(f"/proc/{pid}/statm", "rb") as file:
        return int(file.read().split()[1]) * _PAGE
    return 0


def _read_proportional(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup", "rb") as file:
        for line in file:
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return 0
