"""May somebody who once was let in stay? For streams, which outlive the look at their first request.

What does not live here: the first look (`auth.py`, `deps.py`), what is streamed (`sse.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from api.access import Action, Principal, may
from api.deps import Platform
from api.directory import Snapshot
from core.tenants import Tenant


def make_watch(platform: Platform, principal: Principal, tenant: Tenant) -> Callable[[], bool]:
    """A question that costs nothing: may this caller still read of this tenant, as the directory is now?"""
    return lambda: is_welcome(platform.directory.now, principal, tenant.id, time.time())


def is_welcome(now: Snapshot, principal: Principal, tenant_id: str, moment: float) -> bool:
    """Not after the user is disabled, the role or the token is taken away, or the session has ended.

    That an access token becomes too old ends nothing: its session goes on.
    """
    user = now.users.get(principal.user_id)
    if user is None or user.disabled or principal.session in now.revoked:
        return False
    if principal.token is not None:
        held = [token for token in now.tokens.values() if token.id == principal.token]
        if not any(token.is_good(moment) for token in held):
            return False
    today = replace(principal, operator=user.operator, roles=now.roles.get(user.id, {}))
    return may(today, Action.READ, tenant_id)
