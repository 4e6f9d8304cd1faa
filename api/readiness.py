"""Is the process ready, and what of the platform answers? The parts one by one, none asked for longer than a moment.

What does not live here: the addresses that say it (`routes/health.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core import store
from core.errors import PaaksError

if TYPE_CHECKING:
    from api.deps import Platform

_SECONDS = 1.5


@dataclass(frozen=True)
class Network:
    """Does the cluster's network keep tenants apart? None: it could not be found out. `at` is RFC 3339."""

    enforced: bool | None
    sentence: str
    at: str


@dataclass
class Readiness:
    """What is known since the start. `git` is its version, once it has answered; `network` the controller's word."""

    started: bool = False
    git: str | None = None
    network: Network | None = None


@dataclass(frozen=True)
class Part:
    """One part: does it answer, and must it for this process to be ready?"""

    name: str
    ok: bool
    needed: bool
    detail: str


def look_at_own(platform: Platform) -> list[Part]:
    """The parts without which nobody can be served; costs nothing."""
    readiness, directory = platform.readiness, platform.directory
    return [
        Part("directory", directory.loaded, True, f"version {directory.now.version}"),
        Part("first start", readiness.started, True, "done" if readiness.started else "not done yet"),
        Part("git", readiness.git is not None, True, readiness.git or "does not answer"),
    ]


async def look_at_all(platform: Platform) -> list[Part]:
    """Those, and the other processes."""
    others = await asyncio.gather(
        _try("database", _ask_database(platform)), _try("node", platform.cluster.get("Namespace", None, "default"))
    )
    connected = platform.link.connected
    link = Part("controller", connected, False, "connected" if connected else "not connected")
    return [*look_at_own(platform), *others, link, *_look_at_network(platform)]


def _look_at_network(platform: Platform) -> Iterator[Part]:
    """Where a cluster keeps tenants apart: does it? With a person's leave it need not."""
    if platform.settings.isolation != "cluster":
        return
    network = platform.readiness.network
    allowed = platform.settings.insecure_single_domain
    detail = f"{network.sentence} (tried {network.at})" if network else "not tried yet"
    leave = "; PAAKS_INSECURE_SINGLE_DOMAIN allows it" if allowed and not keeps_apart(platform) else ""
    yield Part("network", allowed or keeps_apart(platform), False, detail + leave)


def keeps_apart(platform: Platform) -> bool:
    """Are handlers of one tenant known to be kept from those of another?"""
    network, isolation = platform.readiness.network, platform.settings.isolation
    return isolation != "none" and (isolation != "cluster" or (network is not None and network.enforced is True))


async def _ask_database(platform: Platform) -> None:
    async with store.reading(platform.engine) as connection:
        await connection.execute(sa.select(1))


async def _try(name: str, question: Awaitable[object]) -> Part:
    try:
        async with asyncio.timeout(_SECONDS):
            await question
    except (PaaksError, TimeoutError) as error:
        return Part(name, False, False, str(error) or "does not answer")
    return Part(name, True, False, "answers")
