"""A node for the tests of this directory, and one of one's own for those that end it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.node_process import NodeProcess


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    """A node that is there for a module. At its end it must have logged nothing but that it started."""
    yield from _run()


@pytest.fixture
def new_node() -> Iterator[NodeProcess]:
    """A node of one's own, to be ended."""
    yield from _run()


def _run() -> Iterator[NodeProcess]:
    node = NodeProcess()
    try:
        node.start()
        yield node
        assert "Traceback" not in node.log.read_text()
    finally:
        node.remove()


@pytest.fixture
async def http(node: NodeProcess) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client at the node's unix socket."""
    connector = aiohttp.UnixConnector(str(node.socket))
    async with aiohttp.ClientSession("http://localhost", connector=connector) as session:
        yield session
