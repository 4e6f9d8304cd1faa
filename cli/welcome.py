"""What `paaks up` says once everything answers: one line, the trust domain and, on the first start, the tour."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sys
from pathlib import Path

from cli import data_directory
from cli.data_directory import DataDirectory
from cli.platform import Settings, Started
from core import names


def lines(settings: Settings, started: Started) -> list[str]:
    """Everything there is to say, one entry a line."""
    ready = f"PaaKS is ready in {started.seconds:.1f} s   {settings.public_url}   services at {settings.apps_url}"
    return [ready, *_trust(settings), *(_first_steps(settings) if started.first else [])]


def _trust(settings: Settings) -> list[str]:
    if settings.insecure_single_domain:
        return ["single trust domain: handlers are not isolated, and several tenants are allowed to share it"]
    return ["single trust domain: handlers run as this user, without isolation from each other"]


def _first_steps(settings: Settings) -> list[str]:
    with contextlib.suppress(OSError, ValueError, KeyError):
        demo = json.loads(settings.data.first_login.read_text())["demo"]
        return ["", *_sign_in(settings), *_tour(settings, demo["tenant"])]
    return []


def _sign_in(settings: Settings) -> list[str]:
    """The link is the api's: it wrote it for us, once."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        link = json.loads(settings.data.sign_in.read_text())["url"]
        settings.data.sign_in.unlink()
        return [f"Sign in (once, within 10 minutes):  {link}"]
    return []


def _tour(settings: Settings, slug: str) -> list[str]:
    url = names.clone_url(settings.public_url, slug)
    return [
        f"Clone URL:                          {url}",
        f"Passwords and a token:              {settings.data.first_login}",
        "",
        "Now, in another terminal:",
        *(f"  {line}" for line in _preparation(settings.data)),
        f"  paaks clone {slug} && cd {slug}",
        "  sed -i 's/hello/good day/' hello/handler.py",
        "  git commit -am 'Greet politely' && git push",
        "  paaks call hello",
        "",
        "An existing project takes the template's place, in its own repository:",
        f"  git -c credential.helper='!paaks auth git-credential' push --force {url} main",
    ]


def _preparation(data: DataDirectory) -> list[str]:
    """What makes the tour's lines work as they stand: where `paaks` is, and the data it should look at."""
    ours = Path(sys.executable).with_name("paaks")
    needed = []
    if shutil.which("paaks") is None:
        needed.append(f"export PATH={shlex.quote(str(ours.parent))}:$PATH")
    if data.path != data_directory.default_path({k: v for k, v in os.environ.items() if k != "PAAKS_DATA"}).absolute():
        needed.append(f"export PAAKS_DATA={shlex.quote(str(data.path))}")
    return needed
