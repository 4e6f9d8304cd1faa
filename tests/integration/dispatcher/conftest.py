"""A real node and a real dispatcher for the tests of this directory, and a tenant of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from core.cluster import Cluster
from tests.dispatcher_process import DispatcherProcess
from tests.integration.dispatcher.site import Site, close_site, open_site
from tests.node_process import NodeProcess
from tests.tenant_objects import Tenant


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    """A node that is there for a module."""
    node = NodeProcess()
    try:
        node.start()
        yield node
    finally:
        node.remove()


@pytest.fixture
async def cluster(node: NodeProcess) -> AsyncIterator[Cluster]:
    """A client of the module's node."""
    cluster = Cluster.connect(node.target)
    yield cluster
    await cluster.close()


@pytest.fixture
async def tenant(cluster: Cluster) -> AsyncIterator[Tenant]:
    """A tenant with a namespace of its own, which goes when the test is over."""
    tenant = Tenant(cluster)
    await tenant.create()
    yield tenant
    await cluster.delete("Namespace", None, tenant.namespace)


@pytest.fixture
async def door(node: NodeProcess, tenant: Tenant) -> AsyncIterator[DispatcherProcess]:
    """A dispatcher that is ready and knows the tenant as `test`. At its end it must have logged no traceback."""
    door = DispatcherProcess(node.target)
    door.api.snapshot["tenants"] = {"test": tenant.id}
    await door.api.start()
    await door.controller.start()
    try:
        door.start()
        await door.wait_ready()
        yield door
        assert "Traceback" not in door.log.read_text()
    finally:
        door.remove()
        await door.api.stop()
        await door.controller.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(node: NodeProcess) -> AsyncIterator[Site]:
    """Two tenants behind a dispatcher, for a module. At its end it must have logged no traceback."""
    site = await open_site(node.target)
    yield site
    log = site.door.log.read_text()
    await close_site(site)
    assert "Traceback" not in log
    assert '"level":"error"' not in log
