"""The dispatcher as a visitor, a controller and a supervisor see it, in front of a real node."""

from __future__ import annotations

from tests.dispatcher_process import DispatcherProcess
from tests.tenant_objects import Tenant, handler


async def test_a_deployed_service_is_routed_and_answers(door: DispatcherProcess, tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", handler("one"), public=True)
    message = await door.controller.wait_for(type="routed", service="hello")
    answer = await door.exchange(b"GET /~test/hello/ HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert (message["namespace"], message["tree"]) == (tenant.namespace, tree)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\nPaaKS-Service: hello\r\n"), answer
    assert answer.endswith(b"one")
