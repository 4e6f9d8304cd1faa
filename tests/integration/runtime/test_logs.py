"""Logs of real processes: followed, flooded, kept over restarts of pods and of the node."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio

from runtime.node.log_files import SEGMENT_BYTES, SERVICE_BYTES
from runtime.node.log_sink import Sink
from runtime.node.logs import Logs, NoSuchLog
from tests.started_pods import NAMESPACE, StartedPods, start_pods

pytestmark = pytest.mark.asyncio(loop_scope="module")
TALK = """
class Handler:
    def run(self, req):
        print(req.args["say"])
        return "said"
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pods() -> AsyncIterator[StartedPods]:
    async with start_pods() as started:
        yield started


async def read(logs: Logs, pod: str = "p", **options: object) -> bytes:
    return b"".join([chunk async for chunk in logs.read("ns", pod, **options)])  # type: ignore[arg-type]


def write(sink: Sink, data: bytes) -> None:
    """Everything, as a process would: the pipe is read meanwhile."""
    while data:
        data = data[os.write(sink.fd, data) :]


async def write_all(sink: Sink, data: bytes) -> None:
    await asyncio.to_thread(write, sink, data)
    await sink.flush()


async def end(sink: Sink) -> None:
    sink.release()
    sink.finish()
    await sink.flush()


async def test_lines_are_followed_as_they_come(pods: StartedPods) -> None:
    pod = await pods.run(TALK)
    await pod.ask("/?say=before")
    lines = pod.logs.read(NAMESPACE, pod.container.pod, follow=True)
    assert (await anext(lines)).endswith(b" before\n")
    for word in (b"one", b"two"):
        await pod.ask(f"/?say={word.decode()}")
        assert (await anext(lines)).endswith(b" " + word + b"\n")
    await pod.stop()
    with pytest.raises(StopAsyncIteration):
        await anext(lines)


async def test_earlier_processes_and_earlier_pods_are_kept(pods: StartedPods) -> None:
    first = await pods.run(TALK, service="kept")
    await first.ask("/?say=first")
    await first.stop()
    second = await pods.run(TALK, service="kept")
    await second.ask("/?say=second")
    assert [line.split()[-1] for line in await second.read_log(previous=True)] == ["first"]
    second.process.kill()
    await second.process.wait()
    await second.restart()
    assert await second.process.ready()
    assert await second.read_log() == []
    assert [line.split()[-1] for line in await second.read_log(previous=True)] == ["second"]
    assert pods.logs.list_pods(NAMESPACE, "kept") == [first.container.pod, second.container.pod]
    again = Logs(pods.data)  # as a node that was started again
    chunks = [chunk async for chunk in again.read(NAMESPACE, first.container.pod, follow=True)]
    assert b"".join(chunks).endswith(b" first\n")
    await again.close()


async def test_a_flood_is_capped_and_counted(pods: StartedPods) -> None:
    pod = await pods.run("""
import os
class Handler:
    def run(self, req):
        block = b"".join(b"%099d\\n" % n for n in range(10_000))
        for _ in range(100):
            os.write(1, block)
        print("the last line")
        return "written"
""")
    quiet = await pods.run(TALK)
    begun = time.monotonic()
    asked = asyncio.create_task(pod.ask())
    await quiet.ask("/?say=quiet")
    assert [line.split()[-1] for line in await quiet.read_log()] == ["quiet"]
    assert (await asked).body == b"written"
    assert time.monotonic() - begun < 60
    lines = await pod.read_log()
    dropped = sum(int(line.split()[1]) for line in lines if line.startswith("… "))
    kept = [line for line in lines if not line.startswith("… ")]
    directory = pods.data / "logs" / NAMESPACE / "hello"
    assert sum(file.stat().st_size for file in directory.iterdir()) <= SERVICE_BYTES
    assert dropped > 0
    assert {len(line) for line in kept if not line.endswith("the last line")} == {99}
    await pod.stop()


# Without a process: the pipe's other end is ours.


async def test_all_that_is_written_is_read_again(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    sink = logs.open("ns", "s", "p")
    data = b"".join(b"line %d\n" % n for n in range(2000))
    await write_all(sink, data + b"no end")
    assert await read(logs) == data
    assert await read(logs, tail=2) == b"line 1998\nline 1999\n"
    assert await read(logs, tail=0) == b""
    assert sink.read_tail().endswith("line 1999\n")
    assert len(sink.read_tail().encode()) <= 4096
    await end(sink)
    assert await read(logs) == data + b"no end\n"
    await logs.close()


async def test_times_are_those_of_arrival(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    sink = logs.open("ns", "s", "p")
    await write_all(sink, b"early\n")
    between = time.time()
    await write_all(sink, b"late\n")
    stamped = (await read(logs, timestamps=True)).decode().splitlines()
    assert [line.split(" ", 1)[1] for line in stamped] == ["early", "late"]
    assert all(len(line.split(" ", 1)[0]) == len("2026-11-24T15:00:00.123456789Z") for line in stamped)
    assert await read(logs, since=between) == b"late\n"
    assert await read(logs, since=0) == b"early\nlate\n"
    assert await read(logs, since=between, tail=5) == b"late\n"
    assert await read(logs, since=time.time() + 60) == b""
    await end(sink)
    await logs.close()


async def test_what_is_over_the_cap_goes_oldest_first(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    old = logs.open("ns", "s", "old")
    await write_all(old, b"old\n")
    await end(old)
    sink = logs.open("ns", "s", "p")
    line = b"x" * 5000
    written = 0
    while written < SERVICE_BYTES + 4 * SEGMENT_BYTES:
        await write_all(sink, b"".join(b"%08d %b\n" % (written + n, line) for n in range(50)))
        written += 50 * len(line)
        sink._allowed = 8 * 2**20  # as if time had passed since the last of it
    lines = (await read(logs)).splitlines()
    sizes = [file.stat().st_size for file in (tmp_path / "logs" / "ns" / "s").iterdir()]
    assert SERVICE_BYTES - 2 * SEGMENT_BYTES < sum(sizes) <= SERVICE_BYTES
    assert max(sizes) <= SEGMENT_BYTES
    numbers = [int(line.split()[0]) for line in lines]
    assert numbers == sorted(numbers)
    assert {len(line) for line in lines} == {5009}
    with pytest.raises(NoSuchLog):
        await read(logs, "old")
    await end(sink)
    await logs.close()


async def test_a_slow_disk_blocks_no_handler(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    disk = ThreadPoolExecutor(1)
    stuck = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Keeps the disk's only thread busy.
    blocked = loop.run_in_executor(disk, lambda: asyncio.run_coroutine_threadsafe(stuck.wait(), loop).result())
    logs._disk.shutdown()
    logs._disk = disk
    sink = logs.open("ns", "s", "p")
    async with asyncio.timeout(20):
        await asyncio.to_thread(write, sink, b"%099d\n" % 7 * 200_000)
    stuck.set()
    await blocked
    await end(sink)
    lines = (await read(logs)).decode().splitlines()
    dropped = sum(int(line.split()[1]) for line in lines if line.startswith("… "))
    assert 0 < dropped < 200_000
    assert dropped + sum(not line.startswith("… ") for line in lines) == 200_000
    await logs.close()


async def test_a_full_disk_loses_lines_and_says_so(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    sink = logs.open("ns", "s", "p")
    await write_all(sink, b"before\n")
    (file,) = (tmp_path / "logs" / "ns" / "s").iterdir()
    file.rename(tmp_path / "away")
    file.mkdir()  # nothing can be appended to it
    await write_all(sink, b"lost\nlost too\n")
    file.rmdir()
    (tmp_path / "away").rename(file)
    await write_all(sink, b"after\n")
    assert (await read(logs)).decode() == "before\n… 2 lines dropped\nafter\n"
    await end(sink)
    await logs.close()


async def test_a_follower_who_is_slow_is_not_waited_for(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    sink = logs.open("ns", "s", "p")
    await write_all(sink, b"first\n")
    lines = logs.read("ns", "p", follow=True)
    assert await anext(lines) == b"first\n"
    data = b"".join(b"%0999d\n" % n for n in range(3000))
    await write_all(sink, data)
    await end(sink)
    assert b"".join([chunk async for chunk in lines]) == data
    await logs.close()


async def test_no_log_is_told(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    with pytest.raises(NoSuchLog):
        await read(logs)
    sink = logs.open("ns", "s", "p")
    assert await read(logs) == b""
    with pytest.raises(NoSuchLog):
        await read(logs, previous=True)
    await end(sink)
    logs.forget("ns")
    await logs.close()
    assert not (tmp_path / "logs" / "ns").exists()
