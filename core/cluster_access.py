"""How to reach an API server: its address and credentials, from a kubeconfig or from the pod that we run in.

What does not live here: the calls (`cluster.py`). The `kubernetes` package is loaded only here, and only when asked.
"""

from __future__ import annotations

import importlib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import RetryLater

_FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class Access:
    """How to reach one API server: its base URL, credentials for each call, and for TLS a context."""

    base: str
    authorize: Callable[[], Mapping[str, str]]
    tls: ssl.SSLContext | None = None
    socket: Path | None = None


def load_access(loader: str, **arguments: Any) -> Access:
    """Credentials read by the `kubernetes` package, loaded late: it takes most of a second and 20 MB."""
    client = importlib.import_module("kubernetes.client")
    config = importlib.import_module("kubernetes.config")
    settings = client.Configuration()
    try:
        getattr(config, loader)(client_configuration=settings, **arguments)
    except config.ConfigException as error:
        raise RetryLater(f"no credentials for the cluster: {error}") from error
    tls = ssl.create_default_context(cafile=settings.ssl_ca_cert, cadata=settings.ca_cert_data)
    if settings.cert_file:
        tls.load_cert_chain(settings.cert_file, settings.key_file)
    if not settings.verify_ssl:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE

    def authorize() -> Mapping[str, str]:
        value = settings.get_api_key_with_prefix("BearerToken", "authorization")
        return {"Authorization": _bearer(value)} if value else {}

    return Access(settings.host.rstrip("/"), keep_fresh(authorize, time.monotonic), tls)


def keep_fresh(
    authorize: Callable[[], Mapping[str, str]], clock: Callable[[], float]
) -> Callable[[], Mapping[str, str]]:
    """The same credentials for a second: the package reads everything anew each time, which takes as long as a call."""
    known: Mapping[str, str] = {}
    until = float("-inf")

    def ask() -> Mapping[str, str]:
        nonlocal known, until
        if clock() >= until:
            known, until = authorize(), clock() + _FRESH_SECONDS
        return known

    return ask


def _bearer(value: str) -> str:
    """An `Authorization` value whose scheme is spelled as RFC 6750 does."""
    scheme, _, token = value.strip().partition(" ")
    return f"Bearer {token}" if scheme.lower() == "bearer" and token else value.strip()
