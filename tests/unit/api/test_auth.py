"""Who is calling, judged from the wire: each credential in its own place, and cookies only from our own pages."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.auth import Authenticator, Wire, read_headers
from api.directory import Directory, Snapshot, Token, User
from api.settings import Settings
from api.tokens import KeyRing, TenantGrant, make_personal_token
from core.credentials import hash_personal_token
from core.errors import Refused, RetryLater
from core.store import open_engine

NOW = datetime.now(UTC)
URL = "http://127.0.0.1:3000"
SCOPES = ["read", "write"]


class World:
    """An authenticator with one user, who has a session and a personal token of one tenant."""

    def __init__(self, directory: Path, url: str = URL) -> None:
        sockets = {name: f"unix:{directory}/{name}" for name in ("access_stream", "link", "cluster")}
        database = "postgresql+psycopg://nobody@/none"
        self.settings = Settings(directory, database, url, URL, **sockets)
        self.keys = KeyRing(directory / "keys", lifetime=900, now=NOW.timestamp())
        self.directory = Directory(open_engine(database), remember=900)
        self.personal = make_personal_token()
        user = User("u", "u@example.org", "Ada", False, False, NOW)
        token = Token("k", "u", "t", "ci", ("read",), NOW, None, None)
        tokens = {hash_personal_token(self.personal): token}
        self.directory.now = Snapshot(1, {"u": user}, {"u": {"t": "developer", "t2": "viewer"}}, tokens)
        self.directory.loaded = True
        self.authenticator = Authenticator(self.settings, self.keys, self.directory)

    def sign(self, audience: str = "api", **members: Any) -> str:
        grant = None if audience == "api" else TenantGrant("t", "demo", "developer", "ana@example.org")
        given = {"user_id": "u", "session": "s", "scopes": SCOPES, "now": NOW.timestamp(), "grant": grant} | members
        return self.keys.sign_access_token(audience=audience, **given)[0]

    def cookie(self, method: str = "GET", name: str = "paaks_session", **headers: str) -> Wire:
        return wire(method, headers, {name: self.sign()})

    @property
    def csrf(self) -> str:
        return self.keys.make_csrf_token("s")

    def slug(self, sent: Wire) -> str:
        """The slug of the refusal."""
        with pytest.raises(Refused) as caught:
            self.authenticator.authenticate(sent)
        return caught.value.problems[0].slug

    def change(self, **members: Any) -> None:
        self.directory.now = replace(self.directory.now, **members)


def wire(
    method: str = "GET", headers: Mapping[str, str] | None = None, cookies: Mapping[str, str] | None = None
) -> Wire:
    spelled = {name.replace("_", "-").lower(): [value] for name, value in (headers or {}).items()}
    return Wire(method, spelled, cookies or {})


def bearer(text: str, **headers: str) -> Wire:
    return wire("POST", {"authorization": f"Bearer {text}", **headers})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="module")
def one_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


# -- what is believed


def test_an_access_token_is_its_user_with_todays_roles(world: World) -> None:
    principal = world.authenticator.authenticate(bearer(world.sign()))

    assert (principal.user_id, principal.credential, principal.session, principal.tenant) == ("u", "access", "s", None)
    assert principal.roles == {"t": "developer", "t2": "viewer"}
    assert principal.scopes == {"read", "write"}


def test_a_personal_token_reaches_its_tenant_alone(world: World) -> None:
    principal = world.authenticator.authenticate(bearer(world.personal))

    assert (principal.credential, principal.tenant, principal.token, principal.session) == ("personal", "t", "k", None)
    assert (principal.role_in("t"), principal.role_in("t2")) == ("developer", None)
    assert set(world.authenticator.take_uses()) == {"k"}
    assert world.authenticator.take_uses() == {}


def test_a_cookie_is_a_session(world: World) -> None:
    principal = world.authenticator.authenticate(world.cookie())

    assert (principal.credential, principal.session) == ("session", "s")


def test_git_takes_a_token_as_password_or_bearer(world: World) -> None:
    for token in (world.personal, world.sign("git")):
        basic = base64.b64encode(f"any:{token}".encode()).decode()
        for header in (f"Basic {basic}", f"basic {basic}", f"Bearer {token}"):
            assert world.authenticator.authenticate_git(header).user_id == "u"


# -- what is not


@pytest.mark.parametrize("header", [None, "", "Basic", "Basic !", "Basic YQ==", "Digest x", "Bearer", "Bearer x y"])
def test_git_refuses_everything_else(world: World, header: str | None) -> None:
    with pytest.raises(Refused):
        world.authenticator.authenticate_git(header)


def test_audiences_stay_apart(world: World) -> None:
    assert world.slug(bearer(world.sign("git"))) == "not-authenticated"
    assert world.slug(bearer(world.sign("app"))) == "not-authenticated"
    with pytest.raises(Refused):
        world.authenticator.authenticate_git(f"Bearer {world.sign()}")


def test_a_refusal_says_how_to_sign_in(world: World) -> None:
    with pytest.raises(Refused) as caught:
        world.authenticator.authenticate(wire())

    assert f"sign in at {URL}/login" in (caught.value.problems[0].hint or "")
    assert "paaks login" in (caught.value.problems[0].hint or "")


def test_what_has_ended_is_refused_at_once(world: World) -> None:
    user = world.directory.now.users["u"]
    token = next(iter(world.directory.now.tokens.values()))
    both = [bearer(world.sign()), bearer(world.personal)]

    world.change(users={"u": replace(user, disabled=True)})
    assert [world.slug(sent) for sent in both] == ["not-authenticated"] * 2
    world.change(users={})
    assert [world.slug(sent) for sent in both] == ["not-authenticated"] * 2
    world.change(users={"u": user}, revoked=frozenset({"s"}))
    assert world.slug(both[0]) == "not-authenticated"
    old = replace(token, expires_at=NOW - timedelta(seconds=1))
    world.change(tokens={hash_personal_token(world.personal): old})
    assert world.slug(both[1]) == "not-authenticated"
    world.change(tokens={})
    assert world.slug(both[1]) == "not-authenticated"


def test_nobody_is_known_before_the_directory_is_read(world: World) -> None:
    world.directory.loaded = False
    with pytest.raises(RetryLater):
        world.authenticator.authenticate(bearer(world.personal))


def test_an_authorization_header_decides_whatever_the_cookies(world: World) -> None:
    sent = wire("GET", {"authorization": "Bearer x"}, {"paaks_session": world.sign()})
    assert world.slug(sent) == "not-authenticated"
    assert world.slug(Wire("GET", {"authorization": ["Bearer x", f"Bearer {world.sign()}"]}, {})) == "not-authenticated"


def test_a_personal_token_is_no_cookie(world: World) -> None:
    assert world.slug(wire("GET", {}, {"paaks_session": world.personal})) == "not-authenticated"


@given(st.text(max_size=300))
def test_whatever_text_comes_it_is_refused_and_nothing_else(one_world: World, text: str) -> None:
    world = one_world
    for sent in (bearer(text), wire("GET", {"authorization": text}), wire("GET", {}, {"paaks_session": text})):
        assert world.slug(sent) == "not-authenticated"
    with pytest.raises(Refused):
        world.authenticator.authenticate_git(f"Basic {base64.b64encode(text.encode(errors='replace')).decode()}")


# -- cookies and other sites


def test_a_cookie_changes_something_only_with_its_csrf_token(world: World) -> None:
    good = {"x_paaks_csrf": world.csrf}

    assert world.authenticator.authenticate(world.cookie("POST", **good)).user_id == "u"
    for headers in ({}, {"x_paaks_csrf": ""}, {"x_paaks_csrf": world.keys.make_csrf_token("other")}):
        assert world.slug(world.cookie("POST", **headers)) == "cross-site"
    assert world.authenticator.authenticate(world.cookie("GET")).user_id == "u"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "QUERY"])
@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"origin": URL}, True),
        ({"origin": "http://localhost:3000", "host": "localhost:3000"}, True),
        ({"origin": "http://localhost:3000", "host": "127.0.0.1:3000"}, False),
        ({"origin": "null"}, False),
        ({"origin": "null", "host": ""}, False),
        ({"origin": URL + ".evil.example"}, False),
        ({"origin": "http://127.0.0.1:8080", "host": "127.0.0.1:3000"}, False),
        ({"origin": "ftp://127.0.0.1:3000", "host": "127.0.0.1:3000"}, False),
    ],
)
def test_who_may_send_a_cookie_along(world: World, method: str, headers: dict[str, str], allowed: bool) -> None:
    sent = world.cookie(method, x_paaks_csrf=world.csrf, **headers)
    if allowed:
        assert world.authenticator.authenticate(sent).credential == "session"
    else:
        assert world.slug(sent) == "cross-site"


def test_a_bearer_may_come_from_anywhere(world: World) -> None:
    sent = bearer(world.sign(), origin="http://elsewhere.example", sec_fetch_site="cross-site")
    assert world.authenticator.authenticate(sent).credential == "access"


def test_on_https_only_the_bound_cookie_counts(tmp_path: Path) -> None:
    world = World(tmp_path, "https://paaks.example.org")

    assert world.slug(world.cookie()) == "not-authenticated"
    assert world.authenticator.authenticate(world.cookie(name="__Host-paaks_session")).user_id == "u"


def test_headers_are_read_as_they_came() -> None:
    assert read_headers([(b"Host", b"a"), (b"host", b"b"), (b"X", b"\xe9")]) == {"host": ["a", "b"], "x": ["é"]}
