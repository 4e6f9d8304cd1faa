"""How the node's process starts and ends, and that nothing of it is left, however it ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import pytest

from core.cluster import Cluster
from core.watch import WatchSettings, follow
from tests.node_process import ROOT, NodeProcess, is_running
from tests.tenant_objects import SECONDS, Object, Tenant, ask, handler


async def deployed(node: NodeProcess, program: str) -> tuple[Object, Tenant]:
    """A pod on the node, ready; its tenant's client is closed."""
    cluster = Cluster.connect(node.target)
    tenant = Tenant(cluster)
    try:
        await tenant.create()
        (pod,) = await tenant.wait_ready("hello", await tenant.deploy("hello", program))
    finally:
        await cluster.close()
    return pod, tenant


async def wait_gone(pids: list[int]) -> None:
    async with asyncio.timeout(5):
        while any(map(is_running, pids)):
            await asyncio.sleep(0.01)  # nobody tells of the end of a process that is not one's child


async def test_kill_9_of_the_node_takes_its_pods_along(new_node: NodeProcess) -> None:
    pod, _ = await deployed(new_node, handler("x"))
    assert await ask(pod) == "x"
    pids = new_node.pods()
    assert len(pids) >= 2
    new_node.kill()
    await wait_gone(pids)


async def test_a_node_that_was_killed_starts_again_and_runs_what_is_applied(new_node: NodeProcess) -> None:
    await deployed(new_node, handler("before"))
    new_node.kill()
    new_node.start()
    pod, _ = await deployed(new_node, handler("after"))
    assert await ask(pod) == "after"


async def test_who_follows_a_node_sees_through_its_restart(new_node: NodeProcess) -> None:
    _, tenant = await deployed(new_node, handler("x"))
    cluster = Cluster.connect(new_node.target)
    changes = follow(cluster, "Deployment", settings=WatchSettings(longest_delay=0.2))
    try:
        async with asyncio.timeout(SECONDS):
            assert [(await anext(changes)).type for _ in range(2)] == ["added", "synced"]
            new_node.kill()
            new_node.start()
            assert [(await anext(changes)).type for _ in range(2)] == ["missing", "synced"]
            tenant = Tenant(cluster)
            await tenant.create()
            await tenant.deploy("again", handler("x"))
            assert (await anext(changes)).type == "added"
    finally:
        await changes.aclose()
        await cluster.close()


async def test_sigterm_lets_pods_finish_what_they_do(new_node: NodeProcess) -> None:
    slow = "import time\n" + handler("done").replace("        return", "        time.sleep(0.7)\n        return")
    pod, _ = await deployed(new_node, slow)
    pids = new_node.pods()
    answering = asyncio.create_task(ask(pod))
    await asyncio.sleep(0.2)  # the request is in the handler now
    status = await asyncio.to_thread(new_node.terminate)
    assert status == 0
    assert await answering == "done"
    await wait_gone(pids)
    assert not new_node.socket.exists() or not _answers(new_node)


def _answers(node: NodeProcess) -> bool:
    return node._answers()


async def test_the_end_of_the_lifeline_is_the_end_at_once(new_node: NodeProcess) -> None:
    await deployed(new_node, handler("x"))
    pids = new_node.pods()
    started = time.monotonic()
    assert new_node.cut_lifeline() == 1
    assert time.monotonic() - started < 3
    await wait_gone(pids)


async def test_a_handler_has_nothing_of_the_platforms_environment(new_node: NodeProcess) -> None:
    program = "import os\nclass Handler:\n    def run(self, req):\n        return dict(os.environ)\n"
    pod, _ = await deployed(new_node, program)
    answered = await ask(pod)
    assert "PAAKS_SERVICE" in answered
    for secret in ("SECRET_OF_THE_PLATFORM", "do not hand this on", "NODE_TOKEN", "NODE_SOCKET"):
        assert secret not in answered


@pytest.mark.parametrize(
    ("settings", "named"),
    [({}, "PAAKS_DATA"), ({"PAAKS_DATA": "/x", "PAAKS_NONSENSE": "1"}, "PAAKS_NONSENSE")],
)
def test_a_wrong_setting_is_named(settings: dict[str, str], named: str) -> None:
    environment = {"PATH": os.environ["PATH"], **settings}
    command = [sys.executable, "-m", "runtime.node"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"node: {named} is not")
    assert "Traceback" not in ended.stderr
