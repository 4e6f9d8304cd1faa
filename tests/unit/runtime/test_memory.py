"""Memory of processes, measured on real ones."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

from runtime.node.memory import MemoryWatch, measure_memory

_MI = 2**20


async def test_one_process_is_what_is_resident() -> None:
    used = measure_memory({os.getpid()}, 1)
    assert 5 * _MI < used < 4096 * _MI


async def test_several_share_what_they_share() -> None:
    kept = bytearray(os.urandom(64 * _MI))
    pid = os.getpid()
    reader, writer = os.pipe()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=reader)
    try:
        cheap, exact = measure_memory({pid, child.pid}, 2**40), measure_memory({pid, child.pid}, 1)
        assert len(kept) < exact < cheap
    finally:
        os.close(writer)
        os.close(reader)
        child.wait()


async def test_what_is_gone_uses_nothing() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert measure_memory({child.pid}, 1) == 0
    assert measure_memory({child.pid, 2**22 - 1}, -1) == 0


async def test_whoever_uses_too_much_is_told_of_once() -> None:
    watch = MemoryWatch(interval=0.01)
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    told: list[int] = []
    over = asyncio.Event()

    def tell(used: int) -> None:
        told.append(used)
        over.set()

    try:
        watch.watch(child.pid, 1024, tell)
        async with asyncio.timeout(5):
            await over.wait()
        assert len(told) == 1
        assert told[0] > 1024
        watch.watch(child.pid, 2**40, told.append)
        watch.forget(child.pid)
    finally:
        child.kill()
        child.wait()
        await watch.close()
