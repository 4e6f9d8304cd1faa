"""The node's API at the wire, where it is not the same as what `core.cluster` sees."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import stat
from typing import Any

import aiohttp
import pytest

from core import names
from core.cluster import Cluster
from tests.node_process import TOKEN, NodeProcess
from tests.tenant_objects import SECONDS, Object, Tenant

APPLY = {"Content-Type": "application/apply-patch+yaml"}
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


def config_map(namespace: str, name: str = "c", **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def path_of(tenant: Tenant, plural: str = "configmaps", name: str = "") -> str:
    return f"/api/v1/namespaces/{tenant.namespace}/{plural}" + (f"/{name}" if name else "")


async def call(http: aiohttp.ClientSession, method: str, path: str, **options: Any) -> tuple[int, Object]:
    async with http.request(method, path, **options) as response:
        body = await response.json()
        if response.status >= 400:
            assert (body["kind"], body["status"], body["code"]) == ("Status", "Failure", response.status)
        return response.status, body


def test_the_socket_is_for_its_owner_only(node: NodeProcess) -> None:
    assert stat.S_IMODE(node.socket.stat().st_mode) == 0o600


async def test_the_tcp_door_needs_the_token(node: NodeProcess) -> None:
    basic = base64.b64encode(f"paaks:{TOKEN}".encode()).decode()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{node.port}") as http:
        for header in (f"Bearer {TOKEN}", f"Basic {basic}"):
            status, _ = await call(http, "GET", "/api/v1/pods", headers={"Authorization": header})
            assert status == 200
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic wrong"}):
            for path in ("/api/v1/pods", "/version", "/anything"):
                status, body = await call(http, "GET", path, headers=headers)
                assert (status, body["reason"]) == (401, "Unauthorized")


@pytest.mark.parametrize("path", ["/readyz", "/livez", "/healthz"])
async def test_probes_need_no_token(node: NodeProcess, http: aiohttp.ClientSession, path: str) -> None:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{node.port}") as tcp:
        for session in (http, tcp):
            async with session.get(path) as response:
                assert (response.status, await response.text()) == (200, "ok")


async def test_clients_find_out_what_there_is(http: aiohttp.ClientSession) -> None:
    for path in ("/version", "/version/"):
        _, version = await call(http, "GET", path)
        assert version["gitVersion"].startswith("v1.")
    _, groups = await call(http, "GET", "/apis")
    found = {}
    for path in ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups["groups"])]:
        _, resources = await call(http, "GET", path)
        found |= {resource["name"]: set(resource["verbs"]) for resource in resources["resources"]}
    assert found["pods/log"] == {"get"}
    assert found["deployments"] == {"get", "list", "watch", "patch", "delete"}
    assert "patch" not in found["pods"]
    _, schemas = await call(http, "GET", "/openapi/v3")
    for entry in schemas["paths"].values():
        status, _ = await call(http, "GET", entry["serverRelativeURL"])
        assert status == 200


async def test_apply_takes_yaml_and_says_whether_it_is_new(http: aiohttp.ClientSession, tenant: Tenant) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: '1'\n"
    path, query = path_of(tenant, name="c"), {"fieldManager": "paaks"}
    first = await call(http, "PATCH", path, params=query, data=text, headers=APPLY)
    second = await call(http, "PATCH", path, params=query, data=text, headers=APPLY)
    assert (first[0], second[0]) == (201, 200)
    assert first[1] == second[1]
    assert first[1]["data"] == {"a": "1"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"data": "{"}, 400),
        ({"data": "a: [1"}, 400),
        ({"data": "just text"}, 400),
        ({"data": "[" * 20_000}, 400),
        ({"data": "{" + '"a":{' * 50_000}, 400),
        ({"json": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "c"}}}, 400),
        ({"json": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}}}, 400),
        ({"json": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "other"}}}, 400),
        ({"json": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": [1]}}, 400),
        ({"json": {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": 1}}}, 422),
        ({"params": {}}, 422),
        ({"params": {"fieldManager": "paaks", "dryRun": "Some"}}, 400),
        ({"headers": {"Content-Type": "application/json-patch+json"}}, 415),
        ({"headers": {"Content-Type": "application/strategic-merge-patch+json"}}, 415),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_an_apply_that_is_none(
    http: aiohttp.ClientSession, tenant: Tenant, change: dict[str, Any], code: int
) -> None:
    request: dict[str, Any] = {"params": {"fieldManager": "paaks"}, "headers": APPLY}
    if "json" not in change and "data" not in change:
        request["data"] = json.dumps(config_map(tenant.namespace))
    if "json" in change:
        change = {"data": json.dumps(change["json"])}
    status, _ = await call(http, "PATCH", path_of(tenant, name="c"), **(request | change))
    assert status == code


@pytest.mark.parametrize(
    ("method", "plural", "name"),
    [
        ("POST", "configmaps", ""),
        ("POST", "pods", "p/exec"),
        ("GET", "pods", "p/attach"),
        ("POST", "pods", "p/portforward"),
        ("PUT", "configmaps", "c"),
        ("DELETE", "configmaps", ""),
        ("PATCH", "pods", "p"),
        ("PATCH", "services", "s/status"),
    ],
)
async def test_what_is_not_offered_names_the_way(
    http: aiohttp.ClientSession, tenant: Tenant, method: str, plural: str, name: str
) -> None:
    path = path_of(tenant, plural, name)
    status, body = await call(http, method, path, data="{}", headers=APPLY, params={"fieldManager": "kubectl"})
    assert (status, body["reason"]) == (405, "MethodNotAllowed")
    assert "git push" in body["message"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/", 404),
        ("/api/v1/nodes", 404),
        ("/api/v1/namespaces/x/pods/y", 404),
        ("/api/v1/pods?labelSelector=%3D", 400),
        ("/api/v1/pods?fieldSelector=spec.x%3D1", 400),
        ("/api/v1/pods?watch=true&resourceVersion=abc", 400),
        ("/api/v1/pods?watch=true&timeoutSeconds=-1", 400),
        ("/api/v1/namespaces/x/pods/y/log", 404),
        ("/api/v1/namespaces/x/pods/y/log?tailLines=some", 400),
    ],
)
async def test_what_cannot_be_answered(http: aiohttp.ClientSession, path: str, code: int) -> None:
    status, _ = await call(http, "GET", path)
    assert status == code


async def test_another_writer_is_refused(http: aiohttp.ClientSession, cluster: Cluster, tenant: Tenant) -> None:
    await cluster.apply(config_map(tenant.namespace, a="1"))
    body = json.dumps(config_map(tenant.namespace, a="2"))
    query = {"fieldManager": "kubectl", "force": "true"}
    status, answer = await call(http, "PATCH", path_of(tenant, name="c"), params=query, data=body, headers=APPLY)
    assert (status, answer["reason"]) == (409, "Conflict")
    assert "commit on main" in answer["message"]


async def test_deletion_answers_as_the_api_does(http: aiohttp.ClientSession, cluster: Cluster, tenant: Tenant) -> None:
    applied = await cluster.apply(config_map(tenant.namespace))
    path = path_of(tenant, name="c")
    status, kept = await call(http, "DELETE", path, params={"dryRun": "All"})
    assert (status, kept["metadata"]["uid"]) == (200, applied["metadata"]["uid"])
    for options in ({"propagationPolicy": "Orphan"}, {"gracePeriodSeconds": -1}, {"dryRun": ["Some"]}):
        status, _ = await call(http, "DELETE", path, json=options)
        assert status == 400
    status, gone = await call(http, "DELETE", path)
    assert (status, gone["status"], gone["details"]["uid"]) == (200, "Success", applied["metadata"]["uid"])
    status, _ = await call(http, "DELETE", path)
    assert status == 404


async def test_tables_for_one_for_many_and_for_a_watch(
    http: aiohttp.ClientSession, cluster: Cluster, tenant: Tenant
) -> None:
    await cluster.apply(config_map(tenant.namespace, "one", a="1"))
    await cluster.apply(config_map(tenant.namespace, "two"))
    _, table = await call(http, "GET", path_of(tenant), headers=TABLE, params={"includeObject": "Object"})
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert [row["cells"][:2] for row in table["rows"]] == [["one", 1], ["two", 0]]
    assert table["rows"][0]["object"]["data"] == {"a": "1"}
    _, one = await call(http, "GET", path_of(tenant, name="one"), headers=TABLE)
    assert len(one["rows"]) == 1
    query = {"watch": "true", "timeoutSeconds": "1"}
    async with http.get(path_of(tenant), params=query, headers=TABLE) as response:
        events = [json.loads(line) async for line in response.content]
    assert [event["object"]["rows"][0]["cells"][0] for event in events] == ["one", "two"]
    assert [len(event["object"]["columnDefinitions"]) for event in events] == [3, 0]


async def test_a_watch_list_says_where_the_beginning_ends(
    http: aiohttp.ClientSession, cluster: Cluster, tenant: Tenant
) -> None:
    await cluster.apply(config_map(tenant.namespace))
    query = {"watch": "true", "sendInitialEvents": "true", "allowWatchBookmarks": "true", "timeoutSeconds": "1"}
    query |= {"resourceVersionMatch": "NotOlderThan", "resourceVersion": "1"}
    async with http.get(path_of(tenant), params=query) as response:
        events = [json.loads(line) async for line in response.content]
    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK", "BOOKMARK"]
    annotations = [event["object"]["metadata"].get("annotations") for event in events[1:]]
    assert annotations == [{"k8s.io/initial-events-end": "true"}, None]


async def test_a_watch_that_cannot_go_on_says_so_in_the_stream(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/pods", params={"watch": "true", "resourceVersion": "5"}) as response:
        assert response.status == 200
        (event,) = [json.loads(line) async for line in response.content]
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_clients_that_go_away_leave_no_trace(
    node: NodeProcess, http: aiohttp.ClientSession, cluster: Cluster, tenant: Tenant
) -> None:
    requests = [
        b"GET /api/v1/pods?watch=true HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/pods HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PATCH /api/v1/namespaces/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"GET /api/v1/po",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"NONSENSE\r\n\r\n",
        b"",
    ]
    for _ in range(3):
        for request in requests:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(node.socket))
                client.sendall(request)
    watches = [await http.get("/api/v1/configmaps", params={"watch": "true"}) for _ in range(5)]
    for number in range(50):
        await cluster.apply(config_map(tenant.namespace, a=str(number)))
        if number == 10:
            for watch in watches:
                watch.close()
    assert "Traceback" not in node.log.read_text()


async def test_a_watcher_that_does_not_read_holds_up_nobody(
    node: NodeProcess, cluster: Cluster, tenant: Tenant
) -> None:
    with socket.socket(socket.AF_UNIX) as lazy:
        lazy.connect(str(node.socket))
        lazy.sendall(b"GET /api/v1/configmaps?watch=true HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(SECONDS):
            for number in range(60):
                await cluster.apply(config_map(tenant.namespace, a=str(number) * 400_000))
    found = await cluster.get("ConfigMap", tenant.namespace, "c")
    assert found is not None
    assert found["data"]["a"].startswith("59")


async def test_a_thousand_services_at_rest_are_applied_in_seconds(cluster: Cluster, tenant: Tenant) -> None:
    deployment = tenant.render("hello", {"handler.py": "x = 1\n"})[-1]
    deployment["spec"]["replicas"] = 0
    objects = [deployment | {"metadata": deployment["metadata"] | {"name": f"s{n}"}} for n in range(1000)]
    limit = asyncio.Semaphore(32)

    async def apply(obj: Object) -> Object:
        async with limit:
            return await cluster.apply(obj)

    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*map(apply, objects))
        await tenant.wait("Deployment", lambda found: sum("status" in one for one in found) == 1000)
        before = {obj["metadata"]["uid"]: obj["metadata"]["resourceVersion"] for obj in await listed(cluster, tenant)}
        await asyncio.gather(*map(apply, objects))
    after = {obj["metadata"]["uid"]: obj["metadata"]["resourceVersion"] for obj in await listed(cluster, tenant)}
    assert before == after


async def listed(cluster: Cluster, tenant: Tenant) -> list[Object]:
    return (await cluster.list("Deployment", namespace=tenant.namespace, selector=names.MANAGED))[0]
