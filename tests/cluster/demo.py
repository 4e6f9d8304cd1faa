"""The demo tenant of an installation as its people have it: a clone on this machine, and visits to its services.

What does not live here: what is expected of them (the tests).
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

from core import names
from tests.cluster.installation import Installation
from tests.cluster.sandbox import run

HANDLER = "class Handler:\n    def run(self, req):\n        return {{'text': {text!r}}}\n"


class Clone:
    """The demo tenant's repository on this machine."""

    def __init__(self, path: Path, installation: Installation) -> None:
        self.path = path
        host = installation.api.removeprefix("http://")
        url = f"http://demo:{installation.token}@{host}/git/{installation.login['demo']['tenant']}.git"
        run("git", "clone", "--quiet", url, str(path))
        self.git("config", "user.name", "Somebody")
        self.git("config", "user.email", "somebody@example.org")

    def git(self, *arguments: str) -> str:
        """Run git in it; what it prints."""
        return run("git", "-C", str(self.path), *arguments)

    def commit(self, text: str, service: str = "hello") -> str:
        """A commit after which a service answers with a text; its id."""
        (self.path / service / "handler.py").write_text(HANDLER.format(text=text))
        self.git("commit", "--quiet", "--all", "--message", f"Say {text}")
        return self.git("rev-parse", "HEAD").strip()

    def save(self, files: Mapping[str, str | None], message: str = "Change files") -> str:
        """A commit with files of these contents, None for gone; its id."""
        for name, text in files.items():
            path = self.path / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def try_push(self, *options: str) -> tuple[bool, str]:
        """Push; was it taken, and what does the server say?"""
        command = ["git", "-C", str(self.path), "push", *options, "origin", "HEAD:main"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        return done.returncode == 0, done.stderr

    def push(self, *options: str) -> str:
        """Push; what the server says."""
        taken, said = self.try_push(*options)
        assert taken, said
        return said


def visit(installation: Installation, service: str = "hello", **query: str) -> httpx2.Response:
    """One visit, on a connection of its own."""
    return httpx2.get(f"{installation.dispatcher}/~demo/{service}/", params=query, timeout=15.0)


def ask(installation: Installation, path: str) -> Any:
    """What the API answers the demo tenant's admin for a path below its tenant."""
    url = f"{installation.api}/api/v1/tenants/{installation.login['demo']['tenant']}/{path}"
    answer = httpx2.get(url, headers={"Authorization": f"Bearer {installation.token}"}, timeout=15.0)
    answer.raise_for_status()
    return answer.json()


@contextlib.contextmanager
def visitors(installation: Installation) -> Iterator[list[str]]:
    """Visits without a pause, one after the other; at the end, what each was answered: its status, or what broke."""
    answers: list[str] = []
    stop = threading.Event()

    def keep_visiting() -> None:
        while not stop.is_set():
            try:
                answers.append(str(visit(installation).status_code))
            except httpx2.HTTPError as error:
                answers.append(repr(error))

    thread = threading.Thread(target=keep_visiting)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join()


def namespace_of(installation: Installation, slug: str = "demo") -> str:
    """The namespace of a tenant."""
    listed = installation.list("namespaces", "default", names.MANAGED)
    [found] = [obj for obj in listed if obj["metadata"]["annotations"][names.ANNOTATION_SLUG] == slug]
    name: str = found["metadata"]["name"]
    return name
