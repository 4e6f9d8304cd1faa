"""One running api for each module, on a fresh database, with its operator, a tenant and people in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.api_process import ApiProcess, Client
from tests.conftest import PostgresServer

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """A user, with a session as a browser has it."""

    id: str
    email: str
    client: Client


@dataclass
class People:
    """Makes tenants and users over the wire, as the operator."""

    api: ApiProcess
    operator: Client
    clients: list[Client] = field(default_factory=list)

    def make_tenant(self, slug: str | None = None) -> str:
        """A new tenant's slug; somebody who does nothing else is its admin."""
        body = {"slug": slug or f"t{next(_numbers)}", "owner": self.make_user()["email"]}
        answer = self.operator.post("/api/v1/tenants", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["slug"])

    def make_user(self, **roles: str) -> dict[str, Any]:
        """A new user with roles by slug."""
        email = f"person{next(_numbers)}@example.org"
        body = {"email": email, "name": "Ada", "password": PASSWORD, "roles": roles}
        answer = self.operator.post("/api/v1/users", json=body)
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def make_person(self, **roles: str) -> Person:
        """A new user who has signed in."""
        user = self.make_user(**roles)
        self.clients.append(self.api.sign_in(user["email"], PASSWORD))
        return Person(user["id"], user["email"], self.clients[-1])

    def make_token(self, client: Client, tenant: str | None, **members: Any) -> str:
        """A personal token of whoever the client is."""
        answer = client.post("/api/v1/tokens", json={"name": "t", "tenant": tenant, **members})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def mint(self, client: Client, aud: str, tenant: str | None = None) -> str:
        """An access token minted from a session."""
        answer = client.post("/api/v1/session/token", json={"aud": aud, "tenant": tenant})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])


@pytest.fixture
def empty_database(postgres: PostgresServer, template_database: str) -> str:
    """A migrated database with nobody in it, for one test."""
    return postgres.create_database(template_database)


@pytest.fixture(scope="module")
def running(database_url: str) -> Iterator[ApiProcess]:
    process = ApiProcess(database_url)
    with process.served():
        yield process


@pytest.fixture(scope="module")
def people(running: ApiProcess) -> Iterator[People]:
    people = People(running, running.operate())
    yield people
    for client in (people.operator, *people.clients):
        client.close()


def fetch_git(api: ApiProcess, slug: str, token: str) -> httpx2.Response:
    """How a fetch begins, with a token as the password."""
    with api.open() as client:
        address = f"/git/{slug}.git/info/refs?service=git-upload-pack"
        return client.get(address, auth=("any", token))
