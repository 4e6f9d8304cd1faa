"""The access stream's other end: reads what the api tells of callers, and keeps the last snapshot for the next start.

While the api is away, what was told last counts. What does not live here: what it means (`callers.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from api.dispatcher.callers import Callers
from core import internal_port
from core.credentials import BadCredential
from core.internal_port import Address

_log = structlog.get_logger(component="access")
_LINE_LIMIT = 64 * 2**20  # bytes: a snapshot of some hundred thousand tokens
SILENCE_SECONDS = 4.0  # a bookmark comes each second
_FIRST_DELAY, _LONGEST_DELAY = 0.02, 1.0
_WRONG = (ValueError, KeyError, TypeError, AttributeError, BadCredential)


def load_snapshot(path: Path, callers: Callers) -> bool:
    """Take the stored snapshot, if there is one; False where there is none that can be read."""
    try:
        return callers.take(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return False
    except (OSError, *_WRONG) as error:
        _log.warning("the stored snapshot cannot be read", path=str(path), cause=repr(error))
        return False


def store_snapshot(path: Path, message: dict[str, Any]) -> None:
    """Write a snapshot: whole or not at all, for nobody else to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(message, file)
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise


class AccessClient:
    """Keeps a connection to the stream; `on_change` after each message that has changed anything.

    `token_file` is for a port: see `core/internal_port.py`.
    """

    def __init__(
        self,
        address: Address,
        snapshot: Path,
        callers: Callers,
        on_change: Callable[[], None],
        token_file: Path | None = None,
    ) -> None:
        self._address, self._token_file = address, token_file
        self._snapshot, self._callers, self._on_change = snapshot, callers, on_change
        self._changed = asyncio.Event()
        self.is_connected = False

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_reading())
            group.create_task(self._keep_storing())

    async def _keep_reading(self) -> None:
        delay = _FIRST_DELAY
        while True:
            try:
                await self._read()
            except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, *_WRONG) as error:
                if self.is_connected:
                    _log.warning("the access stream has ended", cause=repr(error))
            delay = _FIRST_DELAY if self.is_connected else min(2 * delay, _LONGEST_DELAY)
            self.is_connected = False
            await asyncio.sleep(random.uniform(0, delay))

    async def _read(self) -> None:
        """One connection, to its end: messages, and never a long silence."""
        reader, writer = await internal_port.open_stream(self._address, self._token_file, _LINE_LIMIT)
        try:
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    line = await reader.readuntil(b"\n")
                message = json.loads(line)
                if not self.is_connected and message["type"] != "snapshot":
                    raise ValueError("the stream does not begin with a snapshot")
                has_changed = self._callers.take(message)
                self.is_connected = True
                if has_changed:
                    self._changed.set()
                    self._on_change()
        finally:
            writer.close()

    async def _keep_storing(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await asyncio.to_thread(store_snapshot, self._snapshot, self._callers.write())
            except OSError as error:
                _log.warning("the snapshot cannot be stored", path=str(self._snapshot), cause=repr(error))
