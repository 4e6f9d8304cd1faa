"""What the platform would say and do of a tree, computed here: its problems, its services, their objects.

What does not live here: where the tree comes from (`working_tree.py`), printing (`commands/`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.check import Checker, Found
from core.contents import read_files
from core.errors import Problem
from core.render import Object, Owner, Revision, render_service
from core.repository import Repository

_TENANT = "here"
NO_COMMIT = "0" * 40


def check(repository: Path, tree: str) -> list[Problem]:
    """Everything that a push of this tree would be refused for."""

    async def judge() -> list[Problem]:
        async with Checker(workers=1) as checker:
            return await checker.check_tree(Repository(repository), tree, tenant=_TENANT)

    return asyncio.run(judge())


def find_services(repository: Path, tree: str) -> dict[str, Found]:
    """The services of a tree whose service.yaml is right, by name."""

    async def describe() -> dict[str, Found]:
        async with Checker(workers=1) as checker:
            return await checker.describe_services(Repository(repository), tree, tenant=_TENANT)

    return asyncio.run(describe())


def render(repository: Path, found: Mapping[str, Found], owner: Owner, commits: Mapping[str, str]) -> Iterator[Object]:
    """The objects of services, in the order in which they are applied; `commits` is service → commit."""
    opened = Repository(repository)
    for name, service in sorted(found.items()):
        commit = commits.get(name, NO_COMMIT)
        files = read_files(opened, service.tree)
        revision = Revision(name, service.tree, commit, service.descriptor, files)
        yield from render_service(owner, revision, {service.tree[:12]: commit})
