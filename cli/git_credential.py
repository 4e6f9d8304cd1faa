"""git's credential helper: answers `get` with a token for the server and the tenant that git names (gitcredentials(7)).

It runs before a push's first byte, so it imports little and asks nobody.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from cli import config

_PATH = re.compile(r"git/(?P<slug>[^/]+?)(?:\.git)?/?")


def main(arguments: list[str]) -> int:
    """`[--data DIR] get|store|erase`; the description comes on standard input, the answer goes to standard output."""
    environment = dict(os.environ)
    if arguments[:1] == ["--data"]:
        environment["PAAKS_DATA"] = arguments[1]
        arguments = arguments[2:]
    if arguments == ["get"]:
        token = find_token(parse(sys.stdin.read()), environment)
        if token is not None:
            print(f"username=paaks\npassword={token}")
    return 0


def parse(text: str) -> dict[str, str]:
    """`name=value` lines up to an empty one."""
    lines = itertools.takewhile(bool, text.split("\n"))
    return {name: value for name, sign, value in (line.partition("=") for line in lines) if sign}


def find_token(asked: Mapping[str, str], environment: Mapping[str, str]) -> str | None:
    """The token for what git asked; None lets git go on to its next helper or to ask the person."""
    server = f"{asked.get('protocol')}://{asked.get('host')}"
    match = _PATH.fullmatch(asked.get("path", ""))
    slug = match["slug"] if match else None
    token = environment.get("PAAKS_TOKEN")
    named = environment.get("PAAKS_SERVER")
    # git may ask for any host, a submodule's too: the variable is for ours alone.
    if token and (named.rstrip("/") == server if named else match is not None):
        return token
    found = config.read_logins(config.config_path(environment)).find(server)
    if found is not None:
        tokens = found[1].tokens
        token = tokens.get(slug or found[1].tenant or "")
        if token is not None:
            return token
    local = config.find_local(environment)
    if local is not None and local.api == server and slug in (None, local.demo.get("tenant")):
        return local.demo.get("token")
    return None


def helper_command() -> str:
    """What git runs to get the token: this very `paaks`, on the data that it looks at now."""
    ours = Path(sys.executable).with_name("paaks")
    command = [str(ours)] if ours.is_file() else [sys.executable, "-m", "cli"]
    data = os.environ.get("PAAKS_DATA")
    place = ["--data", str(Path(data).absolute())] if data else []
    return "!" + shlex.join([*command, "auth", "git-credential", *place])
