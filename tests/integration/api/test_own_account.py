"""What the pages for people ask of the api: one's own name and password, sign-in links, members by address, roles."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from api.access import Action
from tests.api_process import slug_of
from tests.integration.api.conftest import PASSWORD, People

SESSION = "/api/v1/session"
NEW = "a better password"


def read_code(url: str) -> str:
    """The code of a link; it is behind the `#`, where no server and no log sees it."""
    return parse_qs(urlsplit(url).fragment)["code"][0]


def test_a_new_name_leaves_the_session_as_it_is(people: People) -> None:
    person = people.make_person()

    answer = person.client.patch(SESSION, json={"name": "Ada Lovelace"})

    assert (answer.status_code, answer.json()["user"]["name"]) == (200, "Ada Lovelace")
    assert person.client.get(SESSION).json()["user"]["name"] == "Ada Lovelace"
    refused = person.client.patch(SESSION, json={"name": "<b>"})
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/name")


def test_a_new_password_ends_the_other_sessions_and_begins_a_new_one(people: People) -> None:
    person = people.make_person()
    body = {"email": person.email, "password": PASSWORD}
    other = people.api.sign_in(person.email, PASSWORD)

    answer = person.client.patch(SESSION, json={"password": NEW, "currentPassword": PASSWORD})

    assert answer.status_code == 200
    assert len(answer.headers.get_list("set-cookie")) == 2
    assert person.client.get(SESSION).status_code == 200
    assert other.get(SESSION).status_code == 401
    other.close()
    with people.api.open() as client:
        assert client.post(SESSION, json=body).status_code == 401
        assert client.post(SESSION, json=body | {"password": NEW}).status_code == 200


@pytest.mark.parametrize("wrong", [{}, {"currentPassword": "not this one, no"}])
def test_without_the_old_password_nobody_sets_a_new_one(people: People, wrong: dict[str, str]) -> None:
    person = people.make_person()

    answer = person.client.patch(SESSION, json={"password": NEW, **wrong})

    assert (answer.status_code, answer.json()["pointer"]) == (400, "/currentPassword")
    with people.api.open() as client:
        assert client.post(SESSION, json={"email": person.email, "password": PASSWORD}).status_code == 200


def test_guesses_of_the_old_password_count_as_failed_logins(people: People) -> None:
    person = people.make_person()
    guess = {"password": NEW, "currentPassword": "not this one, no"}

    statuses = [person.client.patch(SESSION, json=guess).status_code for _ in range(6)]

    assert statuses == [400] * 5 + [429]


def test_sessions_are_listed_and_ended_one_or_all_others(people: People) -> None:
    person = people.make_person()
    with people.api.open() as client:
        body = {"email": person.email, "password": PASSWORD}
        headers = {"User-Agent": "Firefox on a phone " + "x" * 400}
        opened = client.post(SESSION, json=body, headers=headers).json()
        again = people.api.sign_in(person.email, PASSWORD)

        third, second, first = person.client.get(f"{SESSION}/all").json()["items"]
        assert [each["current"] for each in (third, second, first)] == [False, False, True]
        assert second["userAgent"] == headers["User-Agent"][:300]
        assert second["createdAt"] <= second["lastUsedAt"] < second["expiresAt"]
        assert opened["user"]["email"] == person.email

        assert person.client.delete(f"{SESSION}/all/{second['id']}").status_code == 204
        assert client.get(SESSION).status_code == 401
        assert again.get(SESSION).status_code == 200
        assert person.client.delete(f"{SESSION}/all/{second['id']}").status_code == 404
        assert person.client.delete(f"{SESSION}/all").status_code == 204
        assert again.get(SESSION).status_code == 401
        assert [each["id"] for each in person.client.get(f"{SESSION}/all").json()["items"]] == [first["id"]]
        again.close()


def test_nobody_sees_or_ends_the_sessions_of_others(people: People) -> None:
    person, other = people.make_person(), people.make_person()
    (session,) = other.client.get(f"{SESSION}/all").json()["items"]

    for id in (session["id"], "1", "%00", "11111111-1111-4111-8111-111111111111"):
        assert person.client.delete(f"{SESSION}/all/{id}").status_code == 404
    person.client.delete(f"{SESSION}/all").raise_for_status()

    assert other.client.get(SESSION).status_code == 200
    tenant = people.make_tenant()
    member = people.make_person(**{tenant: "viewer"})
    with people.api.open(people.make_token(member.client, tenant)) as client:
        assert client.get(f"{SESSION}/all").status_code == client.delete(f"{SESSION}/all").status_code == 403


def test_a_token_changes_nobody(people: People) -> None:
    tenant = people.make_tenant()
    person = people.make_person(**{tenant: "viewer"})
    with people.api.open(people.make_token(person.client, tenant)) as client:
        assert client.patch(SESSION, json={"name": "Eve"}).status_code == 403


def test_a_link_signs_in_once_and_sets_the_password(people: People) -> None:
    user = people.make_user()
    before = people.api.sign_in(user["email"], PASSWORD)

    made = people.operator.post(f"/api/v1/users/{user['id']}/link", json={})

    assert made.status_code == 201
    address = urlsplit(made.json()["url"])
    assert (address.path, address.query) == ("/sign-in", "")
    code = read_code(made.json()["url"])
    with people.api.open() as client:
        short = client.post(SESSION, json={"code": code, "password": "short"})
        assert (short.status_code, slug_of(short)) == (400, "bad-request")
        opened = client.post(SESSION, json={"code": code, "password": NEW})
        assert (opened.status_code, opened.json()["user"]["email"]) == (200, user["email"])
        assert client.post(SESSION, json={"code": code, "password": NEW}).status_code == 401
        assert client.post(SESSION, json={"email": user["email"], "password": NEW}).status_code == 200
    assert before.get(SESSION).status_code == 401
    before.close()


def test_a_newer_link_makes_the_older_one_worthless(people: People) -> None:
    path = f"/api/v1/users/{people.make_user()['id']}/link"
    old, new = (read_code(people.operator.post(path, json={"expiresIn": 60}).json()["url"]) for _ in range(2))

    with people.api.open() as client:
        assert client.post(SESSION, json={"code": old}).status_code == 401
        assert client.post(SESSION, json={"code": new}).status_code == 200


def test_a_link_of_a_disabled_user_opens_nothing(people: People) -> None:
    user = people.make_user()
    code = read_code(people.operator.post(f"/api/v1/users/{user['id']}/link", json={}).json()["url"])
    people.operator.patch(f"/api/v1/users/{user['id']}", json={"disabled": True}).raise_for_status()

    with people.api.open() as client:
        assert client.post(SESSION, json={"code": code, "password": NEW}).status_code == 401


def test_links_are_good_for_a_week_at_most_and_only_for_somebody(people: People) -> None:
    path = f"/api/v1/users/{people.make_user()['id']}/link"

    assert people.operator.post(path, json={"expiresIn": 8 * 86_400}).status_code == 400
    assert people.operator.post("/api/v1/users/0/link", json={}).status_code == 404


def test_a_member_is_added_by_address(people: People) -> None:
    tenant = people.make_tenant()
    admin = people.make_person(**{tenant: "admin"})
    user = people.make_user()
    path = f"/api/v1/tenants/{tenant}/members"

    added = admin.client.post(path, json={"email": user["email"].upper(), "role": "viewer"})
    again = admin.client.post(path, json={"email": user["email"], "role": "admin"})
    nobody = admin.client.post(path, json={"email": "nobody@example.org", "role": "viewer"})

    assert (added.status_code, added.json()["id"], added.json()["role"]) == (201, user["id"], "viewer")
    assert (again.status_code, again.json()["pointer"]) == (409, "/email")
    assert (nobody.status_code, nobody.json()["pointer"]) == (400, "/email")
    assert {m["role"] for m in admin.client.get(path).json()["items"] if m["id"] == user["id"]} == {"viewer"}


def test_a_refusal_says_which_role_it_takes_and_whom_to_ask(people: People) -> None:
    tenant = people.make_tenant()
    admin = people.make_person(**{tenant: "admin"})
    viewer = people.make_person(**{tenant: "viewer"})

    answer = viewer.client.post(f"/api/v1/tenants/{tenant}/members", json={"email": "a@example.org", "role": "admin"})

    assert answer.status_code == 403
    hint = answer.json()["hint"]
    assert "your role here is viewer, this takes admin or operator" in hint
    assert admin.email in hint


def test_the_roles_are_told_as_they_are_judged(people: People) -> None:
    items = people.make_person().client.get("/api/v1/roles").json()["items"]

    assert [item["action"] for item in items] == [action.value for action in Action]
    found = {item["action"]: item for item in items}
    assert found["commit"]["roles"] == ["developer", "admin"]
    assert found["manage"]["roles"] == ["admin", "operator"]
    assert (found["manage-users"]["platform"], found["manage-users"]["scope"]) == (True, "admin")
    assert all(item["text"] for item in items)


def test_what_runs_is_told_to_operators(people: People) -> None:
    facts = people.operator.get("/api/v1/platform").json()

    assert (facts["publicUrl"], facts["isolation"], facts["singleDomain"]) == (people.api.url, "none", True)
    assert facts["users"] >= 2
    assert facts["version"]
