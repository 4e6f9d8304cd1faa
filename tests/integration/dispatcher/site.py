"""Two tenants with a handler that shows what reaches it, behind one dispatcher."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

from core.cluster import Cluster
from tests.dispatcher_process import DispatcherProcess, read_answer
from tests.tenant_objects import Tenant

ECHO = """
import hashlib, os, threading, time
from flask import Response

seen, running, most = 0, 0, 0
lock = threading.Lock()


class Handler:
    def run(self, req):
        global seen, running, most
        if req.path == "/count":
            return {"seen": seen, "running": running, "most": most}
        with lock:
            seen, running = seen + 1, running + 1
            most = max(most, running)
        try:
            return getattr(self, "do_" + req.path.strip("/"), self.do_echo)(req)
        finally:
            with lock:
                running -= 1

    def do_echo(self, req):
        body = req.get_data()
        return {
            "method": req.method, "path": req.full_path, "raw": req.environ.get("REQUEST_URI"),
            "root": req.root_path, "url": req.url_root, "headers": [[k, v] for k, v in req.headers],
            "length": len(body), "sha": hashlib.sha256(body).hexdigest(), "pid": os.getpid(),
        }

    def do_sleep(self, req):
        time.sleep(float(req.args["s"]))
        return "slept"

    def do_headers(self, req):
        answer = Response("headers")
        for line in req.get_data(as_text=True).splitlines():
            name, _, value = line.partition(": ")
            answer.headers.add(name, value)
        return answer

    def do_stream(self, req):
        def parts():
            for number in range(int(req.args["n"])):
                yield f"data: {number}\\n\\n"
                time.sleep(float(req.args["s"]))
        return Response(parts(), mimetype="text/event-stream")

    def do_large(self, req):
        return Response((b"x" * 65536 for _ in range(int(req.args["n"]))), mimetype="application/octet-stream")

    def do_die(self, req):
        os._exit(3)
"""


class Site:
    """`echo` is public and `safe` private, of tenant `ta`; `other` is private, of tenant `tb`."""

    def __init__(self, door: DispatcherProcess, ta: Tenant, tb: Tenant) -> None:
        self.door, self.ta, self.tb = door, ta, tb
        self.token = door.api.sign(ta.id, "ta")
        self.other = door.api.sign(tb.id, "tb")

    async def send(self, data: bytes, seconds: float = 15) -> Answer:
        """Bytes on a connection of their own, and what comes back."""
        return Answer(await self.door.exchange(data, seconds))

    async def get(self, path: str, *lines: str, token: str | None = None, method: str = "GET") -> Answer:
        """A request without a body."""
        return await self.send(write(method, path, *lines, token=token))

    async def post(self, path: str, body: bytes, *lines: str, token: str | None = None) -> Answer:
        """A request with one."""
        return await self.send(write("POST", path, f"Content-Length: {len(body)}", *lines, token=token) + body)

    async def seen(self, path: str = "/~ta/echo/count") -> int:
        """How many requests have reached the handler."""
        return int((await self.get(path)).json()["seen"])


def write(method: str, path: str, *lines: str, token: str | None = None, host: str = "localhost") -> bytes:
    """A request's head."""
    given = [f"{method} {path} HTTP/1.1", f"Host: {host}", *lines]
    given += [f"Authorization: Bearer {token}"] if token else []
    return "\r\n".join([*given, "", ""]).encode("latin-1")


class Answer:
    """What came back, taken apart."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.lines = head.decode("latin-1").split("\r\n")
        self.status = int(self.lines[0].split()[1]) if raw else 0
        self.headers: Mapping[str, str] = {
            k.lower(): v for k, _, v in (line.partition(": ") for line in self.lines[1:])
        }
        if self.headers.get("transfer-encoding") == "chunked":
            self.body = b"".join(re.findall(rb"[0-9a-f]+\r\n(.*?)\r\n", self.body, re.DOTALL))

    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """Which problem it is."""
        return str(self.json()["type"]).rpartition("/")[2]

    def told(self, name: str) -> list[str]:
        """What an echoing handler was told under a name."""
        return [value for key, value in self.json()["headers"] if key.lower() == name.lower()]

    def all(self, name: str) -> list[str]:
        """The values of a header that may come several times."""
        return [line.partition(": ")[2] for line in self.lines[1:] if line.lower().startswith(name.lower() + ":")]


async def open_site(node: str) -> Site:
    """Start everything and wait until all services answer."""
    cluster = Cluster.connect(node)
    ta, tb = Tenant(cluster), Tenant(cluster)
    door = DispatcherProcess(node)
    door.api.snapshot["tenants"] = {"ta": ta.id, "tb": tb.id}
    await door.api.start()
    await door.controller.start()
    door.start()
    for tenant in (ta, tb):
        await tenant.create()
    await asyncio.gather(
        ta.deploy("echo", ECHO, public=True, timeout=2),
        ta.deploy("canary", ECHO, public=True),
        ta.deploy("safe", ECHO),
        tb.deploy("other", ECHO),
    )
    for service in ("echo", "canary", "safe", "other"):
        await door.controller.wait_for(type="routed", service=service)
    await door.wait_ready()
    return Site(door, ta, tb)


async def close_site(site: Site) -> None:
    """End everything."""
    site.door.remove()
    await site.door.api.stop()
    await site.door.controller.stop()
    for tenant in (site.ta, site.tb):
        await tenant.cluster.delete("Namespace", None, tenant.namespace)
    await site.ta.cluster.close()


__all__ = ["Answer", "Site", "close_site", "open_site", "read_answer", "write"]
