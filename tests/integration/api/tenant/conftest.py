"""A tenant as the API shows it: the real application behind uvicorn, real repositories, a real database.

There is no controller, and a cluster only for who asks for it: what they would tell is published as they would.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import itertools
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api.access import Role
from api.app import create_app
from api.composition import open_platform
from api.deps import Platform
from api.directory import Directory, Token, User
from api.live import Live
from api.settings import Settings
from api.tokens import make_personal_token
from core import commit, releases, render
from core.cluster import Cluster
from core.commit import Author, Draft, Operation
from core.credentials import SCOPES, hash_personal_token
from core.releases import Release
from core.repository import Repository
from core.tenants import Tenant, Tenants
from tests.api_contract import read_contract
from tests.node_process import NodeProcess, running_node
from tests.tenant_objects import Tenant as Objects

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """What came back over the wire."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The slug of a problem."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        return str(self.json["type"]).removeprefix("/problems/")


@dataclass
class Server:
    """A running application and the loop that it runs in."""

    platform: Platform
    loop: asyncio.AbstractEventLoop
    port: int = 0

    def run(self, coroutine: Any) -> Any:
        """Run something where the application runs."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def allow(self, tenant: Tenant, role: Role) -> str:
        """A personal token of a new user with a role in a tenant."""
        directory: Directory = self.platform.directory
        now, number = directory.now, next(_numbers)
        user = User(
            f"00000000-0000-4000-8000-{number:012}", f"u{number}@example.org", "Ana", False, False, datetime.now(UTC)
        )
        text = make_personal_token()
        token = Token(str(number), user.id, tenant.id, "t", SCOPES, user.created_at, None, None)
        directory.now = replace(
            now,
            users={**now.users, user.id: user},
            roles={**now.roles, user.id: {tenant.id: role}},
            tokens={**now.tokens, hash_personal_token(text): token},
        )
        return text


@dataclass
class Api:
    """One tenant of a running application, as its developer."""

    server: Server
    tenant: Tenant
    token: str
    base: str = field(init=False)

    def __post_init__(self) -> None:
        self.base = f"/api/v1/tenants/{self.tenant.slug}"

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, **sent: Any
    ) -> Answer:
        """One request; `path` is below the tenant and sent as it is. Other arguments are the members of a JSON body."""
        with contextlib.closing(self.open()) as connection:
            given = {"Authorization": f"Bearer {self.token}", **(headers or {})}
            if sent:
                body, given = json.dumps(sent).encode(), {"Content-Type": "application/json", **given}
            connection.putrequest(method, self.base + path, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            if body is not None or method in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        where = (self.base + path).partition("?")[0]
        read_contract().check(method, where, answer.status, dict(answer.headers.items()), answer.body)
        return answer

    def open(self) -> http.client.HTTPConnection:
        """A connection of one's own. Paths are sent as they are, control characters too."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection._validate_path = lambda path: None  # type: ignore[attr-defined]
        return connection

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, headers=_spell(headers))

    def post(self, path: str, /, **members: Any) -> Answer:
        """A JSON body of these members."""
        return self.call("POST", path, json.dumps(members).encode(), {"Content-Type": "application/json"})

    def put(self, path: str, body: bytes, **headers: str) -> Answer:
        return self.call("PUT", path, body, _spell(headers))

    def delete(self, path: str, **headers: str) -> Answer:
        return self.call("DELETE", path, headers=_spell(headers))

    def create(self, path: str, body: bytes) -> str:
        """Write a new file; its blob id."""
        answer = self.put(path, body, If_None_Match="*")
        assert answer.status == 201, answer.body
        return str(answer.headers["ETag"]).strip('"')

    @property
    def repository(self) -> Repository:
        tenants: Tenants = self.server.platform.tenants
        return Repository(tenants.path_of(self.tenant))

    @property
    def head(self) -> str:
        head = self.repository.head()
        assert head is not None
        return head

    def plant(self, *operations: Operation, message: str = "Planted\n") -> str:
        """Commit past every check, as nobody can."""
        repository = self.repository
        draft = Draft(repository, repository.root_of(self.head))
        for operation in operations:
            draft.apply(operation)
        author = Author("Mallory", "mallory@example.org")
        return commit.create(repository, draft, self.head, message, author, author)

    def hear(self, service: str, state: str, commit: str | None = None, **members: Any) -> Release:
        """What the controller would say of a service's tip."""
        shown = self.get(f"/services/{service}").json if commit is None else {"commit": commit, "tree": "0" * 40}
        now = time.time()
        stages = {"commit": now, **({"live": now} if state == "live" else {})}
        release = Release(
            self.tenant.id, service, shown["commit"], shown["tree"], state, created=now, stages=stages, **members
        )
        live: Live = self.server.platform.live
        self.server.loop.call_soon_threadsafe(live.publish, release)
        return release

    def store(self, *stored: Release) -> None:
        """Put releases into the database."""
        self.server.run(releases.insert(self.server.platform.engine, stored))


def _spell(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Server]:
    data = Path(tempfile.mkdtemp(prefix="paaks-api-"))  # short: a socket's path may have 107 bytes
    settings = Settings(
        data=data,
        database_url=database_url,
        public_url="http://127.0.0.1:3000",
        apps_url="http://127.0.0.1:1",
        access_stream=f"unix:{data}/access.sock",
        link=f"unix:{data}/link.sock",
        cluster=f"unix:{data}/node.sock",
    )
    made: list[Server] = []
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        async with open_platform(settings, time.time()) as platform:
            await platform.directory.refresh()
            config = uvicorn.Config(
                create_app(platform), host="127.0.0.1", port=0, log_level="critical", loop="asyncio", lifespan="off"
            )
            running = uvicorn.Server(config)
            serving = asyncio.create_task(running.serve())
            while not running.started:
                await asyncio.sleep(0.01)
            made.append(Server(platform, asyncio.get_running_loop(), running.servers[0].sockets[0].getsockname()[1]))
            ready.set()
            await asyncio.to_thread(stop.wait)
            platform.live.close()
            running.should_exit = True
            await serving

    with ThreadPoolExecutor(1) as threads:
        serving = threads.submit(lambda: asyncio.run(serve()))
        serving.add_done_callback(lambda _: ready.set())
        assert ready.wait(30)
        if not made:
            serving.result()
        yield made[0]
        stop.set()
        serving.result(30)
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def api(server: Server) -> Api:
    """A tenant of one's own, with the template's service `hello`."""
    tenant = server.run(server.platform.tenants.create(f"t{next(_numbers)}"))
    return Api(server, tenant, server.allow(tenant, "developer"))


@pytest.fixture(scope="module")
def node(server: Server) -> Iterator[NodeProcess]:
    """The node that the application looks for."""
    with running_node(server.platform.settings.data / "node.sock") as node:
        yield node


@pytest.fixture
async def tenant(cluster: Cluster, api: Api) -> Objects:
    """The objects of the tenant that is asked for over HTTP."""
    tenant = Objects(cluster)
    tenant.id = api.tenant.id
    tenant.owner = render.Owner(api.tenant.id, api.tenant.slug)
    tenant.namespace = tenant.owner.namespace
    await tenant.create()
    return tenant
