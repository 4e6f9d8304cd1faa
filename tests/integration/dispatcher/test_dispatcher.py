"""The dispatcher as a visitor, a controller and a supervisor see it, in front of a real node."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import names
from tests.dispatcher_process import ROOT, DispatcherProcess, read_answer
from tests.integration.dispatcher.site import Answer, write
from tests.node_process import NodeProcess
from tests.tenant_objects import Tenant, handler

SLEEPS = """
import time
class Handler:
    def run(self, req):
        time.sleep(float(req.args['s']))
        return 'slept'
"""
STREAMS = """
import time
class Handler:
    def run(self, req):
        def parts():
            while True:
                yield "data: tick\\n\\n"
                time.sleep(0.05)
        return parts(), 200, {"Content-Type": "text/event-stream"}
"""


async def get(door: DispatcherProcess, path: str, token: str | None = None) -> Answer:
    return Answer(await door.exchange(write("GET", path, token=token)))


async def test_a_deployed_service_is_routed_and_named_by_its_commit(door: DispatcherProcess, tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", handler("one"), public=True)
    message = await door.controller.wait_for(type="routed", service="hello")
    assert (message["namespace"], message["tree"], message["commit"]) == (tenant.namespace, tree, None)

    service = tenant.render("hello", {"handler.py": handler("one")}, public=True)[1]
    service["metadata"]["annotations"][names.ANNOTATION_COMMITS] = json.dumps({tree: "c" * 40})
    await tenant.cluster.apply(service)
    await door.controller.wait_for(type="routed", service="hello", commit="c" * 40)
    answer = await get(door, "/~test/hello/")

    assert (answer.status, answer.body) == (200, b"one")
    assert answer.headers["paaks-revision"] == "c" * 40
    by_host = Answer(await door.exchange(write("GET", "/", host=f"hello.test.localhost:{door.port}")))
    assert by_host.body == b"one"


async def test_visitors_see_one_revision_and_change_over_without_a_failure(
    door: DispatcherProcess, tenant: Tenant
) -> None:
    await tenant.deploy("hello", handler("0"), public=True, replicas=2)
    await door.controller.wait_for(type="routed", service="hello")
    seen: list[str] = []
    stop = asyncio.Event()

    async def visit() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        while not stop.is_set():
            writer.write(write("POST" if len(seen) % 2 else "GET", "/~test/hello/", "Content-Length: 0"))
            answer = Answer(await read_answer(reader))
            assert answer.status == 200, answer.raw
            seen.append(answer.body.decode())
        writer.close()

    visitors = [asyncio.create_task(visit()) for _ in range(8)]
    for number in range(1, 6):
        tree = await tenant.deploy("hello", handler(str(number)), public=True, replicas=2)
        await door.controller.wait_for(type="routed", tree=tree)
        while seen[-1] != str(number):
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.gather(*visitors)

    order = list(dict.fromkeys(seen))
    assert order == ["0", "1", "2", "3", "4", "5"]
    # Eight visitors take turns, so a late answer of the old revision may stand behind the first of the new one.
    assert sum(a > b for a, b in itertools.pairwise(seen)) <= 8 * 5


async def test_a_revision_that_cannot_start_is_never_shown(door: DispatcherProcess, tenant: Tenant) -> None:
    good = await tenant.deploy("hello", handler("good"), public=True)
    await door.controller.wait_for(type="routed", service="hello")
    await tenant.wait_ready("hello", good)  # the dispatcher may know it before the node does
    broken = await tenant.deploy("hello", "raise RuntimeError\n", public=True)
    await tenant.wait("Pod", lambda pods: any(is_waiting(pod, broken) for pod in pods))

    assert (await get(door, "/~test/hello/")).body == b"good"
    assert not [m for m in door.controller.messages if m.get("tree") == broken]


def is_waiting(pod: dict[str, object], tree: str) -> bool:
    return names.label_of(pod, names.LABEL_TREE) == tree and "CrashLoopBackOff" in json.dumps(pod)


async def test_a_request_waits_while_its_service_starts(door: DispatcherProcess, tenant: Tenant) -> None:
    config, service, deployment = tenant.render(
        "slow", {"handler.py": "import time; time.sleep(0.7)\n" + handler("up")}, public=True
    )
    await tenant.cluster.apply(config)
    await tenant.cluster.apply(service)
    token = door.api.sign(tenant.id)
    while (answer := asyncio.create_task(get(door, "/slow/", token))) and await is_refused(answer):
        await asyncio.sleep(0.01)
    await tenant.cluster.apply(deployment)
    held = await answer

    assert (held.status, held.body) == (200, b"up")
    assert "hold;dur=" in held.headers["server-timing"]


async def is_refused(answer: asyncio.Task[Answer]) -> bool:
    done, _ = await asyncio.wait([answer], timeout=0.1)
    return bool(done)


async def test_what_waits_too_long_is_told_when_to_come_back(node: NodeProcess, tenant: Tenant) -> None:
    door = DispatcherProcess(node.target)
    await door.api.start()
    try:
        door.start(HOLD_SECONDS="0.3")
        await door.wait_ready()
        await tenant.deploy("never", "import time; time.sleep(9)\n", public=True)
        await tenant.wait("Pod", lambda pods: any(names.pod_address(pod) for pod in pods))
        await asyncio.sleep(0.2)
        answer = await get(door, "/~test/never/")
    finally:
        door.remove()
        await door.api.stop()

    assert (answer.status, answer.problem) == (503, "not-live-yet")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_removed_service_is_gone_at_once(door: DispatcherProcess, tenant: Tenant) -> None:
    await tenant.deploy("hello", handler("one"), public=True)
    await door.controller.wait_for(type="routed", service="hello")
    await tenant.cluster.delete("Deployment", tenant.namespace, "hello")
    await tenant.cluster.delete("Service", tenant.namespace, "hello")
    message = await door.controller.wait_for(type="unrouted", service="hello")

    assert message["namespace"] == tenant.namespace
    assert (await get(door, "/~test/hello/")).status == 404


async def test_a_controller_that_comes_back_is_told_everything_again(door: DispatcherProcess, tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", handler("one"))
    await door.controller.wait_for(type="routed", service="hello")
    await door.controller.wait_for(type="synced")
    await door.controller.stop()
    door.controller.messages.clear()
    await door.controller.start()
    await door.controller.wait_for(type="synced")

    kinds = [(m["type"], m.get("tree")) for m in door.controller.messages]
    assert kinds == [("routed", tree), ("synced", None)]


async def test_a_dispatcher_that_starts_late_is_synced_after_it_has_told_its_routes(
    node: NodeProcess, tenant: Tenant
) -> None:
    tree = await tenant.deploy("hello", handler("one"))
    await tenant.wait_ready("hello", tree)
    door = DispatcherProcess(node.target)
    await door.controller.start()
    try:
        door.start()
        await door.controller.wait_for(type="synced")
    finally:
        door.remove()
        await door.controller.stop()

    assert [m["type"] for m in door.controller.messages] == ["routed", "synced"]


async def test_visitors_are_served_while_api_and_controller_are_away(door: DispatcherProcess, tenant: Tenant) -> None:
    token = door.api.make_personal(tenant.id)
    door.api.change(tokens={"set": dict(door.api.snapshot["tokens"]), "removed": []})
    await tenant.deploy("hello", handler("one"))
    await door.controller.wait_for(type="routed", service="hello")
    assert (await get(door, "/hello/", token)).body == b"one"
    stored = door.run / "access-snapshot.json"
    await wait_for_text(stored, str(door.api.snapshot["version"]))
    await door.api.stop()
    await door.controller.stop()
    assert (await get(door, "/hello/", token)).body == b"one"

    assert stored.stat().st_mode & 0o777 == 0o600
    door.kill()
    door.start()
    await door.wait_ready()
    assert (await get(door, "/hello/", token)).body == b"one"
    assert (await get(door, "/hello/", door.api.make_personal(tenant.id, "b" * 30))).status == 401


async def wait_for_text(path: Path, version: str) -> None:
    deadline = time.monotonic() + 5
    while not (path.exists() and json.loads(path.read_text())["version"] == int(version)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_without_api_and_snapshot_it_is_not_ready_and_says_so(node: NodeProcess) -> None:
    door = DispatcherProcess(node.target)
    try:
        door.start(HOLD_SECONDS="0.2")
        while not (live := await door.exchange(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")):
            await asyncio.sleep(0.01)
        assert live.startswith(b"HTTP/1.1 200")
        assert (await get(door, "/readyz")).status == 503
        answer = await get(door, "/hello/", door.api.make_personal("0" * 36))
        assert (answer.status, answer.problem) == (503, "unavailable")
    finally:
        door.remove()


async def test_auth_12_a_revoked_session_and_token_are_refused_on_an_open_connection(
    door: DispatcherProcess, tenant: Tenant
) -> None:
    await tenant.deploy("hello", STREAMS)
    await door.controller.wait_for(type="routed", service="hello")
    personal = door.api.make_personal(tenant.id)
    digest, known = next(iter(door.api.snapshot["tokens"].items()))
    door.api.change(tokens={"set": {digest: known}, "removed": []})
    tokens = [door.api.sign(tenant.id), personal]
    streams = [await asyncio.open_connection("127.0.0.1", door.port) for _ in tokens]
    for (reader, writer), token in zip(streams, tokens, strict=True):
        writer.write(write("GET", "/hello/", token=token))
        assert (await reader.readuntil(b"tick")).startswith(b"HTTP/1.1 200")

    kept, kept_writer = await asyncio.open_connection("127.0.0.1", door.port)
    kept_writer.write(write("HEAD", "/hello/", token=tokens[0]))
    assert (await kept.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    began = time.monotonic()
    door.api.change(tokens={"set": {}, "removed": [digest]}, revoked={"set": ["s1"], "removed": []})
    for reader, writer in streams:  # what is on its way is cut
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readuntil(b"never")
        writer.close()
    kept_writer.write(write("HEAD", "/hello/", token=tokens[0]))
    assert (await kept.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 401")
    kept_writer.close()
    assert (await get(door, "/hello/", personal)).status == 401
    assert time.monotonic() - began < 5


async def test_auth_11_a_new_key_is_believed_and_a_retired_one_is_not(door: DispatcherProcess, tenant: Tenant) -> None:
    await tenant.deploy("hello", handler("one"))
    await door.controller.wait_for(type="routed", service="hello")
    token = door.api.sign(tenant.id)
    assert (await get(door, "/hello/", token)).status == 200
    [key] = door.api.snapshot["keys"]
    door.api.change(keys=[key, {**key, "kid": "k2"}])
    assert (await get(door, "/hello/", token)).status == 200
    door.api.change(keys=[{**key, "kid": "k2"}])
    deadline = time.monotonic() + 5
    while (await get(door, "/hello/", token)).status != 401:
        assert time.monotonic() < deadline


async def test_sigterm_finishes_what_has_begun_and_says_good_bye(door: DispatcherProcess, tenant: Tenant) -> None:
    await tenant.deploy("sleeper", SLEEPS, public=True)
    await door.controller.wait_for(type="routed", service="sleeper")
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(write("GET", "/~test/sleeper/?s=0.8"))
    await asyncio.sleep(0.3)
    ended = asyncio.create_task(asyncio.to_thread(door.terminate))
    answer = Answer(await read_answer(reader))
    writer.close()

    assert (answer.status, answer.body, answer.headers["connection"]) == (200, b"slept", "close")
    assert await ended == 0
    assert await get_refused(door.port)


async def get_refused(port: int) -> bool:
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    return False


async def test_it_ends_with_its_supervisor(door: DispatcherProcess) -> None:
    assert await asyncio.to_thread(door.cut_lifeline) == 1


def test_a_setting_that_is_wrong_refuses_the_start(tmp_path: os.PathLike[str]) -> None:
    environment = {"PAAKS_DATA": str(tmp_path), "PAAKS_CLUSTER": "unix:/x", "PAAKS_ACCESS_STREAM": "unix:/x"}
    for wrong in ({}, {"PAAKS_LINK": "tcp:1"}, {"PAAKS_LINK": "unix:/x", "PAAKS_HOLD_SECONDS": "soon"}):
        ended = subprocess.run(
            [sys.executable, "-m", "api.dispatcher"], cwd=ROOT, env=environment | wrong, capture_output=True, text=True
        )
        assert ended.returncode == 1
        assert "PAAKS_" in ended.stderr
        assert "Traceback" not in ended.stderr
