"""One pass of the controller in this process: for CI, and for repair where the controller itself is the trouble.

The only place in the command line that imports `controller`. What does not live here: what a pass does.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli import database, endpoints
from cli.data_directory import DataDirectory
from cli.failure import Exit, Failure
from controller.loop import Controller, hold_lock
from controller.settings import Settings
from core import names, tenants
from core.errors import PaaksError
from core.process import configure_logging
from core.repository import Repository, read_head
from core.tenants import Tenant, Tenants

_PASS_SECONDS = 60.0
_NODE_SECONDS = 3.0


@dataclass(frozen=True)
class Ask:
    """Which data, which tenant (None for all), which cluster (None for the node), which commit may remove much."""

    data: Path
    tenant: str | None = None
    kubeconfig: Path | None = None
    allow_prune: str | None = None


def run(ask: Ask) -> Iterator[tuple[bool, str]]:
    """One pass of each tenant: did it come to an end, and which. Raises Failure; BlockingIOError names who holds the
    lock."""
    directory = DataDirectory(ask.data)
    settings = read_settings(directory, ask.kubeconfig)
    chosen = _choose_tenants(Tenants(settings.data), ask.tenant)
    with hold_lock(settings):
        if ask.kubeconfig is None:
            _await_node(directory)
        for tenant in chosen:
            if ask.allow_prune is not None:
                tenant = asyncio.run(_allow_prune(settings, tenant, ask.allow_prune))
            yield asyncio.run(_pass(settings, tenant))


def read_settings(directory: DataDirectory, kubeconfig: Path | None) -> Settings:
    """The controller's settings, as `paaks up` on this data gives them. Raises Failure where there is no such data."""
    if not directory.run.is_dir():
        raise Failure(f"there is no data in {directory.path}", hint="name it with --data", code=Exit.USAGE)
    url = os.environ.get("PAAKS_DATABASE_URL") or database.find(directory).url
    cluster = f"kubeconfig:{kubeconfig.absolute()}" if kubeconfig else f"unix:{directory.run / 'node.sock'}"
    return Settings(directory.path, cluster, f"unix:{directory.run / 'link.sock'}", url)


def _choose_tenants(known: Tenants, slug: str | None) -> list[Tenant]:
    if slug is None:
        return sorted(known.all(), key=lambda tenant: tenant.slug)
    found = known.by_slug(slug)
    if found is None:
        raise Failure(f"there is no tenant {slug!r} in this data", code=Exit.NOT_FOUND)
    return [found]


def _await_node(directory: DataDirectory) -> None:
    probe = endpoints.Probe("node", socket=directory.run / "node.sock")

    async def wait() -> None:
        async with asyncio.timeout(_NODE_SECONDS):
            await probe.wait()

    try:
        asyncio.run(wait())
    except TimeoutError:
        hint = "paaks up --no-controller, or --kubeconfig for another cluster"
        raise Failure("no node answers on this data", hint=hint, code=Exit.UNREACHABLE) from None


async def _allow_prune(settings: Settings, tenant: Tenant, commit: str) -> Tenant:
    known = Tenants(settings.data)
    full = Repository(known.path_of(tenant)).resolve(commit)
    return await known.update(tenant.id, lambda now: tenants.allow_prune(now, full))


async def _pass(settings: Settings, tenant: Tenant) -> tuple[bool, str]:
    began = time.monotonic()
    head = read_head(Tenants(settings.data).path_of(tenant))
    controller = Controller(settings, configure_logging("reconcile", "text"))
    try:
        async with asyncio.timeout(_PASS_SECONDS):
            outcome = await controller.run_once(tenant)
    except (PaaksError, TimeoutError) as error:
        return False, f"{tenant.slug}   {error or f'no end after {_PASS_SECONDS:.0f} s'}"
    if outcome.failure is not None:
        return False, f"{tenant.slug}   {outcome.failure}"
    place = f"main at {head[:7]}" if head else "no main"
    return True, f"{tenant.slug}   {names.namespace_of(tenant.id)} as {place}   {time.monotonic() - began:.2f} s"
