"""List, then watch, for ever: turns a cluster's stream of events into changes, whatever breaks in between.

What does not live here: what a change means to the reader, and the wire (`cluster.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from core.cluster import Cluster, ClusterError, GoneError
from core.errors import RetryLater

_log = structlog.get_logger(component="watch")
_TOO_LARGE = 504  # "Too large resource version": the server has lost what it told us, or is behind
_LIST_SHARE = 100  # a list again has to wait for so many times as long as the last one took


@dataclass(frozen=True)
class WatchSettings:
    """Times in seconds. A stream is asked to end after `timeout`, and given up after `inactivity` without a byte.

    Between two attempts stands a random wait of at most `first_delay · 2ⁿ`, never more than `longest_delay`. After
    `relist` everything is listed again though the watch works: against what a server has not told.
    """

    first_delay: float = 0.05
    longest_delay: float = 1.0
    timeout: float = 300.0
    inactivity: float = 90.0
    relist: float = math.inf


@dataclass(frozen=True)
class Change:
    """What happened to one object.

    `deleted`: its deletion was seen. `missing`: it was not there when everything was listed again. Both carry the
    object as it was last seen. `synced`: all that was listed has been delivered; `object` is None.
    """

    type: Literal["added", "modified", "deleted", "missing", "synced"]
    object: dict[str, Any] | None


async def follow(
    cluster: Cluster,
    kind: str,
    *,
    namespace: str | None = None,
    selector: str | None = None,
    settings: WatchSettings | None = None,
) -> AsyncGenerator[Change, None]:
    """The changes of all objects of a kind, without end. Nothing is delivered twice, nothing that lasts is left out.

    A refusal (say 403) is retried like an outage: permissions are mended while we wait.
    """
    settings = settings or WatchSettings()
    known = _Known()
    version: str | None = None
    failures, due = 0, math.inf
    while True:
        started = time.monotonic()
        cause: RetryLater | ClusterError | None = None
        try:
            if version is None:
                items, version = await cluster.list(kind, namespace=namespace, selector=selector)
                due = started + max(settings.relist, _LIST_SHARE * (time.monotonic() - started))
                for change in known.replace(items):
                    yield change
                yield Change("synced", None)
            events = cluster.stream(
                kind,
                namespace=namespace,
                selector=selector,
                resource_version=version,
                timeout=min(settings.timeout, due - time.monotonic()),
                inactivity=settings.inactivity,
            )
            async with contextlib.aclosing(events):
                async for event in events:
                    failures = 0
                    version = str(event["object"]["metadata"]["resourceVersion"])
                    for change in known.take(event):
                        yield change
                    if time.monotonic() > due + 1:
                        break  # it was asked to end by now
        except (RetryLater, ClusterError) as error:
            cause = error
            if _must_list(error):
                version = None
        if time.monotonic() >= due - 1:
            version, due = None, math.inf
        if cause is None and time.monotonic() - started > settings.longest_delay:
            failures = 0
        await _pause(cluster, _wait(cause, failures, settings))
        failures += 1
        if cause is not None and failures & (failures - 1) == 0:  # 1, 2, 4, 8 …: an outage is not told every second
            _log.warning("watch interrupted", kind=kind, cause=str(cause), failures=failures)


def _must_list(error: RetryLater | ClusterError) -> bool:
    """Is the version that we know of no use any more?"""
    return isinstance(error, GoneError) or (isinstance(error, RetryLater) and error.extra.get("status") == _TOO_LARGE)


async def _pause(cluster: Cluster, seconds: float) -> None:
    """Wait; no longer than until a server that was away is back: what others learn of it, no watch should miss."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await cluster.wait_return()


def _wait(cause: Exception | None, failures: int, settings: WatchSettings) -> float:
    """Seconds until the next attempt: full jitter, after what the server asked for."""
    asked = cause.delay if isinstance(cause, RetryLater) and cause.extra.get("asked") else 0.0
    return asked + random.uniform(0, min(settings.longest_delay, settings.first_delay * 2 ** min(failures, 20)))


class _Known:
    """Everything that has been delivered, by uid's place: namespace and name."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], dict[str, Any]] = {}

    def replace(self, items: list[dict[str, Any]]) -> Iterator[Change]:
        """The changes that lead from what is known to a complete list; those that are gone come first."""
        listed = {_place(item): item for item in items}
        for place, old in list(self._objects.items()):
            if place not in listed or _uid(listed[place]) != _uid(old):
                del self._objects[place]
                yield Change("missing", old)
        for place, item in listed.items():
            past = self._objects.get(place)
            self._objects[place] = item
            if past is None:
                yield Change("added", item)
            elif _version(past) != _version(item):
                yield Change("modified", item)

    def take(self, event: dict[str, Any]) -> Iterator[Change]:
        """The changes of one watch event."""
        obj = event["object"]
        if event["type"] == "BOOKMARK":
            return
        place = _place(obj)
        past = self._objects.pop(place, None)
        if event["type"] == "DELETED":
            yield Change("deleted", obj)
            return
        if past is not None and _uid(past) != _uid(obj):
            yield Change("missing", past)
            past = None
        self._objects[place] = obj
        yield Change("added" if past is None else "modified", obj)


def _place(obj: dict[str, Any]) -> tuple[str, str]:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata.get("name", "")


def _uid(obj: dict[str, Any]) -> str | None:
    uid: str | None = obj["metadata"].get("uid")
    return uid


def _version(obj: dict[str, Any]) -> str | None:
    version: str | None = obj["metadata"].get("resourceVersion")
    return version
