"""`git push` as a part of a command: the server's words as they come, and what came of it as an exit code.

What does not live here: what is pushed (`commands/deploy.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.failure import Exit, Failure
from cli.git_credential import helper_command

_DRY_RUN = "dry run: it would be accepted"
# What git says (in English, which we ask for) → what that is.
_SIGNS: Sequence[tuple[str, Exit, str, str | None]] = (
    ("Authentication failed", Exit.NOT_LOGGED_IN, "the server does not know you", "paaks login"),
    ("could not read Username", Exit.NOT_LOGGED_IN, "you are not logged in", "paaks login"),
    ("error: 403", Exit.FORBIDDEN, "you may not push here", None),
    ("not found", Exit.NOT_FOUND, "there is no such repository", "paaks whoami"),
    ("(fetch first)", Exit.CONFLICT, "main has moved since you fetched", "git pull --rebase, then once more"),
    ("(non-fast-forward)", Exit.CONFLICT, "main has moved since you fetched", "git pull --rebase, then once more"),
    ("Failed to connect", Exit.UNREACHABLE, "the server cannot be reached", "paaks doctor"),
    ("Could not resolve host", Exit.UNREACHABLE, "the server cannot be reached", "paaks doctor"),
    ("Couldn't connect", Exit.UNREACHABLE, "the server cannot be reached", "paaks doctor"),
)


@dataclass(frozen=True)
class Push:
    """What is pushed to main, and how: `options` are for `git push -o`."""

    clone: Path
    remote: str
    commit: str
    server: str
    options: Sequence[str] = ()


def push_main(push: Push, environment: Mapping[str, str] = os.environ) -> None:
    """Push, and tell what the server says on stderr. Raises Failure where nothing has moved, but for a dry run."""
    key = f"credential.{push.server}"
    settings = [f"{key}.helper=", f"{key}.helper={helper_command()}", f"{key}.useHttpPath=true"]
    command = ["git", *(part for setting in settings for part in ("-c", setting)), "push"]
    command += [part for option in push.options for part in ("-o", option)]
    command += ["--", push.remote, f"{push.commit}:refs/heads/main"]
    quiet = {**environment, "LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0"}
    with subprocess.Popen(
        command, cwd=push.clone, env=quiet, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as git:
        said = [_tell(line) for line in git.stderr or ()]
    if git.returncode != 0 and not ("dry-run" in push.options and any(_DRY_RUN in line for line in said)):
        raise _explain("\n".join(said))


def _tell(line: str) -> str:
    """Pass on what the server says; git's own words are for `_explain`."""
    text = line.rstrip()
    if text.startswith("remote: "):
        print(text.removeprefix("remote: "), file=sys.stderr, flush=True)
    return text


def _explain(said: str) -> Failure:
    """Why nothing has moved. What the server refused, it has explained itself."""
    own = "\n".join(line for line in said.splitlines() if not line.startswith("remote: "))
    for sign, code, title, hint in _SIGNS:
        if sign in own:
            return Failure(title, hint=hint, code=code)
    if "remote rejected" in own:
        hint = "mend it, and deploy again; nothing was deployed"
        return Failure("the push was refused", hint=hint, code=Exit.REFUSED)
    return Failure("git push failed", own.strip(), code=Exit.FAILED)
