"""Processes of pods as the node makes them: forked, watched, ended, and what is left when something dies."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import resource
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from runtime.node.logs import Logs
from runtime.node.pod_socket import connect
from runtime.node.processes import Container, Processes
from tests.started_pods import Pod, StartedPods, start_pods

pytestmark = pytest.mark.asyncio(loop_scope="module")
HELLO = "class Handler:\n    def run(self, req): return 'hello'\n"
PARENT = """
import os, subprocess
child = subprocess.Popen(["sleep", "600"])
class Handler:
    def run(self, req):
        return {"child": child.pid, "pid": os.getpid()}
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pods() -> AsyncIterator[StartedPods]:
    async with start_pods() as started:
        yield started


async def wait_gone(pid: int) -> None:
    """Return when the process has ended: at once, or within five seconds."""
    with contextlib.suppress(ProcessLookupError):
        pidfd = os.pidfd_open(pid)
        gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(pidfd, gone.set)
        try:
            async with asyncio.timeout(5):
                await gone.wait()
        finally:
            asyncio.get_running_loop().remove_reader(pidfd)
            os.close(pidfd)


def is_there(pid: int) -> bool:
    """Is it alive, and not only waiting to be reaped?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def wait_for_reserve(pods: StartedPods) -> int:
    """The child that its zygote keeps for the next order: the only one that is in no service's directory."""
    children = Path(f"/proc/{pods.processes.zygote_pid}/task/{pods.processes.zygote_pid}/children")
    async with asyncio.timeout(5):
        while True:
            for pid in children.read_text().split():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    if os.readlink(f"/proc/{pid}/cwd") == "/":
                        return int(pid)
            await asyncio.sleep(0.01)


async def test_a_pod_is_ready_when_it_answers(pods: StartedPods) -> None:
    pod = await pods.run(HELLO, is_ready=False)
    assert await pod.process.ready()
    assert abs(pod.process.started - time.time()) < 60
    assert (await pod.ask()).body == b"hello"
    assert Path(f"/proc/{pod.process.pid}").exists()
    ended = await pod.stop()
    assert (ended.code, ended.signal, ended.reason) == (0, None, "Completed")
    assert ended.finished >= pod.process.started
    assert await pod.process.ready(), "it has been"
    pod.process.terminate()
    pod.process.kill()


async def test_waiting_may_be_given_up_and_done_by_many(pods: StartedPods) -> None:
    pod = await pods.run("import threading\nthreading.Event().wait()", is_ready=False)
    waits = [asyncio.create_task(pod.process.wait()) for _ in range(3)]
    for wait in (pod.process.ready(), pod.process.wait()):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await wait
    pod.process.kill()
    assert {(await wait).code for wait in waits} == {137}
    assert not await pod.process.ready()


async def test_the_socket_stays_while_processes_come_and_go(pods: StartedPods) -> None:
    pod = await pods.run(HELLO)
    first = pod.process.pid
    pod.process.kill()
    assert (await pod.process.wait()).signal == signal.SIGKILL
    early = asyncio.create_task(pod.ask())  # waits on the listener for the next process
    await pod.restart()
    assert await pod.process.ready()
    assert pod.process.pid != first
    assert (await early).body == b"hello"


async def test_a_socket_that_is_closed_is_found_by_nobody(pods: StartedPods) -> None:
    socket = pods.processes.bind("gone")
    assert socket.path.is_absolute()
    connect(socket.path).close()
    socket.close()
    assert not socket.path.exists()
    with pytest.raises(FileNotFoundError):
        connect(socket.path)


async def test_a_kill_takes_the_whole_group(pods: StartedPods) -> None:
    pod = await pods.run(PARENT)
    child = (await pod.ask()).json["child"]
    pod.process.kill()
    await pod.process.wait()
    await wait_gone(child)


async def test_an_end_of_its_own_does_too(pods: StartedPods) -> None:
    pod = await pods.run(PARENT)
    child = (await pod.ask()).json["child"]
    assert (await pod.stop()).code == 0
    await wait_gone(child)


async def test_too_much_memory_is_an_end(pods: StartedPods) -> None:
    pod = await pods.run(
        "class Handler:\n    def run(self, req):\n        self.kept = bytearray(200 * 2**20)\n        return 'kept'\n",
        memory=96 * 2**20,
    )
    _, writer = await pod.open()
    async with asyncio.timeout(10):
        ended = await pod.process.wait()
    writer.close()
    assert (ended.code, ended.signal, ended.reason) == (137, signal.SIGKILL, "OOMKilled")
    assert ended.message.endswith("MiB, and may use 96 MiB")


async def test_memory_of_child_processes_counts(pods: StartedPods) -> None:
    source = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "kept = bytearray(200 * 2**20); import time; time.sleep(600)"])
class Handler:
    def run(self, req): return "ok"
"""
    pod = await pods.run(source, memory=96 * 2**20)
    async with asyncio.timeout(10):
        assert (await pod.process.wait()).reason == "OOMKilled"


async def test_what_is_far_too_large_fails_at_once(pods: StartedPods) -> None:
    source = "class Handler:\n    def run(self, req):\n        bytearray(16 * 2**30)\n        return 'kept'\n"
    pod = await pods.run(source, memory=96 * 2**20)
    assert (await pod.ask()).status == 500
    assert any("MemoryError" in line for line in await pod.read_log())
    assert (await pod.stop()).code == 0


async def test_nothing_is_run_for_who_does_not_wait(pods: StartedPods) -> None:
    pod = await pods.run(HELLO)
    reserve = await wait_for_reserve(pods)
    with contextlib.closing(pods.processes.bind("unwanted")) as socket:
        task = asyncio.create_task(pods.processes.run(pod.container, socket))
        for _ in range(3):
            await asyncio.sleep(0)  # as far as the order that has been sent
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        other = await pods.run(HELLO)  # orders are served in turn: the unwanted one took the reserve
        assert other.process.pid != reserve
        await wait_gone(reserve)


async def test_an_order_finds_a_process_that_is_there(pods: StartedPods) -> None:
    reserve = await wait_for_reserve(pods)
    first, second = await pods.run(PARENT), await pods.run(PARENT)
    assert first.process.pid == reserve != second.process.pid
    for pod in (first, second):
        answer = await pod.ask()
        assert answer.json["pid"] == pod.process.pid
        assert (await pod.stop()).code == 0
        await wait_gone(answer.json["child"])


async def test_a_reserve_that_dies_is_nobodys_loss(pods: StartedPods) -> None:
    pid = await wait_for_reserve(pods)
    os.kill(pid, signal.SIGKILL)
    await wait_gone(pid)
    pod = await pods.run(HELLO)
    assert pod.process.pid != pid
    assert (await pod.stop()).code == 0


async def test_what_a_reserve_has_rehearsed_is_not_seen(pods: StartedPods) -> None:
    reserve = await wait_for_reserve(pods)
    pod = await pods.run(
        """
import os, sys, threading
first = []
class Handler:
    def run(self, req):
        first.append(req.path)
        fds = sorted(map(int, os.listdir("/proc/self/fd")))
        return {"fds": fds, "threads": threading.active_count(), "first": first,
                "rehearsed": "rehearsal" in sys.modules}
"""
    )
    assert pod.process.pid == reserve
    seen = (await pod.ask("/visit")).json
    assert seen["first"] == ["/visit"]
    assert seen["threads"] == 2, "the main one, and one for this visit"
    assert not seen["rehearsed"]
    assert not [line for line in await pod.read_log() if "rehearsal" in line or "Exception" in line]
    assert max(seen["fds"]) < 16
    await pod.stop()


async def test_the_zygote_has_nothing_of_the_platform(pods: StartedPods) -> None:
    zygote = Path(f"/proc/{pods.processes.zygote_pid}")
    environment = dict(line.split("=", 1) for line in (zygote / "environ").read_text().split("\0") if line)
    assert set(environment) == {"PATH", "LANG", "MALLOC_ARENA_MAX"}
    assert len(list((zygote / "task").iterdir())) == 1
    assert os.getpgid(pods.processes.zygote_pid or 0) == os.getpgid(0)


async def test_ctrl_c_in_the_terminal_is_for_the_node(pods: StartedPods) -> None:
    pid = pods.processes.zygote_pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    pod = await pods.run(HELLO)
    assert pods.processes.zygote_pid == pid
    assert (await pod.stop()).code == 0


async def test_a_dead_zygote_takes_its_children_and_is_replaced() -> None:
    async with start_pods() as pods:
        pod = await pods.run(PARENT)
        told = (await pod.ask()).json
        zygote = pods.processes.zygote_pid
        assert zygote is not None
        os.kill(zygote, signal.SIGKILL)
        ended = await pod.process.wait()
        assert (ended.code, ended.reason) == (137, "Error")
        assert not is_there(told["pid"])
        await wait_gone(told["child"])
        starting = [asyncio.create_task(pods.run(HELLO)) for _ in range(3)]
        for other in starting:
            assert (await (await other).ask()).body == b"hello"
        await pod.restart()
        assert await pod.process.ready()
        assert pods.processes.zygote_pid not in (zygote, None)


async def test_a_zygote_that_dies_while_it_is_asked_is_asked_again() -> None:
    async with start_pods() as pods:
        zygote = pods.processes.zygote_pid
        assert zygote is not None
        os.kill(zygote, signal.SIGSTOP)
        starting = [asyncio.create_task(pods.run(HELLO)) for _ in range(40)]
        await asyncio.sleep(0.05)  # some are asked for, some wait for their turn
        os.kill(zygote, signal.SIGKILL)
        for pod in await asyncio.gather(*starting):
            assert (await pod.ask()).body == b"hello"


async def test_closing_ends_everything() -> None:
    async with start_pods() as pods:
        started = [await pods.run(PARENT) for _ in range(3)]
        told = [(await pod.ask()).json for pod in started]
        zygote = pods.processes.zygote_pid
        reserve = await wait_for_reserve(pods)
    for pid in [zygote, reserve, *(t["pid"] for t in told), *(t["child"] for t in told)]:
        await wait_gone(pid)
    assert {(await pod.process.wait()).signal for pod in started} == {signal.SIGKILL}


async def test_a_node_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    script = f"""
import asyncio, sys
from tests.started_pods import start_pods
async def main():
    async with start_pods() as pods:
        pod = await pods.run({PARENT!r})
        told = (await pod.ask()).json
        print(pods.processes.zygote_pid, told["pid"], told["child"], pods.data, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    root = Path(__file__).parents[3]
    process = await asyncio.create_subprocess_exec(
        *(str(root / ".venv/bin/python"), "-c", script), cwd=root, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    *pids, data = (await process.stdout.readline()).split()
    process.kill()
    await process.communicate()
    for pid in pids:
        await wait_gone(int(pid))
    shutil.rmtree(data.decode())


async def test_a_python_that_does_not_start_is_told(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    processes = Processes(tmp_path, Path("/bin/false"), logs)
    with pytest.raises(OSError, match="the zygote does not start"):
        await processes.start()
    await processes.close()
    await logs.close()


async def test_a_data_directory_may_be_deep() -> None:
    top = Path(tempfile.mkdtemp())
    data = top / ("x" * 100) / ("y" * 100)
    data.mkdir(parents=True)
    pods = StartedPods(data)
    try:
        await pods.processes.start()
        pod = await pods.run(HELLO)
        reader, writer = await pod.open()
        await reader.readuntil(b"hello")
        writer.close()
    finally:
        await pods.close()
        shutil.rmtree(top)


async def test_environments_may_be_large(pods: StartedPods) -> None:
    source = "import os\nclass Handler:\n    def run(self, req): return str(sum(map(len, os.environ.values())))\n"
    environment = {f"KEY_{n}": "ä" * 2560 for n in range(64)}
    pod = await pods.run(source, environment=environment)
    assert int((await pod.ask()).body) > 64 * 2560


def find_limit(free: int) -> int:
    """The limit below which exactly so many numbers of descriptors are free: other tests may have left gaps."""
    listed = os.listdir("/proc/self/fd")  # one of them was for listing, and is gone
    used = {int(name) for name in listed if os.path.exists(f"/proc/self/fd/{name}")}
    numbers = (number for number in itertools.count() if number not in used)
    return next(itertools.islice(numbers, free - 1, None)) + 1


async def test_a_machine_without_descriptors_is_told(pods: StartedPods) -> None:
    pod = await pods.run(HELLO)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = len(os.listdir("/proc/self/fd"))
    with contextlib.closing(pods.processes.bind("poor")) as socket:
        for spare in range(5):
            resource.setrlimit(resource.RLIMIT_NOFILE, (find_limit(spare + 1), limits[1]))
            try:
                with pytest.raises(OSError, match="Too many open files"):
                    await pods.processes.run(pod.container, socket)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert len(os.listdir("/proc/self/fd")) == before
    assert (await pod.ask()).body == b"hello"


async def test_a_zygote_without_descriptors_goes_on(pods: StartedPods) -> None:
    pod = await pods.run(HELLO)
    zygote = pods.processes.zygote_pid
    assert zygote is not None
    limits = resource.prlimit(zygote, resource.RLIMIT_NOFILE)
    with contextlib.closing(pods.processes.bind("poorer")) as socket:
        resource.prlimit(zygote, resource.RLIMIT_NOFILE, (4, limits[1]))  # fewer than it has
        try:
            with pytest.raises(OSError, match="open files"):
                await pods.processes.run(pod.container, socket)
        finally:
            resource.prlimit(zygote, resource.RLIMIT_NOFILE, limits)
    assert (await (await pods.run(HELLO)).ask()).body == b"hello"
    assert pods.processes.zygote_pid == zygote


async def test_many_at_once_leave_no_descriptor(pods: StartedPods) -> None:
    await asyncio.gather(*[pod.stop() for pod in await asyncio.gather(*(pods.run(HELLO) for _ in range(3)))])
    before = len(os.listdir("/proc/self/fd"))
    started: list[Pod] = await asyncio.gather(*(pods.run(HELLO) for _ in range(25)))
    assert {(await pod.ask()).body for pod in started} == {b"hello"}
    assert {ended.code for ended in await asyncio.gather(*(pod.stop() for pod in started))} == {0}
    for pod in started:
        pod.socket.close()
    assert len(os.listdir("/proc/self/fd")) <= before


async def test_what_a_pod_costs(pods: StartedPods, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is asserted: the figures are for who reads them (`pytest -s`)."""
    container = (await pods.run(HELLO)).container
    times, started = [], []
    for number in range(10):
        socket = pods.processes.bind(f"timed-{number}")
        begun = time.perf_counter()
        process = await pods.processes.run(
            Container(container.namespace, f"t{number}", f"timed-{number}", "timed", container.environment,
                      container.directory, None), socket)  # fmt: skip
        assert await process.ready()
        times.append((time.perf_counter() - begun) * 1000)
        started.append((process, socket))
    private = [_read_private(process.pid) for process, _ in started]
    with capsys.disabled():
        print(f"\nfork to ready: p50 {statistics.median(times):.1f} ms, longest {max(times):.1f} ms")
        print(f"an idle pod's own memory: {statistics.median(private) / 1024:.1f} MB")
    for process, socket in started:
        process.kill()
        await process.wait()
        socket.close()


def _read_private(pid: int) -> int:
    """Kilobytes that the pod adds: its share (PSS) where others share little of it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
