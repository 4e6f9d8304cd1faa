"""Api, controller and dispatcher as on several machines: joined by ports and the internal token, by nothing else."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.cluster import Cluster
from tests.api_process import ApiProcess
from tests.dispatcher_process import DispatcherProcess
from tests.node_process import NodeProcess

ROOT = Path(__file__).parent.parent.parent
IMAGE = "registry.example/paaks-runtime@sha256:" + "0" * 64
TOKEN = "the-internal-token-of-a-test"


def find_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Site:
    """All processes of ours; `ports` of the link, the access stream, the controller's health, the metrics."""

    def __init__(self, database_url: str, stack: ExitStack) -> None:
        self.ports = {name: find_port() for name in ("link", "access", "health", "metrics")}
        self.directory = Path(tempfile.mkdtemp(prefix="paaks-ports-"))
        stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.token = self.directory / "token"
        self.token.write_text(TOKEN + "\n")
        self.node = NodeProcess()
        stack.callback(self.node.remove)
        self.node.start()
        self.door = DispatcherProcess(self.node.target)
        stack.callback(self.door.remove)
        given = {"ACCESS_STREAM_PORT": self.ports["access"], "INTERNAL_TOKEN_FILE": self.token}
        self.api = ApiProcess(database_url, CLUSTER=self.node.target, DRAIN_SECONDS=1, **given)
        stack.callback(self.api.close)
        self.controller: subprocess.Popen[bytes] | None = None
        stack.callback(self.end_controller)

    def start_controller(self) -> None:
        """`python -m controller`, with its ports."""
        given = {
            **{name: self.api.settings[name] for name in ("DATA", "DATABASE_URL", "LINK", "CLUSTER")},
            "LINK_PORT": self.ports["link"],
            "HEALTH_PORT": self.ports["health"],
            "INTERNAL_TOKEN_FILE": self.token,
            "RUNTIME_IMAGE": IMAGE,
        }
        environment = {"PATH": os.environ["PATH"]} | {f"PAAKS_{name}": str(value) for name, value in given.items()}
        with (self.directory / "controller.log").open("ab") as log:
            self.controller = subprocess.Popen(
                [sys.executable, "-m", "controller"], cwd=ROOT, env=environment, stderr=log
            )

    def end_controller(self) -> int:
        """SIGTERM; its exit status."""
        assert self.controller is not None
        if self.controller.poll() is None:
            self.controller.send_signal(signal.SIGTERM)
        return self.controller.wait(20)

    def start_door(self) -> None:
        """A dispatcher that has only addresses."""
        self.door.start(
            LINK=f"tcp:localhost:{self.ports['link']}",
            ACCESS_STREAM=f"tcp:127.0.0.1:{self.ports['access']}",
            INTERNAL_TOKEN_FILE=str(self.token),
            METRICS_PORT=str(self.ports["metrics"]),
        )

    def ask(self, name: str, path: str) -> httpx2.Response | None:
        """One of the internal ports that speak HTTP."""
        try:
            return httpx2.get(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=5)
        except httpx2.HTTPError:
            return None

    def wait_status(self, name: str, path: str, status: int) -> None:
        """Until it answers so."""
        deadline = time.monotonic() + 20
        while (answer := self.ask(name, path)) is None or answer.status_code != status:
            assert time.monotonic() < deadline, (self.directory / "controller.log").read_text()
            time.sleep(0.05)  # there is no event to wait for

    def wait_state(self, state: str) -> dict[str, Any]:
        """Until the template's service is so."""
        deadline = time.monotonic() + 30
        with self.api.open(self.api.token) as client:
            while True:
                service: dict[str, Any] = client.get("/api/v1/tenants/demo/services/hello").json()
                if service["status"]["state"] == state:
                    return service
                assert time.monotonic() < deadline, (
                    service["status"],
                    (self.directory / "controller.log").read_text()[-3000:],
                )
                time.sleep(0.05)


@pytest.fixture(scope="module")
def site(database_url: str) -> Iterator[Site]:
    """Everything is started, and `hello` of the template is on its way."""
    with ExitStack() as stack:
        site = Site(database_url, stack)
        site.api.start()
        site.start_controller()
        site.start_door()
        yield site


async def test_a_change_goes_all_the_way_over_ports(site: Site) -> None:
    site.wait_status("health", "/readyz", 200)
    await site.door.wait_ready()
    service = site.wait_state("live")

    answer = await site.door.exchange(b"GET /~demo/hello/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert f"PaaKS-Revision: {service['commit']}".encode() in answer


async def test_handlers_run_in_the_image_that_was_named(site: Site) -> None:
    site.wait_state("live")
    cluster = Cluster.connect(site.node.target)
    deployments, _ = await cluster.list("Deployment")
    await cluster.close()
    assert {c["image"] for d in deployments for c in d["spec"]["template"]["spec"]["containers"]} == {IMAGE}


def test_health_and_metrics_have_ports_of_their_own(site: Site) -> None:
    site.wait_status("health", "/readyz", 200)
    live, lost = site.ask("health", "/livez"), site.ask("health", "/elsewhere")
    assert (live and live.status_code, lost and lost.status_code) == (200, 404)
    metrics = site.ask("metrics", "/metrics")
    assert metrics is not None
    assert "paaks_dispatcher_requests_total" in metrics.text


@pytest.mark.parametrize("name", ["link", "access"])
@pytest.mark.parametrize("said", [b"not-the-internal-token\n", b'{"type":"hello","role":"dispatcher","id":"x"}\n'])
async def test_without_the_token_nothing_is_told(site: Site, name: str, said: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.ports[name])
    writer.write(said)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_a_dispatcher_without_the_token_is_never_ready(site: Site) -> None:
    stranger = DispatcherProcess(site.node.target)
    wrong = stranger.directory / "token"
    wrong.write_text("another-token-than-the-internal\n")
    try:
        stranger.start(
            LINK=f"tcp:127.0.0.1:{site.ports['link']}",
            ACCESS_STREAM=f"tcp:127.0.0.1:{site.ports['access']}",
            INTERNAL_TOKEN_FILE=str(wrong),
        )
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            answer = await stranger.exchange(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert not answer.startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.1)

        wrong.write_text(TOKEN)  # it is read again, and nobody has to restart anything
        await stranger.wait_ready()
        assert stranger.terminate() == 0
    finally:
        stranger.remove()


async def test_visitors_do_not_notice_that_the_controller_is_gone(site: Site) -> None:
    site.wait_state("live")
    assert site.end_controller() == 0
    answer = await site.door.exchange(b"GET /~demo/hello/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    site.start_controller()
    site.wait_status("health", "/readyz", 200)
    site.wait_state("live")
