"""The controller on a real node, a real repository and a real database; the dispatcher's part is spoken by the test."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from controller.loop import Controller, hold_lock
from core import commit, link, names
from core.commit import Put
from core.tenants import allow_prune, request_reconcile
from tests.integration.controller.world import ANA, World, running
from tests.node_process import NodeProcess

GOOD = b"class Handler:\n    def run(self, req):\n        return 'ok'\n"


class Deaf(Controller):
    """A controller to which no hint comes through: no message, no change of a file, no event of a watch."""

    def _on_message(self, peer: link.Peer, message: link.Message) -> None:
        if peer.role == "dispatcher":
            self._routes.take(peer, message)

    async def _watch_refs(self) -> None:
        await asyncio.Event().wait()


async def test_polling_alone_converges(world: World) -> None:
    async with running(world, Deaf):
        first = str(world.repository.head())
        await world.wait_for("hello", first, "live")
        second = world.commit(Put("hello/handler.py", GOOD))
        release = await world.wait_for("hello", second, "live")
        assert set(release.stages) >= {"commit", "apply", "start", "live"}
        assert release.actor == ANA.email
        assert world.repository.live_refs() == {"hello": second}


async def test_a_revision_that_cannot_start_fails_with_its_traceback_and_the_live_one_stays(world: World) -> None:
    async with running(world):
        first = str(world.repository.head())
        await world.wait_for("hello", first, "live")
        broken = world.commit(Put("hello/handler.py", b"import no_such_module\n"))
        release = await world.wait_for("hello", broken, "failed")
        assert release.reason == "ImportFailed"
        assert "No module named 'no_such_module'" in str(release.message)
        assert world.repository.live_refs() == {"hello": first}
        mended = world.commit(Put("hello/handler.py", GOOD))
        await world.wait_for("hello", mended, "live")


async def test_the_files_of_an_overtaken_revision_go_with_its_last_pod(world: World) -> None:
    async with running(world):
        await world.wait_for("hello", str(world.repository.head()), "live")
        second = world.commit(Put("hello/handler.py", GOOD))
        await world.wait_for("hello", second, "live")
        tree = world.repository.services(world.repository.root_of(second))["hello"]
        async with asyncio.timeout(20):
            while [obj["metadata"]["name"] for obj in (await world.cluster.list("ConfigMap"))[0]] != [
                names.config_map_name("hello", tree)
            ]:
                await asyncio.sleep(0.05)


async def test_a_person_who_asks_gets_a_failed_revision_tried_again_at_once(world: World, tmp_path: Path) -> None:
    needed = tmp_path / "needed"
    code = f"import os\nassert os.path.exists({str(needed)!r}), 'not there yet'\n".encode() + GOOD
    async with running(world, Deaf):
        commit_id = world.commit(Put("hello/handler.py", code))
        await world.wait_for("hello", commit_id, "failed")
        needed.touch()
        await world.tenants.update(world.tenant.id, lambda tenant: request_reconcile(tenant, "hello", "now"))
        await world.wait_for("hello", commit_id, "live", seconds=6)  # by itself it would wait for ten


async def test_a_fresh_cluster_gets_the_last_live_revision_before_a_tip_that_fails(
    world: World, node: NodeProcess
) -> None:
    async with running(world):
        first = str(world.repository.head())
        await world.wait_for("hello", first, "live")
        broken = world.commit(Put("hello/handler.py", b"raise RuntimeError('no')\n"))
        await world.wait_for("hello", broken, "failed")
    node.kill()
    node.start()
    async with running(world):
        async with asyncio.timeout(20):
            while True:
                pods, _ = await world.cluster.list("Pod", namespace=world.tenant.namespace)
                trees = {names.label_of(p, names.LABEL_TREE) for p in pods if _is_ready(p)}
                if trees:
                    break
                await asyncio.sleep(0.02)
        hello = world.repository.find(world.repository.root_of(first), "hello")
        assert hello is not None
        assert trees == {names.short_tree(hello.oid)}
        await world.wait_for("hello", broken, "failed")
        assert world.repository.live_refs() == {"hello": first}


def _is_ready(pod: dict[str, object]) -> bool:
    status = pod.get("status")
    conditions = status.get("conditions", ()) if isinstance(status, dict) else ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


async def test_an_unchanged_tenant_costs_no_write(world: World) -> None:
    async with running(world) as controller:
        await world.wait_for("hello", str(world.repository.head()), "live")
        before = await _versions(world)
        for _ in range(5):
            controller._memory(world.tenant.id).settled.clear()
            controller.queue.add(world.tenant.id)
            await asyncio.sleep(0.05)
        assert await _versions(world) == before


async def _versions(world: World) -> dict[str, str]:
    found = {}
    for kind in ("ConfigMap", "Service", "Deployment", "Pod", "NetworkPolicy", "ResourceQuota"):
        items, _ = await world.cluster.list(kind, namespace=world.tenant.namespace)
        found |= {f"{kind}/{item['metadata']['name']}": item["metadata"]["resourceVersion"] for item in items}
    return found


async def test_what_somebody_else_changes_is_put_back(world: World) -> None:
    async with running(world):
        await world.wait_for("hello", str(world.repository.head()), "live")
        service = await world.cluster.get("Service", world.tenant.namespace, "hello")
        assert service is not None
        await world.cluster.delete("Service", world.tenant.namespace, "hello")
        async with asyncio.timeout(20):
            while True:
                again = await world.cluster.get("Service", world.tenant.namespace, "hello")
                if again is not None and again["metadata"]["uid"] != service["metadata"]["uid"]:
                    break
                await asyncio.sleep(0.02)


async def test_removing_all_of_several_services_is_held_until_it_is_confirmed(world: World) -> None:
    async with running(world, Deaf):
        world.commit(Put("shop/service.yaml", b""), Put("shop/handler.py", GOOD))
        await world.wait_for("shop", str(world.repository.head()), "live")
        removal = world.commit(commit.Delete("shop"), commit.Delete("hello"))
        held = await world.wait_for("shop", removal, "held")
        assert "--allow-prune" in str(held.sentence)
        assert await world.cluster.get("Deployment", world.tenant.namespace, "shop") is not None
        await world.tenants.update(world.tenant.id, lambda tenant: allow_prune(tenant, removal))
        await world.wait_for("shop", removal, "removed")
        assert await world.cluster.get("Deployment", world.tenant.namespace, "shop") is None
        assert world.repository.live_refs() == {}


async def test_nothing_that_is_not_ours_is_deleted(world: World) -> None:
    async with running(world):
        await world.wait_for("hello", str(world.repository.head()), "live")
        foreign = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "foreign", "namespace": world.tenant.namespace},
            "data": {"a": "b"},
        }
        await world.cluster.apply(foreign)
        world.commit(commit.Delete("hello"))
        async with asyncio.timeout(20):
            while await world.cluster.get("Deployment", world.tenant.namespace, "hello") is not None:
                await asyncio.sleep(0.02)
        assert await world.cluster.get("ConfigMap", world.tenant.namespace, "foreign") is not None


async def test_a_missing_main_is_no_reason_to_delete_anything(world: World) -> None:
    async with running(world, Deaf):
        await world.wait_for("hello", str(world.repository.head()), "live")
        path = world.tenants.path_of(world.tenant)
        moved = path.with_name("elsewhere")
        (path / "refs/heads/main").rename(moved)
        await asyncio.sleep(0.6)
        assert await world.cluster.get("Deployment", world.tenant.namespace, "hello") is not None
        moved.rename(path / "refs/heads/main")


async def test_a_second_controller_is_refused_by_name(world: World) -> None:
    with (
        hold_lock(world.settings),
        pytest.raises(BlockingIOError, match="another controller holds"),
        hold_lock(world.settings),
    ):
        pass


async def test_an_api_that_comes_late_is_told_what_is_live(world: World) -> None:
    async with running(world):
        head = str(world.repository.head())
        await world.wait_for("hello", head, "live")
        heard: asyncio.Queue[link.Message] = asyncio.Queue()
        connection = link.Connection(world.settings.link_path, "api", "late", heard.put_nowait, list)
        running_connection = asyncio.create_task(connection.run())
        message = await asyncio.wait_for(heard.get(), 10)
        await connection.close()
        await running_connection

    assert (message["type"], message["event"]) == ("release", "stage")
    assert (message["release"]["commit"], message["release"]["state"]) == (head, "live")
