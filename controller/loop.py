"""Joins watches, link, queue and passes, and keeps what has come of them. Holds the only broad `except` on this side.

Every wake-up is a hint: the timers alone come to the same end. What does not live here: what a pass does.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import structlog
import watchfiles

from controller.drift import Drifts
from controller.health_port import serve_health
from controller.lease import HeldError, Lease, read_identity
from controller.live_objects import LiveObjects
from controller.network_check import NetworkCheck
from controller.progress import Book, Routes
from controller.reconcile import Doors, Memory, Outcome, TipMoved, reconcile
from controller.settings import Settings
from controller.work_queue import LONGEST_PAUSE, WorkQueue
from core import link, names, releases, store
from core.check import Checker
from core.cluster import Cluster
from core.errors import RetryLater
from core.releases import Release
from core.repository import read_head
from core.tenants import Tenant, Tenants
from core.watch import WatchSettings

_KEPT_ORIGINS = 500
_LONGEST_DOUBT = 10.0  # seconds between passes while some calls fail and others do not
_COLLECT_SECONDS = 0.1  # a release moves on several times in it, and is stored once, off the way of a change


class Controller:
    """All tenants, for ever. `run` ends when it is cancelled."""

    def __init__(self, settings: Settings, log: structlog.stdlib.BoundLogger) -> None:
        self._settings = settings
        self._log = log
        self.tenants = Tenants(settings.data)
        self.queue = WorkQueue(settings.retry_seconds)
        self._cluster = Cluster.connect(settings.cluster)
        self._engine = store.open_engine(settings.database_url)
        self._hub = link.Hub(self._on_message, self._on_peers)
        self._objects = LiveObjects(self._cluster, self.queue.add, WatchSettings(relist=settings.relist_seconds))
        self._routes = Routes()
        self._checker = Checker()
        self._doors = Doors(
            self.tenants,
            self._cluster,
            self._objects,
            self._checker,
            self._routes,
            asyncio.Semaphore(settings.max_applies),
            settings.apps_url,
            settings.runtime_image,
        )
        self._memories: dict[str, Memory] = {}
        self._heads: dict[str, tuple[str | None, Tenant]] = {}
        self._unrecorded: OrderedDict[tuple[str, str, str], Release] = OrderedDict()
        self._to_record = asyncio.Event()
        self._apis: set[link.Peer] = set()
        # Only its own controller reaches a node.
        is_shared = not settings.cluster.startswith("unix:")
        self._lease = Lease(self._cluster, read_identity(settings.data)) if is_shared else None
        self._network = NetworkCheck(
            self._cluster, settings.network_check, settings.runtime_image, lambda said: self._hub.broadcast("api", said)
        )

    async def run(self) -> None:
        """Reconcile until cancelled. Raises HeldError where the cluster is another installation's."""
        async with self._checker, contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._cluster.close)
            stack.push_async_callback(self._engine.dispose)
            await self._load_releases()
            stack.push_async_callback(self._hub.close)
            await self._listen(stack)
            stack.callback(self.queue.close)
            await self._take_lease()
            try:
                await self._run_jobs()
            except* HeldError as errors:
                raise errors.exceptions[0] from None

    async def _take_lease(self) -> None:
        """Nothing is written before; a cluster that does not answer yet is waited for."""
        while self._lease is not None:
            try:
                await self._lease.acquire()
                return
            except RetryLater as error:
                self._log.warning("the lease has to wait", cause=error.cause)
                await asyncio.sleep(error.delay)

    async def _run_jobs(self) -> None:
        """All that runs until the process ends."""
        async with asyncio.TaskGroup() as group:
            jobs = (self._objects.run, self._poll, self._watch_refs, self._record, self._pass_all, self._hurry)
            for job in jobs:
                group.create_task(self._keep_running(job), name=job.__name__)
            if self._lease is not None:
                group.create_task(self._keep_running(self._lease.keep), name="lease")
            if self._settings.network_check:
                group.create_task(self._keep_running(self._network.run), name="network check")
            await self._objects.wait_synced()
            for number in range(self._settings.workers):
                group.create_task(self._work(), name=f"worker {number}")

    async def _listen(self, stack: contextlib.AsyncExitStack) -> None:
        """The link, and what is asked of this process on ports, if it has any."""
        settings = self._settings
        await self._hub.serve(settings.link_path)
        if settings.link_port is not None and settings.internal_token_file is not None:
            await self._hub.serve_port(settings.bind, settings.link_port, settings.internal_token_file)
        if settings.health_port is not None:
            health = await serve_health(settings.bind, settings.health_port, lambda: self._objects.synced)
            stack.callback(health.close)

    async def run_once(self, tenant: Tenant) -> Outcome:
        """One pass of one tenant, without queue and link: for CI and repair. Raises HeldError, RetryLater."""
        async with self._checker, contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._cluster.close)
            stack.push_async_callback(self._engine.dispose)
            if self._lease is not None:
                await self._lease.acquire()
            watching = asyncio.create_task(self._objects.run())
            try:
                await self._objects.wait_synced()
                return await reconcile(tenant, self._doors, self._memory(tenant.id))
            finally:
                watching.cancel()
                await asyncio.wait([watching])  # its connections end before the door to them closes

    async def _keep_running(self, job: Callable[[], Any]) -> None:
        """A job that ends by an unexpected error is logged and begun again: none of them may be missing."""
        while True:
            try:
                await job()
                return
            except HeldError:
                raise
            except Exception:  # noqa: BLE001 - the process boundary
                self._log.exception("a job failed", job=job.__name__)
                await asyncio.sleep(1.0)

    # -- passes ---------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            key = await self.queue.take()
            failed, delay, longest = True, 0.0, LONGEST_PAUSE
            try:
                failed = await self._pass(key)
            except RetryLater as error:
                delay, longest = error.delay, self._longest_pause(error)
                self._log.warning("a pass has to wait", tenant=key, cause=error.cause)
            except Exception:  # noqa: BLE001 - the process boundary
                self._log.exception("a pass failed", tenant=key)
            finally:
                self.queue.done(key, failed=failed, delay=delay, longest=longest)

    def _longest_pause(self, error: RetryLater) -> float:
        """A cluster that has named a time is asked soon after it; one that is away will be noticed when it is back."""
        if error.extra.get("asked"):
            return self._settings.retry_seconds
        return LONGEST_PAUSE if self._cluster.is_away else _LONGEST_DOUBT

    async def _pass(self, key: str) -> bool:
        """One pass; did it fail?"""
        tenant = self.tenants.by_id(key)
        if tenant is None:
            self._memories.pop(key, None)
            return False
        try:
            outcome = await reconcile(tenant, self._doors, self._memory(key))
        except TipMoved:
            self.queue.add(key)
            return False
        if outcome.look_again is not None:
            self.queue.add_later(key, outcome.look_again)
        if outcome.failure is not None:
            self._log.warning("not everything could be applied", tenant=key, cause=outcome.failure)
        return outcome.failure is not None

    def _memory(self, tenant: str) -> Memory:
        if tenant not in self._memories:
            self._memories[tenant] = Memory(Book(self._tell), drifts=Drifts(tenant, self._tell_drift))
        return self._memories[tenant]

    # -- wake-ups -------------------------------------------------------------------------------------------------

    async def _poll(self) -> None:
        """Look at every tenant's main, whether or not a hint came."""
        while True:
            for tenant in self.tenants.all():
                with contextlib.suppress(RetryLater):
                    state = (read_head(self.tenants.path_of(tenant)), tenant)
                    if self._heads.get(tenant.id) != state:
                        self._heads[tenant.id] = state
                        self.queue.add(tenant.id)
            await asyncio.sleep(self._settings.poll_seconds)

    async def _pass_all(self) -> None:
        """Compare every tenant with the cluster now and then, changed or not."""
        while True:
            await asyncio.sleep(self._settings.full_pass_seconds)
            for tenant in self.tenants.all():
                self._memory(tenant.id).settled.clear()
                self.queue.add(tenant.id)

    async def _hurry(self) -> None:
        """What failed while the API server was away is tried again when it is back, however long its pause."""
        while True:
            await self._cluster.wait_return()
            self.queue.hurry()

    async def _watch_refs(self) -> None:
        """A ref that moved behind our back. A safety net: a tenant that is new since is seen by the poll."""
        while True:
            paths = {self.tenants.path_of(t) / "refs" / "heads": t.id for t in self.tenants.all()}
            if not paths:
                await asyncio.sleep(self._settings.poll_seconds)
                continue
            watching = watchfiles.awatch(
                *paths, step=10, debounce=50, recursive=False, rust_timeout=10_000, yield_on_timeout=True
            )
            async for changes in watching:
                for _, path in changes:
                    tenant = next((t for p, t in paths.items() if path.startswith(str(p))), None)
                    if tenant is not None:
                        self.queue.add(tenant)
                if {self.tenants.path_of(t) / "refs" / "heads" for t in self.tenants.all()} != set(paths):
                    break

    def _on_peers(self) -> None:
        """A dispatcher or an api came or went: what is live may have changed."""
        connected = set(self._hub.peers("dispatcher"))
        for peer in connected:
            self._routes.connect(peer)
        for gone in self._routes.dispatchers() - connected:
            self._routes.disconnect(gone)
        for key, memory in self._memories.items():
            self.queue.add(key)
            for drift in memory.drifts.latest.values():
                self._tell_drift(drift)
        apis = set(self._hub.peers("api"))
        for peer in apis - self._apis:
            if (network := self._network.message) is not None:
                peer.send(network)
            for release in (r for memory in self._memories.values() for r in memory.book.current.values()):
                # What was told while it was not connected is lost to it, and its memory goes before the database.
                peer.send({"type": "release", "event": "stage", "release": releases.to_message(release)})
        self._apis = apis

    def _on_message(self, peer: link.Peer, message: link.Message) -> None:
        kind = message.get("type")
        if peer.role == "dispatcher":
            namespace = self._routes.take(peer, message)
            for tenant in self._tenants_of(namespace):
                self.queue.add(tenant)
        elif peer.role == "api" and kind in ("moved", "look"):
            self._take_hint(str(message.get("tenant")), message)

    def _take_hint(self, tenant: str, message: link.Message) -> None:
        origins = self._memory(tenant).origins
        services = message.get("services")
        commits = [message.get("commit"), *(services.values() if isinstance(services, dict) else ())]
        for commit in commits:
            if isinstance(commit, str) and names.is_sha(commit):
                origins[commit] = message
        while len(origins) > _KEPT_ORIGINS:
            del origins[next(iter(origins))]
        self.queue.add(tenant)

    def _tenants_of(self, namespace: str | None) -> Iterator[str]:
        for key in self._memories:
            if namespace is None or names.namespace_of(key) == namespace:
                yield key

    # -- releases -------------------------------------------------------------------------------------------------

    async def _load_releases(self) -> None:
        """What was known before this process started; without the database it is made up from git and the cluster."""
        try:
            for release in await releases.load_newest(self._engine):
                if release.state not in ("removed", "superseded"):
                    self._memory(release.tenant).book.load(release)
        except RetryLater as error:
            self._log.warning("starting without the history of releases", cause=error.cause)

    def _tell(self, release: Release) -> None:
        """Send a release on its way to whoever waits for it, and to the database."""
        event = "finished" if release.is_final or release.state == "superseded" else "stage"
        self._hub.broadcast("api", {"type": "release", "event": event, "release": releases.to_message(release)})
        key = (release.tenant, release.service, release.commit)
        self._unrecorded[key] = release
        self._unrecorded.move_to_end(key)
        self._to_record.set()

    def _tell_drift(self, message: link.Message) -> None:
        """Send what was put back, and whose change it was, to whoever shows it. It is in no database."""
        self._hub.broadcast("api", message)

    async def _record(self) -> None:
        """Store releases as they come, many in one transaction; they wait while the database is away."""
        while True:
            await self._to_record.wait()
            await asyncio.sleep(_COLLECT_SECONDS)
            self._to_record.clear()
            batch = list(self._unrecorded.items())[:200]
            try:
                await releases.record(self._engine, [release for _, release in batch])
            except RetryLater as error:
                self._log.warning("releases wait for the database", cause=error.cause, waiting=len(self._unrecorded))
                await asyncio.sleep(error.delay)
                self._to_record.set()
                continue
            for key, release in batch:
                if self._unrecorded.get(key) is release:
                    del self._unrecorded[key]
            if self._unrecorded:
                self._to_record.set()


@contextlib.contextmanager
def hold_lock(settings: Settings) -> Iterator[None]:
    """Be the one controller of a data directory. Raises BlockingIOError, which names the holder."""
    settings.runtime_lock.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(settings.runtime_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 100, 0).decode(errors="replace").strip()
            raise BlockingIOError(f"another controller holds {settings.runtime_lock}: {holder}") from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"process {os.getpid()}, since {time.strftime('%FT%TZ', time.gmtime())}\n".encode(), 0)
        yield
    finally:
        os.close(fd)
