"""How a change that has landed is answered: its commit, the releases that it begins, and how far they have come.

What does not live here: landing it (`changes.py`), what a request says (`routes/`).
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse

from api.access import Principal
from api.announcer import Actor
from api.changes import Landed
from api.live import Live
from core import history, names, releases
from core.releases import Release
from core.repository import Repository
from core.tenants import Tenant, Tenants

_CLI = "paaks/"


@dataclass(frozen=True)
class Answer:
    """`is_settled` False: a release is still on its way after the time that the caller wanted to wait."""

    commit: dict[str, Any]
    releases: list[dict[str, Any]]
    is_settled: bool

    def send(
        self, body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
    ) -> JSONResponse:
        """The answer over HTTP: `body` beside the commit; 202 instead of `status` while something is on its way."""
        found = {"PaaKS-Commit": self.commit["sha"], **(headers or {})}
        return JSONResponse({"commit": self.commit, **body}, status if self.is_settled else 202, found)


def make_actor(principal: Principal, user_agent: str | None) -> Actor:
    """Whose change it is, and by which way it came."""
    by_hand = "cli" if (user_agent or "").startswith(_CLI) else "api"
    return Actor(principal.email, principal.name, "web" if principal.credential == "session" else by_hand)


def read_message(text: str | None) -> str | None:
    """A commit's message as git can hold it: without control characters, ended by a newline; None for an empty one."""
    cleaned = "".join(c for c in text or "" if c in "\n\t" or not unicodedata.category(c).startswith("C")).strip()
    return cleaned + "\n" if cleaned else None


async def follow(tenants: Tenants, live: Live, tenant: Tenant, landed: Landed, seconds: float | None) -> Answer:
    """Wait, for as long as the caller wants to, and describe what has come of a change."""
    begun, is_settled = await wait_for(live, tenant, landed.releases, seconds)
    commit = landed.described
    if commit is None:
        commit = await asyncio.to_thread(describe_commit, tenants, tenant, landed.commit)
    return Answer(commit, [releases.describe(release) for release in begun], is_settled)


async def wait_for(
    live: Live, tenant: Tenant, begun: Sequence[Release], seconds: float | None
) -> tuple[list[Release], bool]:
    """The releases as they stand after the wait, and whether the caller's wish to see them through is fulfilled."""
    if not begun or not seconds:
        return list(begun), True
    found = await live.wait(tenant.id, [(release.service, release.commit) for release in begun], seconds)
    heard = {release.service for release in found}
    found += (release for release in begun if release.service not in heard)
    return found, all(release.is_final for release in found)


def describe_commit(tenants: Tenants, tenant: Tenant, commit: str) -> dict[str, Any]:
    """A commit of a tenant as the API shows it. Raises NotFound."""
    return history.describe_commit(Repository(tenants.path_of(tenant)), commit)


def locate_release(slug: str, service: str, commit: str) -> str:
    """Where a release is found."""
    return f"/api/v1/tenants/{slug}/releases/{names.release_id(service, commit)}"
