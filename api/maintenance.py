"""What is done now and then beside the requests: look for what others changed, keep repositories and tables in shape.

What does not live here: how each of it is done (`directory.py`, `tokens.py`, `core/repository.py`).
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog

from api.deps import Platform
from core import repository
from core.errors import PaaksError

_NOTE_SECONDS = 10.0  # between two notes of when tokens were used
_log: Any = structlog.get_logger(component="api")


async def keep_doing(what: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do something again and again, without end; that it fails is said when it begins and when it is over."""
    failing = False
    while True:
        try:
            await work()
            if failing:
                _log.info("background.mended", what=what)
            failing = False
        except (PaaksError, OSError, subprocess.SubprocessError) as error:
            if not failing:
                _log.warning("background.failed", what=what, error=str(error))
            failing = True
        await asyncio.sleep(seconds)


async def look_around(platform: Platform) -> None:
    """Who is who and which keys are good, as others may have changed it."""
    platform.keys.tend(time.time(), platform.settings.key_seconds)
    await platform.directory.refresh()


async def note_uses(platform: Platform) -> None:
    """Write down when tokens were last used."""
    uses = platform.authenticator.take_uses()
    if uses:
        await platform.sessions.note_uses(uses)


async def ask_git(platform: Platform) -> None:
    """Git has to answer before this process can serve."""
    command = ["git", "--version"]
    run = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True, timeout=10)
    platform.readiness.git = run.stdout.decode(errors="replace").strip()


async def tidy(platform: Platform) -> None:
    """Pack the repositories that need it, and forget the answers that nobody will ask for again."""
    for tenant in platform.tenants.all():
        await asyncio.to_thread(_maintain, platform.tenants.path_of(tenant))
    await platform.idempotency.forget_old()


async def tidy_crowded(platform: Platform) -> None:
    """Wait for a push that has brought many loose objects, and pack its repository if it needs it now."""
    tenant = await platform.crowded.get()
    await asyncio.to_thread(_maintain, platform.tenants.path_of(tenant))


async def sweep(platform: Platform) -> None:
    """Remove what killed writers left; each repository is held alone for that, so no writer of ours is at work."""
    await asyncio.to_thread(platform.tenants.remove_drafts)
    for tenant in platform.tenants.all():
        removed = await asyncio.to_thread(repository.sweep, platform.tenants.path_of(tenant))
        if removed:
            _log.info("repository.swept", tenant=tenant.slug, removed=removed)


def _maintain(path: Path) -> None:
    if repository.needs_maintenance(path):
        repository.maintain(path)
        _log.info("repository.maintained", repository=path.name)


def list_jobs(platform: Platform) -> list[Coroutine[Any, Any, None]]:
    """Everything that runs as long as the process."""
    settings = platform.settings
    return [
        keep_doing("directory", settings.look_seconds, lambda: look_around(platform)),
        keep_doing("tokens' uses", _NOTE_SECONDS, lambda: note_uses(platform)),
        keep_doing("repositories", settings.maintenance_seconds, lambda: tidy(platform)),
        keep_doing("pushed repositories", 0.0, lambda: tidy_crowded(platform)),
    ]
