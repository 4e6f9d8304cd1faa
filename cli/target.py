"""What one command talks to: the server, the tenant and the credential, chosen from all that names one (`config.py`).

What does not live here: talking (`client.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli import config
from cli.config import Context, Local, Logins, Place
from cli.failure import Exit, Failure


@dataclass(frozen=True)
class Wish:
    """What the command line says: flags, each None where it is not given."""

    server: str | None = None
    tenant: str | None = None
    context: str | None = None


@dataclass(frozen=True)
class Target:
    """A server, perhaps a tenant, perhaps a token. `operator` is the first login of an operator on this machine;
    `apps` is where visitors go, where that is known without asking."""

    server: str
    tenant: str | None = None
    token: str | None = None
    operator: Mapping[str, str] | None = None
    apps: str | None = None

    @property
    def slug(self) -> str:
        """The tenant. Raises Failure where none is named."""
        if self.tenant is None:
            raise Failure("no tenant is named", hint="name one with -t TENANT, or PAAKS_TENANT", code=Exit.USAGE)
        return self.tenant


def find(wish: Wish, environment: Mapping[str, str], directory: Path) -> Target:
    """The target of a command that was typed in a directory. Raises Failure where no server is known."""
    places = [config.read_project(directory), config.read_clone(directory)]
    logins = config.read_logins(config.config_path(environment))
    local = config.find_local(environment)
    server = _find_server(wish, environment, places, logins, local)
    context = _find_context(wish, server, logins)
    ours = local if local is not None and local.api == server else None
    tenant = wish.tenant or environment.get("PAAKS_TENANT") or next((p.tenant for p in places if p.tenant), None)
    tenant = tenant or (context.tenant if context else None) or (ours.demo.get("tenant") if ours else None)
    token = _find_token(wish, environment, places, server, context, ours)
    if token is None:
        token = _stored_token(tenant, context, ours)
    return Target(server, tenant, token, ours.operator or None if ours else None, ours.dispatcher if ours else None)


def find_operator(wish: Wish, environment: Mapping[str, str], directory: Path) -> Target:
    """The target of a command that belongs to no tenant: with PAAKS_TOKEN or an operator's token, else as above."""
    target = find(wish, environment, directory)
    context = _find_context(wish, target.server, config.read_logins(config.config_path(environment)))
    token = context.tokens.get(config.OPERATOR) if context else None
    if environment.get("PAAKS_TOKEN") or token is None:
        return target
    return Target(target.server, target.tenant, token, None, target.apps)


def _find_server(
    wish: Wish, environment: Mapping[str, str], places: list[Place], logins: Logins, local: Local | None
) -> str:
    named = wish.server or _named_context(wish, logins) or environment.get("PAAKS_SERVER")
    named = named or next((place.server for place in places if place.server), None)
    if named is None and logins.current in logins.contexts:
        named = logins.contexts[logins.current].server
    if named is None and local is not None:
        named = local.api
    if named is None:
        raise Failure(
            "no server is known",
            "no --server or PAAKS_SERVER, no login, and no `paaks up` runs on this machine's data",
            hint="paaks login URL, or start one with `paaks up`",
            code=Exit.NOT_LOGGED_IN,
        )
    return tidy_url(named)


def _named_context(wish: Wish, logins: Logins) -> str | None:
    if wish.context is None:
        return None
    if wish.context not in logins.contexts:
        known = ", ".join(logins.contexts) or "none yet"
        raise Failure(f"there is no context {wish.context!r}", f"there are: {known}", code=Exit.USAGE)
    return logins.contexts[wish.context].server


def _find_context(wish: Wish, server: str, logins: Logins) -> Context | None:
    if wish.context is not None and logins.contexts[wish.context].server == server:
        return logins.contexts[wish.context]
    found = logins.find(server)
    return found[1] if found else None


def _find_token(
    wish: Wish,
    environment: Mapping[str, str],
    places: list[Place],
    server: str,
    context: Context | None,
    ours: Local | None,
) -> str | None:
    """PAAKS_TOKEN, which goes only to a server that the person named: not to one that a checked-out file names."""
    token = environment.get("PAAKS_TOKEN")
    if not token:
        return None
    is_named = bool(wish.server or wish.context or environment.get("PAAKS_SERVER") or context or ours)
    if not is_named and places[1].server is None:
        raise Failure(
            f"PAAKS_TOKEN is not sent to {server}",
            f"only {config.PROJECT_FILE} names this server, and anybody may have written that",
            hint=f"export PAAKS_SERVER={server}",
            code=Exit.USAGE,
        )
    return token


def _stored_token(tenant: str | None, context: Context | None, ours: Local | None) -> str | None:
    if context is not None and tenant is not None and tenant in context.tokens:
        return context.tokens[tenant]
    if ours is not None and tenant in (None, ours.demo.get("tenant")):
        return ours.demo.get("token")
    return None


def tidy_url(text: str) -> str:
    """`localhost:3000/` → `http://localhost:3000`. Raises Failure for what is no address of a server."""
    url = (text if "://" in text else f"http://{text}").rstrip("/")
    scheme, _, host = url.partition("://")
    if scheme not in ("http", "https") or not host or any(c.isspace() or c in "@?#" for c in host):
        raise Failure(f"{text!r} is not the address of a server", hint="like https://paaks.example", code=Exit.USAGE)
    return url


def is_loopback(url: str) -> bool:
    """Is this address on this machine? Then no proxy is asked, whatever the environment says."""
    host = url.partition("://")[2].partition("/")[0]
    name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    return name in ("localhost", "::1") or name.startswith("127.") or name.endswith(".localhost")
