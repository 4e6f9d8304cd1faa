"""Objects of a tenant that does not exist, made by the code that makes a real one's; and what a test asks of pods."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any

import aiohttp

from core import health, names, render
from core.cluster import Cluster
from core.descriptor import Service
from core.watch import follow

Object = dict[str, Any]
HANDLER = "class Handler:\n    def run(self, req):\n        return {text!r}\n"
SECONDS = 30.0


class Tenant:
    """One tenant with a namespace of its own on a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.id = str(uuid.uuid4())
        self.owner = render.Owner(self.id, "test")
        self.namespace = self.owner.namespace

    async def create(self, quota: render.Quota | None = None) -> None:
        """Apply what belongs to the tenant as a whole."""
        for obj in render.render_tenant(self.owner, quota or render.Quota()):
            await self.cluster.apply(obj)

    def render(self, service: str, files: Mapping[str, str | bytes], **fields: Any) -> list[Object]:
        """A service's objects at these files; `fields` are those of its service.yaml."""
        found = [
            render.File(path, 0o644, data.encode() if isinstance(data, str) else data) for path, data in files.items()
        ]
        descriptor = replace(Service(), **fields)
        tree = hashlib.sha1(repr((sorted(files.items()), descriptor)).encode()).hexdigest()
        revision = render.Revision(service, tree, "c" * 40, descriptor, found)
        return list(render.render_service(self.owner, revision, {}))

    async def deploy(self, service: str, handler: str, **fields: Any) -> str:
        """Apply a service with one file; the short tree of the revision."""
        *objects, deployment = self.render(service, {"handler.py": handler}, **fields)
        for obj in (*objects, deployment):
            await self.cluster.apply(obj)
        return str(deployment["spec"]["template"]["metadata"]["labels"][names.LABEL_TREE])

    async def name_commit(self, tree: str) -> None:
        """Write on the Service `hello` which commit a tree is of, as the controller does: `cccc…`."""
        service = await self.cluster.get("Service", self.namespace, "hello")
        assert service is not None
        metadata = {key: service["metadata"][key] for key in ("name", "namespace", "labels")}
        metadata["annotations"] = {names.ANNOTATION_COMMITS: json.dumps({tree: "c" * 40})}
        spec = {key: service["spec"][key] for key in ("clusterIP", "selector", "ports")}
        await self.cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})

    async def pods(self, service: str, tree: str | None = None) -> list[Object]:
        """The pods of a service, or of one revision of it."""
        wanted = names.selector_labels(self.id, service) | ({names.LABEL_TREE: tree} if tree else {})
        selector = ",".join(f"{key}={value}" for key, value in wanted.items())
        return (await self.cluster.list("Pod", namespace=self.namespace, selector=selector))[0]

    async def wait(self, kind: str, holds: Callable[[list[Object]], Any], seconds: float = SECONDS) -> list[Object]:
        """The objects of a kind in the namespace once something holds for all of them together."""
        known: dict[str, Object] = {}
        is_synced = False
        async with (
            asyncio.timeout(seconds),
            contextlib.aclosing(follow(self.cluster, kind, namespace=self.namespace)) as changes,
        ):
            async for change in changes:
                if change.object is None:
                    is_synced = True
                elif change.type in ("deleted", "missing"):
                    known.pop(change.object["metadata"]["uid"], None)
                else:
                    known[change.object["metadata"]["uid"]] = change.object
                if is_synced and holds(list(known.values())):
                    return list(known.values())
        raise AssertionError("a watch has ended")

    async def wait_ready(self, service: str, tree: str, count: int = 1) -> list[Object]:
        """The ready pods of a revision, once there are so many."""

        def ready(pods: list[Object]) -> list[Object]:
            return [pod for pod in pods if names.label_of(pod, names.LABEL_TREE) == tree and health.is_ready(pod)]

        return ready(await self.wait("Pod", lambda pods: len(ready(pods)) >= count))


@contextlib.asynccontextmanager
async def open_pod(pod: Object) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session with a pod."""
    address = names.pod_address(pod)
    assert address is not None
    connector = aiohttp.UnixConnector(address.path) if address.path else aiohttp.TCPConnector()
    base = "http://localhost" if address.path else f"http://{address.host}:{address.port}"
    async with aiohttp.ClientSession(base, connector=connector) as session:
        yield session


async def ask(pod: Object, path: str = "/") -> str:
    """What a pod answers."""
    async with open_pod(pod) as session, session.get(path) as response:
        return await response.text()


def handler(text: str) -> str:
    """A handler that answers with a text."""
    return HANDLER.format(text=text)
