"""What `core.watch` may rely on when it lists and watches."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest

from core import names
from core.cluster import Cluster, GoneError
from core.watch import Change, follow
from tests.conformance.test_objects import config_map
from tests.tenant_objects import SECONDS, Object, Tenant


def selector_of(tenant: Tenant) -> str:
    return f"{names.LABEL_TENANT}={tenant.id}"


@contextlib.asynccontextmanager
async def watching(
    cluster: Cluster, tenant: Tenant, version: str, *, kind: str = "ConfigMap", selector: str | None = None
) -> AsyncIterator[asyncio.Queue[Object]]:
    """The events of a watch as they come."""
    queue: asyncio.Queue[Object] = asyncio.Queue()

    async def read() -> None:
        events = cluster.stream(
            kind,
            namespace=tenant.namespace if kind != "Namespace" else None,
            selector=selector or selector_of(tenant),
            resource_version=version,
            timeout=SECONDS,
        )
        async with contextlib.aclosing(events):
            async for event in events:
                if event["type"] != "BOOKMARK":
                    queue.put_nowait(event)

    task = asyncio.create_task(read())
    try:
        yield queue
    finally:
        task.cancel()
        await asyncio.wait({task})


async def take(queue: asyncio.Queue[Object]) -> tuple[str, str]:
    """The next event: its type and its object's name."""
    async with asyncio.timeout(SECONDS):
        event = await queue.get()
    return event["type"], event["object"]["metadata"]["name"]


async def test_a_watch_goes_on_where_a_list_ended(cluster: Cluster, tenant: Tenant) -> None:
    await cluster.apply(config_map(tenant, "before"))
    items, version = await cluster.list("ConfigMap", namespace=tenant.namespace, selector=selector_of(tenant))
    assert [item["metadata"]["name"] for item in items] == ["before"]
    await cluster.apply(config_map(tenant, "between"))
    async with watching(cluster, tenant, version) as events:
        assert await take(events) == ("ADDED", "between")
        await cluster.apply(config_map(tenant, "between", a="1"))
        assert await take(events) == ("MODIFIED", "between")
        await cluster.delete("ConfigMap", tenant.namespace, "before")
        assert await take(events) == ("DELETED", "before")
        await cluster.apply(config_map(tenant, "before"))
        assert await take(events) == ("ADDED", "before")


@pytest.mark.parametrize("version", ["", "0"])
async def test_a_watch_from_nothing_begins_with_all_there_is(cluster: Cluster, tenant: Tenant, version: str) -> None:
    for name in ("one", "two"):
        await cluster.apply(config_map(tenant, name))
    async with watching(cluster, tenant, version) as events:
        assert {await take(events), await take(events)} == {("ADDED", "one"), ("ADDED", "two")}
        await cluster.apply(config_map(tenant, "three"))
        assert await take(events) == ("ADDED", "three")


async def test_every_event_has_a_version_of_its_own_from_which_one_can_go_on(cluster: Cluster, tenant: Tenant) -> None:
    _, version = await cluster.list("ConfigMap", namespace=tenant.namespace)
    applied = await cluster.apply(config_map(tenant))
    await cluster.delete("ConfigMap", tenant.namespace, "c")
    async with watching(cluster, tenant, version) as events:
        added, deleted = await events.get(), await events.get()
    assert added["object"]["metadata"]["resourceVersion"] == applied["metadata"]["resourceVersion"]
    assert int(deleted["object"]["metadata"]["resourceVersion"]) > int(applied["metadata"]["resourceVersion"])
    async with watching(cluster, tenant, added["object"]["metadata"]["resourceVersion"]) as events:
        assert await take(events) == ("DELETED", "c")
    async with watching(cluster, tenant, deleted["object"]["metadata"]["resourceVersion"]) as events:
        await cluster.apply(config_map(tenant, "later"))
        assert await take(events) == ("ADDED", "later")


async def test_an_object_that_stops_matching_looks_deleted(cluster: Cluster, tenant: Tenant) -> None:
    _, version = await cluster.list("ConfigMap", namespace=tenant.namespace)
    async with watching(cluster, tenant, version, selector=f"{selector_of(tenant)},{names.MANAGED}") as events:
        obj = config_map(tenant)
        await cluster.apply(obj)
        assert await take(events) == ("ADDED", "c")
        managed = obj["metadata"]["labels"].pop(names.LABEL_MANAGED_BY)
        unlabelled = await cluster.apply(obj)
        gone = await events.get()
        assert gone["type"] == "DELETED"
        assert gone["object"]["metadata"]["resourceVersion"] == unlabelled["metadata"]["resourceVersion"]
        obj["metadata"]["labels"][names.LABEL_MANAGED_BY] = managed
        await cluster.apply(obj)
        assert await take(events) == ("ADDED", "c")


async def test_a_watch_sees_its_namespace_only(cluster: Cluster, tenant: Tenant) -> None:
    other = Tenant(cluster)
    await other.create()
    _, version = await cluster.list("ConfigMap", namespace=tenant.namespace)
    async with watching(cluster, tenant, version, selector=names.MANAGED) as events:
        await cluster.apply(config_map(other, "elsewhere"))
        await cluster.apply(config_map(tenant, "here"))
        assert await take(events) == ("ADDED", "here")
    await cluster.delete("Namespace", None, other.namespace)


async def test_a_watch_ends_when_asked_to_and_says_how_far_it_came(cluster: Cluster, tenant: Tenant) -> None:
    _, version = await cluster.list("ConfigMap", namespace=tenant.namespace)

    async def change_others() -> None:
        for number in itertools.count():
            await cluster.apply(config_map(tenant, number=str(number)))
            await asyncio.sleep(0.2)  # until the watch has ended: where nothing happens there is nothing to say

    task = asyncio.create_task(change_others())
    stream = cluster.stream(
        "ConfigMap", namespace=tenant.namespace, selector="of=nobody", resource_version=version, timeout=4
    )
    async with asyncio.timeout(SECONDS):
        events = [event async for event in stream]
    task.cancel()
    await asyncio.wait({task})
    assert events
    assert all(event["type"] == "BOOKMARK" for event in events)
    assert int(events[-1]["object"]["metadata"]["resourceVersion"]) > int(version)


async def test_a_version_that_is_not_kept_is_gone(cluster: Cluster, tenant: Tenant) -> None:
    stream = cluster.stream("ConfigMap", namespace=tenant.namespace, selector=None, resource_version="1", timeout=5)
    with pytest.raises(GoneError):
        async for _ in stream:
            pass


async def test_follow_tells_what_is_there_and_then_what_changes(cluster: Cluster, tenant: Tenant) -> None:
    await cluster.apply(config_map(tenant, "there"))
    changes = follow(cluster, "ConfigMap", namespace=tenant.namespace, selector=selector_of(tenant))

    async def take_change() -> tuple[str, str | None]:
        async with asyncio.timeout(SECONDS):
            change: Change = await anext(changes)
        return change.type, change.object["metadata"]["name"] if change.object else None

    async with contextlib.aclosing(changes):
        assert [await take_change(), await take_change()] == [("added", "there"), ("synced", None)]
        await cluster.apply(config_map(tenant, "there", a="1"))
        assert await take_change() == ("modified", "there")
        await cluster.delete("ConfigMap", tenant.namespace, "there")
        assert await take_change() == ("deleted", "there")
