"""`Idempotency-Key`: a request that was answered once is answered the same way again, and done only once.

Answers may hold a secret that is shown once, so what is stored is sealed with a key that needs the platform's own
secret as well as the caller's key. What does not live here: which requests may carry one (`routes/`).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet
from fastapi import Request
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import JSONResponse

from api.access import Principal
from core import store
from core.errors import Problem, Refused

KEPT = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
Work = Callable[[], Awaitable[tuple[int, dict[str, Any]]]]


@dataclass
class _Turn:
    lock: asyncio.Lock
    waiting: int = 0


class Idempotency:
    """The answers of the last day, each by user and key. `secret` is the platform's."""

    def __init__(self, engine: AsyncEngine, secret: bytes) -> None:
        self._engine = engine
        self._secret = secret
        self._turns: dict[str, _Turn] = {}

    async def answer(self, request: Request, caller: Principal, work: Work) -> JSONResponse:
        """What `work` answers (status and body), or answered when the key was first used.

        Raises Refused where the key was used for another request.
        """
        keys = request.headers.getlist("idempotency-key")
        if not keys:
            status, body = await work()
            return JSONResponse(body, status)
        if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
            raise Refused(Problem("bad-request", "Idempotency-Key: one, of 1 to 200 visible ASCII characters"))
        name, seal = self._derive(caller.user_id, keys[0])
        digest = await _hash(request)
        async with self._turn(name):
            known = await self._find(caller.user_id, name)
            if known is not None:
                if known.request_hash != digest:
                    raise Refused(Problem("idempotency-reused", "it was used for another request"))
                body = json.loads(seal.decrypt(known.body["sealed"].encode()))
                return JSONResponse(body, known.status, {"Idempotency-Replayed": "true"})
            status, body = await work()
            await self._store(caller.user_id, name, digest, status, seal.encrypt(json.dumps(body).encode()).decode())
            return JSONResponse(body, status)

    async def forget_old(self) -> None:
        """Removes the answers that nobody will ask for again."""
        table = store.idempotency
        async with store.writing(self._engine) as connection:
            await connection.execute(sa.delete(table).where(table.c.created_at < datetime.now(UTC) - KEPT))

    def _derive(self, user: str, key: str) -> tuple[str, Fernet]:
        text = f"{user} {key}".encode()
        name = hmac.digest(self._secret, b"name " + text, "sha256").hex()
        return name, Fernet(base64.urlsafe_b64encode(hmac.digest(self._secret, b"seal " + text, "sha256")))

    @asynccontextmanager
    async def _turn(self, name: str) -> Any:
        turn = self._turns.setdefault(name, _Turn(asyncio.Lock()))
        turn.waiting += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                del self._turns[name]

    async def _find(self, user: str, name: str) -> Any:
        table = store.idempotency
        wanted = sa.select(table).where(table.c.user_id == user, table.c.key == name)
        async with store.reading(self._engine) as connection:
            return (await connection.execute(wanted.where(table.c.created_at > datetime.now(UTC) - KEPT))).first()

    async def _store(self, user: str, name: str, digest: str, status: int, sealed: str) -> None:
        row = {"request_hash": digest, "status": status, "body": {"sealed": sealed}, "created_at": datetime.now(UTC)}
        statement = postgresql.insert(store.idempotency).values(user_id=user, key=name, **row)
        async with store.writing(self._engine) as connection:
            await connection.execute(
                statement.on_conflict_do_update(constraint=store.idempotency.primary_key, set_=row)
            )


async def _hash(request: Request) -> str:
    """Method, path and body of a request, as one hash; the body as JSON says it, not as it is written."""
    body = json.dumps(await request.json(), sort_keys=True)
    return hashlib.sha256(f"{request.method} {request.url.path} {body}".encode()).hexdigest()
