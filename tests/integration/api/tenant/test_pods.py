"""The pods of a service over HTTP, as a real node runs them: what is said of each, and that nothing else is."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from core import names
from tests.integration.api.tenant.conftest import Api
from tests.node_process import NodeProcess
from tests.tenant_objects import HANDLER, Object, Tenant, ask, open_pod

BROKEN = "import nothing_of_that_name\n"
DYING = """
import os


class Handler:
    def run(self, req):
        if req.path == "/die":
            os._exit(3)
        return "ok"
"""


async def list_pods(api: Api, service: str = "hello") -> list[dict[str, Any]]:
    answer = await asyncio.to_thread(api.get, f"/services/{service}/pods")
    assert answer.status == 200, answer.body
    assert answer.headers["Cache-Control"] == "private, no-store"
    items: list[dict[str, Any]] = answer.json["items"]
    return items


async def test_pods_that_answer(api: Api, tenant: Tenant) -> None:
    assert await list_pods(api) == []
    tree = await tenant.deploy("hello", HANDLER.format(text="hello"), replicas=2)
    await tenant.name_commit(tree)
    await tenant.deploy("other", HANDLER.format(text="other"))
    pods = await tenant.wait_ready("hello", tree, 2)

    shown = await list_pods(api)
    by_name = {pod["name"]: pod for pod in shown}
    assert set(by_name) == {pod["metadata"]["name"] for pod in pods}
    for pod in pods:
        said = by_name[pod["metadata"]["name"]]
        assert said == {
            "name": pod["metadata"]["name"],
            "tree": tree,
            "commit": "c" * 40,
            "state": "ready",
            "reason": "Running",
            "sentence": "1 of 1 running",
            "message": None,
            "createdAt": pod["metadata"]["creationTimestamp"],
            "goneBy": None,
            "restarts": 0,
            "lastEnd": None,
        }


async def test_no_address_and_no_variable_is_said(api: Api, tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", HANDLER.format(text="hello"), env={"PASSWORD": "of somebody"})
    (pod,) = await tenant.wait_ready("hello", tree)
    address = names.pod_address(pod)
    assert address is not None
    body = (await asyncio.to_thread(api.get, "/services/hello/pods")).body.decode()
    for secret in ("PASSWORD", "of somebody", address.path or address.host or "", "nodeName", "podIP"):
        assert secret not in body


async def test_a_pod_that_cannot_start_says_why(api: Api, tenant: Tenant) -> None:
    await tenant.deploy("hello", BROKEN)
    await tenant.wait("Pod", lambda pods: any(has_ended(pod) for pod in pods))

    (shown,) = await list_pods(api)
    assert (shown["state"], shown["reason"]) == ("failed", "ImportFailed")
    assert shown["sentence"] == "ModuleNotFoundError: No module named 'nothing_of_that_name'"
    assert "handler.py" in shown["message"]
    assert shown["commit"] is None
    assert shown["lastEnd"]["reason"] == "ImportFailed"


async def test_a_pod_that_died_says_how_often_and_how(api: Api, tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", DYING)
    (pod,) = await tenant.wait_ready("hello", tree)
    async with open_pod(pod) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post("/die")
    await tenant.wait("Pod", lambda pods: any(has_ended(pod) for pod in pods))
    (pod,) = await tenant.wait_ready("hello", tree)
    assert await ask(pod) == "ok"

    (shown,) = await list_pods(api)
    assert (shown["state"], shown["restarts"]) == ("ready", 1)
    assert (shown["lastEnd"]["reason"], shown["lastEnd"]["exitCode"]) == ("Exited", 3)
    assert shown["lastEnd"]["at"] is not None


async def test_what_there_is_not(api: Api, tenant: Tenant, node: NodeProcess) -> None:
    assert api.get("/services/nothing-here/pods").problem == "not-found"
    tree = await tenant.deploy("gone", HANDLER.format(text="gone"))
    await tenant.wait_ready("gone", tree)
    assert [pod["state"] for pod in await list_pods(api, "gone")] == ["ready"]  # it runs, though main has it no more


def has_ended(pod: Object) -> bool:
    (status,) = pod["status"].get("containerStatuses") or [{}]
    return any("terminated" in (status.get(key) or {}) for key in ("state", "lastState"))
