"""`python -m api`: the api as a process, from its settings to its drained end. Nothing else imports it.

What does not live here: the parts (`composition.py`), the routes (`app.py`), what runs beside them (`maintenance.py`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from api import first_start, maintenance
from api.access_stream import AccessStream
from api.announcer import Actor
from api.app import create_app
from api.composition import open_platform
from api.deps import Platform
from api.routes.tenants import announce
from api.server import make_server
from api.settings import Settings
from core import sockets, store
from core.errors import PaaksError, RetryLater
from core.process import SettingError, catch_sigterm, configure_logging, quiet_collector, read_settings, watch_lifeline


async def run(settings: Settings) -> None:
    """Serve until SIGTERM, then drain."""
    watch_lifeline(settings.lifeline_fd)
    stop = catch_sigterm()
    log = configure_logging("api", settings.log_format)
    quiet_collector()
    async with open_platform(settings, time.time()) as platform:
        server = make_server(create_app(platform), settings.drain_seconds)
        stream = AccessStream(platform.directory, platform.tenants, platform.keys)
        async with asyncio.TaskGroup() as group:
            jobs = [group.create_task(job) for job in (platform.link.run(), _start(platform, stream))]
            serving = group.create_task(server.serve([_open_listener(settings)]))
            log.info("api.started", pid=os.getpid())
            await stop.wait()
            log.info("api.draining")
            server.should_exit = True
            platform.live.close()
            await serving
            await stream.close()
            await platform.link.close()
            for job in jobs:
                job.cancel()
    log.info("api.ended")


async def _start(platform: Platform, stream: AccessStream) -> None:
    """Bring everything to where requests can be answered, and stay at it; not ready until then.

    Nothing else is asked of the database before its schema is known to be ours.
    """
    await _insist(lambda: store.check_schema(platform.engine))
    await _insist(platform.directory.refresh)
    await _insist(lambda: _bootstrap(platform))
    await _insist(lambda: maintenance.ask_git(platform))
    await maintenance.sweep(platform)
    await _serve_stream(platform.settings, stream)
    platform.directory.on_change.append(stream.look)
    platform.readiness.started = True
    await asyncio.gather(stream.run(platform.settings.look_seconds), *maintenance.list_jobs(platform))


async def _serve_stream(settings: Settings, stream: AccessStream) -> None:
    await stream.serve(settings.access_socket)
    if settings.access_stream_port is not None and settings.internal_token_file is not None:
        await stream.serve_port(settings.bind, settings.access_stream_port, settings.internal_token_file)


async def _bootstrap(platform: Platform) -> None:
    is_first = await first_start.bootstrap(platform.settings, platform.engine, platform.accounts, platform.tenants)
    await platform.directory.refresh()
    tenants = platform.tenants.all()
    if is_first and tenants:
        await announce(platform, tenants[0], Actor("paaks@localhost", "PaaKS", "api"))


async def _insist(work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """Again and again until the world lets it happen."""
    while True:
        try:
            await work()
        except RetryLater as error:
            await asyncio.sleep(min(error.delay, 0.2))
        else:
            return


def _open_listener(settings: Settings) -> socket.socket:
    if settings.listen_fd is not None:
        return sockets.adopt_listener(settings.listen_fd)
    return sockets.listen_tcp(settings.bind, settings.port)


def main() -> int:
    """The process; its exit status."""
    try:
        asyncio.run(run(read_settings(Settings, os.environ)))
    except (SettingError, OSError, PaaksError) as error:
        return _refuse(error)
    except ExceptionGroup as group:
        expected, others = group.split(PaaksError)
        if others is not None or expected is None:
            raise
        return _refuse(expected.exceptions[0])
    return 0


def _refuse(error: Exception) -> int:
    print(f"api: {error}", file=sys.stderr)  # noqa: T201 - for whoever started it
    return 1


if __name__ == "__main__":
    sys.exit(main())
