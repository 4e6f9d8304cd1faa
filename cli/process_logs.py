"""The log files of our processes: kept small while they are being written.

What does not live here: the logs of services (the node's), and what is in a line (`core.process`).
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

LIMIT_BYTES = 16 * 2**20
_LOOK_SECONDS = 60.0


async def keep_rotating(directory: Path, seconds: float = _LOOK_SECONDS, limit: int = LIMIT_BYTES) -> None:
    """Look again and again, for ever, whether a log has grown too large."""
    while True:
        await asyncio.to_thread(rotate, directory, limit)
        await asyncio.sleep(seconds)


def rotate(directory: Path, limit: int = LIMIT_BYTES) -> None:
    """Copy each log above `limit` bytes to `<name>.log.1` and empty it.

    The processes hold the files open in append mode, so a renamed file would go on growing; a line that is written
    between the copy and the cut is lost.
    """
    for log in directory.glob("*.log"):
        if log.stat().st_size > limit:
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
            with log.open("r+b") as file:
                file.truncate(0)
