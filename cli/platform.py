"""One `paaks up`: which programs run, in which order they start and stop, and what they are told.

What does not live here: how a program is kept running (`supervisor.py`), the command line (`up.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli import database, endpoints, process_logs
from cli.data_directory import DataDirectory
from cli.failure import Exit, Failure
from cli.supervisor import Backoff, Program, Supervisor

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60.0
_POLL_SECONDS = 0.01
# Visitors and pushes first, for they need the rest to finish; the database last. Seconds since the signal.
_PHASES = ((("dispatcher", "api"), 17.0), (("controller",), 19.0), (("node",), 23.0), (("database",), 25.0))
# What only the command line reads. The rest of `PAAKS_*` is handed on: it may be a setting of one of the processes.
_OURS = frozenset(
    f"PAAKS_{name}"
    for name in (
        *("API_PORT", "DISPATCHER_PORT", "NODE_PORT", "BIND", "NO_CONTROLLER", "VERBOSE"),
        *("SERVER", "TENANT", "TOKEN", "OUTPUT", "NO_COLOR", "DEBUG", "PASSWORD", "CONTEXT", "TIMEOUT"),
    )
)


@dataclass(frozen=True)
class Settings:
    """What the person who started it chose. The listeners and the lock are open, and stay so.

    `root` is the directory that our modules are started from.
    """

    data: DataDirectory
    lock: int
    api: socket.socket
    dispatcher: socket.socket
    node: socket.socket
    runtime_python: Path
    controller: bool = True
    insecure_single_domain: bool = False
    verbose: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    backoff: Backoff = field(default_factory=Backoff)
    root: Path = _ROOT

    @property
    def public_url(self) -> str:
        """What people type to reach api and git."""
        return self.environment.get("PAAKS_PUBLIC_URL") or endpoints.url_of(self.api)

    @property
    def apps_url(self) -> str:
        """What visitors type."""
        return self.environment.get("PAAKS_APPS_URL") or endpoints.url_of(self.dispatcher)


@dataclass(frozen=True)
class Started:
    """What there is to say once everything answers. `first`: there was no such data before."""

    seconds: float
    first: bool


class Platform:
    """The processes of one `paaks up`. Needs a running loop."""

    def __init__(self, settings: Settings, on_ready: Callable[[Started], None]) -> None:
        self._settings = settings
        self._data = settings.data
        self._on_ready = on_ready
        self._supervisor = Supervisor(_tell, settings.backoff)
        # The other end is never closed and never inherited: it closes when this process ends, however it ends.
        self._lifeline, self._held = os.pipe()
        self._stop = asyncio.Event()
        self._signals = 0
        self._began = time.monotonic()

    async def run(self) -> Exit:
        """Start everything, keep it running until SIGTERM or SIGINT, stop it. Raises Failure where it cannot start."""
        self._catch_signals()
        self._data.endpoints.unlink(missing_ok=True)
        rotation = asyncio.create_task(process_logs.keep_rotating(self._data.logs))
        try:
            await self._unless_stopped(self._start())
            await self._stop.wait()
        finally:
            rotation.cancel()
            self._data.endpoints.unlink(missing_ok=True)
            await self._supervisor.stop(_PHASES)
        return Exit.INTERRUPTED if self._signals > 1 else Exit.DONE

    def _catch_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                asyncio.get_running_loop().add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        self._signals += 1
        self._stop.set()
        if self._signals > 1:
            self._supervisor.kill()

    async def _unless_stopped(self, start: Coroutine[None, None, None]) -> None:
        """Wait for the start, a stop, or the news that there is no hope, whatever comes first."""
        starting, stopping = asyncio.create_task(start), asyncio.create_task(self._stop.wait())
        failing = self._supervisor.failed
        ends: list[asyncio.Future[Any]] = [starting, stopping, failing]
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if starting in done:
            starting.result()
            return
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, Failure):
            await starting
        if failing in done:
            raise failing.result()

    async def _start(self) -> None:
        first = not self._data.first_login.exists()
        token = endpoints.keep_token(self._data.node_token)
        # Node and dispatcher need no database: they load while it starts.
        self._supervisor.keep(self._program("node", "runtime.node", self._settings.node))
        self._supervisor.keep(self._program("dispatcher", "api.dispatcher", self._settings.dispatcher))
        await self._start_database()
        await self._supervisor.run_once(self._program("migrate", "core.migrations"))
        self._supervisor.keep(self._program("api", "api", self._settings.api))
        if self._settings.controller:
            self._supervisor.keep(self._program("controller", "controller"))
        await self._wait_until_ready()
        self._supervisor.settle()
        endpoints.write_kubeconfig(self._data.kubeconfig, endpoints.url_of(self._settings.node), token)
        endpoints.write_endpoints(self._data.endpoints, self._addresses())
        self._on_ready(Started(time.monotonic() - self._began, first))

    async def _start_database(self) -> None:
        if "PAAKS_DATABASE_URL" in self._settings.environment:
            return
        embedded = database.find(self._data)
        await asyncio.to_thread(embedded.initialise)
        self._supervisor.keep(self._database_program(embedded))
        while not ((pid := self._supervisor.pid_of("database")) and embedded.is_ready(pid)):
            await asyncio.sleep(_POLL_SECONDS)

    async def _wait_until_ready(self) -> None:
        probes = [
            endpoints.probe_of("api", self._settings.api),
            endpoints.probe_of("dispatcher", self._settings.dispatcher),
            endpoints.Probe("node", socket=self._data.run / "node.sock"),
        ]
        waits = {probe.name: asyncio.create_task(probe.wait()) for probe in probes}
        _, late = await asyncio.wait(waits.values(), timeout=_START_SECONDS)
        if late:
            names = ", ".join(name for name, wait in waits.items() if wait in late)
            for wait in late:
                wait.cancel()
            raise Failure(f"not ready after {_START_SECONDS:.0f} s: {names}", hint=f"see the logs in {self._data.logs}")

    def _program(self, name: str, module: str, listener: socket.socket | None = None) -> Program:
        environment = self._environment()
        inherit = [self._lifeline, self._settings.lock]
        if listener is not None:
            environment["PAAKS_LISTEN_FD"] = str(listener.fileno())
            inherit.append(listener.fileno())
        command = [sys.executable, "-m", module]
        return Program(name, command, environment, inherit, self._log(name), directory=self._settings.root)

    def _database_program(self, embedded: database.Database) -> Program:
        return Program(
            "database",
            embedded.command(),
            self._inherited_environment(),
            [self._settings.lock],
            self._log("database"),
            stop_signal=signal.SIGINT,  # "fast": ends sessions and writes a checkpoint
        )

    def _log(self, name: str) -> Path | None:
        return None if self._settings.verbose else self._data.logs / f"{name}.log"

    def _addresses(self) -> dict[str, str]:
        return {
            "api": endpoints.url_of(self._settings.api),
            "dispatcher": endpoints.url_of(self._settings.dispatcher),
            "node": endpoints.url_of(self._settings.node),
        }

    def _inherited_environment(self) -> dict[str, str]:
        return {name: value for name, value in self._settings.environment.items() if name not in _OURS}

    def _environment(self) -> dict[str, str]:
        """The one environment of all our processes."""
        settings, run = self._settings, self._data.run
        own = {
            "DATA": str(self._data.path),
            "LIFELINE_FD": str(self._lifeline),
            "LOG_FORMAT": "text" if settings.verbose else "json",
            "CLUSTER": f"unix:{run / 'node.sock'}",
            "LINK": f"unix:{run / 'link.sock'}",
            "ACCESS_STREAM": f"unix:{run / 'access.sock'}",
            "METRICS_SOCKET": f"unix:{run / 'dispatcher-metrics.sock'}",
            "PUBLIC_URL": settings.public_url,
            "APPS_URL": settings.apps_url,
            "ISOLATION": "none",
            "INSECURE_SINGLE_DOMAIN": "1" if settings.insecure_single_domain else "0",
            "RUNTIME_PYTHON": str(settings.runtime_python),
            "NODE_SOCKET": str(run / "node.sock"),
            "NODE_TOKEN_FILE": str(self._data.node_token),
        }
        inherited = self._inherited_environment()
        if "PAAKS_DATABASE_URL" not in inherited:
            inherited["PAAKS_DATABASE_URL"] = database.find(self._data).url
        return inherited | {f"PAAKS_{name}": value for name, value in own.items()}


def _tell(line: str) -> None:
    """A line for the person; the terminal may be gone."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)
