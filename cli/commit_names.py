"""What people call a commit, as the full id that the API wants.

What does not live here: the commits of a clone (git knows its own abbreviations).
"""

from __future__ import annotations

import re

from cli.client import Client
from cli.failure import Exit, Failure

_LOOK_BACK = 1000
_SHORT = re.compile(r"[0-9a-f]{4,40}")


def resolve(client: Client, text: str, service: str | None = None) -> str:
    """The full id of a commit of main: from its first digits, at least four. Raises Failure."""
    wanted = text.lower()
    if not _SHORT.fullmatch(wanted):
        raise Failure(
            f"{text!r} is not a commit", hint="its first digits, as `paaks history` shows them", code=Exit.USAGE
        )
    if len(wanted) == 40:
        return wanted
    listed = client.read_pages(f"{client.tenant}/commits", _LOOK_BACK, {"service": service})["items"]
    found = [commit["sha"] for commit in listed if commit["sha"].startswith(wanted)]
    if len(found) == 1:
        return str(found[0])
    of = f" of {service}" if service else ""
    if found:
        raise Failure(f"{len(found)} commits{of} begin with {text}", hint="give more digits", code=Exit.USAGE)
    raise Failure(
        f"no commit{of} begins with {text}", hint=f"paaks history {service or ''}".strip(), code=Exit.NOT_FOUND
    )
