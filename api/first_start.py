"""The first start: an operator, the tenant `demo` with its admin and a token, told in `<data>/first-login.json`.

The secrets are written down, 0600, before the database learns their hashes, and the file gets its name after that: a
process killed anywhere in between comes to the same end at the next start. Nothing of it is logged.
What does not live here: how users and tokens are stored (`accounts.py`, `sessions.py`).
"""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.accounts import Accounts, NewUser, insert_user
from api.directory import Token
from api.passwords import make_password
from api.sessions import insert_token
from api.settings import Settings
from api.tokens import hash_secret, make_personal_token, make_secret, sync_directory, write_secret
from core import store
from core.credentials import SCOPES, hash_personal_token
from core.tenants import Tenant, Tenants

FILE = "first-login.json"
_DRAFT = ".first-login.json.draft"
_TENANT = "demo"
_OPERATOR_EMAIL = "operator@paaks.localhost"
_ADMIN_EMAIL = "admin@demo.localhost"


async def bootstrap(settings: Settings, engine: AsyncEngine, accounts: Accounts, tenants: Tenants) -> bool:
    """Makes what a first start needs where there is no user at all; True if it did. Safe to be killed anywhere.

    Raises RetryLater where the database does not answer: call it again.
    """
    draft = settings.data / _DRAFT
    async with store.reading(engine) as connection:
        empty = not await connection.scalar(sa.select(sa.func.count()).select_from(store.users))
        if not empty:
            await _finish(connection, draft)
            return False
    logins = _read_draft(draft) or _write_draft(draft)
    tenant = tenants.by_slug(_TENANT) or await tenants.create(_TENANT)
    code = _write_link(settings)
    await _store(engine, accounts, tenant, logins, code, settings.sign_in_link_seconds)
    _publish(draft)
    return True


async def _finish(connection: AsyncConnection, draft: Path) -> None:
    """Gives a draft its name if it is what the database knows: the process was killed between the two."""
    logins = _read_draft(draft)
    if logins is None:
        return
    known = sa.select(store.tokens.c.id).where(store.tokens.c.hash == hash_personal_token(logins["demo"]["token"]))
    if await connection.scalar(known):
        _publish(draft)
    else:
        await asyncio.to_thread(draft.unlink)


def _publish(draft: Path) -> None:
    draft.rename(draft.with_name(FILE))
    sync_directory(draft.parent)


def _read_draft(draft: Path) -> dict[str, Any] | None:
    try:
        logins = json.loads(draft.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return logins if isinstance(logins, dict) else None


def _write_draft(draft: Path) -> dict[str, Any]:
    demo = {"tenant": _TENANT, "email": _ADMIN_EMAIL, "password": make_password(), "token": make_personal_token()}
    logins = {"operator": {"email": _OPERATOR_EMAIL, "password": make_password()}, "demo": demo}
    write_secret(draft, json.dumps(logins, indent=1).encode())
    return logins


def _write_link(settings: Settings) -> str:
    """The one-time sign-in code, in `run/sign-in.json`; for whoever started the platform on this machine."""
    code = make_secret()
    ends = datetime.now(UTC) + timedelta(seconds=settings.sign_in_link_seconds)
    run = settings.data / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    link = f"{settings.public_url.rstrip('/')}/sign-in#code={code}"
    document = {"code": code, "url": link, "expiresAt": ends.isoformat().replace("+00:00", "Z")}
    write_secret(run / "sign-in.json", json.dumps(document).encode())
    return code


async def _store(
    engine: AsyncEngine, accounts: Accounts, tenant: Tenant, logins: dict[str, Any], code: str, link_seconds: float
) -> None:
    operator_login, demo = logins["operator"], logins["demo"]
    new_operator = NewUser(operator_login["email"], "Operator", operator_login["password"], operator=True)
    operator, _, operator_hash = await accounts.prepare_user(new_operator)
    admin, _, admin_hash = await accounts.prepare_user(NewUser(demo["email"], "Demo", demo["password"]))
    now = datetime.now(UTC)
    token = Token(str(uuid.uuid4()), admin.id, tenant.id, "first login", SCOPES, now, None, None)
    link = {"hash": hash_secret(code), "user_id": admin.id, "expires_at": now + timedelta(seconds=link_seconds)}
    async with store.writing(engine) as connection:
        await insert_user(connection, operator, operator_hash, {})
        await insert_user(connection, admin, admin_hash, {tenant.id: "admin"})
        await insert_token(connection, token, demo["token"])
        await connection.execute(sa.insert(store.sign_in_links).values(**link))
