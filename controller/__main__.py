"""`python -m controller`: the controller as a process. What does not live here: anything but its start and its end."""

from __future__ import annotations

import asyncio
import os
import sys

from controller.loop import Controller, hold_lock
from controller.settings import Settings
from core import store
from core.errors import PaaksError
from core.process import SettingError, catch_sigterm, configure_logging, quiet_collector, watch_lifeline


async def run(settings: Settings) -> None:
    """Run until SIGTERM."""
    watch_lifeline(settings.lifeline_fd)
    stop = catch_sigterm()
    log = configure_logging("controller", settings.log_format)
    quiet_collector()
    engine = store.open_engine(settings.database_url)
    try:
        await store.check_schema(engine)
    finally:
        await engine.dispose()
    running = asyncio.create_task(Controller(settings, log).run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not running.done():
        running.cancel()
    await asyncio.gather(running, stopping, return_exceptions=True)
    if not running.cancelled() and (error := running.exception()) is not None:
        raise error


def main() -> int:
    """The process; its exit status."""
    try:
        settings = Settings.from_environment(os.environ)
        with hold_lock(settings):
            asyncio.run(run(settings))
    except (SettingError, OSError, PaaksError) as error:
        print(f"controller: {error}", file=sys.stderr)  # noqa: T201 - there is no log yet
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
