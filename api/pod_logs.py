"""A service's log: the logs of its pods as one, and what they say from now on, pods that come later included.

What does not live here: what a line says (`log_lines.py`), and how it is sent (`routes/logs.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field

from api.log_lines import Filter, Line, Pod, Seam, merge, read_line
from core import names, watch
from core.cluster import Cluster, ClusterError, Object
from core.errors import RetryLater
from core.tenants import Tenant

_CALLS = 8  # pods that are read at once
_BUFFERED = 1_000  # lines that a slow reader may leave behind, over all pods
_OVERLAP = 5.0  # seconds that a second reading goes back: clocks differ, and the cluster counts whole seconds


@dataclass(frozen=True)
class Question:
    """What is asked for: the last `tail` lines, those of the last `since` seconds, those before a pod's restart."""

    tail: int
    since: float | None = None
    previous: bool = False
    filter: Filter = field(default_factory=Filter)


class ServiceLogs:
    """The log of one service of a tenant: `read` it, then `follow` it from there."""

    def __init__(self, cluster: Cluster, tenant: Tenant, service: str) -> None:
        self._cluster = cluster
        self._namespace = tenant.namespace
        self._service = service
        self._selector = names.write_selector(names.selector_labels(tenant.id, service))
        self._seams: dict[tuple[str, int], Seam] = {}
        self._commits: Mapping[str, str] = {}
        self._slots = asyncio.Semaphore(_CALLS)

    async def read(self, question: Question) -> list[Line]:
        """What the pods have said, in order of time. Raises RetryLater where the cluster does not answer."""
        pods, _ = await self._cluster.list("Pod", namespace=self._namespace, selector=self._selector)
        asked = _choose_restarted(pods) if question.previous else pods
        return merge(await asyncio.gather(*(self._read_pod(pod, question) for pod in asked)), question.tail)

    async def follow(self, wanted: Filter) -> AsyncGenerator[Line, None]:
        """What they say after `read`, as it comes, without end."""
        queue: asyncio.Queue[Line | None] = asyncio.Queue(_BUFFERED)
        tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        watching = asyncio.create_task(self._watch_pods(queue, wanted, tasks))
        watching.add_done_callback(lambda _: _nudge(queue))
        try:
            while not (watching.done() and queue.empty()):
                line = await queue.get()
                if line is not None:
                    yield line
            watching.result()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    # -- what has been said -------------------------------------------------------------------------------------------

    async def _read_pod(self, obj: Object, question: Question) -> deque[Line]:
        pod = await self._name_pod(obj)
        if question.previous and not _restarts(obj):
            pod = Pod(pod.name, None)  # what was there before it is another pod's, of nobody knows which commit
        said: deque[Line] = deque(maxlen=question.tail)
        recent: list[Line] = []
        tail = question.tail if question.filter == Filter() else None
        async with self._slots:
            lines = self._cluster.logs(
                self._namespace, pod.name, tail=tail, since=question.since, previous=question.previous
            )
            # A pod that has not started, or has gone meanwhile, has said nothing.
            with contextlib.suppress(ClusterError):
                async with contextlib.aclosing(lines):
                    async for raw in lines:
                        line = read_line(raw, pod, _moment(recent))
                        recent = _keep_recent(recent, line)
                        if question.filter.wants(line):
                            said.append(line)
        self._seams[_incarnation(obj)] = Seam(recent)
        return said

    async def _name_pod(self, obj: Object) -> Pod:
        tree = names.label_of(obj, names.LABEL_TREE) or ""
        if tree not in self._commits:
            service = await self._cluster.get("Service", self._namespace, self._service)
            self._commits = {tree: ""} | dict(self._commits) | read_commits(service or {})
        return Pod(obj["metadata"]["name"], self._commits.get(tree) or None)

    # -- what is being said -------------------------------------------------------------------------------------------

    async def _watch_pods(
        self, queue: asyncio.Queue[Line | None], wanted: Filter, tasks: dict[tuple[str, int], asyncio.Task[None]]
    ) -> None:
        """One task for each container that starts, for as long as it runs."""
        changes = watch.follow(self._cluster, "Pod", namespace=self._namespace, selector=self._selector)
        async with contextlib.aclosing(changes):
            async for change in changes:
                obj = change.object
                if obj is None or change.type not in ("added", "modified") or not _has_started(obj):
                    continue
                uid, restarts = key = _incarnation(obj)
                if key in tasks:
                    continue
                before = (uid, restarts - 1)
                unread = self._seams.get(before)  # it may have ended before a line of it was followed
                if unread is not None and before in tasks:
                    tasks[before].cancel()
                tasks[key] = asyncio.create_task(self._follow_pod(obj, unread, queue, wanted))

    async def _follow_pod(
        self, obj: Object, unread: Seam | None, queue: asyncio.Queue[Line | None], wanted: Filter
    ) -> None:
        if unread is not None:
            await self._pass_on(obj, unread, queue, wanted, previous=True)
        seam, is_running = self._seams.get(_incarnation(obj), Seam([])), True
        while is_running:
            # Its successor reads what comes after, unless a first line shows that the stream is its own.
            self._seams[_incarnation(obj)] = seam
            seam, is_running = await self._pass_on(obj, seam, queue, wanted)

    async def _is_current(self, obj: Object) -> bool:
        """Is a container still the one that ran when its pod was seen? One that has gone with its pod is too."""
        pods, _ = await self._cluster.list("Pod", namespace=self._namespace, selector=self._selector)
        now = dict(map(_incarnation, pods))
        uid, restarts = _incarnation(obj)
        return now.get(uid, restarts) == restarts

    async def _pass_on(
        self, obj: Object, seam: Seam, queue: asyncio.Queue[Line | None], wanted: Filter, previous: bool = False
    ) -> tuple[Seam, bool]:
        """What a container says after `seam`, until it ends; where it broke off, and whether there may be more."""
        recent: list[Line] = []
        is_known = previous
        try:
            pod = await self._name_pod(obj)
            since = time.time() - seam.moment + _OVERLAP if seam.moment else None
            lines = self._cluster.logs(self._namespace, pod.name, follow=not previous, since=since, previous=previous)
            async with contextlib.aclosing(lines):
                async for raw in lines:
                    if not is_known:
                        if not await self._is_current(obj):
                            return seam, False
                        del self._seams[_incarnation(obj)]
                        is_known = True
                    line = read_line(raw, pod, _moment(recent))
                    if seam.is_new(line):
                        recent = _keep_recent(recent, line)
                        if wanted.wants(line):
                            await queue.put(line)
        except RetryLater as error:
            seam = Seam(recent) if recent else seam
            if not previous:
                self._seams[_incarnation(obj)] = seam
            await asyncio.sleep(error.delay)
            return seam, True
        except ClusterError:
            return seam, False  # it has gone
        return seam, False


def _nudge(queue: asyncio.Queue[Line | None]) -> None:
    """Wake the reader of a queue; one that is full has a reader to come."""
    with contextlib.suppress(asyncio.QueueFull):
        queue.put_nowait(None)


def _moment(recent: list[Line]) -> float:
    return recent[-1].moment if recent else 0.0


def _keep_recent(recent: list[Line], line: Line) -> list[Line]:
    """The lines at the end of a log that have the same time."""
    if not recent or recent[-1].moment != line.moment:
        return [line]
    recent.append(line)
    return recent


def _container(obj: Object) -> Object:
    statuses = obj.get("status", {}).get("containerStatuses") or [{}]
    status: Object = statuses[0]
    return status


def _restarts(obj: Object) -> int:
    return int(_container(obj).get("restartCount", 0))


def _incarnation(obj: Object) -> tuple[str, int]:
    """One run of a pod's container: the pod's uid, and how often it was restarted before."""
    return str(obj["metadata"].get("uid")), _restarts(obj)


def _choose_restarted(pods: Sequence[Object]) -> list[Object]:
    """The pods that have a run before this one; where none has, one that stays: a cluster may know of the pod that it
    has replaced, and would tell the same for each of its siblings."""
    restarted = [pod for pod in pods if _restarts(pod)]
    staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return restarted or sorted(staying, key=lambda pod: str(pod["metadata"].get("creationTimestamp")))[:1]


def _has_started(obj: Object) -> bool:
    state = _container(obj).get("state") or {}
    return "running" in state or "terminated" in state


def read_commits(service: Object) -> dict[str, str]:
    """Short tree → commit, as the Service's annotation has it; nothing where it has none."""
    try:
        commits = json.loads(names.annotation_of(service, names.ANNOTATION_COMMITS) or "{}")
    except ValueError:
        return {}
    return {str(tree): str(commit) for tree, commit in commits.items()} if isinstance(commits, dict) else {}
