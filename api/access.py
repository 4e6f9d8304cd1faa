"""Who may do what, as one table: role × action, and the scope that a token needs for it. Pure; default deny.

What does not live here: finding out who is calling (`auth.py`), and answering those who may not (`deps.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Self

from core.credentials import SCOPES

Role = Literal["viewer", "developer", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "developer", "admin")
Credential = Literal["session", "access", "personal"]


class Action(StrEnum):
    """What can be done: in a tenant, or (from CREATE_TENANT on) to the platform. `text` is for people."""

    READ = "read", "See services, files, history, releases and logs; fetch from the repository"
    CALL = "call", "Visit private services"
    COMMIT = "commit", "Change files, push, roll back, ask for a reconcile, confirm a prune"
    SUSPEND = "suspend", "Stop and resume services"
    MANAGE = "manage", "Members, and the tokens of others"
    CREATE_TENANT = "create-tenant", "Make and list tenants"
    MANAGE_USERS = "manage-users", "Make, list, change and disable users"
    OPERATE = "operate", "See and turn what belongs to the platform: keys, quotas, audit"

    text: str

    def __new__(cls, value: str, text: str) -> Self:
        action = str.__new__(cls, value)
        action._value_, action.text = value, text
        return action


PLATFORM = frozenset({Action.CREATE_TENANT, Action.MANAGE_USERS, Action.OPERATE})

# An operator looks into every tenant and mends its membership; changing or calling what is there takes a role in it.
_ALLOWED: Mapping[Action, frozenset[str]] = {
    Action.READ: frozenset({"viewer", "developer", "admin", "operator"}),
    Action.CALL: frozenset({"viewer", "developer", "admin"}),
    Action.COMMIT: frozenset({"developer", "admin"}),
    Action.SUSPEND: frozenset({"admin", "operator"}),
    Action.MANAGE: frozenset({"admin", "operator"}),
    Action.CREATE_TENANT: frozenset({"operator"}),
    Action.MANAGE_USERS: frozenset({"operator"}),
    Action.OPERATE: frozenset({"operator"}),
}
_SCOPE: Mapping[Action, str] = {
    Action.READ: "read",
    Action.CALL: "invoke",
    Action.COMMIT: "write",
    Action.SUSPEND: "admin",
    Action.MANAGE: "admin",
    Action.CREATE_TENANT: "admin",
    Action.MANAGE_USERS: "admin",
    Action.OPERATE: "admin",
}


@dataclass(frozen=True)
class Principal:
    """Who is calling. `roles` is tenant id → role; `scopes` limits what the credential may be used for.

    A credential that carries exactly one tenant has it in `tenant`, and nothing of any other tenant can be reached with
    it, nor the platform. `session` and `token` are the ids of what the credential belongs to.
    """

    user_id: str
    email: str
    name: str
    operator: bool = False
    roles: Mapping[str, Role] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset(SCOPES)
    credential: Credential = "session"
    tenant: str | None = None
    session: str | None = None
    token: str | None = None

    def role_in(self, tenant_id: str) -> Role | None:
        """The role in a tenant, as far as this credential reaches."""
        return self.roles.get(tenant_id) if self.tenant in (None, tenant_id) else None


def may(principal: Principal, action: Action, tenant_id: str | None = None) -> bool:
    """May they? `tenant_id` is None for what belongs to the platform, and only for that."""
    if (tenant_id is None) != (action in PLATFORM) or _SCOPE[action] not in principal.scopes:
        return False
    return not _ALLOWED[action].isdisjoint(_held_roles(principal, tenant_id))


def roles_for(action: Action) -> tuple[str, ...]:
    """The roles that may, the least first; `operator` is the last."""
    return tuple(role for role in (*ROLES, "operator") if role in _ALLOWED[action])


def scope_for(action: Action) -> str:
    """The scope that a credential needs."""
    return _SCOPE[action]


def may_know(principal: Principal, tenant_id: str) -> bool:
    """May they know that the tenant exists, whatever the scopes? Everybody else is told that it does not."""
    return bool(_held_roles(principal, tenant_id))


def _held_roles(principal: Principal, tenant_id: str | None) -> frozenset[str]:
    if principal.tenant not in (None, tenant_id):
        return frozenset()
    role = principal.role_in(tenant_id) if tenant_id is not None else None
    return frozenset(held for held in (role, "operator" if principal.operator else None) if held)
