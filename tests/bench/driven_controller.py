"""The controller as a process of a benchmark: the real one, which is told on its standard input what to look at, and
says on its standard output how many seconds that took. What does not live here: what is measured (`scale.py`).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from controller.loop import Controller
from controller.settings import Settings
from core.process import configure_logging, watch_lifeline

ROOT = Path(__file__).resolve().parent.parent.parent


class Driven(Controller):
    """Knows which tenants have been passed since it was asked."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, configure_logging("controller", settings.log_format))
        self._awaited: set[str] = set()
        self._passed = asyncio.Event()

    async def _pass(self, key: str) -> bool:
        outcome = await super()._pass(key)
        self._awaited.discard(key)
        if not self._awaited:
            self._passed.set()
        return outcome

    async def wait_started(self) -> None:
        """Returns when every kind has been listed, and every tenant has been passed once."""
        await self._objects.wait_synced()
        await self._wait_for({tenant.id for tenant in self.tenants.all()})

    async def sync(self, tenant: str) -> None:
        """One tenant, as after a hint; returns when it has been passed."""
        self.queue.add(tenant)
        await self._wait_for({tenant})

    async def resync(self) -> None:
        """Compare everything with the cluster, as every ten minutes; returns when that is done."""
        tenants = {tenant.id for tenant in self.tenants.all()}
        for tenant in tenants:
            self._memory(tenant).settled.clear()
            self.queue.add(tenant)
        await self._wait_for(tenants)

    async def _wait_for(self, tenants: set[str]) -> None:
        self._awaited = tenants
        self._passed.clear()
        if tenants:
            await self._passed.wait()


async def _serve(settings: Settings) -> None:
    watch_lifeline(settings.lifeline_fd)
    controller = Driven(settings)
    running = asyncio.create_task(controller.run())
    await controller.wait_started()
    print(0.0, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        began = time.monotonic()
        await (controller.sync(line.strip()) if line.strip() else controller.resync())
        print(time.monotonic() - began, flush=True)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


class ControllerProcess:
    """The other end: starts it, asks it, ends it. Its standard error goes to ours."""

    def __init__(self, data: Path, kubeconfig: Path, database_url: str) -> None:
        (data / "run").mkdir(exist_ok=True)
        # A cluster has one installation: the data of a benchmark are all of the same.
        (data / "installation").write_text("benchmark\n")
        self._settings = {
            "PAAKS_DATA": str(data),
            "PAAKS_CLUSTER": f"kubeconfig:{kubeconfig}",
            "PAAKS_LINK": f"unix:{data}/run/link",
            "PAAKS_DATABASE_URL": database_url,
        }
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Start it; seconds until everything has been listed and compared once."""
        began = time.monotonic()
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.bench.driven_controller"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | self._settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()
        return time.monotonic() - began

    def resync(self) -> float:
        """Seconds until everything has been compared again."""
        return self._ask("")

    def sync(self, tenant: str) -> float:
        """Seconds from the hint that a tenant has changed until the cluster has been told all of it."""
        return self._ask(tenant)

    def _ask(self, line: str) -> float:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> float:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the controller has ended with status {self._process.wait(10)}")
        return float(line)

    def close(self) -> None:
        """End it by the end of its input."""
        if self._process is not None:
            self._process.communicate(timeout=60)
            self._process = None


if __name__ == "__main__":
    asyncio.run(_serve(Settings.from_environment(os.environ)))
