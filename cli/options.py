"""The options that many commands share, and what a command gets for them: a client of the right server.

What does not live here: choosing the server (`target.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import target
from cli.completions import complete_contexts, complete_tenants
from cli.failure import Exit, Failure
from cli.output import FORMATS, Style
from cli.target import Target, Wish

if TYPE_CHECKING:
    from cli.client import Client

Function = Callable[..., Any]
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


@dataclass(frozen=True)
class Connection:
    """Where a command is to go: what `--server`, `-t` and `--context` say."""

    wish: Wish
    debug: bool = False

    def find_target(self) -> Target:
        """The server, the tenant and the token. Raises Failure."""
        return target.find(self.wish, os.environ, Path.cwd())

    @contextmanager
    def open(self) -> Iterator[Client]:
        """A client for things of a tenant. Raises Failure where nobody is logged in."""
        from cli.client import Client  # the HTTP client takes longer to import than all the rest

        chosen = self.find_target()
        if chosen.token is None:
            raise not_logged_in(chosen)
        with Client(chosen, debug=self.debug) as client:
            yield client

    @contextmanager
    def open_operator(self) -> Iterator[Client]:
        """A client for things of the platform: by an operator's token or, on this machine, by its first login."""
        from cli.client import Client

        chosen = target.find_operator(self.wish, os.environ, Path.cwd())
        ours = chosen.operator if not os.environ.get("PAAKS_TOKEN") else None
        if chosen.token is None and ours is None:
            raise not_logged_in(chosen)
        with Client(chosen, debug=self.debug) as client:
            if ours is not None:
                client.sign_in(ours["email"], ours["password"])
            yield client


def not_logged_in(chosen: Target) -> Failure:
    """There is no token for this server and tenant."""
    whom = f"{chosen.tenant} at {chosen.server}" if chosen.tenant else chosen.server
    flag = f" -t {chosen.tenant}" if chosen.tenant else ""
    return Failure(
        "you are not logged in",
        f"there is no token for {whom}",
        hint=f"paaks login {chosen.server}{flag}",
        code=Exit.NOT_LOGGED_IN,
    )


def connected(function: Function) -> Function:
    """Gives a command `--server`, `-t` and `--context`, as one argument `connection`."""

    @click.option("--server", metavar="URL", help="The api's address (PAAKS_SERVER).")
    @click.option(
        "-t", "-n", "--tenant", metavar="SLUG", help="The tenant (PAAKS_TENANT).", shell_complete=complete_tenants
    )
    @click.option(
        "--context",
        metavar="NAME",
        envvar="PAAKS_CONTEXT",
        help="One of several logins.",
        shell_complete=complete_contexts,
    )
    @click.option("--debug", type=click.Choice(["api"]), envvar="PAAKS_DEBUG", help="Show each request.")
    def wrapper(server: str | None, tenant: str | None, context: str | None, debug: str | None, **rest: Any) -> Any:
        return function(connection=Connection(Wish(server, tenant, context), debug == "api"), **rest)

    return _keep(wrapper, function)


def styled(function: Function) -> Function:
    """Gives a command `-o` and `--no-headers`, as one argument `style`."""

    @click.option("-o", "--output", type=click.Choice(FORMATS), default="table", envvar="PAAKS_OUTPUT", help="Format.")
    @click.option("--no-headers", is_flag=True, help="No heading.")
    def wrapper(output: str, no_headers: bool, **rest: Any) -> Any:
        return function(style=Style(output, not no_headers), **rest)

    return _keep(wrapper, function)


def waiting(until: str) -> Callable[[Function], Function]:
    """Gives a command `--timeout` and `--no-wait`, as one argument `timeout`: seconds, or None not to wait at all."""

    def add(function: Function) -> Function:
        @timed(60.0, f"How long to wait until {until}.")
        @click.option("--no-wait", is_flag=True, help=f"Do not wait until {until}.")
        def wrapper(timeout: float, no_wait: bool, **rest: Any) -> Any:
            return function(timeout=None if no_wait else timeout, **rest)

        return _keep(wrapper, function)

    return add


def timed(default: float, text: str) -> Callable[[Function], Function]:
    """Gives a command `--timeout`, in seconds."""
    return click.option("--timeout", type=SPAN, default=default, envvar="PAAKS_TIMEOUT", help=text)


def _keep(wrapper: Any, function: Any) -> Function:
    """The wrapper in the function's place, with the options of both."""
    wrapper.__click_params__ = getattr(function, "__click_params__", []) + wrapper.__click_params__
    wrapper.__doc__, wrapper.__name__ = function.__doc__, function.__name__
    kept: Function = wrapper
    return kept


class Span(click.ParamType[float]):
    """A length of time in seconds: `90`, `30s`, `2m`, `1h`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds."""
        if isinstance(value, int | float):
            return float(value)
        match = _SPAN.fullmatch(value)
        if match is None:
            self.fail(f"{value!r} is no length of time: say 30s, 2m or 1h", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


SPAN = Span()
