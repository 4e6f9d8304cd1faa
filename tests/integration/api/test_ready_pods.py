"""How many pods answer, as a real node says it; and that a cluster which says nothing is not waited for."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import uuid
from pathlib import Path

from api.ready_pods import count_ready
from core import tenants
from core.cluster import Cluster
from tests.tenant_objects import HANDLER, Tenant

BROKEN = "raise SystemExit(3)\n"


def name_tenant(id: str) -> tenants.Tenant:
    return tenants.Tenant(id, "test", "", "")


async def test_only_pods_that_answer_are_counted_by_service(tenant: Tenant) -> None:
    one = name_tenant(tenant.id)
    assert await count_ready(tenant.cluster, one) == {}
    two, single = [
        await tenant.deploy(name, HANDLER.format(text=name), replicas=replicas)
        for name, replicas in (("two", 2), ("single", 1))
    ]
    await tenant.deploy("broken", BROKEN)
    await tenant.wait_ready("two", two, 2)
    await tenant.wait_ready("single", single)

    assert await count_ready(tenant.cluster, one) == {"two": 2, "single": 1}
    assert await count_ready(tenant.cluster, one, "two") == {"two": 2}
    assert await count_ready(tenant.cluster, one, "broken") == {}
    assert await count_ready(tenant.cluster, name_tenant(str(uuid.uuid4()))) == {}


async def test_a_cluster_that_is_away_or_silent_says_nothing() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "node.sock"
        away = Cluster.connect(f"unix:{path}")
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(away.close)
            assert await count_ready(away, name_tenant(str(uuid.uuid4()))) is None

        async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            held.append(writer)

        held: list[asyncio.StreamWriter] = []
        server = await asyncio.start_unix_server(hold, path)
        silent = Cluster.connect(f"unix:{path}")
        try:
            async with asyncio.timeout(20):
                assert await count_ready(silent, name_tenant(str(uuid.uuid4()))) is None
            assert held
        finally:
            await silent.close()
            for writer in held:
                writer.close()
            server.close()
