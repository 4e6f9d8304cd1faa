"""Tenants, members, users and tokens over the wire, and what nobody may do to whom (RBAC-03…08)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.api_process import ApiProcess, slug_of
from tests.integration.api.conftest import People, fetch_git


def test_a_new_tenant_can_be_cloned_and_has_its_owner_as_admin(people: People) -> None:
    owner = people.make_user()
    answer = people.operator.post("/api/v1/tenants", json={"slug": "acme", "owner": owner["email"].upper()})

    assert answer.status_code == 201
    document = answer.json()
    assert set(document) == {"id", "slug", "createdAt", "role", "cloneUrl"}
    assert (document["slug"], document["role"]) == ("acme", None)
    assert document["cloneUrl"] == f"{people.api.url}/git/acme.git"
    members = people.operator.get("/api/v1/tenants/acme/members").json()["items"]
    assert members == [{"id": owner["id"], "email": owner["email"], "name": "Ada", "role": "admin"}]
    assert [s["name"] for s in people.operator.get("/api/v1/tenants/acme/services").json()["items"]] == ["hello"]


@pytest.mark.parametrize(
    ("slug", "status", "problem"),
    [
        ("demo", 409, "name-taken"),
        ("Demo", 422, "name-invalid"),
        ("admin", 422, "name-reserved"),
        ("a/b", 422, "name-invalid"),
    ],
)
def test_names_that_no_tenant_gets(people: People, slug: str, status: int, problem: str) -> None:
    answer = people.operator.post("/api/v1/tenants", json={"slug": slug})

    assert (answer.status_code, slug_of(answer)) == (status, problem)


def test_an_owner_has_to_be_there(people: People) -> None:
    answer = people.operator.post("/api/v1/tenants", json={"slug": "orphan", "owner": "nobody@example.org"})

    assert (answer.status_code, answer.json()["pointer"]) == (400, "/owner")
    assert people.operator.get("/api/v1/tenants/orphan").status_code == 404


def test_one_trust_domain_has_one_tenant(empty_database: str) -> None:
    with ApiProcess(empty_database, INSECURE_SINGLE_DOMAIN=0).served() as api:
        client = api.operate()
        answer = client.post("/api/v1/tenants", json={"slug": "second"})
        listed = client.get("/api/v1/tenants").json()["items"]
        client.close()

    assert (answer.status_code, slug_of(answer)) == (409, "tenant-needs-isolation")
    assert [tenant["slug"] for tenant in listed] == ["demo"]


def test_members_come_change_and_go(people: People) -> None:
    tenant = people.make_tenant()
    admin = people.make_person(**{tenant: "admin"})
    user = people.make_user()
    path = f"/api/v1/tenants/{tenant}/members/{user['id']}"

    given = admin.client.put(path, json={"role": "viewer"})
    assert (given.status_code, given.json()["role"]) == (200, "viewer")
    assert admin.client.put(path, json={"role": "developer"}).json()["role"] == "developer"
    assert admin.client.put(path, json={"role": "owner"}).status_code == 400
    assert admin.client.delete(path).status_code == 204
    assert admin.client.delete(path).status_code == 404
    assert (
        admin.client.put(f"/api/v1/tenants/{tenant}/members/{uuid.uuid4()}", json={"role": "viewer"}).status_code == 404
    )
    assert user["id"] not in {m["id"] for m in admin.client.get(f"/api/v1/tenants/{tenant}/members").json()["items"]}


def test_a_password_that_was_made_is_told_once(people: People) -> None:
    made = people.operator.post("/api/v1/users", json={"email": "made@example.org", "name": "Made"}).json()
    given = people.make_user()

    assert len(made["password"]) == 20
    assert "password" not in given
    assert "password" not in people.operator.get("/api/v1/users").text
    people.api.sign_in("made@example.org", made["password"]).close()


@pytest.mark.parametrize(
    "body",
    [
        {"email": "no address", "name": "A"},
        {"email": "a@example.org\n", "name": "A"},
        {"email": "<a@example.org>", "name": "A"},
        {"email": "b@example.org", "name": "A <root>"},
        {"email": "b@example.org", "name": "A\nB"},
        {"email": "b@example.org", "name": ""},
        {"email": "b@example.org", "name": "A", "roles": {"nowhere": "viewer"}},
        {"email": "b@example.org", "name": "A", "roles": {"demo": "god"}},
        {"name": "A"},
        [],
    ],
)
def test_users_that_cannot_be(people: People, body: object) -> None:
    answer = people.operator.post("/api/v1/users", json=body)

    assert (answer.status_code, slug_of(answer)) == (400, "bad-request")


def test_an_address_is_taken_in_whatever_case(people: People) -> None:
    user = people.make_user()
    answer = people.operator.post("/api/v1/users", json={"email": user["email"].upper(), "name": "B"})

    assert (answer.status_code, slug_of(answer)) == (409, "name-taken")


# -- tokens


def test_a_token_is_told_once_and_can_be_revoked(people: People) -> None:
    tenant = people.make_tenant()
    person = people.make_person(**{tenant: "developer"})
    made = person.client.post("/api/v1/tokens", json={"name": "ci", "tenant": tenant, "expiresIn": 3600}).json()
    text = made.pop("token")

    assert person.client.get("/api/v1/tokens").json()["items"] == [made]
    assert (made["tenant"], made["scopes"]) == (tenant, ["read", "write", "invoke"])
    assert made["expiresAt"] > made["createdAt"]
    with people.api.open(text) as client:
        assert client.get(f"/api/v1/tenants/{tenant}").status_code == 200
        assert client.get("/api/v1/tenants/demo").status_code == 404
        assert fetch_git(people.api, tenant, text).status_code == 200
        assert person.client.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
        assert client.get(f"/api/v1/tenants/{tenant}").status_code == 401
        assert fetch_git(people.api, tenant, text).status_code == 401
    assert person.client.delete(f"/api/v1/tokens/{made['id']}").status_code == 404


def test_a_token_ends_when_it_says(people: People) -> None:
    tenant = people.make_tenant()
    token = people.make_token(people.make_person(**{tenant: "viewer"}).client, tenant, expiresIn=0.2)
    with people.api.open(token) as client:
        people.api.wait_for(lambda: client.get("/api/v1/session").status_code == 401, 5.0)


def test_a_token_makes_no_stronger_one(people: People) -> None:
    tenant = people.make_tenant()
    person = people.make_person(**{tenant: "admin"})
    weak = people.make_token(person.client, tenant, scopes=["read"])
    strong = people.make_token(person.client, tenant, scopes=["read", "admin"], expiresIn=600)
    with people.api.open(weak) as client:
        assert client.post("/api/v1/tokens", json={"name": "x", "tenant": tenant}).status_code == 403
        assert client.get("/api/v1/tokens").status_code == 200
        (other,) = [t["id"] for t in client.get("/api/v1/tokens").json()["items"] if "admin" in t["scopes"]]
        assert client.delete(f"/api/v1/tokens/{other}").status_code == 403
    with people.api.open(strong) as client:
        more = client.post("/api/v1/tokens", json={"name": "x", "tenant": tenant, "scopes": ["write"]})
        assert (more.status_code, more.json()["pointer"]) == (403, "/scopes")
        assert client.post("/api/v1/tokens", json={"name": "x", "tenant": None}).status_code == 403
        assert client.post("/api/v1/tokens", json={"name": "x", "tenant": "demo"}).status_code == 404
        child = client.post("/api/v1/tokens", json={"name": "x", "tenant": tenant}).json()
        assert child["scopes"] == ["read"]
        assert child["expiresAt"] is not None


def test_last_uses_are_written_down(people: People) -> None:
    with people.api.open(people.api.token) as client:
        people.api.wait_for(lambda: client.get("/api/v1/tokens").json()["items"][0]["lastUsedAt"] is not None, 20.0)


# -- Idempotency-Key


def test_the_same_request_with_the_same_key_is_done_once(people: People) -> None:
    body = {"email": "once@example.org", "name": "Once"}
    key = {"Idempotency-Key": "create-once"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: people.operator.post("/api/v1/users", json=body, headers=key), range(4)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3

    other = people.operator.post("/api/v1/users", json={**body, "name": "Twice"}, headers=key)
    assert (other.status_code, slug_of(other)) == (422, "idempotency-reused")
    elsewhere = people.operator.post("/api/v1/tenants", json={"slug": "once"}, headers=key)
    assert slug_of(elsewhere) == "idempotency-reused"


def test_keys_belong_to_who_sends_them_and_nothing_secret_is_stored(people: People) -> None:
    tenant = people.make_tenant()
    one, other = (people.make_person(**{tenant: "viewer"}).client for _ in range(2))
    answers = [
        client.post("/api/v1/tokens", json={"name": "x", "tenant": tenant}, headers={"Idempotency-Key": "1"}).json()
        for client in (one, other, one)
    ]

    assert answers[0] == answers[2] != answers[1]
    url = str(people.api.settings["DATABASE_URL"]).replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as connection:
        stored = str(connection.execute("SELECT key, body FROM idempotency").fetchall())
    assert answers[0]["token"] not in stored
    assert answers[0]["token"][-20:] not in stored


def test_a_request_that_was_refused_may_be_tried_again_with_its_key(people: People) -> None:
    key = {"Idempotency-Key": "again"}
    assert people.operator.post("/api/v1/tenants", json={"slug": "demo"}, headers=key).status_code == 409
    assert people.operator.post("/api/v1/tenants", json={"slug": "later"}, headers=key).status_code == 201
    for bad in ("", "x" * 201, "a b"):
        answer = people.operator.post("/api/v1/tenants", json={"slug": "x"}, headers={"Idempotency-Key": bad})
        assert answer.status_code == 400


# -- what nobody may do to whom


def test_rbac_03_nobody_gives_himself_a_right(people: People) -> None:
    tenant = people.make_tenant()
    person = people.make_person(**{tenant: "developer"})
    more = {"name": "X", "role": "admin", "is_operator": True, "operator": True, "tenant_id": "x", "password_hash": "x"}
    before = people.operator.get("/api/v1/users").json()["items"]

    for path in ("/api/v1/users/me", f"/api/v1/users/{person.id}"):
        assert person.client.patch(path, json=more).status_code == 403
    assert people.operator.get("/api/v1/users").json()["items"] == before
    ignored = people.operator.patch(f"/api/v1/users/{person.id}", json={"password_hash": "x", "id": "1", "roles": {}})
    assert ignored.status_code == 200
    assert people.operator.get("/api/v1/users").json()["items"] == before


def test_rbac_04_an_admin_stays_within_the_tenant(people: People) -> None:
    ours, theirs = people.make_tenant(), people.make_tenant()
    admin, stranger = people.make_person(**{ours: "admin"}), people.make_user(**{theirs: "viewer"})

    assert admin.client.patch(f"/api/v1/users/{admin.id}", json={"operator": True}).status_code == 403
    assert admin.client.patch(f"/api/v1/users/{stranger['id']}", json={"disabled": True}).status_code == 403
    assert admin.client.get("/api/v1/users").status_code == 403
    assert admin.client.post("/api/v1/tenants", json={"slug": "mine"}).status_code == 403
    assert admin.client.put(f"/api/v1/tenants/{theirs}/members/{admin.id}", json={"role": "admin"}).status_code == 404
    assert [t["slug"] for t in admin.client.get("/api/v1/tenants").json()["items"]] == [ours]


def test_rbac_05_what_is_not_ours_looks_as_if_it_were_not_there(people: People) -> None:
    ours, theirs = people.make_tenant(), people.make_tenant()
    person = people.make_person(**{ours: "admin"})
    other = people.make_person(**{theirs: "admin"})
    foreign = other.client.post("/api/v1/tokens", json={"name": "x", "tenant": theirs}).json()["id"]
    nowhere = "t" + "9" * (len(theirs) - 1)
    pairs = [
        ("GET", f"/api/v1/tenants/{theirs}", f"/api/v1/tenants/{nowhere}"),
        ("GET", f"/api/v1/tenants/{theirs}/members", f"/api/v1/tenants/{nowhere}/members"),
        ("GET", f"/api/v1/tenants/{theirs}/services/hello", f"/api/v1/tenants/{nowhere}/services/hello"),
        ("DELETE", f"/api/v1/tokens/{foreign}", f"/api/v1/tokens/{uuid.uuid4()}"),
        ("DELETE", f"/api/v1/tenants/{ours}/members/{other.id}", f"/api/v1/tenants/{ours}/members/{uuid.uuid4()}"),
    ]
    for method, there, nothing in pairs:
        first, second = person.client.request(method, there), person.client.request(method, nothing)
        bodies = [answer.json() for answer in (first, second)]
        assert [body.pop("requestId") != "" for body in bodies] == [True, True]
        assert (first.status_code, bodies[0], len(first.content)) == (404, bodies[1], len(second.content))


def test_rbac_06_nothing_in_a_request_moves_it_to_another_tenant(people: People) -> None:
    ours, theirs = people.make_tenant(), people.make_tenant()
    person = people.make_person(**{ours: "admin"})
    token = people.make_token(person.client, ours, scopes=["read", "write", "invoke", "admin"])
    with people.api.open(token) as client:
        answer = client.get(
            f"/api/v1/tenants/{ours}?tenant={theirs}", headers={"X-Tenant": theirs, "Host": f"{theirs}.localhost"}
        )
        assert answer.json()["slug"] == ours
        made = client.post("/api/v1/tokens", json={"name": "x", "tenant": ours, "tenant_id": theirs}).json()
        assert made["tenant"] == ours
    assert fetch_git(people.api, theirs, token).status_code == 404
    assert fetch_git(people.api, ours, token).status_code == 200


def test_rbac_08_the_last_one_stays(people: People) -> None:
    tenant = people.make_tenant()
    admin = people.make_person(**{tenant: "admin"})
    path = f"/api/v1/tenants/{tenant}/members"
    (owner,) = [m for m in admin.client.get(path).json()["items"] if m["id"] != admin.id]
    assert admin.client.delete(f"{path}/{owner['id']}").status_code == 204

    for answer in (
        admin.client.delete(f"{path}/{admin.id}"),
        admin.client.put(f"{path}/{admin.id}", json={"role": "viewer"}),
    ):
        assert (answer.status_code, slug_of(answer)) == (409, "last-one")
    (operator,) = [user for user in people.operator.get("/api/v1/users").json()["items"] if user["operator"]]
    for change in ({"operator": False}, {"disabled": True}):
        answer = people.operator.patch(f"/api/v1/users/{operator['id']}", json=change)
        assert (answer.status_code, slug_of(answer)) == (409, "last-one")
    assert people.operator.get("/api/v1/session").status_code == 200


def test_a_text_that_no_database_can_hold_is_the_callers_fault(people: People) -> None:
    for text in ("a\0b", "\0"):
        made = people.operator.post("/api/v1/users", json={"email": f"{text}@example.org", "name": text})
        assert made.status_code in (400, 422), made.text
        named = people.operator.post("/api/v1/tokens", json={"name": text, "tenant": None})
        assert named.status_code in (400, 422), named.text
