"""`python -m runtime.node`: puts the node together, serves until SIGTERM, then ends its pods with their grace."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys

from runtime.node import log_lines
from runtime.node.api import Api
from runtime.node.deployments import Deployments
from runtime.node.events import Events
from runtime.node.logs import Logs
from runtime.node.namespaces import Namespaces
from runtime.node.objects import Store
from runtime.node.pods import Pods, PodSettings
from runtime.node.processes import Processes
from runtime.node.server import Server, adopt_listener, listen_unix
from runtime.node.settings import SettingError, Settings, read_settings
from runtime.node.volumes import Volumes
from runtime.node.watch import Ring

LONGEST_GRACE = 20.0  # seconds: whoever stops the node waits a little longer


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    log = log_lines.configure_logging(settings.log_format)
    stop = _catch_signals()
    gc.freeze()  # what is loaded stays; and a call leaves few cycles, so that looking for them can wait
    gc.set_threshold(20_000, 20, 20)
    if settings.lifeline_fd is not None:
        asyncio.get_running_loop().add_reader(settings.lifeline_fd, os._exit, 1)
    store = Store()
    events = Events(store)
    logs, volumes = Logs(settings.data), Volumes(settings.data)
    # A node that was killed has left the files of its pods behind.
    volumes.sweep()
    processes = Processes(settings.data, settings.runtime_python, logs)
    await processes.start()
    deployments, namespaces = Deployments(store, events), Namespaces(store, logs.forget)
    pods = Pods(store, events, processes, volumes, PodSettings())
    ring = Ring(store)  # the last to hear of a change: what follows from it is begun before it is told
    server = Server(Api(store, ring, logs))
    try:
        async with asyncio.TaskGroup() as group:
            settling = [group.create_task(part.run()) for part in (deployments, namespaces)]
            await _open_doors(server, settings)
            log.info("ready", socket=str(settings.node_socket))
            await stop.wait()
            log.info("stopping")
            for task in settling:
                task.cancel()
        await pods.close(LONGEST_GRACE)
    finally:
        await server.close()
        await processes.close()
        await logs.close()
    log.info("stopped")


async def _open_doors(server: Server, settings: Settings) -> None:
    if settings.listen_fd is not None and settings.node_token_file is not None:
        token = settings.node_token_file.read_text().strip()
        await server.serve(adopt_listener(settings.listen_fd), token)
    await server.serve(listen_unix(settings.node_socket))


def _catch_signals() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets; a second one ends the process at once."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stop


def main() -> None:
    """Read the settings and serve."""
    try:
        settings = read_settings(os.environ)
    except SettingError as error:
        sys.exit(f"node: {error}")
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
