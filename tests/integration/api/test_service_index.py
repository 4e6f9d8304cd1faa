from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.service_index import ServiceIndex, find_past, find_tree
from core import commit
from core.check import Checker
from core.commit import Author, Delete, Draft, Operation, Put
from core.errors import NotFound
from core.repository import Repository
from core.tenants import Tenant, Tenants

DANA = Author("Dana", "dana@example.com")


@dataclass(frozen=True)
class World:
    """A tenant, its index, and a way to commit past the check."""

    tenant: Tenant
    tenants: Tenants
    index: ServiceIndex

    @property
    def repository(self) -> Repository:
        return Repository(self.tenants.path_of(self.tenant))

    def commit(self, *operations: Operation, message: str = "Change it\n") -> str:
        repository = self.repository
        head = repository.head()
        assert head is not None
        draft = Draft(repository, repository.root_of(head))
        for operation in operations:
            draft.apply(operation)
        return commit.create(repository, draft, head, message, DANA, DANA)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    tenants = Tenants(tmp_path)
    tenant = await tenants.create("demo")
    async with Checker() as checker:
        yield World(tenant, tenants, ServiceIndex(tenants, checker))


async def test_a_service_has_the_commit_in_which_it_last_changed(world: World) -> None:
    first = world.commit(
        Put("a/service.yaml", b"replicas: 2\n"), Put("a/handler.py", b"x = 1\n"), message="Make a\n\nB"
    )
    world.commit(Put("docs/readme.md", b"x"))
    head = world.commit(Put("hello/handler.py", b"y = 1\n"))
    overview = await world.index.read(world.tenant)
    assert overview.head == head
    assert {name: tip.commit for name, tip in overview.services.items()} == {"a": first, "hello": head}
    tip = overview.find("a")
    assert (tip.subject, tip.author, tip.path) == ("Make a", {"name": "Dana", "email": "dana@example.com"}, "a")
    assert tip.descriptor is not None
    assert tip.descriptor.replicas == 2


async def test_an_overview_is_read_once_for_every_head(world: World) -> None:
    overview = await world.index.read(world.tenant)
    assert await world.index.read(world.tenant) is overview
    head = world.commit(Put("hello/handler.py", b"y = 1\n"))
    later = await world.index.read(world.tenant)
    assert (later.head, later.find("hello").commit) == (head, head)


async def test_a_service_that_cannot_be_read_is_still_there(world: World) -> None:
    world.commit(Put("hello/service.yaml", b"replicas: [\n"), Put("A b/service.yaml", b""))
    overview = await world.index.read(world.tenant)
    assert {name: tip.descriptor for name, tip in overview.services.items()} == {"hello": None, "A b": None}


async def test_a_service_at_the_root_has_the_name_that_it_gives_itself(world: World) -> None:
    head = world.commit(Delete("hello"), Put("service.yaml", b"name: solo\n"), Put("handler.py", b"x = 1\n"))
    tip = (await world.index.read(world.tenant)).find("solo")
    assert (tip.path, tip.commit) == ("", head)
    assert find_tree(world.repository, "solo", head) == ("", tip.tree)


async def test_what_is_gone_is_known_as_it_was(world: World) -> None:
    before = (await world.index.read(world.tenant)).find("hello")
    head = world.commit(Delete("hello"))
    overview = await world.index.read(world.tenant)
    with pytest.raises(NotFound, match="hello"):
        overview.find("hello")
    past = find_past(world.repository, "hello", before.commit)
    assert (past.name, past.tree, past.subject) == ("hello", before.tree, "Start from the template")
    assert find_tree(world.repository, "hello", head) is None


async def test_another_history_is_read_afresh(world: World) -> None:
    """While main is still the template's, a push may replace it."""
    await world.index.read(world.tenant)
    repository = world.repository
    draft = Draft(repository, repository.root_of(world.tenant.template))
    draft.apply(Put("other/service.yaml", b""))
    draft.store()
    git = repository.git
    author = git.get(world.tenant.template).author
    orphan = str(git.create_commit(None, author, author, "Another start\n", draft.root, []))
    git.references.create("refs/heads/main", orphan, force=True)
    overview = await world.index.read(world.tenant)
    assert {name: tip.commit for name, tip in overview.services.items()} == {"hello": orphan, "other": orphan}
