"""`python -m api.dispatcher`: the dispatcher as a process. What does not live here: anything but how its parts are
joined, its start and its end."""

from __future__ import annotations

import asyncio
import functools
import os
import socket
import sys
import time
import uuid
from collections.abc import Iterable

from api.dispatcher import access
from api.dispatcher.admission import Admission
from api.dispatcher.callers import Callers
from api.dispatcher.desk import Desk
from api.dispatcher.headers import Front
from api.dispatcher.hold import Hold
from api.dispatcher.listener import Visitors
from api.dispatcher.metrics import Metrics, answer_metrics
from api.dispatcher.proxy import Exchange
from api.dispatcher.route_table import Listeners, Message, Pod, RouteTable
from api.dispatcher.settings import Settings, socket_path
from api.dispatcher.upstream import Pool
from api.dispatcher.watching import Probes, Watching
from core import sockets
from core.cluster import Cluster
from core.internal_port import parse_address
from core.link import Connection
from core.process import SettingError, catch_sigterm, configure_logging, quiet_collector, watch_lifeline

_CHECK_SECONDS = 0.25  # between two looks at what takes too long
_PARTIAL_SECONDS = 2.0  # between two looks at services of which only some pods have come
_BACKLOG = 1024


class Dispatcher:
    """All of it, joined. Needs a running loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool, self._hold, self._callers = Pool(), Hold(), Callers()
        self._probes = Probes(self._pool, self._on_ready, time.monotonic)
        self._table = RouteTable(Listeners(self._tell, self._probes.start, self._leave, self._hold.wake))
        self._cluster = Cluster.connect(settings.cluster)
        self._watching = Watching(
            self._cluster, self._table, self._probes, self._on_synced, self._settings.hold_seconds
        )
        self._access = access.AccessClient(
            parse_address(settings.access_stream),
            settings.snapshot,
            self._callers,
            self._on_callers,
            settings.internal_token_file,
        )
        self._link = Connection(
            parse_address(settings.link),
            "dispatcher",
            uuid.uuid4().hex,
            lambda _message: None,
            self._introduce,
            settings.internal_token_file,
        )
        self._desk = self._furnish()
        self._visitors = Visitors(functools.partial(Exchange, self._desk), self._desk.name_request)

    def _furnish(self) -> Desk:
        gauges = {
            "in_flight": lambda: len(self._desk.open),
            "held": lambda: self._hold.waiting,
            "connections": lambda: len(self._visitors.open),
            "services": lambda: sum(1 for _ in self._table.describe()),
        }
        return Desk(
            admission=Admission(self._table, self._callers),
            hold=self._hold,
            pool=self._pool,
            front=Front(self._settings.apps_url),
            metrics=Metrics(gauges),
            mark_unready=self._table.mark_unready,
            is_ready=self._is_ready,
            hold_seconds=self._settings.hold_seconds,
        )

    def _is_ready(self) -> bool:
        return self._table.synced and self._callers.is_told

    # -- what is heard, and what follows

    def _on_ready(self, pod: Pod) -> None:
        self._table.mark_ready(pod)

    def _leave(self, pod: Pod) -> None:
        self._probes.stop(pod)
        self._pool.leave(pod)

    def _on_callers(self) -> None:
        self._desk.cut_revoked()
        self._hold.wake_unplaced()

    def _on_synced(self) -> None:
        self._hold.wake_unplaced()
        self._tell({"type": "synced"})

    def _tell(self, message: Message) -> None:
        self._link.send(message)

    def _introduce(self) -> Iterable[Message]:
        yield from self._table.describe()
        if self._table.synced:
            yield {"type": "synced"}

    # -- start and end

    async def run(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Serve until `stop`, then finish what has begun."""
        access.load_snapshot(self._settings.snapshot, self._callers)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._visitors.accept, sock=listener, backlog=_BACKLOG)
        metrics = await self._serve_metrics()
        async with asyncio.TaskGroup() as group:
            running = [
                group.create_task(part)
                for part in (self._watching.run(), self._access.run(), self._link.run(), self._keep_checking())
            ]
            await stop.wait()
            server.close()
            await self._drain()
            await self._link.close()
            for task in running:
                task.cancel()
        await self._probes.close()
        await self._cluster.close()
        for served in metrics:
            served.close()

    async def _serve_metrics(self) -> list[asyncio.Server]:
        settings, answer = self._settings, functools.partial(answer_metrics, self._desk.metrics)
        servers = []
        if settings.metrics_socket is not None:
            sock = sockets.listen_unix(socket_path(settings.metrics_socket))
            servers.append(await asyncio.start_unix_server(answer, sock=sock))
        if settings.metrics_port is not None:
            sock = sockets.listen_tcp(settings.bind, settings.metrics_port)
            servers.append(await asyncio.start_server(answer, sock=sock))
        return servers

    async def _drain(self) -> None:
        """Each answer is the last of its connection now; who is silent for a moment is not waited for."""
        self._visitors.drain()
        deadline = time.monotonic() + self._settings.drain_seconds
        await asyncio.sleep(_CHECK_SECONDS)
        while self._visitors.busy and time.monotonic() < deadline:
            await asyncio.sleep(_CHECK_SECONDS / 10)
        self._visitors.close_idle()
        await asyncio.sleep(0)

    async def _keep_checking(self) -> None:
        """The one clock of all connections: a timer for each would cost more than the requests."""
        partial_at = 0.0
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            now = time.monotonic()
            self._visitors.check(now)
            self._pool.sweep(now)
            if now >= partial_at:
                partial_at = now + _PARTIAL_SECONDS
                self._table.accept_partial()


def open_listener(settings: Settings) -> socket.socket:
    """The visitors' listener: the one that was handed over, or a new one."""
    if settings.listen_fd is not None:
        return sockets.adopt_listener(settings.listen_fd)
    return sockets.listen_tcp(settings.bind, settings.port, _BACKLOG)


async def run(settings: Settings) -> None:
    """Run until SIGTERM."""
    watch_lifeline(settings.lifeline_fd)
    stop = catch_sigterm()
    configure_logging("dispatcher", settings.log_format)
    quiet_collector()
    await Dispatcher(settings).run(open_listener(settings), stop)


def main() -> int:
    """The process; its exit status."""
    try:
        asyncio.run(run(Settings.from_environment(os.environ)))
    except (SettingError, OSError) as error:
        print(f"dispatcher: {error}", file=sys.stderr)  # noqa: T201 - there is no log yet
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
