"""Sessions, tokens, tenants, their members, users; how the platform is."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from api.shapes.words import Credential, Role, Scope, Time


class SessionUser(TypedDict):
    """Who is signed in."""

    id: str
    email: str
    name: str
    operator: bool


class SessionTenant(TypedDict):
    """A tenant that one may know of; without a role for an operator who has none in it."""

    id: str
    slug: str
    role: Role | None


class Session(TypedDict):
    """A session that has begun; `csrf` goes into the header X-PaaKS-CSRF."""

    user: SessionUser
    tenants: list[SessionTenant]
    csrf: str


class CurrentSession(TypedDict):
    """Who is calling and with what; `csrf` is null for a personal token."""

    user: SessionUser
    tenants: list[SessionTenant]
    csrf: str | None
    credential: Credential
    scopes: list[Scope]


class OpenSession(TypedDict):
    """One of one's own sessions; `lastUsedAt` is as of the last refresh, `userAgent` what it calls itself."""

    id: str
    createdAt: Time
    lastUsedAt: Time
    expiresAt: Time
    userAgent: str
    current: bool


class OpenSessions(TypedDict):
    """The newest first."""

    items: list[OpenSession]


class AccessToken(TypedDict):
    """A token for one purpose."""

    token: str
    expiresAt: Time


class PersonalToken(TypedDict):
    """A personal access token; `tenant` is a slug, null for one of the platform."""

    id: str
    name: str
    tenant: str | None
    scopes: list[Scope]
    createdAt: Time
    expiresAt: Time | None
    lastUsedAt: Time | None


class CreatedPersonalToken(PersonalToken):
    """A new one; its text is shown this once."""

    token: str


class PersonalTokens(TypedDict):
    """One's own."""

    items: list[PersonalToken]


class Tenant(TypedDict):
    """A tenant; `role` is the caller's."""

    id: str
    slug: str
    createdAt: Time
    role: Role | None
    cloneUrl: str


class Tenants(TypedDict):
    """Those that one may look into."""

    items: list[Tenant]


class Member(TypedDict):
    """A user and the role in a tenant."""

    id: str
    email: str
    name: str
    role: Role


class Members(TypedDict):
    """By address."""

    items: list[Member]


class User(TypedDict):
    """A user of the platform; `roles` is slug → role."""

    id: str
    email: str
    name: str
    operator: bool
    disabled: bool
    createdAt: Time
    roles: dict[str, Role]


class CreatedUser(User):
    """A new one; `password` only where one was made, and this once."""

    password: NotRequired[str]


class SignInLink(TypedDict):
    """An address that signs in once; whoever has it is that user."""

    url: str
    expiresAt: Time


class Users(TypedDict):
    """All of them."""

    items: list[User]


class Permission(TypedDict):
    """Something that can be done in a tenant or, where `platform`, beyond; `roles` has `operator` as the last."""

    action: str
    text: str
    platform: bool
    roles: list[Literal["viewer", "developer", "admin", "operator"]]
    scope: Scope


class Permissions(TypedDict):
    """All of them."""

    items: list[Permission]


class PlatformFacts(TypedDict):
    """What runs here. `singleDomain`: tenants may share a machine without isolation, with a person's leave."""

    version: str
    publicUrl: str
    appsUrl: str
    isolation: str
    singleDomain: bool
    tenants: int
    users: int


class Life(TypedDict):
    """The process lives."""

    status: Literal["ok"]


class Part(TypedDict):
    """One part of the platform."""

    name: str
    ok: bool
    detail: str


class Health(TypedDict):
    """How the platform is."""

    status: Literal["ok", "degraded", "not ready"]
    parts: NotRequired[list[Part]]
