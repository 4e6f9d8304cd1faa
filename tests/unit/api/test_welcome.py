from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.access import Principal
from api.directory import Snapshot, Token, User
from api.welcome import is_welcome

CREATED = datetime(2026, 11, 24, tzinfo=UTC)
USER = User("u", "u@example.org", "Ana", False, False, CREATED)
TOKEN = Token("t", "u", "tenant", "laptop", ("read",), CREATED, None, None)
NOW = Snapshot(1, {"u": USER}, {"u": {"tenant": "viewer"}}, {"hash": TOKEN})
CALLER = Principal("u", "u@example.org", "Ana", roles={"tenant": "viewer"}, session="s")
SCRIPT = replace(CALLER, session=None, token="t", credential="personal", tenant="tenant")


@pytest.mark.parametrize("caller", [CALLER, SCRIPT])
def test_who_was_let_in_may_stay(caller: Principal) -> None:
    assert is_welcome(NOW, caller, "tenant", 0.0)


@pytest.mark.parametrize(
    "later",
    [
        replace(NOW, users={}),
        replace(NOW, users={"u": replace(USER, disabled=True)}),
        replace(NOW, roles={}),
        replace(NOW, roles={"u": {"other": "admin"}}),
        replace(NOW, revoked=frozenset({"s"}), tokens={}),
        replace(NOW, revoked=frozenset({"s"}), tokens={"hash": replace(TOKEN, expires_at=CREATED)}),
    ],
)
@pytest.mark.parametrize("caller", [CALLER, SCRIPT])
def test_whoever_loses_the_right_has_to_go(later: Snapshot, caller: Principal) -> None:
    assert not is_welcome(later, caller, "tenant", CREATED.timestamp() + 1)


def test_a_role_is_todays() -> None:
    admin = replace(CALLER, roles={"tenant": "admin", "other": "admin"})
    assert not is_welcome(NOW, admin, "other", 0.0)


def test_an_operator_stays_as_long_as_they_are_one() -> None:
    operator = replace(CALLER, operator=True, roles={})
    assert is_welcome(replace(NOW, users={"u": replace(USER, operator=True)}, roles={}), operator, "tenant", 0.0)
    assert not is_welcome(replace(NOW, roles={}), operator, "tenant", 0.0)
