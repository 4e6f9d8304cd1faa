"""From the cluster to the route table: three watches, and a probe of each pod as soon as its address is known.

What does not live here: what follows from it (`route_table.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from typing import Any

from api.dispatcher.route_table import Pod, RouteTable
from api.dispatcher.upstream import PodConnection, Pool
from core import names
from core.cluster import Cluster
from core.watch import Change, follow

PROBE_SECONDS = 30.0  # a pod that loads its handler may let a probe wait; then it is asked anew
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 1.0  # seconds between two probes of a pod
SETTLE_SECONDS = 3.0  # in which the pods that are there at the start are probed before "this is all" is said
_PROBE = f"GET {names.READY_PATH} HTTP/1.1\r\nHost: dispatcher\r\n\r\n".encode()


class Probes:
    """Asks each pod until it is ready. The connection that has brought the answer serves the first visitor."""

    def __init__(self, pool: Pool, on_ready: Callable[[Pod], None], clock: Callable[[], float]) -> None:
        self._pool, self._on_ready, self._clock = pool, on_ready, clock
        self._running: dict[Pod, asyncio.Task[None]] = {}
        self._tried: set[Pod] = set()
        self._on_tried = asyncio.Event()

    def start(self, pod: Pod) -> None:
        """Probe it from now on, until it answers or `stop`."""
        self.stop(pod)
        self._running[pod] = asyncio.get_running_loop().create_task(self._probe(pod))

    def stop(self, pod: Pod) -> None:
        """It is not wanted any more."""
        self._tried.discard(pod)
        task = self._running.pop(pod, None)
        if task is not None:
            task.cancel()
        self._on_tried.set()

    async def wait_until_tried(self, seconds: float) -> None:
        """Until each pod that is probed now has been asked once, but not longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._running.keys() <= self._tried:
                    self._on_tried.clear()
                    await self._on_tried.wait()

    async def close(self) -> None:
        """Stop all of them."""
        tasks = list(self._running.values())
        for pod in list(self._running):
            self.stop(pod)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _probe(self, pod: Pod) -> None:
        pause = FIRST_PAUSE
        while not await self._is_ready(pod):
            self._tried.add(pod)
            self._on_tried.set()
            await asyncio.sleep(random.uniform(pause / 2, pause))
            pause = min(2 * pause, LONGEST_PAUSE)
        self._running.pop(pod, None)
        self._tried.discard(pod)
        self._on_ready(pod)
        self._on_tried.set()

    async def _is_ready(self, pod: Pod) -> bool:
        try:
            connection = await self._pool.connect(pod)
        except (OSError, TimeoutError):
            return False
        answer = _Answer()
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                connection.ask(answer, _PROBE, is_head_request=False)
                await answer.ended.wait()
        except TimeoutError:
            connection.close()
            return False
        except asyncio.CancelledError:
            connection.close()
            raise
        return self._judge(answer, connection)

    def _judge(self, answer: _Answer, connection: PodConnection) -> bool:
        if answer.status == 200 and connection.is_reusable():
            self._pool.put(connection, self._clock())
        else:
            connection.close()
        return answer.status == 200


class _Answer:
    """The answer to a probe."""

    def __init__(self) -> None:
        self.status = 0
        self.ended = asyncio.Event()

    def on_head(self, status: int, fields: list[tuple[bytes, bytes]], *, has_length: bool, is_chunked: bool) -> None:
        del fields, has_length, is_chunked
        self.status = status

    def on_data(self, data: bytes) -> None:
        del data

    def on_flush(self) -> None:
        return

    def on_end(self) -> None:
        self.ended.set()

    def on_lost(self, error: Exception | None) -> None:
        del error
        self.status = 0
        self.ended.set()

    def on_upload_pause(self) -> None:
        return

    def on_upload_resume(self) -> None:
        return


class Watching:
    """Keeps a table in step with a cluster. While the cluster is away, the table stays as it is.

    A Service or Namespace whose deletion nobody saw may have been lost with a node that is being filled again: for
    `away_seconds` it counts as there, and its visitors are held.
    """

    def __init__(
        self, cluster: Cluster, table: RouteTable, probes: Probes, on_synced: Callable[[], None], away_seconds: float
    ) -> None:
        self._cluster, self._table, self._probes, self._on_synced = cluster, table, probes, on_synced
        self._away_seconds = away_seconds
        self._away: dict[tuple[str, str, str], asyncio.TimerHandle] = {}
        self._missing = {"Namespace", "Service", "Pod"}
        self._listed = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        takes = {
            "Namespace": self._table.take_namespace,
            "Service": self._table.take_service,
            "Pod": self._table.take_pod,
        }
        async with asyncio.TaskGroup() as group:
            for kind, take in takes.items():
                group.create_task(self._follow(kind, take))
            group.create_task(self._settle())

    async def _follow(self, kind: str, take: Callable[..., None]) -> None:
        async with contextlib.aclosing(follow(self._cluster, kind, selector=names.MANAGED)) as changes:
            async for change in changes:
                if change.object is None:
                    self._missing.discard(kind)
                    if not self._missing:
                        self._listed.set()
                else:
                    self._take(kind, change, take)

    def _take(self, kind: str, change: Change, take: Callable[..., None]) -> None:
        assert change.object is not None
        metadata = change.object["metadata"]
        place = (kind, metadata.get("namespace", ""), metadata["name"])
        waiting = self._away.pop(place, None)
        if waiting is not None:
            waiting.cancel()
        if change.type == "missing" and kind != "Pod":
            later = asyncio.get_running_loop().call_later
            self._away[place] = later(self._away_seconds, self._give_up, place, change.object, take)
        else:
            take(change.object, gone=change.type in ("deleted", "missing"))

    def _give_up(self, place: tuple[str, str, str], obj: Mapping[str, Any], take: Callable[..., None]) -> None:
        del self._away[place]
        take(obj, gone=True)

    async def _settle(self) -> None:
        """Once all is listed and each pod has been asked: what is not known does not exist."""
        await self._listed.wait()
        await self._probes.wait_until_tried(SETTLE_SECONDS)
        self._table.finish_sync()
        self._on_synced()
