"""Pods without a node's API: handlers written into files, run by the real zygote, asked over their sockets."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from runtime.node.logs import Logs
from runtime.node.pod_socket import connect
from runtime.node.processes import Container, Ended, Process, Processes, Socket

PYTHON = Path(__file__).parent.parent / "runtime" / ".venv" / "bin" / "python"
NAMESPACE = "tnt-00000001"


@dataclass
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any


@dataclass
class Pod:
    """A pod with one process at a time."""

    processes: Processes
    logs: Logs
    container: Container
    socket: Socket
    process: Process

    async def ask(self, path: str = "/", method: str = "GET", **more: Any) -> Answer:
        """One request on a connection of its own."""
        connector = aiohttp.UnixConnector(str(self.socket.path))
        async with (
            aiohttp.ClientSession("http://pod", connector=connector, auto_decompress=False) as session,
            session.request(method, path, allow_redirects=False, **more) as response,
        ):
            body = await response.read()
            is_json = response.content_type == "application/json" and body
            return Answer(response.status, response.headers, body, await response.json() if is_json else None)

    async def open(self, path: str = "/") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection with a request sent and nothing read."""
        reader, writer = await asyncio.open_connection(sock=connect(self.socket.path))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: pod\r\n\r\n".encode())
        return reader, writer

    async def restart(self) -> None:
        """Another process in the place of one that has ended."""
        self.process = await self.processes.run(self.container, self.socket)

    async def stop(self) -> Ended:
        """Ask it to end, and wait."""
        self.process.terminate()
        return await self.process.wait()

    async def read_log(self, **options: Any) -> list[str]:
        """The lines of its log."""
        chunks = [c async for c in self.logs.read(NAMESPACE, self.container.pod, **options)]
        return b"".join(chunks).decode(errors="replace").splitlines()


class StartedPods:
    """Everything that the node uses to make processes, on a data directory of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.logs = Logs(data)
        self.processes = Processes(data, PYTHON, self.logs)
        self._numbers = itertools.count(1)
        self._sockets: list[Socket] = []

    async def run(
        self,
        source: str | Mapping[str, str],
        *,
        handler: str = "handler.py",
        service: str = "hello",
        environment: Mapping[str, str] | None = None,
        memory: int | None = None,
        is_ready: bool = True,
    ) -> Pod:
        """A pod with these files, or this handler; ready, unless it is not to be."""
        number = next(self._numbers)
        directory = self.data / f"app{number}"
        for path, text in ({handler: source} if isinstance(source, str) else source).items():
            file = directory / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        ours = {"PAAKS_SERVICE": service, "PAAKS_HANDLER": handler, "PAAKS_TIMEOUT": "30"}
        name, uid = f"{service}-{number}", f"uid-{number}"
        container = Container(NAMESPACE, name, uid, service, dict(environment or {}) | ours, directory, memory)
        socket = self.processes.bind(uid)
        self._sockets.append(socket)
        pod = Pod(self.processes, self.logs, container, socket, await self.processes.run(container, socket))
        if is_ready:
            assert await pod.process.ready(), (await pod.process.wait()).message
        return pod

    async def close(self) -> None:
        """No process and no descriptor is left."""
        await self.processes.close()
        await self.logs.close()
        for socket in self._sockets:
            socket.close()


@asynccontextmanager
async def start_pods() -> AsyncIterator[StartedPods]:
    """Pods until the block ends, below a path that is short enough for other clients' unix sockets."""
    data = Path(tempfile.mkdtemp(prefix="paaks-pods-"))
    try:
        pods = StartedPods(data)
        await pods.processes.start()
        try:
            yield pods
        finally:
            await pods.close()
    finally:
        shutil.rmtree(data)
