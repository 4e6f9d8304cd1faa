"""The first start survives being killed at any moment: the next one comes to the same end, with one set of secrets."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from api.accounts import Accounts
from api.directory import Directory
from api.first_start import bootstrap
from api.passwords import Passwords
from api.settings import Settings
from core import store
from core.credentials import hash_personal_token
from core.tenants import Tenants
from tests.conftest import PostgresServer

KILLED = 77
MODULES = ["api.first_start", "api.accounts", "api.passwords", "core.tenants", "core.store", __name__]


def make_settings(data: Path, database_url: str) -> Settings:
    sockets = {name: f"unix:{data}/{name}" for name in ("access_stream", "link", "cluster")}
    urls = {"public_url": "http://127.0.0.1:3000", "apps_url": "http://127.0.0.1:8080"}
    return Settings(data=data, database_url=database_url, **urls, **sockets)


class Death:
    """Ends this process at its n-th step: something done to a file of the data directory, or in the database."""

    def __init__(self, data: Path, number: int) -> None:
        self.data, self.left = str(data), number

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os._exit(KILLED)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("os.rename", "os.remove", "os.mkdir") and self.data in str(arguments[0]):
            self.step()
        if event == "open" and self.data in str(arguments[0]) and isinstance(arguments[2], int) and arguments[2] & 3:
            self.step()

    def watch(self, engine: Any) -> None:
        sys.addaudithook(self.audit)
        sa.event.listen(engine.sync_engine, "commit", lambda _: self.step())
        sa.event.listen(engine.sync_engine, "after_cursor_execute", lambda *_: self.step())


async def start(settings: Settings, number: int | None) -> bool:
    """A first start in this process; killed at a step, or not at all."""
    engine, passwords = store.open_engine(settings.database_url), Passwords()
    directory = Directory(engine, remember=900)
    tenants = Tenants(settings.data)
    if number is not None:
        Death(settings.data, number).watch(engine)
    try:
        return await bootstrap(settings, engine, Accounts(engine, directory, passwords), tenants)
    finally:
        passwords.close()
        await engine.dispose()


def run(settings: Settings, number: int | None) -> None:
    asyncio.run(start(settings, number))


@pytest.fixture
def data() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="paaks-first-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def look(settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the file says and what the database knows."""
    file = settings.data / "first-login.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    logins: dict[str, Any] = json.loads(file.read_text())
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as connection:
        found = {
            "users": connection.execute("SELECT email, operator FROM users ORDER BY email").fetchall(),
            "roles": connection.execute("SELECT tenant_id::text, role FROM memberships").fetchall(),
            "tokens": connection.execute("SELECT hash FROM tokens").fetchall(),
            "hashes": dict(connection.execute("SELECT email, password_hash FROM users").fetchall()),
        }
    return logins, found


def check(settings: Settings) -> None:
    """One operator, one tenant with its admin, one token; all as the file says it, and nothing left over."""
    logins, found = look(settings)
    (tenant,) = Tenants(settings.data).all()
    assert tenant.slug == logins["demo"]["tenant"] == "demo"
    assert found["users"] == [("admin@demo.localhost", False), ("operator@paaks.localhost", True)]
    assert found["roles"] == [(tenant.id, "admin")]
    assert found["tokens"] == [(hash_personal_token(logins["demo"]["token"]),)]
    for login in (logins["operator"], logins["demo"]):
        assert asyncio.run(verify(found["hashes"][login["email"]], login["password"]))
    assert [path.name for path in settings.data.glob(".first-login*")] == []


async def verify(stored: str, password: str) -> bool:
    passwords = Passwords()
    try:
        return await passwords.verify(stored, password)
    finally:
        passwords.close()


def test_killed_at_every_step_it_comes_to_the_same_end(
    postgres: PostgresServer, template_database: str, data: Path, rounds: Callable[[int], int]
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(MODULES)
    number, last = 0, None
    while last != 0:
        number += 1 if rounds(10) == 10 else 3
        home = data / str(number)
        home.mkdir()
        settings = make_settings(home, postgres.create_database(template_database))
        process = context.Process(target=run, args=(settings, number))
        process.start()
        process.join(30)
        last = process.exitcode
        assert last in (0, KILLED), number
        again = context.Process(target=run, args=(settings, None))
        again.start()
        again.join(30)
        assert again.exitcode == 0, number
        check(settings)
    assert number > 15


async def test_what_is_there_is_left_alone(empty_database: str, data: Path) -> None:
    settings = make_settings(data, empty_database)
    assert await start(settings, None) is True
    before = (data / "first-login.json").read_bytes()
    link = json.loads((data / "run" / "sign-in.json").read_text())

    assert await start(settings, None) is False
    assert (data / "first-login.json").read_bytes() == before
    assert link["url"] == f"http://127.0.0.1:3000/sign-in#code={link['code']}"
    assert len(link["code"]) == 43
    assert stat.S_IMODE((data / "run" / "sign-in.json").stat().st_mode) == 0o600


async def test_a_removed_file_does_not_come_back(empty_database: str, data: Path) -> None:
    settings = make_settings(data, empty_database)
    await start(settings, None)
    (data / "first-login.json").unlink()

    assert await start(settings, None) is False
    assert not (data / "first-login.json").exists()
