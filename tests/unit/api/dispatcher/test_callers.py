from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dispatcher.access import load_snapshot, store_snapshot
from api.dispatcher.callers import Caller, Callers, NotTold, hides_credential
from core import credentials
from core.errors import Refused
from tests.dispatcher_process import Api

TENANT = "0a1b2c3d-0000-4000-8000-000000000000"


@pytest.fixture
def api() -> Api:
    return Api(Path("/nowhere"))


@pytest.fixture
def callers(api: Api) -> Callers:
    callers = Callers()
    callers.take(copy.deepcopy(api.snapshot))
    return callers


def identify(callers: Callers, token: str) -> Caller | None:
    return callers.identify(f"Bearer {token}".encode("latin-1"))


def test_an_access_token_says_who_it_is(api: Api, callers: Callers) -> None:
    assert identify(callers, api.sign(TENANT)) == Caller(TENANT, "ana@example.org", ("invoke",))
    assert callers.identify(b"bearer  " + api.sign(TENANT).encode()) is not None


def test_a_caller_has_one_name_whatever_the_credential(api: Api) -> None:
    """A handler stores what a user has made under `PaaKS-User`: an email, by an access token and a personal one."""
    callers, personal = Callers(), api.make_personal(TENANT)
    callers.take(copy.deepcopy(api.snapshot))

    assert identify(callers, personal) == identify(callers, api.sign(TENANT, sub="0a1b-user-id"))


# The times are those of the collection: the suite may take a while to come here.
@pytest.mark.parametrize(
    "claims",
    [
        *(
            {"exp": time.time() - 61},
            {"exp": None},
            {"exp": "9999999999"},
            {"exp": 1e300},
            {"nbf": time.time() + 86_400},
        ),
        *({"iat": time.time() + 86_400}, {"aud": "git"}, {"aud": None}, {"aud": ["app"]}, {"iss": "paaks:test2"}),
        *({"iss": ""}, {"iss": ["paaks:test"]}, {"ten": None}, {"scopes": None}),
    ],
    ids=str,
)
def test_auth_07_to_10_a_token_that_is_not_for_here_is_refused(
    api: Api, callers: Callers, claims: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        identify(callers, api.sign(TENANT, **claims))


def test_auth_01_to_06_a_forged_token_is_refused(api: Api, callers: Callers) -> None:
    good = api.sign(TENANT)
    head, claims, signature = good.split(".")
    public = api.key.public_key().public_bytes_raw()
    none = jwt.encode(jwt.decode(good, options={"verify_signature": False}), "", algorithm="none")
    forged = [
        *(
            none,
            f"{head}.{claims}.",
            f"{head}.{claims}",
            f"{good}.{signature}",
            f"{good}=",
            f"{head}.{claims}x.{signature}",
        ),
        jwt.encode(
            {"iss": "paaks:test", "aud": "app"}, public, algorithm="HS256", headers={"typ": "at+jwt", "kid": "k1"}
        ),
        jwt.encode(
            {"iss": "paaks:test"}, api.key, algorithm="EdDSA", headers={"typ": "at+jwt", "kid": "../../dev/null"}
        ),
        jwt.encode(
            {"iss": "paaks:test"}, api.key, algorithm="EdDSA", headers={"typ": "at+jwt", "kid": "k1", "crit": ["x"]}
        ),
    ]
    for token in forged:
        with pytest.raises(Refused):
            identify(callers, token)


@pytest.mark.parametrize("value", [b"Basic eDp5", b"Bearer", b"Bearer opaque", b"Bearer a.b.c", b"", b"Digest x"])
def test_what_is_not_ours_is_nobodys(callers: Callers, value: bytes) -> None:
    assert callers.identify(value) is None


def test_a_jwt_of_the_handlers_own_is_not_ours(callers: Callers) -> None:
    theirs = jwt.encode({"iss": "https://login.example"}, "k" * 32, algorithm="HS256")
    assert identify(callers, theirs) is None
    assert not hides_credential(theirs)


def test_personal_tokens_are_those_that_were_told(api: Api, callers: Callers) -> None:
    token, over = api.make_personal(TENANT), api.make_personal(TENANT, "b" * 30, expires=time.time() - 1)
    for unknown in (token, over, token[:-1] + "x", "paaks_pat_", "paaks_other"):
        with pytest.raises(Refused):
            identify(callers, unknown)
    callers.take({"type": "delta", "version": 2, "tokens": {"set": api.snapshot["tokens"], "removed": []}})
    assert identify(callers, token) == Caller(TENANT, "ana@example.org", ("invoke",))
    with pytest.raises(Refused):
        identify(callers, over)
    callers.take({"type": "delta", "version": 3, "tokens": {"set": {}, "removed": list(api.snapshot["tokens"])}})
    with pytest.raises(Refused):
        identify(callers, token)


def test_a_revoked_session_is_refused_also_where_its_token_was_believed(api: Api, callers: Callers) -> None:
    token = api.sign(TENANT)
    assert identify(callers, token)
    callers.take({"type": "delta", "version": 2, "revoked": {"set": ["s1"], "removed": []}})
    with pytest.raises(Refused):
        identify(callers, token)


def test_a_token_that_was_believed_is_not_when_its_time_is_over(api: Api) -> None:
    now = [time.time()]
    callers = Callers(lambda: now[0])
    callers.take(api.snapshot)
    token = api.sign(TENANT)
    assert identify(callers, token)
    now[0] += 900 + credentials.LEEWAY + 1
    with pytest.raises(Refused):
        identify(callers, token)


def test_before_anything_was_told_nobody_can_be_judged(api: Api) -> None:
    for token in (api.sign(TENANT), api.make_personal(TENANT)):
        with pytest.raises(NotTold):
            identify(Callers(), token)
    assert Callers().identify(None) is None


WRONG: list[dict[str, Any]] = [
    {"type": "snapshot"},
    {"type": "delta"},
    {"type": "delta", "version": 2, "keys": [{"kty": "RSA"}]},
    {"type": "delta", "version": 2, "tokens": {"set": {"x": {}}}},
    {},
]


@pytest.mark.parametrize("message", WRONG, ids=str)
def test_a_message_that_is_none_changes_nothing(callers: Callers, message: dict[str, Any]) -> None:
    before = callers.write()
    with pytest.raises((ValueError, KeyError, TypeError, credentials.BadCredential)):
        callers.take(message)
    assert callers.write() == before
    assert callers.take({"type": "bookmark", "version": 9}) is False


NAMES = st.dictionaries(st.sampled_from("abcd"), st.text("0123456789", min_size=1, max_size=2), max_size=4)


@given(NAMES, NAMES, st.sets(st.sampled_from("rst")), st.sets(st.sampled_from("rst")))
def test_deltas_lead_to_what_a_snapshot_would_say(
    old: dict[str, str], new: dict[str, str], revoked: set[str], now_revoked: set[str]
) -> None:
    callers = Callers()
    snapshot = {"type": "snapshot", "version": 1, "issuer": "paaks:x", "keys": [], "tokens": {}}
    callers.take({**snapshot, "tenants": old, "revoked": sorted(revoked)})
    callers.take(
        {
            "type": "delta",
            "version": 2,
            "tenants": {"set": new, "removed": sorted(old.keys() - new.keys())},
            "revoked": {"set": sorted(now_revoked - revoked), "removed": sorted(revoked - now_revoked)},
        }
    )
    assert callers.write() == {**snapshot, "version": 2, "tenants": new, "revoked": sorted(now_revoked)}


def test_a_snapshot_is_kept_for_nobody_else_to_read(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "run" / "access-snapshot.json"
    token = api.make_personal(TENANT)
    store_snapshot(path, api.snapshot)
    callers = Callers()

    assert load_snapshot(path, callers)
    assert identify(callers, token)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert token not in path.read_text()


def test_a_stored_snapshot_that_is_missing_or_broken_is_none(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    assert not load_snapshot(path, Callers())
    for text in ("", "{", "[]", json.dumps({"type": "snapshot"})):
        path.write_text(text)
        callers = Callers()
        assert not load_snapshot(path, callers)
        assert not callers.is_told
