"""The api's parts, put together once: from the settings to a `Platform` that routes and the process use.

What does not live here: what runs beside the requests (`__main__.py`), the routes (`app.py`).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog

from api.accounts import Accounts
from api.announcer import Announcer
from api.auth import Authenticator
from api.changes import Changes
from api.deps import Platform
from api.directory import Directory
from api.idempotency import Idempotency
from api.live import Live
from api.metrics import Metrics
from api.passwords import LoginLimits, Passwords
from api.readiness import Network, Readiness
from api.service_index import ServiceIndex
from api.sessions import Sessions
from api.settings import Settings
from api.tokens import KeyRing
from core import store
from core.check import Checker
from core.cluster import Cluster
from core.credentials import MAX_LIFETIME
from core.link import Connection, Message
from core.releases import from_message
from core.tenants import Tenants

_log: Any = structlog.get_logger(component="api")


@asynccontextmanager
async def open_platform(settings: Settings, now: float) -> AsyncIterator[Platform]:
    """Everything, not yet connected to anything; closed at the end of the block. `now` is epoch seconds.

    Raises UnusableKeyError where a key cannot be read.
    """
    engine = store.open_engine(settings.database_url)
    passwords = Passwords()
    live = Live()
    metrics = Metrics()
    readiness = Readiness()
    cluster = Cluster.connect(settings.cluster)
    try:
        async with Checker() as checker:
            keys = KeyRing(settings.keys, lifetime=settings.access_token_seconds, now=now)
            directory = Directory(engine, remember=max(settings.access_token_seconds, MAX_LIFETIME))
            tenants = Tenants(settings.data)
            announcer = Announcer(engine, live, checker, settings.apps_url)
            hear = _listen(live, metrics, readiness)
            link = Connection(settings.link_socket, "api", str(os.getpid()), hear, announcer.take_missed)
            announcer.connection = link
            yield Platform(
                settings=settings,
                engine=engine,
                keys=keys,
                directory=directory,
                authenticator=Authenticator(settings, keys, directory),
                accounts=Accounts(engine, directory, passwords),
                sessions=Sessions(engine, directory, lifetime=settings.session_seconds),
                passwords=passwords,
                limits=_make_limits(settings),
                tenants=tenants,
                checker=checker,
                announcer=announcer,
                changes=Changes(tenants, checker, announcer, live, engine),
                live=live,
                index=ServiceIndex(tenants, checker),
                cluster=cluster,
                link=link,
                metrics=metrics,
                readiness=readiness,
                idempotency=Idempotency(engine, keys.derive_secret("idempotency")),
            )
            await announcer.close()
    finally:
        await cluster.close()
        passwords.close()
        await engine.dispose()


def _make_limits(settings: Settings) -> LoginLimits:
    return LoginLimits(
        settings.login_failures,
        settings.login_window_seconds,
        settings.login_delay_seconds,
        settings.login_delay_limit_seconds,
    )


def _listen(live: Live, metrics: Metrics, readiness: Readiness) -> Callable[[Message], None]:
    """What the controller says, told to everybody who waits for it."""

    def take(message: Message) -> None:
        if message.get("type") not in ("release", "drift", "network"):
            return
        try:
            if message["type"] == "network":
                readiness.network = Network(message["enforced"], str(message["sentence"]), str(message["at"]))
                return
            if message["type"] == "drift":
                live.note_drift(message["tenant"], message["service"], dict(message["drift"]))
                return
            release = from_message(message["release"])
            live.publish(release)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _log.warning("link.not-understood", error=repr(error))
            return
        if message.get("event") == "finished" and release.state == "live":
            metrics.count_live(live.find(release.tenant, release.service, release.commit) or release)

    return take
