"""AUTH-14…23: passwords, cookies and other sites, over the wire; one test for each row of the notes."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from argon2 import PasswordHasher

from tests.api_process import ApiProcess, slug_of
from tests.integration.api.conftest import PASSWORD, People

SESSION = "/api/v1/session"


def connect(api: ApiProcess) -> psycopg.Connection[tuple[str]]:
    """The api's database, to look into it."""
    return psycopg.connect(
        str(api.settings["DATABASE_URL"]).replace("postgresql+psycopg", "postgresql"), autocommit=True
    )


def read_hash(api: ApiProcess, user: str) -> str:
    with connect(api) as connection:
        row = connection.execute("SELECT password_hash FROM users WHERE id = %s", [user]).fetchone()
    assert row is not None
    return row[0]


def test_auth_14_six_wrong_passwords_and_forged_addresses(people: People) -> None:
    user, other = people.make_user(), people.make_user()
    with people.api.open() as client:
        answers = [
            client.post(
                SESSION,
                json={"email": user["email"], "password": "wrong wrong wrong"},
                headers={"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}"},
            )
            for number in range(5)
        ]
        sixth = client.post(SESSION, json={"email": user["email"].upper(), "password": PASSWORD})
        unaffected = client.post(SESSION, json={"email": other["email"], "password": PASSWORD})

    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {
        (401, "address or password is wrong")
    }
    assert (sixth.status_code, slug_of(sixth)) == (429, "rate-limited")
    assert 1 <= int(sixth.headers["retry-after"]) <= 600
    assert unaffected.status_code == 200


def test_nobody_learns_whether_there_is_an_account(people: People) -> None:
    with people.api.open() as client:
        unknown = client.post(SESSION, json={"email": "nobody@example.org", "password": PASSWORD})
        wrong = client.post(SESSION, json={"email": people.make_user()["email"], "password": "wrong wrong wrong"})

    first, second = unknown.json(), wrong.json()
    first.pop("requestId"), second.pop("requestId")
    assert (unknown.status_code, first) == (wrong.status_code, second)


def test_auth_15_a_hundred_wrong_passwords_lock_nobody_out(empty_database: str) -> None:
    api = ApiProcess(empty_database, LOGIN_DELAY_SECONDS=0.3, LOGIN_DELAY_LIMIT_SECONDS=0.6)
    with api.served():
        login = api.logins["operator"]
        with contextlib.closing(api.operate()) as session, api.open() as client:
            wrong = {"email": login["email"], "password": "wrong wrong wrong"}
            statuses = [client.post(SESSION, json=wrong).status_code for _ in range(100)]
            assert set(statuses) == {401, 429}
            assert statuses.count(401) < 20

            assert session.get("/api/v1/users").status_code == 200
            right = {"email": login["email"], "password": login["password"]}
            api.wait_for(lambda: client.post(SESSION, json=right).status_code == 200, 10.0)


def test_auth_17_how_passwords_are_kept(people: People) -> None:
    first, second = people.make_user(), people.make_user()
    hashes = [read_hash(people.api, user["id"]) for user in (first, second)]

    assert all(text.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for text in hashes)
    assert hashes[0] != hashes[1]


def test_auth_17_a_weaker_hash_is_replaced_at_login_and_bcrypt_is_no_hash(people: People) -> None:
    user = people.make_user()
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with connect(people.api) as connection, people.api.open() as client:
        connection.execute("UPDATE users SET password_hash = %s WHERE id = %s", [weak, user["id"]])
        login = {"email": user["email"], "password": PASSWORD}
        assert client.post(SESSION, json=login).status_code == 200
        assert read_hash(people.api, user["id"]).startswith("$argon2id$v=19$m=19456,t=2,p=1$")

        bcrypt = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
        connection.execute("UPDATE users SET password_hash = %s WHERE id = %s", [bcrypt, user["id"]])
        assert client.post(SESSION, json=login).status_code == 401


def test_auth_17_passwords_of_every_shape(people: People) -> None:
    passphrase = "sixty-four characters are a fine passphrase that everybody keeps"
    with people.api.open() as client:
        for password in ("abcdefghij\0x", passphrase, "pässwörter äöü €uro"):
            user = people.make_user()
            people.operator.patch(f"/api/v1/users/{user['id']}", json={"password": password}).raise_for_status()
            assert client.post(SESSION, json={"email": user["email"], "password": password}).status_code == 200
            cut = password.partition("\0")[0][:10]
            assert client.post(SESSION, json={"email": user["email"], "password": cut}).status_code == 401
        for huge in ("x" * 1025, "x" * 2**20, "\ud800"):
            began = time.monotonic()
            body = json.dumps({"email": "a@example.org", "password": huge}).encode()
            answer = client.post(SESSION, content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code in (400, 413), answer.text
            assert slug_of(answer) in ("bad-request", "body-too-large")
            assert time.monotonic() - began < 1.0
    for bad in ("short", "x" * 1025):
        body = {"email": "b@example.org", "name": "B", "password": bad}
        assert people.operator.post("/api/v1/users", json=body).status_code == 400


def test_auth_18_many_logins_at_once_stay_within_memory(people: People) -> None:
    process = people.api.process
    assert process is not None
    status = Path(f"/proc/{process.pid}/status")
    user = people.make_user()

    def read_memory(name: str) -> int:
        return int(status.read_text().partition(f"{name}:")[2].split()[0])

    def attempt(number: int) -> int:
        with people.api.open() as client:
            body = {"email": f"nobody{number}@example.org", "password": PASSWORD}
            answer = client.post(SESSION, json=body)
        assert answer.status_code not in (429, 503) or "retry-after" in answer.headers
        return int(answer.status_code)

    before = read_memory("VmRSS")
    with ThreadPoolExecutor(100) as pool:
        statuses = list(pool.map(attempt, range(200)))
    with people.api.open() as client:
        answer = client.post(SESSION, json={"email": user["email"], "password": PASSWORD})

    assert set(statuses) <= {401, 429, 503}
    assert {429, 503} & set(statuses)
    assert read_memory("VmHWM") - before < (2 * 19 + 64) * 1024
    assert answer.status_code == 200


def test_attempts_at_the_same_time_count(people: People) -> None:
    user = people.make_user()

    def attempt(_: int) -> int:
        with people.api.open() as client:
            body = {"email": user["email"], "password": "wrong wrong wrong"}
            return int(client.post(SESSION, json=body).status_code)

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(attempt, range(40)))
    assert statuses.count(401) <= 5
    assert set(statuses) <= {401, 429}


def test_auth_19_cookies(people: People) -> None:
    user = people.make_user()
    with people.api.open() as client:
        preset = "paaks_session=11111111-1111-4111-8111-111111111111; paaks_refresh=1.1"
        body = {"email": user["email"], "password": PASSWORD}
        first = client.post(SESSION, json=body, headers={"Cookie": preset})
        client.cookies.clear()
        second = client.post(SESSION, json=body)

    cookies = first.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/"} <= attributes
        assert "secure" not in attributes
        assert "1111" not in cookie
    values = [dict(answer.cookies) for answer in (first, second)]
    assert all(values[0][name] != values[1][name] for name in ("paaks_session", "paaks_refresh"))
    assert len(values[0]["paaks_refresh"].partition(".")[2]) >= 43  # 256 bits


def test_auth_19_cookies_of_a_platform_on_https(empty_database: str) -> None:
    api = ApiProcess(empty_database, PUBLIC_URL="https://paaks.example.org")
    with api.served(), api.open() as client:
        login = api.logins["operator"]
        answer = client.post(SESSION, json={name: login[name] for name in ("email", "password")})
        for cookie in answer.headers.get_list("set-cookie"):
            assert cookie.startswith("__Host-paaks_")
            assert "secure" in cookie.lower()
        assert answer.headers["strict-transport-security"]


def test_auth_20_what_another_site_can_send_changes_nothing(people: People) -> None:
    tenant = people.make_tenant()
    person = people.make_person(**{tenant: "admin"})
    body = json.dumps({"name": "stolen", "tenant": tenant}).encode()
    good = {"Content-Type": "application/json", "X-PaaKS-CSRF": person.client.headers["X-PaaKS-CSRF"]}
    cookie = "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())

    def send(changes: dict[str, str | None], method: str = "POST", path: str = "/api/v1/tokens") -> int:
        headers = {name: value for name, value in (good | changes).items() if value is not None}
        with people.api.open() as client:
            answer = client.request(method, path, content=body, headers={"Cookie": cookie} | headers)
            return int(answer.status_code)

    host = urlsplit(people.api.url).netloc
    refused = [
        send({"Sec-Fetch-Site": "cross-site"}),
        send({"Sec-Fetch-Site": "same-site"}),
        send({"Origin": "http://evil.example"}),
        send({"Origin": "null"}),
        send({"Origin": f"http://{host}.evil.example"}),
        send({"Content-Type": "text/plain"}),
        send({"Content-Type": "application/x-www-form-urlencoded"}),
        send({"Content-Type": "multipart/form-data; boundary=x"}),
        send({"Content-Type": None}),
        send({"X-PaaKS-CSRF": None}),
        send({"X-PaaKS-CSRF": people.operator.headers["X-PaaKS-CSRF"]}),
        send({}, "PATCH"),
        send({}, "GET", f"/api/v1/tenants/{tenant}/changes"),
        send({"Sec-Fetch-Site": "cross-site"}, "POST", SESSION + "/refresh"),
        send({"Origin": "http://evil.example"}, "DELETE", SESSION),
    ]
    assert set(refused) <= {403, 405, 415}, refused
    assert person.client.get("/api/v1/tokens").json()["items"] == []

    assert send({"Sec-Fetch-Site": "same-origin", "Origin": people.api.url}) == 201
    assert send({"X-PaaKS-CSRF": None}, "GET") == 200


def test_auth_20_signing_somebody_else_in_from_another_site(people: People) -> None:
    user = people.make_user()
    with people.api.open() as client:
        body = {"email": user["email"], "password": PASSWORD}
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
            answer = client.post(SESSION, json=body, headers=headers)
            assert (answer.status_code, slug_of(answer)) == (403, "cross-site")
        assert client.post(SESSION, content=json.dumps(body), headers={"Content-Type": "text/plain"}).status_code == 415


def test_auth_21_no_other_origin_may_read(people: People) -> None:
    with people.api.open(people.api.token) as client:
        for origin in ("http://evil.example", "null", "http://127.0.0.1:8080.evil.example"):
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            for answer in (client.options("/api/v1/tokens", headers=asked), client.get("/livez", headers=asked)):
                assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_auth_22_a_head_without_an_end_is_cut(people: People) -> None:
    host, _, port = urlsplit(people.api.url).netloc.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        filler = b"".join(b"X-Filler%d: " % number + b"x" * 1000 + b"\r\n" for number in range(20_000))
        with pytest.raises(ConnectionError):
            connection.sendall(filler)
    assert people.api.status("/livez") == 200


def test_auth_23_the_first_start_has_no_default_password(people: People) -> None:
    api = people.api
    file = api.data / "first-login.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secrets = [api.logins["operator"]["password"], api.logins["demo"]["password"], api.token]
    assert all(len(secret) >= 20 for secret in secrets)
    assert not any(secret in api.log.read_text() for secret in secrets)
    host = Path("/etc/hostname").read_text().strip()
    with api.open() as client:
        for email in ("admin", "admin@demo.localhost", "operator@paaks.localhost", "root"):
            for password in ("admin", host, "", "password"):
                assert client.post(SESSION, json={"email": email, "password": password}).status_code in (400, 401, 429)
        for user in ("admin:admin", f"admin:{host}", "admin:"):
            name, _, password = user.partition(":")
            address = "/git/demo.git/info/refs?service=git-upload-pack"
            assert client.get(address, auth=(name, password)).status_code == 401
