"""Users and their roles in tenants: made, changed and disabled, each in one transaction.

Whatever takes a right away also ends the user's sessions, so that no token signed before it is good anywhere. What does
not live here: sessions and tokens (`sessions.py`), the picture that requests are judged by (`directory.py`).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.access import ROLES, Role
from api.directory import Directory, User, count_up
from api.passwords import Passwords, check_new_password, make_password
from api.sessions import revoke_sessions, spend_link
from core import store
from core.errors import Conflict, NotFound, Problem, Refused


@dataclass(frozen=True)
class NewUser:
    """What a user is made of. `roles` is tenant id → role; without a password one is made."""

    email: str
    name: str
    password: str | None = None
    operator: bool = False
    roles: Mapping[str, Role] | None = None


@dataclass(frozen=True)
class UserChange:
    """What to change of a user; None leaves it as it is."""

    name: str | None = None
    password: str | None = None
    operator: bool | None = None
    disabled: bool | None = None

    @property
    def takes_rights(self) -> bool:
        """Does a session from before say more than is true after it?"""
        return self.password is not None or self.operator is False or self.disabled is True


class Accounts:
    """The door to users and memberships; every change is in the directory when a call returns."""

    def __init__(self, engine: AsyncEngine, directory: Directory, passwords: Passwords) -> None:
        self._engine = engine
        self._directory = directory
        self._passwords = passwords

    async def verify(self, email: str, password: str) -> str | None:
        """The id of the user with this address and password; None for every reason why not."""
        table = store.users
        wanted = sa.select(table).where(sa.func.lower(table.c.email) == email.lower())
        async with store.reading(self._engine) as connection:
            row = (await connection.execute(wanted)).first()
        if not await self._passwords.verify(row.password_hash if row else None, password) or row is None:
            return None
        if row.disabled:
            return None
        if self._passwords.needs_rehash(row.password_hash):
            await self._rehash(row.id, row.password_hash, password)
        user_id: str = row.id
        return user_id

    async def _rehash(self, user_id: str, old: str, password: str) -> None:
        table = store.users
        fresh = await self._passwords.hash(password)
        same = sa.and_(table.c.id == user_id, table.c.password_hash == old)
        async with store.writing(self._engine) as connection:
            await connection.execute(sa.update(table).where(same).values(password_hash=fresh))

    async def create_user(self, new: NewUser) -> tuple[User, str]:
        """A new user and the password, given or made. Raises Conflict (address taken) or Refused (bad password)."""
        user, password, hashed = await self.prepare_user(new)
        try:
            async with store.writing(self._engine) as connection:
                await insert_user(connection, user, hashed, new.roles or {})
        except IntegrityError as error:
            raise Conflict(Problem("name-taken", f"there is already a user {new.email}")) from error
        await self._directory.refresh()
        return user, password

    async def prepare_user(self, new: NewUser) -> tuple[User, str, str]:
        """A user that is not stored yet, the password, and its hash."""
        password = new.password if new.password is not None else make_password()
        check_new_password(password)
        user = User(str(uuid.uuid4()), new.email, new.name, new.operator, False, datetime.now(UTC))
        return user, password, await self._passwords.hash(password)

    async def change_user(self, user_id: str, change: UserChange) -> User:
        """Raises NotFound, and Conflict where no operator would be left."""
        values: dict[str, Any] = {"name": change.name, "operator": change.operator, "disabled": change.disabled}
        if change.password is not None:
            check_new_password(change.password)
            values["password_hash"] = await self._passwords.hash(change.password)
        values = {column: value for column, value in values.items() if value is not None}
        async with store.writing(self._engine) as connection:
            await _lock_rights(connection)
            await _update_user(connection, user_id, values)
            if change.takes_rights:
                await revoke_sessions(connection, user_id)
            await _require_operator(connection)
        await self._directory.refresh()
        return self._directory.now.users[user_id]

    async def choose_password(self, code: str, password: str) -> str:
        """The id of a sign-in link's user, who has this password from now on. Raises Refused.

        Only a good link is worth a hash: everybody may send one.
        """
        check_new_password(password)
        async with store.writing(self._engine) as connection:
            user_id = await spend_link(connection, code)
            await _update_user(connection, user_id, {"password_hash": await self._passwords.hash(password)})
            await revoke_sessions(connection, user_id)
        await self._directory.refresh()
        return user_id

    async def set_role(self, tenant_id: str, user_id: str, role: Role | None) -> None:
        """Gives a role, or takes it (None). Raises Conflict where the tenant would lose its last admin."""
        table = store.memberships
        which = sa.and_(table.c.tenant_id == tenant_id, table.c.user_id == user_id)
        async with store.writing(self._engine) as connection:
            await _lock_rights(connection)
            held = await connection.scalar(sa.select(table.c.role).where(which))
            if held == role:
                return
            await connection.execute(sa.delete(table).where(which))
            if role is not None:
                await connection.execute(sa.insert(table).values(tenant_id=tenant_id, user_id=user_id, role=role))
            if held is not None and (role is None or ROLES.index(role) < ROLES.index(held)):
                await revoke_sessions(connection, user_id)
            if held == "admin":
                await _require_admin(connection, tenant_id)
        await self._directory.refresh()


def check_name(name: str) -> None:
    """Raises Refused for what cannot be a person's name: it becomes an author's in git."""
    if not name.strip() or not name.isprintable() or any(c in "<>" for c in name):
        raise Refused(Problem("bad-request", "name has characters that cannot be in a name", pointer="/name"))


async def insert_user(connection: AsyncConnection, user: User, hashed: str, roles: Mapping[str, Role]) -> None:
    """Stores a user and the roles as part of a transaction."""
    columns = ("id", "email", "name", "operator", "disabled", "created_at")
    values = {name: getattr(user, name) for name in columns}
    await connection.execute(sa.insert(store.users).values(**values, password_hash=hashed))
    rows = [{"user_id": user.id, "tenant_id": tenant_id, "role": role} for tenant_id, role in roles.items()]
    if rows:
        await connection.execute(sa.insert(store.memberships), rows)
    await count_up(connection)


async def _lock_rights(connection: AsyncConnection) -> None:
    """One change of rights at a time: the counter's row is the lock. Two admins cannot remove each other at once."""
    await count_up(connection)


async def _update_user(connection: AsyncConnection, user_id: str, values: Mapping[str, Any]) -> None:
    table = store.users
    found = await connection.scalar(sa.select(table.c.id).where(table.c.id == user_id))
    if found is None:
        raise NotFound(Problem("not-found", "there is no such user"))
    if values:
        await connection.execute(sa.update(table).where(table.c.id == user_id).values(**values))


async def _require_operator(connection: AsyncConnection) -> None:
    table = store.users
    left = sa.select(sa.func.count()).select_from(table).where(table.c.operator, sa.not_(table.c.disabled))
    if not await connection.scalar(left):
        raise Conflict(Problem("last-one", "this is the last operator"))


async def _require_admin(connection: AsyncConnection, tenant_id: str) -> None:
    table = store.memberships
    admins = sa.and_(table.c.tenant_id == tenant_id, table.c.role == "admin")
    if not await connection.scalar(sa.select(sa.func.count()).select_from(table).where(admins)):
        raise Conflict(Problem("last-one", "this is the tenant's last admin"))
