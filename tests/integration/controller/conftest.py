"""What the controller's tests stand on: a real node for each module, and a world on it for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.controller.world import World, open_world
from tests.node_process import NodeProcess


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    """A node of the module's own."""
    started = NodeProcess()
    started.start()
    yield started
    started.remove()


@pytest.fixture
async def world(node: NodeProcess, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A tenant with a repository, on that node and a database of its own."""
    async with open_world(node.target, database_url, tmp_path) as made:
        yield made
