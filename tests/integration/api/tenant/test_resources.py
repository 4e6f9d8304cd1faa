"""The objects of a service over HTTP, on a real node: what it holds, what main says, who differs; no secrets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import yaml

from core import names
from tests.integration.api.tenant.conftest import Api
from tests.node_process import NodeProcess
from tests.tenant_objects import Object, Tenant

Item = dict[str, Any]
ENV = b"env:\n  GREETING: hello there\n  API_TOKEN: t0ps3cret\n  STORE: 'http://me:hunter2@db/x'\n"
SECRETS = {"API_TOKEN": "t0ps3cret", "STORE": "http://me:hunter2@db/x"}


@pytest.fixture
async def stranger(node: NodeProcess) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody with kubectl."""
    connector = aiohttp.UnixConnector(str(node.socket))
    async with aiohttp.ClientSession("http://node", connector=connector) as session:
        yield session


async def read_items(api: Api, service: str = "hello", query: str = "") -> dict[str, Item]:
    """By kind and name, in the order of the answer."""
    answer = await asyncio.to_thread(api.get, f"/services/{service}/resources{query}")
    assert answer.status == 200, answer.body
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.json["head"] == api.head
    return {f"{item['kind']}/{item['name']}": item for item in answer.json["items"]}


async def apply_what_main_says(api: Api, tenant: Tenant) -> dict[str, Item]:
    """As the controller does, from the very text that is shown, but for what it hides."""
    items = await read_items(api)
    for kind in ("ConfigMap", "Service", "Deployment"):
        for item in items.values():
            if item["kind"] == kind and item["desired"]:
                await tenant.cluster.apply(uncover(yaml.safe_load(item["desired"])))
    deployment = yaml.safe_load(items["Deployment/hello"]["desired"])
    await tenant.wait_ready("hello", deployment["spec"]["template"]["metadata"]["labels"][names.LABEL_TREE])
    return await read_items(api)


def uncover(obj: Object) -> Object:
    containers = obj["spec"]["template"]["spec"]["containers"] if obj["kind"] == "Deployment" else []
    for variable in (variable for container in containers for variable in container["env"]):
        if variable["value"] == "(hidden)":
            variable["value"] = SECRETS[variable["name"]]
    return obj


async def change(stranger: aiohttp.ClientSession, tenant: Tenant, patch: Object) -> None:
    path = f"/apis/apps/v1/namespaces/{tenant.namespace}/deployments/hello?fieldManager=kubectl-edit"
    headers = {"Content-Type": "application/merge-patch+json"}
    async with stranger.patch(path, data=json.dumps(patch), headers=headers) as response:
        assert response.status == 200, await response.text()


async def test_what_main_says_can_be_applied_and_then_nothing_differs(api: Api, tenant: Tenant) -> None:
    before = await read_items(api)
    assert [item["kind"] for item in before.values()] == ["Deployment", "Service", "ConfigMap"]
    for item in before.values():
        assert (item["state"], item["live"], item["patch"], item["applied"]) == ("missing", None, None, False)
        assert item["createdAt"] is None

    items = await apply_what_main_says(api, tenant)

    assert [item["kind"] for item in items.values()] == ["Deployment", "Pod", "Service", "ConfigMap"]
    deployment, pod, service, files = items.values()
    for item in (deployment, service, files):
        assert (item["state"], item["patch"], item["applied"], item["differences"]) == ("ready", "", True, [])
        live, desired = yaml.safe_load(item["live"]), yaml.safe_load(item["desired"])
        assert live["metadata"]["uid"]
        assert "managedFields" not in live["metadata"]
        assert (live["kind"], live["metadata"]["name"]) == (desired["kind"], item["name"])
    assert deployment["sentence"] == "1 of 1 running"
    assert yaml.safe_load(deployment["live"])["status"]["readyReplicas"] == 1
    assert (pod["parent"], pod["state"], pod["desired"], pod["patch"]) == ("Deployment/hello", "ready", None, None)
    blobs = [api.repository.blob(entry.oid).decode() for entry in walk(api, "hello")]
    assert sorted(yaml.safe_load(files["desired"])["data"].values()) == sorted(blobs)


async def test_who_owns_what_is_shown_where_it_is_asked_for(api: Api, tenant: Tenant) -> None:
    await apply_what_main_says(api, tenant)
    items = await read_items(api, query="?managedFields=true")
    entries = yaml.safe_load(items["Deployment/hello"]["live"])["metadata"]["managedFields"]
    assert names.FIELD_MANAGER in {entry["manager"] for entry in entries}


async def test_what_somebody_else_has_changed_is_told_with_their_name(
    api: Api, tenant: Tenant, stranger: aiohttp.ClientSession
) -> None:
    await apply_what_main_says(api, tenant)

    await change(stranger, tenant, {"spec": {"replicas": 3, "template": {"metadata": {"labels": {"their": "own"}}}}})

    item = (await read_items(api))["Deployment/hello"]
    (difference,) = item["differences"]
    assert (difference["field"], difference["manager"]) == ("spec.replicas", "kubectl-edit")
    assert difference["changedAt"] is not None
    assert item["applied"]
    assert [line for line in item["patch"].splitlines() if line[0] in "+-"][2:] == ["-  replicas: 1", "+  replicas: 3"]
    assert "their: own" in item["live"]  # what nobody asked of the cluster is no difference


async def test_what_is_committed_and_not_applied_is_told_apart(api: Api, tenant: Tenant) -> None:
    await apply_what_main_says(api, tenant)
    api.create("/services/hello/files/more.txt", b"more\n")

    items = await read_items(api)
    deployment = items["Deployment/hello"]
    assert not deployment["applied"]
    assert {difference["manager"] for difference in deployment["differences"]} == {None}
    new, old = [item for item in items.values() if item["kind"] == "ConfigMap"]
    assert (new["state"], old["state"]) == ("missing", "ready")
    assert (new["live"], old["desired"]) == (None, None)
    assert old["sentence"] == "of another revision: it goes when nothing names it"


async def test_no_secret_and_no_place_is_said(api: Api, tenant: Tenant, stranger: aiohttp.ClientSession) -> None:
    answer = api.put("/services/hello/files/service.yaml", ENV, If_Match=read_tag(api))
    assert answer.status == 200, answer.body
    await apply_what_main_says(api, tenant)
    live = await tenant.cluster.get("Deployment", tenant.namespace, "hello")
    assert live is not None
    assert all(secret in json.dumps(live) for secret in SECRETS.values())
    (container,) = live["spec"]["template"]["spec"]["containers"]
    container["env"].append({"name": "THEIR_PASSWORD", "value": "of somebody"})
    again = {"kubectl.kubernetes.io/last-applied-configuration": "of somebody"}
    await change(
        stranger,
        tenant,
        {"metadata": {"annotations": again}, "spec": {"template": {"spec": {"containers": [container]}}}},
    )

    items = await read_items(api, query="?managedFields=true")
    deployment = items["Deployment/hello"]
    assert "hello there" in deployment["live"]
    assert "THEIR_PASSWORD" in deployment["live"]
    assert "(hidden)" in deployment["desired"]
    assert [one["field"] for one in deployment["differences"]] == [
        "spec.template.spec.containers[handler].env[THEIR_PASSWORD]"
    ]
    assert "+        - name: THEIR_PASSWORD\n+          value: (hidden)\n" in deployment["patch"]
    objects = [item for item in items.values() if item["kind"] != "ConfigMap"]  # service.yaml is what everybody reads
    pods = await tenant.pods("hello")
    places = [address.path for pod in pods if (address := names.pod_address(pod)) and address.path]
    assert places
    for word in (*SECRETS.values(), "of somebody", "nodeName", "podIP", "hostIP", *places):
        assert word not in json.dumps(objects), word


async def test_what_main_cannot_say_and_what_there_is_not(api: Api, tenant: Tenant, node: NodeProcess) -> None:
    for name in ("nothing-here", "No%20name", "a,b=c"):
        assert api.get(f"/services/{name}/resources").problem == "not-found"
    await tenant.deploy("gone", "class Handler: ...\n")
    items = await read_items(api, "gone")
    assert {item["kind"] for item in items.values()} >= {"Deployment", "Service", "ConfigMap"}
    assert {item["desired"] for item in items.values()} == {None}
    assert items["Service/gone"]["sentence"] == "it is there, and main does not say it"


def walk(api: Api, path: str) -> list[Any]:
    """The files of a directory without directories."""
    repository = api.repository
    place = repository.find(repository.root_of(api.head), path)
    assert place is not None
    return list(repository.tree(place.oid))


def read_tag(api: Api) -> str:
    return str(api.get("/services/hello/files/service.yaml").headers["ETag"])


async def test_an_absent_cluster_is_said_to_be_so(api: Api, node: NodeProcess) -> None:
    node.terminate()
    try:
        answer = await asyncio.to_thread(api.get, "/services/hello/resources")
        assert answer.status == 503
        assert answer.headers["Retry-After"]
        assert answer.problem == "unavailable"
    finally:
        node.start()
