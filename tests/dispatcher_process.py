"""A real dispatcher in a process of its own, with what it is joined to: a controller's link, and the api's access
stream, both played by the test on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import credentials, sockets
from core.link import Hub, Message, Peer

ROOT = Path(__file__).parent.parent
ISSUER = "paaks:test"


class Api:
    """The api's part: keys, tokens, and the stream that tells of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.key = Ed25519PrivateKey.generate()
        self.snapshot: Message = {
            "type": "snapshot",
            "version": 1,
            "issuer": ISSUER,
            "keys": [credentials.write_jwk("k1", self.key.public_key())],
            "tenants": {},
            "tokens": {},
            "revoked": [],
        }
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._bookmarks: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Tell the snapshot to whoever connects, and a bookmark each second."""
        self._server = await asyncio.start_unix_server(self._serve, sock=sockets.listen_unix(self.path))
        self._bookmarks = asyncio.create_task(self._tick())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        writer.write(json.dumps(self.snapshot).encode() + b"\n")
        await reader.read()
        self._writers.discard(writer)
        writer.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.send({"type": "bookmark", "version": self.snapshot["version"]})

    def send(self, message: Message) -> None:
        """To all dispatchers."""
        for writer in self._writers:
            writer.write(json.dumps(message).encode() + b"\n")

    def change(self, **members: Any) -> None:
        """A delta."""
        self.snapshot["version"] += 1
        self.send({"type": "delta", "version": self.snapshot["version"], **members})

    async def stop(self) -> None:
        """The api is away."""
        if self._bookmarks is not None:
            self._bookmarks.cancel()
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        self.path.unlink(missing_ok=True)
        await asyncio.sleep(0)

    def sign(self, tenant: str, slug: str = "test", **claims: Any) -> str:
        """An access token for a tenant's services."""
        now = time.time()
        values: dict[str, Any] = {"iss": ISSUER, "aud": "app", "sub": "ana", "sid": "s1", "iat": now, "nbf": now}
        values |= {"exp": now + 900, "scopes": ["invoke"], "ten": tenant, "slug": slug, "role": "developer"}
        values |= {"email": "ana@example.org"} | claims
        given = {name: value for name, value in values.items() if value is not None}
        return jwt.PyJWS().encode(
            json.dumps(given).encode(),
            self.key,
            algorithm="EdDSA",
            headers={"kid": "k1", "typ": credentials.TYPE},
        )

    def make_personal(self, tenant: str, body: str = "a" * 30, **members: Any) -> str:
        """A personal token that stands in the snapshot."""
        token = credentials.write_personal_token(body)
        known = {"tenant": tenant, "user": "ana@example.org", "scopes": ["invoke"], "expires": None} | members
        self.snapshot["tokens"][credentials.hash_personal_token(token)] = known
        return token


class Controller:
    """The controller's part: what dispatchers report."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.messages: list[Message] = []
        self._heard = asyncio.Event()
        self._hub: Hub | None = None

    async def start(self) -> None:
        """Listen."""
        self._hub = Hub(self._take, lambda: None)
        await self._hub.serve(self.path)

    def _take(self, _peer: Peer, message: Message) -> None:
        self.messages.append(message)
        self._heard.set()

    async def wait_for(self, **members: Any) -> Message:
        """The first message with these members, once it has come."""
        async with asyncio.timeout(20):
            while True:
                for message in self.messages:
                    if members.items() <= message.items():
                        return message
                self._heard.clear()
                await self._heard.wait()

    async def stop(self) -> None:
        """The controller is away."""
        if self._hub is not None:
            await self._hub.close()
            self._hub = None


class DispatcherProcess:
    """`python -m api.dispatcher`. Its standard error is in `log`."""

    def __init__(self, cluster: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="paaks-door-"))  # short: a socket's path may have 107 bytes
        self.run = self.directory / "run"
        self.run.mkdir()
        self.log = self.directory / "log"
        self.metrics_socket = self.run / "metrics.sock"
        self.api = Api(self.run / "access.sock")
        self.controller = Controller(self.run / "link.sock")
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self._cluster = cluster
        self._lifeline: int | None = None

    def start(self, **settings: str) -> None:
        """Start it; `settings` are `PAAKS_*` without the prefix. `wait_ready` tells when it serves."""
        inherited, self._lifeline = os.pipe()
        with socket.create_server(("127.0.0.1", self.port), backlog=1024) as listener:
            self.port = listener.getsockname()[1]
            ours = {
                "DATA": self.directory,
                "CLUSTER": self._cluster,
                "LINK": f"unix:{self.controller.path}",
                "ACCESS_STREAM": f"unix:{self.api.path}",
                "METRICS_SOCKET": f"unix:{self.metrics_socket}",
                "APPS_URL": f"http://127.0.0.1:{self.port}",
                "LISTEN_FD": listener.fileno(),
                "LIFELINE_FD": inherited,
                **settings,
            }
            environment = {"PATH": os.environ["PATH"]} | {f"PAAKS_{name}": str(value) for name, value in ours.items()}
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "api.dispatcher"],
                    cwd=ROOT,
                    env=environment,
                    pass_fds=[listener.fileno(), inherited],
                    stdin=subprocess.DEVNULL,
                    stderr=log,
                )
        os.close(inherited)

    async def wait_ready(self) -> None:
        """Until `/readyz` says so."""
        deadline = time.monotonic() + 20
        while not (await self.exchange(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")).startswith(b"HTTP/1.1 200"):
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"not ready: {self.log.read_text()}"
            await asyncio.sleep(0.01)  # there is no event to wait for

    async def exchange(self, data: bytes, seconds: float = 15) -> bytes:
        """Send bytes on a connection of their own; all that comes until it is closed, or nothing more comes."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return b""
        writer.write(data)
        answer = b""
        with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
            async with asyncio.timeout(seconds):
                answer = await read_answer(reader)
        writer.close()
        return answer

    def terminate(self, seconds: float = 25) -> int:
        """SIGTERM; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def cut_lifeline(self) -> int:
        """Close our end of its lifeline; its exit status."""
        assert self.process is not None
        assert self._lifeline is not None
        os.close(self._lifeline)
        self._lifeline = None
        return self.process.wait(5)

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def remove(self) -> None:
        """End it, whatever it does, and remove its directory."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self._lifeline is not None:
            os.close(self._lifeline)
        shutil.rmtree(self.directory, ignore_errors=True)


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """One answer, its body as it came: by its length, by chunks, or to the end of the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    if b"\r\ntransfer-encoding: chunked" in lower:
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            part = await reader.read(65536)
            if not part:
                break
            body += part
        return head + body
    if b"\r\ncontent-length: " in lower:
        length = int(lower.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
        return head + await reader.readexactly(length)
    return head + await reader.read()
