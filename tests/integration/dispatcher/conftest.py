"""A real node and a real dispatcher for the tests of this directory, and a tenant of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.dispatcher_process import DispatcherProcess
from tests.integration.dispatcher.site import Site, close_site, open_site
from tests.node_process import NodeProcess
from tests.tenant_objects import Tenant


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
