"""Looks at everything between a person and their services, in order: client, server, git, database, node, dispatcher.

What does not live here: printing it (`commands/doctor.py`), the parts' own word (`/healthz`).
"""

from __future__ import annotations

import base64
import importlib.metadata
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from cli import machine
from cli.client import API, CONNECT_SECONDS, Client
from cli.failure import Exit, Failure
from cli.options import Connection, not_logged_in
from cli.target import Target, is_loopback
from core import names

_ADVICE: Mapping[str, str] = {
    "database": "see run/log/database.log in the data directory; logins wait, services go on",
    "node": "see run/log/node.log in the data directory; `paaks up` starts it again by itself",
    "network": "a network that enforces NetworkPolicy: docs/kubernetes.md; until then, tenants must trust each other",
    "controller": "see run/log/controller.log; without it pushes are accepted and wait (or: paaks reconcile --local)",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice` is what to do where it is not right."""

    name: str
    ok: bool
    detail: str
    advice: str | None = None


def examine(connection: Connection) -> Iterator[Finding]:
    """One finding after the other; ends at the first that makes the rest pointless."""
    yield from _examine_client()
    try:
        target = connection.find_target()
    except Failure as failure:
        yield Finding("server", False, str(failure), failure.hint)
        return
    with Client(target) as client:
        health = yield from _examine_server(client)
        if health is None:
            return
        yield _examine_login(client)
        yield _examine_git(target)
        yield from _examine_parts(health)
        yield _examine_dispatcher(client)
    yield from _examine_trust(target)


def _examine_client() -> Iterator[Finding]:
    version = importlib.metadata.version("paaks")
    yield Finding("client", True, f"paaks {version}, Python {sys.version.split()[0]}")
    try:
        yield Finding("own git", True, machine.check_git())
    except Failure as failure:
        yield Finding("own git", False, str(failure), failure.hint)


def _examine_server(client: Client) -> Any:
    """The parts that the server knows of; None where it does not answer at all."""
    try:
        answer = client.read("GET", "/healthz")
    except Failure as failure:
        yield Finding("server", False, str(failure), failure.hint)
        return None
    yield Finding("server", answer.get("status") != "not ready", f"{client.target.server} {answer.get('status')}")
    return answer.get("parts") or []


def _examine_login(client: Client) -> Finding:
    if client.target.token is None:
        failure = not_logged_in(client.target)
        return Finding("login", False, str(failure), failure.hint)
    try:
        session = client.read("GET", f"{API}/session")
    except Failure as failure:
        return Finding("login", False, str(failure), failure.hint)
    roles = {tenant["slug"]: tenant["role"] for tenant in session["tenants"]}
    role = roles.get(client.target.tenant or "")
    return Finding("login", True, f"{session['user']['email']}, {role or 'no role'} in {client.target.tenant or '-'}")


def _examine_git(target: Target) -> Finding:
    """Does the tenant's repository answer a fetch?"""
    if target.tenant is None or target.token is None:
        return Finding("git", False, "not tried without a tenant and a token", "paaks login")
    url = names.clone_url(target.server, target.tenant) + "/info/refs?service=git-upload-pack"
    basic = base64.b64encode(f"paaks:{target.token}".encode()).decode()
    return _try("git", url, {"Authorization": f"Basic {basic}"}, "paaks login, or see run/log/api.log")


def _examine_parts(parts: list[Mapping[str, Any]]) -> Iterator[Finding]:
    for part in parts:
        name = {"git": "server's git"}.get(part["name"], str(part["name"]))
        yield Finding(name, bool(part["ok"]), str(part["detail"]), _ADVICE.get(str(part["name"])))


def _examine_dispatcher(client: Client) -> Finding:
    apps = client.target.apps
    if apps is None:
        try:
            items = client.read("GET", f"{client.tenant}/services")["items"]
        except Failure as failure:
            return Finding("dispatcher", False, str(failure), failure.hint)
        if not items:
            return Finding("dispatcher", True, "not tried: there is no service to ask it for")
        url = httpx2.URL(items[0]["url"])
        apps = f"{url.scheme}://{url.netloc.decode()}"
    return _try("dispatcher", f"{apps}/readyz", {}, "see run/log/dispatcher.log in the data directory")


def _examine_trust(target: Target) -> Iterator[Finding]:
    """On the machine that it runs on, who shares what; nothing isolates handlers there so far."""
    if target.apps is not None:
        yield Finding("isolation", True, "single trust domain: handlers run as the platform's user, not isolated")


def _try(name: str, url: str, headers: Mapping[str, str], advice: str) -> Finding:
    try:
        answer = httpx2.get(url, headers=headers, timeout=CONNECT_SECONDS, trust_env=not is_loopback(url))
    except httpx2.HTTPError as error:
        return Finding(name, False, f"{url}: {error}", advice)
    ok = answer.status_code == 200
    return Finding(name, ok, f"{url.partition('?')[0]} answers {answer.status_code}", None if ok else advice)


def judge(findings: list[Finding]) -> Exit:
    """0 where all is right; 69 where the server cannot be reached."""
    bad = {finding.name for finding in findings if not finding.ok}
    return Exit.UNREACHABLE if "server" in bad else Exit.FAILED if bad else Exit.DONE
