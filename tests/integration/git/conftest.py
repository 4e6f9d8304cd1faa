"""Smart HTTP as a client meets it: the real application behind uvicorn, real repositories, a real database."""

from __future__ import annotations

import asyncio
import http.client
import os
import shutil
import subprocess
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pygit2
import pytest
import uvicorn
from pygit2.enums import ObjectType
from sqlalchemy.ext.asyncio import AsyncEngine

from api.announcer import Announcer
from api.auth import Authenticator
from api.directory import Directory, Snapshot, Token, User
from api.git_http import GitHttp
from api.live import Live
from api.push import PushDoors
from api.settings import Settings
from api.tokens import KeyRing, TenantGrant, make_personal_token
from core import store
from core.check import Checker
from core.credentials import SCOPES, hash_personal_token
from core.repository import Repository
from core.tenants import Tenant, Tenants

ROLES = ("viewer", "developer", "admin")


@dataclass
class GitServer:
    """A running server with the tenants `ta` and `tb`; `tokens` are by "tenant/role"."""

    data: Path
    url: str
    port: int
    tenants: Tenants
    keys: KeyRing
    live: Live
    tokens: dict[str, str] = field(default_factory=dict)

    def tenant(self, slug: str) -> Tenant:
        found = self.tenants.by_slug(slug)
        assert found is not None
        return found

    def repository(self, slug: str) -> Repository:
        return Repository(self.tenants.path_of(self.tenant(slug)))

    def address(self, slug: str, role: str = "developer", who: str | None = None) -> str:
        token = self.tokens[f"{who or slug}/{role}"]
        return f"http://any:{token}@127.0.0.1:{self.port}/git/{slug}.git"

    def head(self, slug: str = "ta") -> str:
        head = self.repository(slug).head()
        assert head is not None
        return head


@dataclass
class Clone:
    """A work tree of a client."""

    path: Path

    def git(self, *arguments: str, check: bool = True, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path.parent),
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_NAME": "Ana" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "ana@example.org" for who in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=environment, input=stdin, capture_output=True, timeout=60
        )
        result = subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )
        assert not check or done.returncode == 0, result.stderr
        return result

    def write(self, path: str, text: str) -> None:
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        (self.path / path).write_text(text)

    def commit(self, message: str = "change", **files: str) -> str:
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").stdout.strip()

    def push(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.git("push", *(arguments or ("origin", "main")), check=False)


def _settings(data: Path, database_url: str) -> Settings:
    return Settings(
        data=data,
        database_url=database_url,
        public_url="http://127.0.0.1:3000",
        apps_url="http://127.0.0.1:8080",
        access_stream=f"unix:{data}/access.sock",
        link=f"unix:{data}/link.sock",
        cluster=f"unix:{data}/node.sock",
    )


def _compose(server: GitServer, settings: Settings, checker: Checker, engine: AsyncEngine) -> GitHttp:
    directory = Directory(engine, remember=900)
    now = datetime.now(UTC)
    users, roles, tokens = {}, {}, {}
    for number, (slug, role) in enumerate((slug, role) for slug in ("ta", "tb") for role in ROLES):
        user = User(
            f"00000000-0000-4000-8000-00000000000{number}", f"{slug}-{role}@example.org", role, False, False, now
        )
        text, tenant = make_personal_token(), server.tenant(slug)
        users[user.id], roles[user.id] = user, {tenant.id: role}
        tokens[hash_personal_token(text)] = Token(str(number), user.id, tenant.id, "t", SCOPES, now, None, None)
        server.tokens[f"{slug}/{role}"] = text
    directory.now, directory.loaded = Snapshot(1, users, roles, tokens), True  # type: ignore[arg-type]
    announcer = Announcer(engine, server.live, checker, settings.apps_url)
    doors = PushDoors(server.tenants, checker, announcer, server.live)
    return GitHttp(Authenticator(settings, server.keys, directory), doors)


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[GitServer]:
    data = Path(tempfile.mkdtemp(prefix="paaks-git-"))
    ready, stop = threading.Event(), threading.Event()
    made: list[GitServer] = []

    async def serve() -> None:
        tenants = Tenants(data)
        for slug in ("ta", "tb"):
            await tenants.create(slug)
        keys = KeyRing(data / "keys", lifetime=900, now=1_700_000_000)
        server = GitServer(data, "", 0, tenants, keys, Live())
        async with Checker() as checker:
            engine = store.open_engine(database_url)
            app = _compose(server, _settings(data, database_url), checker, engine)
            config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", loop="asyncio", lifespan="off")
            running = uvicorn.Server(config)
            serving = asyncio.create_task(running.serve())
            while not running.started:
                await asyncio.sleep(0.01)
            server.port = running.servers[0].sockets[0].getsockname()[1]
            server.url = f"http://127.0.0.1:{server.port}/git"
            made.append(server)
            ready.set()
            await asyncio.to_thread(stop.wait)
            server.live.close()
            running.should_exit = True
            await serving
            await engine.dispose()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(30)
    yield made[0]
    stop.set()
    thread.join(30)
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def clone(server: GitServer, tmp_path: Path) -> Clone:
    """A fresh clone of `ta` by its developer; pushes do not wait, for there is no controller here."""
    return make_clone(server, tmp_path / "ta", "ta")


def make_clone(server: GitServer, path: Path, slug: str, role: str = "developer") -> Clone:
    Clone(path.parent).git("clone", "-q", server.address(slug, role), str(path))
    made = Clone(path)
    made.git("config", "push.pushOption", "no-wait")
    return made


def app_token(server: GitServer, slug: str, audience: str, user: str = "00000000-0000-4000-8000-000000000001") -> str:
    """A signed access token of ta's developer."""
    grant = (
        TenantGrant(server.tenant(slug).id, slug, "developer", "ta-developer@example.org")
        if audience != "api"
        else None
    )

    text, _ = server.keys.sign_access_token(
        user_id=user, session="s", audience=audience, scopes=list(SCOPES), now=time.time(), grant=grant
    )
    return text


# -- a client that is not polite --------------------------------------------------------------------------------------


def pkt(data: bytes) -> bytes:
    """A pkt-line (gitprotocol-common)."""
    return f"{len(data) + 4:04x}".encode() + data


def unpkt(data: bytes) -> Iterator[bytes]:
    """The pkt-lines of an answer."""
    while data:
        length = int(data[:4], 16)
        yield data[4 : max(4, length)]
        data = data[max(4, length) :]


@dataclass
class Raw:
    """Objects that no client of git's would write, and pushes of them by hand."""

    server: GitServer
    path: Path

    def write(self, kind: ObjectType, data: bytes) -> str:
        return str(pygit2.Repository(str(self.path)).odb.write(kind, data))

    def blob(self, data: bytes = b"x\n") -> str:
        return self.write(ObjectType.BLOB, data)

    def large(self, data: bytes) -> str:
        """A blob that is stored as it is: random bytes are not worth compressing."""
        command = ["git", "-C", str(self.path), "-c", "core.compression=0", "hash-object", "-w", "--stdin"]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode().strip()

    def tree(self, *entries: tuple[bytes, int, str]) -> str:
        data = b"".join(b"%o %s\0%s" % (mode, name, bytes.fromhex(oid)) for name, mode, oid in entries)
        return self.write(ObjectType.TREE, data)

    def commit(self, tree: str, parent: str | None = None, author: bytes = b"Ana <ana@example.org>") -> str:
        lines = [b"tree " + tree.encode(), *([b"parent " + parent.encode()] if parent else [])]
        lines += [role + b" " + author + b" 1700000000 +0000" for role in (b"author", b"committer")]
        return self.write(ObjectType.COMMIT, b"\n".join(lines) + b"\n\nmessage\n")

    def pack(self, *objects: str) -> bytes:
        listed = "".join(f"{oid}\n" for oid in objects).encode()
        command = [
            "git",
            "-C",
            str(self.path),
            "-c",
            "core.compression=1",
            "pack-objects",
            "-q",
            "--stdout",
            "--depth=0",
            "--window=0",
        ]
        return subprocess.run(command, input=listed, capture_output=True, check=True).stdout

    def push(
        self,
        updates: list[tuple[str, str, str]],
        pack: bytes,
        *,
        options: tuple[bytes, ...] = (b"no-wait",),
        atomic: bool = False,
        token: str = "ta/developer",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        """The status of the answer and everything that it says, report and messages."""
        capabilities = b"report-status side-band-64k push-options" + (b" atomic" if atomic else b"")
        lines = [f"{old} {new} {ref}".encode() for old, new, ref in updates]
        lines[0] += b"\0" + capabilities
        body = b"".join(pkt(line) for line in lines) + b"0000" + b"".join(pkt(option) for option in options) + b"0000"
        return self.post("git-receive-pack", body + pack, token=token, headers=headers)

    def post(
        self, service: str, body: bytes, *, token: str = "ta/developer", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        credential = b64encode(f"any:{self.server.tokens[token]}".encode()).decode()
        sent = {
            "Authorization": f"Basic {credential}",
            "Content-Type": f"application/x-{service}-request",
            **(headers or {}),
        }
        connection.request("POST", f"/git/ta.git/{service}", body, sent)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if answer.status != 200:
            return answer.status, data.decode()
        text = b"".join(line[1:] if line[:1] in b"\x01\x02\x03" else line for line in unpkt(data))
        return answer.status, text.decode(errors="replace")


@pytest.fixture
def raw(server: GitServer, tmp_path: Path) -> Raw:
    pygit2.init_repository(str(tmp_path / "raw.git"), bare=True)
    return Raw(server, tmp_path / "raw.git")
