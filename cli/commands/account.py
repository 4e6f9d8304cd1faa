"""`login`, `logout`, `whoami`: a personal access token for this machine, made, forgotten and looked at.

What does not live here: where logins are kept (`cli/config.py`), the tokens of scripts (`tokens.py`).
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from cli import config
from cli.client import API, Client
from cli.config import OPERATOR, Context, Logins
from cli.failure import Exit, Failure
from cli.options import Connection, connected, styled
from cli.output import Style, print_item
from cli.target import Target, Wish, tidy_url

_ALL_SCOPES = ("read", "write", "invoke", "admin")


@click.command()
@click.argument("url", required=False)
@click.option("--email", metavar="EMAIL", help="Who; asked for without it.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--with-token", is_flag=True, help="Read a personal access token from standard input instead.")
@connected
def login(connection: Connection, url: str | None, email: str | None, password_stdin: bool, with_token: bool) -> None:
    """Sign in, and keep a token of this machine's own for the tenant."""
    if password_stdin and with_token:
        raise click.UsageError("--password-stdin and --with-token both read standard input")
    wish = connection.wish
    chosen = Connection(Wish(tidy_url(url) if url else wish.server, wish.tenant, wish.context)).find_target()
    path = config.config_path(os.environ)
    logins = config.read_logins(path)
    if with_token:
        context, slug, said = _adopt_token(chosen, wish.tenant, logins)
    else:
        context, slug, said = _make_token(chosen, wish.tenant, email, password_stdin, logins)
    name = next((name for name, known in logins.contexts.items() if known is context), None)
    name = name or chosen.server.partition("://")[2]
    logins.contexts[name] = context
    logins.current = name
    config.write_logins(path, logins)
    whom = f"{said['role']} of {slug}" if slug else "operator"
    print(f"Logged in to {chosen.server} as {said['email']} ({whom})")
    print(f"next: paaks clone {slug}" if slug else "next: paaks tenants list")


def _adopt_token(chosen: Target, wanted: str | None, logins: Logins) -> tuple[Context, str, Mapping[str, str]]:
    token = sys.stdin.readline().strip()
    if not token:
        raise Failure("no token came on standard input", code=Exit.USAGE)
    with Client(Target(chosen.server, token=token)) as client:
        session = client.read("GET", f"{API}/session")
    slug, role = _choose_tenant(session, wanted)
    context = _context_of(logins, chosen.server, session["user"]["email"], slug)
    context.tokens[slug] = token
    context.ids.pop(slug, None)
    return context, slug, {"email": session["user"]["email"], "role": role}


def _make_token(
    chosen: Target, wanted: str | None, email: str | None, from_stdin: bool, logins: Logins
) -> tuple[Context, str, Mapping[str, str]]:
    email = email or _ask("Email")
    password = _read_password(from_stdin)
    with Client(Target(chosen.server)) as client:
        session = client.sign_in(email, password)
        slug, role = _choose_tenant(session, wanted)
        context = _context_of(logins, chosen.server, session["user"]["email"], slug)
        body: dict[str, object] = {"name": f"paaks on {socket.gethostname()}", "tenant": slug or None}
        if role in ("admin", "operator"):
            body["scopes"] = _ALL_SCOPES  # without being asked, the server leaves out `admin`
        made = client.read("POST", f"{API}/tokens", body=body)
        if (old := context.ids.get(slug)) is not None:
            with contextlib.suppress(Failure):  # it may be revoked already
                client.request("DELETE", f"{API}/tokens/{old}")
    context.tokens[slug], context.ids[slug] = made["token"], made["id"]
    return context, slug, {"email": session["user"]["email"], "role": role}


def _context_of(logins: Logins, server: str, email: str, slug: str) -> Context:
    """The server's context, or a new one; another person's tokens are left out of it."""
    found = logins.find(server)
    context = found[1] if found is not None else Context(server)
    if context.email != email:
        context.tokens, context.ids = {}, {}
    context.email = email
    context.tenant = slug or context.tenant
    return context


def _choose_tenant(session: Mapping[str, Any], wanted: str | None) -> tuple[str, str]:
    """Slug and role of the tenant that the token is for; "" where an operator has none. Raises Failure."""
    roles = {tenant["slug"]: tenant["role"] for tenant in session["tenants"]}
    if wanted is not None:
        if wanted not in roles:
            raise Failure(f"you are no member of {wanted!r}", f"your tenants: {_list(roles)}", code=Exit.NOT_FOUND)
        return wanted, roles[wanted]
    if session["user"].get("operator"):
        return OPERATOR, "operator"
    if len(roles) == 1:
        return next(iter(roles.items()))
    if not roles:
        raise Failure("you are no member of any tenant", hint="an admin of a tenant can make you one")
    raise Failure("you have several tenants", _list(roles), hint="name one with -t TENANT", code=Exit.USAGE)


def _list(names: Sequence[str] | Mapping[str, str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _ask(what: str) -> str:
    if not sys.stdin.isatty():
        raise Failure(f"there is nobody to ask for the {what.lower()}", hint=f"--{what.lower()}", code=Exit.USAGE)
    return str(click.prompt(what, err=True))


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if password := os.environ.get("PAAKS_PASSWORD"):
        return password
    if not sys.stdin.isatty():
        raise Failure("there is nobody to ask for the password", hint="--password-stdin", code=Exit.USAGE)
    return str(click.prompt("Password", hide_input=True, err=True))


@click.command()
@connected
def logout(connection: Connection) -> None:
    """Revoke and forget the token that `login` made."""
    path = config.config_path(os.environ)
    logins = config.read_logins(path)
    server = connection.find_target().server
    found = logins.find(server)
    if found is None:
        print(f"There is no login at {server}.")
        return
    name, context = found
    left = [slug for slug in list(context.tokens) if not _revoke(context, slug)]
    del logins.contexts[name]
    logins.current = next(iter(logins.contexts), None) if logins.current == name else logins.current
    config.write_logins(path, logins)
    print(f"Logged out of {server}.")
    if left:
        print("The token could not be revoked, only forgotten; see: paaks tokens list", file=sys.stderr)


def _revoke(context: Context, slug: str) -> bool:
    """Revoke one of a context's tokens; one that was brought by `--with-token` is only forgotten."""
    identity = context.ids.get(slug)
    if identity is None:
        return True
    try:
        with Client(Target(context.server, token=context.tokens[slug])) as client:
            client.request("DELETE", f"{API}/tokens/{identity}")
    except Failure as failure:
        return failure.code in (Exit.NOT_LOGGED_IN, Exit.NOT_FOUND)
    return True


@click.command()
@connected
@styled
def whoami(connection: Connection, style: Style) -> None:
    """Who the server takes you for, and in which tenant."""
    with connection.open() as client:
        session = client.read("GET", f"{API}/session")
        target = client.target

    def lines() -> list[str]:
        user = session["user"]
        roles = ", ".join(f"{tenant['slug']} ({tenant['role']})" for tenant in session["tenants"])
        return [
            f"user     {user['email']}{'  operator' if user.get('operator') else ''}",
            f"server   {target.server}",
            f"tenant   {target.tenant or '-'}",
            f"roles    {roles or '-'}",
            f"scopes   {' '.join(session.get('scopes') or ()) or '-'}",
        ]

    print_item(
        {**session, "name": session["user"]["email"]} if style.format == "name" else session, style, lines, name="name"
    )
