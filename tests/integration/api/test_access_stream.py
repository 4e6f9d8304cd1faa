"""The access stream over its socket; keys that rotate (AUTH-11) and rights that are taken away (AUTH-12)."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api_process import ApiProcess, Client
from tests.integration.api.conftest import PASSWORD, People, fetch_git

DISABLE, LOWER, REMOVE, PASSWORD_CHANGE, LOGOUT = "disabled", "role lowered", "role removed", "new password", "logout"


class Reader:
    """A dispatcher's end: it keeps the picture as it is told."""

    def __init__(self, api: ApiProcess) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(api.run / "access.sock"))
        self.lines = self.socket.makefile("rb")
        self.picture: dict[str, Any] = {}
        self.bookmarks = 0

    def step(self) -> dict[str, Any]:
        """One message, applied."""
        message: dict[str, Any] = json.loads(self.lines.readline())
        match message["type"]:
            case "snapshot":
                self.picture = message | {"revoked": set(message["revoked"])}
            case "delta":
                self.apply(message)
            case "bookmark":
                self.bookmarks += 1
                assert message["version"] == self.picture["version"]
        return message

    def apply(self, delta: dict[str, Any]) -> None:
        assert delta["version"] > self.picture["version"]
        self.picture["version"] = delta["version"]
        self.picture["keys"] = delta.get("keys", self.picture["keys"])
        for name in ("tenants", "tokens"):
            for key in delta.get(name, {}).get("removed", []):
                del self.picture[name][key]
            self.picture[name] |= delta.get(name, {}).get("set", {})
        changed = delta.get("revoked", {"set": [], "removed": []})
        self.picture["revoked"] = (self.picture["revoked"] - set(changed["removed"])) | set(changed["set"])

    def wait(self, condition: Any, seconds: float = 5.0) -> None:
        """Read on until the picture is so; within the 5 seconds that a revocation may take."""
        deadline = time.monotonic() + seconds
        while not condition(self.picture):
            assert time.monotonic() < deadline, self.picture
            self.step()

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


@pytest.fixture
def reader(running: ApiProcess) -> Iterator[Reader]:
    found = Reader(running)
    yield found
    found.close()


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def test_a_reader_is_told_everything_and_nothing_secret(people: People, reader: Reader) -> None:
    first = reader.step()

    assert first["type"] == "snapshot"
    assert set(first) == {"type", "version", "issuer", "keys", "tenants", "tokens", "revoked"}
    assert first["issuer"].startswith("paaks:")
    assert [key["kty"] for key in first["keys"]] == ["OKP"]
    assert "d" not in first["keys"][0]
    told = first["tokens"][digest(people.api.token)]
    assert told == {
        "tenant": first["tenants"]["demo"],
        "user": "admin@demo.localhost",
        "scopes": ["read", "write", "invoke", "admin"],
        "expires": None,
    }
    assert people.api.token not in json.dumps(first)


def test_bookmarks_come_by_themselves(people: People, reader: Reader) -> None:
    reader.wait(lambda _: reader.bookmarks >= 2)


def test_changes_are_told_and_lead_to_what_a_new_reader_gets(people: People, reader: Reader) -> None:
    reader.step()
    tenant = people.make_tenant()
    person = people.make_person(**{tenant: "viewer"})
    token = people.make_token(person.client, tenant, expiresIn=3600)
    reader.wait(lambda picture: digest(token) in picture["tokens"])
    assert reader.picture["tenants"][tenant] == reader.picture["tokens"][digest(token)]["tenant"]
    assert reader.picture["tokens"][digest(token)]["expires"] == pytest.approx(time.time() + 3600, abs=60)

    other = Reader(people.api)
    other.step()
    reader.wait(lambda picture: picture["version"] >= other.picture["version"])
    assert reader.picture | {"type": ""} == other.picture | {"type": ""}
    other.close()


def test_whoever_speaks_or_does_not_read_is_dropped(people: People) -> None:
    noisy = Reader(people.api)
    noisy.socket.sendall(b"hello\n")
    while noisy.lines.readline():
        pass
    noisy.close()
    assert people.api.status("/readyz") == 200


def take_away(people: People, cause: str, tenant: str, person: Any) -> None:
    """Take a right away, for one cause."""
    operator, path = people.operator, f"/api/v1/tenants/{tenant}/members/{person.id}"
    match cause:
        case "disabled":
            answer = operator.patch(f"/api/v1/users/{person.id}", json={"disabled": True})
        case "role lowered":
            answer = operator.put(path, json={"role": "viewer"})
        case "role removed":
            answer = operator.delete(path)
        case "new password":
            answer = operator.patch(f"/api/v1/users/{person.id}", json={"password": PASSWORD + "!"})
        case _:
            answer = person.client.delete("/api/v1/session")
    assert answer.status_code in (200, 204), answer.text


@pytest.mark.parametrize("cause", [DISABLE, LOWER, REMOVE, PASSWORD_CHANGE, LOGOUT])
def test_auth_12_what_was_signed_before_is_refused_everywhere(people: People, reader: Reader, cause: str) -> None:
    reader.step()
    tenant = people.make_tenant()
    person = people.make_person(**{tenant: "developer"})
    bearer, git = people.mint(person.client, "api"), people.mint(person.client, "git", tenant)
    personal = people.make_token(person.client, tenant)
    session = json.loads(_payload(bearer))["sid"]
    with people.api.open(bearer) as client:
        assert client.get(f"/api/v1/tenants/{tenant}").status_code == 200
        assert fetch_git(people.api, tenant, git).status_code == 200

        take_away(people, cause, tenant, person)

        assert client.get(f"/api/v1/tenants/{tenant}").status_code == 401  # on the connection that was open
    assert fetch_git(people.api, tenant, git).status_code == 401
    reader.wait(lambda picture: session in picture["revoked"])
    gone = cause in (DISABLE, REMOVE)
    reader.wait(lambda picture: (digest(personal) not in picture["tokens"]) == gone)
    with people.api.open(personal) as client:
        expected = {DISABLE: 401, REMOVE: 404}.get(cause, 200)
        assert client.get(f"/api/v1/tenants/{tenant}").status_code == expected
        committed = client.post(f"/api/v1/tenants/{tenant}/services", json={"name": "late"}).status_code
        assert committed == {DISABLE: 401, REMOVE: 404, LOWER: 403}.get(cause, 201)


def test_a_stream_ends_soon_after_its_reader_may_not_read(people: People) -> None:
    tenant = people.make_tenant()
    person = people.make_person(**{tenant: "viewer"})
    address = f"/api/v1/tenants/{tenant}/events"
    with people.api.open(people.mint(person.client, "api")) as client, client.stream("GET", address) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("id: ")
        take_away(people, DISABLE, tenant, person)
        began = time.monotonic()
        list(lines)
        assert time.monotonic() - began < 60


def test_auth_11_keys_rotate_without_anybody_noticing(empty_database: str) -> None:
    settings = {"KEY_SECONDS": 1.5, "ACCESS_TOKEN_SECONDS": 60}
    with ApiProcess(empty_database, **settings).served() as api:
        session = api.operate()
        reader = Reader(api)
        reader.step()
        first = mint(session)
        kid = reader.picture["keys"][0]["kid"]
        with api.open(first) as old:
            reader.wait(lambda picture: len(picture["keys"]) == 2)
            for _ in range(25):
                assert old.get("/api/v1/session").status_code == 200
                with api.open(mint(session)) as new:
                    assert new.get("/api/v1/session").status_code == 200
            (path,) = (api.data / "keys").glob(f"signing-*-{kid}.pem")
            path.unlink()
            reader.wait(lambda picture: kid not in {key["kid"] for key in picture["keys"]})
            api.wait_for(lambda: old.get("/api/v1/session").status_code == 401, 5.0)
        reader.close()
        session.close()


def mint(client: Client) -> str:
    answer = client.post("/api/v1/session/token", json={"aud": "api"})
    if answer.status_code == 401:  # the cookie's own key may have gone with age
        client.post("/api/v1/session/refresh").raise_for_status()
        answer = client.post("/api/v1/session/token", json={"aud": "api"})
    return str(answer.json()["token"])


def _payload(token: str) -> bytes:
    return base64.urlsafe_b64decode(token.split(".")[1] + "==")
