"""One pod's life: its socket, its files, its process; ready, crashed and started again; asked to end, and gone.

A pod is made by writing its object and ended by marking it (`deletionTimestamp`); the object goes when the process has.
What does not live here: which pods there are (`deployments.py`), how a process is made (`processes.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import structlog

from runtime.node import environment, kinds, pod_status
from runtime.node.backoff import Backoff, BackoffSettings
from runtime.node.events import Events
from runtime.node.kinds import Object
from runtime.node.objects import Change, Preconditions, Store
from runtime.node.pod_status import ContainerState, Ending
from runtime.node.processes import Container, Process, Processes, Socket
from runtime.node.validation import parse_quantity
from runtime.node.volumes import MissingConfigMap, Volumes

SOCKET_ANNOTATION = "paaks.dev/socket"
SERVICE_LABEL = "paaks.dev/service"
_DEFAULT_MEMORY = 128 * 2**20
_RETRY_SECONDS = 1.0
_log = structlog.get_logger(component="node")


@dataclass(frozen=True)
class PodSettings:
    """`drain` is the time in seconds between a pod's mark and its SIGTERM, for whoever sends requests to let go of it.

    At most `starting` pods load their handler at once; one that takes longer than `starting_seconds` gives way.
    """

    drain: float = 0.1
    starting: int = 4 * (os.cpu_count() or 1)
    starting_seconds: float = 10.0
    backoff: BackoffSettings = field(default_factory=BackoffSettings)


class Pods:
    """All pods of the node: each object of kind Pod has a life here."""

    def __init__(
        self, store: Store, events: Events, processes: Processes, volumes: Volumes, settings: PodSettings
    ) -> None:
        self._tools = _Tools(store, events, processes, volumes, settings, asyncio.Semaphore(settings.starting))
        self._lives: dict[str, _Life] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        store.subscribe(self._react)

    def _react(self, change: Change) -> None:
        kind, value = change.stored.kind, change.stored.value
        uid = value["metadata"].get("uid", "")
        if kind is kinds.CONFIG_MAP and change.type == "ADDED":
            for life in self._lives.values():
                life.config_maps.set()
        elif kind is kinds.POD and change.type == "ADDED":
            self._lives[uid] = life = _Life(value, self._tools)
            task = asyncio.get_running_loop().create_task(life.run(), name=f"pod {value['metadata']['name']}")
            self._tasks.add(task)
            task.add_done_callback(self._forget)
        elif kind is kinds.POD and change.type == "DELETED":
            self._lives.pop(uid, None)
        elif kind is kinds.POD and uid in self._lives:
            self._lives[uid].hear(value)

    async def close(self, longest: float) -> None:
        """End all pods, each with its own grace but none with more than `longest` seconds."""
        store = self._tools.store
        for stored in store.list(kinds.POD):
            own = stored.value["spec"].get("terminationGracePeriodSeconds", longest)
            store.request_deletion(stored, Preconditions(), int(min(own, longest)), foreground=False)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a pod's life has failed", pod=task.get_name(), exc_info=error)


@dataclass(frozen=True)
class _Tools:
    store: Store
    events: Events
    processes: Processes
    volumes: Volumes
    settings: PodSettings
    slots: asyncio.Semaphore


class _Life:
    """One pod from its object's first day to its last."""

    def __init__(self, pod: Object, tools: _Tools) -> None:
        self._pod, self._tools = pod, tools
        self._uid: str = pod["metadata"]["uid"]
        self._grace: int | None = None  # seconds, once the pod is being deleted
        self._heard = asyncio.Event()
        self._state = ContainerState()
        self._backoff = Backoff(tools.settings.backoff)
        self._process: asyncio.Future[Process] | None = None
        self.config_maps = asyncio.Event()

    def hear(self, pod: Object) -> None:
        """The object as it is now."""
        grace = pod["metadata"].get("deletionGracePeriodSeconds")
        if grace != self._grace:
            self._grace = grace
            self._heard.set()

    async def run(self) -> None:
        """Live until the pod is deleted, then end the process and take the object away."""
        try:
            with contextlib.closing(self._tools.processes.bind(self._uid)) as socket:
                self._show(self._state, {SOCKET_ANNOTATION: str(socket.path)})
                await self._live_until_deleted(socket)
        except (OSError, ValueError) as error:
            # The machine's fault, say no descriptors left, or an object's: whoever wants the pod makes another one.
            self._tell("Failed", f"the pod cannot be kept: {error}", is_warning=True)
            await asyncio.sleep(_RETRY_SECONDS)
        finally:
            self._tools.volumes.remove(self._uid)
            self._tools.store.remove(self._pod)

    async def _live_until_deleted(self, socket: Socket) -> None:
        living = asyncio.create_task(self._live(socket))
        try:
            while self._grace is None and not living.done():
                await self._wait_heard(living)
        finally:
            living.cancel()
            await asyncio.wait({living})
            await self._end()
        if not living.cancelled():
            living.result()

    async def _wait_heard(self, other: asyncio.Future[Any], seconds: float | None = None) -> None:
        """Return when something was heard of the pod, the other has come to its end, or the time is over."""
        heard = asyncio.ensure_future(self._heard.wait())
        try:
            await asyncio.wait({heard, other}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            heard.cancel()
        self._heard.clear()

    async def _live(self, socket: Socket) -> None:
        """Start the process again and again; never returns."""
        container = await self._prepare()
        name = f"{container.pod}_{container.namespace}({self._uid})"
        while True:
            ending, good_seconds = await self._run_once(container, socket)
            delay = self._backoff.next_delay(good_seconds)
            message = f"back-off {round(delay)}s restarting failed container=handler pod={name}"
            waiting = ContainerState("CrashLoopBackOff", message, restarts=self._state.restarts, last=ending)
            self._show(waiting)
            self._tell("BackOff", f"Back-off restarting failed container handler in pod {name}", is_warning=True)
            await asyncio.sleep(delay)
            self._show(replace(waiting, restarts=waiting.restarts + 1))

    async def _prepare(self) -> Container:
        """Write the pod's files; waits for a ConfigMap that is not there yet."""
        while True:
            self.config_maps.clear()
            try:
                directory = self._tools.volumes.materialise(self._pod, self._find_config_map)
                return _describe_container(self._pod, directory)
            except MissingConfigMap as error:
                self._tell("FailedMount", str(error), is_warning=True)
                self._show(replace(self._state, waiting_message=str(error)))
            await self.config_maps.wait()

    async def _run_once(self, container: Container, socket: Socket) -> tuple[Ending, float | None]:
        """One process from start to end: how it ended, and for how many seconds it had been ready, if it was."""
        tools, clock = self._tools, asyncio.get_running_loop().time
        async with tools.slots:
            # Cancelling must not lose a process that is being made: `_end` waits for it.
            self._process = asyncio.ensure_future(tools.processes.run(container, socket))
            process = await asyncio.shield(self._process)
            self._show(replace(self._state, waiting=None, waiting_message="", started=process.started, pid=process.pid))
            self._tell("Started", "Started container handler")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(tools.settings.starting_seconds):
                    await process.ready()
        good = clock() if await process.ready() else None
        if good is not None:
            self._show(replace(self._state, ready=True))
        ended = await process.wait()
        self._process = None
        ending = Ending(ended.code, ended.signal, ended.reason, ended.message, process.started, ended.finished)
        return ending, clock() - good if good is not None else None

    async def _end(self) -> None:
        """Ask the process to end, and end it when its grace is over; waits until it has."""
        if self._process is None:
            return
        process = await self._process
        self._show(replace(self._state, ready=False))
        self._tell("Killing", "Stopping container handler")
        clock, drain = asyncio.get_running_loop().time, self._tools.settings.drain
        marked, is_asked = clock(), False
        ended = asyncio.ensure_future(process.wait())
        while not ended.done():
            # The grace may be shortened while we wait.
            now, deadline = clock(), marked + (self._grace or 0)
            quiet = min(marked + drain, deadline)
            if now >= deadline:
                process.kill()
                await ended
            elif now >= quiet and not is_asked:
                process.terminate()
                is_asked = True
            else:
                await self._wait_heard(ended, (deadline if is_asked else quiet) - now)

    def _show(self, state: ContainerState, annotations: Mapping[str, str] | None = None) -> None:
        """Write what the container does into the pod's status, and more into its annotations."""
        self._state = state
        store = self._tools.store

        def change(current: Object) -> Object:
            changed = current | {"status": pod_status.describe_pod(current, state, store.now())}
            if annotations:
                metadata = current["metadata"]
                merged = {**(metadata.get("annotations") or {}), **annotations}
                changed["metadata"] = metadata | {"annotations": merged}
            return changed

        store.update(self._pod, change)

    def _tell(self, reason: str, message: str, *, is_warning: bool = False) -> None:
        self._tools.events.tell(self._pod, reason, message, is_warning=is_warning)

    def _find_config_map(self, name: str) -> Object | None:
        stored = self._tools.store.get(kinds.CONFIG_MAP, self._pod["metadata"]["namespace"], name)
        return stored.value if stored else None


def _describe_container(pod: Object, directory: Path) -> Container:
    metadata, spec = pod["metadata"], pod["spec"]["containers"][0]
    limit = (spec["resources"].get("limits") or {}).get("memory")
    return Container(
        namespace=metadata["namespace"],
        pod=metadata["name"],
        uid=metadata["uid"],
        service=(metadata.get("labels") or {}).get(SERVICE_LABEL) or metadata["name"],
        environment=environment.build_environment(spec.get("env") or ()),
        directory=directory,
        memory=int(parse_quantity(limit) or _DEFAULT_MEMORY),
    )
