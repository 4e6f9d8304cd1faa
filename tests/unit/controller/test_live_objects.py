"""What watches and answers say becomes one picture; only news of it wakes anybody."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from controller import live_objects
from controller.live_objects import LiveObjects
from core import names
from core.cluster import Cluster
from core.watch import Change

NAMESPACE = "tnt-00000001"
LABELS = names.tenant_labels("00000001")
Object = dict[str, Any]


def service(version: int, uid: str = "u1") -> Object:
    """A Service as the cluster has it."""
    metadata = {"name": "hello", "namespace": NAMESPACE, "labels": LABELS, "uid": uid, "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata}


class Watched:
    """Live objects whose watch of Services says what a test puts in."""

    def __init__(self) -> None:
        self.woken: list[str] = []
        self._said: asyncio.Queue[Change] = asyncio.Queue()
        self.objects = LiveObjects(Cluster.connect("unix:/nowhere"), self.woken.append)

    async def follow(self, _cluster: Cluster, kind: str, **_options: Any) -> AsyncGenerator[Change, None]:
        """In the place of `core.watch.follow`, which has tests of its own."""
        while kind == "Service":
            yield await self._said.get()
            self._said.task_done()
        await asyncio.Event().wait()

    async def say(self, type_: Any, obj: Object) -> list[str]:
        """Who is woken by a change."""
        self.woken.clear()
        self._said.put_nowait(Change(type_, copy.deepcopy(obj)))
        await self._said.join()
        return list(self.woken)

    @property
    def version(self) -> str | None:
        """Of the Service that is known now."""
        found = self.objects.find(NAMESPACE, "Service", "hello")
        return found["metadata"]["resourceVersion"] if found is not None else None


@pytest.fixture
async def watched(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Watched, None]:
    """Running."""
    watched = Watched()
    monkeypatch.setattr(live_objects, "follow", watched.follow)
    running = asyncio.create_task(watched.objects.run())
    yield watched
    running.cancel()
    await asyncio.wait([running])


async def test_every_change_is_told_once(watched: Watched) -> None:
    assert await watched.say("added", service(1)) == ["00000001"]
    assert await watched.say("modified", service(2)) == ["00000001"]
    assert await watched.say("modified", service(2)) == []
    assert await watched.say("deleted", service(3)) == ["00000001"]
    assert watched.version is None


async def test_what_a_pass_has_written_wakes_nobody_when_the_watch_says_it_again(watched: Watched) -> None:
    await watched.say("added", service(1))
    assert watched.objects.take(service(2))
    assert await watched.say("modified", service(2)) == []
    assert await watched.say("modified", service(3)) == ["00000001"]
    assert watched.objects.drop(service(3))
    assert await watched.say("deleted", service(4)) == []


async def test_an_older_version_changes_nothing(watched: Watched) -> None:
    watched.objects.take(service(5))
    assert await watched.say("modified", service(4)) == []
    assert watched.version == "5"


async def test_one_of_the_same_name_that_was_made_since_is_another(watched: Watched) -> None:
    watched.objects.take(service(5, uid="u2"))
    assert await watched.say("deleted", service(6, uid="u1")) == []
    assert watched.version == "5"
    assert await watched.say("added", service(3, uid="u3")) == ["00000001"]
    assert watched.version == "3"
