"""Who may what, as a golden table: every action for every role, what scopes narrow, and nothing beyond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access import PLATFORM, ROLES, Action, Principal, Role, may, may_know
from core.credentials import SCOPES

OURS, THEIRS = "tenant-1", "tenant-2"
# viewer, developer, admin, operator without a role
GOLDEN = {
    Action.READ: (True, True, True, True),
    Action.CALL: (True, True, True, False),
    Action.COMMIT: (False, True, True, False),
    Action.SUSPEND: (False, False, True, True),
    Action.MANAGE: (False, False, True, True),
    Action.CREATE_TENANT: (False, False, False, True),
    Action.MANAGE_USERS: (False, False, False, True),
    Action.OPERATE: (False, False, False, True),
}
SCOPE = {Action.READ: "read", Action.CALL: "invoke", Action.COMMIT: "write"}  # all others: admin


def make(role: Role | None = None, **members: object) -> Principal:
    return Principal("u", "u@example.org", "U", roles={OURS: role} if role else {}, **members)  # type: ignore[arg-type]


def place(action: Action, tenant: str = OURS) -> str | None:
    return None if action in PLATFORM else tenant


def test_the_table_has_every_action() -> None:
    assert set(GOLDEN) == set(Action)


@pytest.mark.parametrize("action", Action)
def test_who_may_what(action: Action) -> None:
    people = [*(make(role) for role in ROLES), make(operator=True)]

    assert tuple(may(person, action, place(action)) for person in people) == GOLDEN[action]


@pytest.mark.parametrize("action", Action)
def test_a_scope_is_needed_whoever_it_is(action: Action) -> None:
    needed = SCOPE.get(action, "admin")
    everything = make("admin", operator=True)
    without = make("admin", operator=True, scopes=frozenset(SCOPES) - {needed})
    alone = make("admin", operator=True, scopes=frozenset({needed}))

    assert [may(p, action, place(action)) for p in (everything, without, alone)] == [True, False, True]


roles = st.sampled_from([None, *ROLES])
scopes = st.frozensets(st.sampled_from(SCOPES))


@given(st.sampled_from(list(Action)), roles, scopes)
def test_nobody_reaches_another_tenant(action: Action, role: Role | None, held: frozenset[str]) -> None:
    person = make(role, scopes=held)

    assert not may(person, action, THEIRS)
    assert not may_know(person, THEIRS)


@given(st.sampled_from(list(Action)), roles, scopes, st.booleans())
def test_a_credential_of_one_tenant_stays_there(
    action: Action, role: Role | None, held: frozenset[str], operator: bool
) -> None:
    """Whoever has it: neither another tenant nor the platform is reached with it."""
    person = make(role, scopes=held, operator=operator, tenant=OURS)

    assert not may(person, action, THEIRS)
    assert not may(person, action, None)
    assert not may_know(person, THEIRS)
    assert person.role_in(THEIRS) is None


@given(st.sampled_from(list(Action)), roles, scopes, st.booleans())
def test_less_never_allows_more(action: Action, role: Role | None, held: frozenset[str], operator: bool) -> None:
    person = make(role, scopes=held, operator=operator)
    stronger = make("admin", operator=True)

    assert may(stronger, action, place(action))
    if may(person, action, place(action)):
        assert may(make(role, operator=operator), action, place(action))


@pytest.mark.parametrize("action", Action)
def test_a_tenant_for_the_platform_or_none_for_a_tenant_is_refused(action: Action) -> None:
    wrong = OURS if action in PLATFORM else None

    assert not may(make("admin", operator=True), action, wrong)
