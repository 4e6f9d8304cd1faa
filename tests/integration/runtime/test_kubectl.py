"""What a person with `kubectl` can do with the node, and what they are told where they cannot."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from cli import endpoints
from tests.node_process import TOKEN, NodeProcess
from tests.tenant_objects import SECONDS, Tenant, ask, handler

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="there is no kubectl on the PATH")
MINE = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}, "data": {"a": "1"}}'
THEIRS = MINE.replace("mine", "theirs")
LOGGING = 'print("imported")\n' + handler("x")


class Kubectl:
    """Runs it with a kubeconfig as `paaks up` writes it."""

    def __init__(self, node: NodeProcess, directory: Path) -> None:
        self._config = directory / "kubeconfig"
        endpoints.write_kubeconfig(self._config, f"http://127.0.0.1:{node.port}", TOKEN)
        self._home = directory

    async def run(self, *arguments: str, fails: bool = False, text: str = "") -> str:
        """What it prints, on both streams."""
        assert KUBECTL is not None
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._home), "KUBECONFIG": str(self._config)}
        process = await asyncio.create_subprocess_exec(
            KUBECTL,
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(SECONDS):
            output, _ = await process.communicate(text.encode())
        assert (process.returncode != 0) is fails, output.decode()
        return output.decode()


@pytest.fixture
def kubectl(node: NodeProcess, tmp_path: Path) -> Kubectl:
    return Kubectl(node, tmp_path)


async def test_it_shows_what_runs(kubectl: Kubectl, tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", LOGGING)
    (pod,) = await tenant.wait_ready("hello", tree)
    name, n = pod["metadata"]["name"], ["-n", tenant.namespace]
    assert "successfully rolled out" in await kubectl.run("rollout", "status", *n, "deploy/hello", "--timeout=20s")
    assert "condition met" in await kubectl.run(
        "wait", *n, "deploy/hello", "--for=condition=Available", "--timeout=20s"
    )
    lines = (await kubectl.run("get", "pods", *n)).splitlines()
    assert lines[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert lines[1].split()[:4] == [name, "1/1", "Running", "0"]
    shown = await kubectl.run("get", "deploy,svc,cm,ns,quota,limits,netpol", *n, "-o", "wide")
    assert "deployment.apps/hello" in shown
    assert "paaks-runtime" in shown
    assert "Created pod" in await kubectl.run("get", "events", *n)
    described = await kubectl.run("describe", "pod", *n, name)
    assert "Started container handler" in described
    assert (
        json.loads(await kubectl.run("get", "pod", *n, name, "-o", "json"))["metadata"]["uid"] == pod["metadata"]["uid"]
    )
    assert "imported" in await kubectl.run("logs", *n, "deploy/hello")
    assert "Deployment" in await kubectl.run("api-resources")


async def test_it_deletes_a_pod_and_applies_as_a_manager_of_its_own(kubectl: Kubectl, tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", handler("x"))
    (pod,) = await tenant.wait_ready("hello", tree)
    n = ["-n", tenant.namespace]
    assert "deleted" in await kubectl.run("delete", "pod", *n, pod["metadata"]["name"])
    (other,) = await tenant.wait_ready("hello", tree)
    assert await ask(other) == "x"
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mine\ndata:\n  a: '1'\n"
    assert "serverside-applied" in await kubectl.run("apply", "--server-side", *n, "-f", "-", text=text)
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": [json.loads(MINE), json.loads(THEIRS)]})
    assert (await kubectl.run("apply", "--server-side", *n, "-f", "-", text=listed)).count("serverside-applied") == 2
    assert "deleted" in await kubectl.run("delete", "cm", *n, "mine", "theirs")


async def test_it_names_the_way_where_something_is_not_offered(kubectl: Kubectl, tenant: Tenant) -> None:
    tree = await tenant.deploy("hello", handler("x"))
    await tenant.wait_ready("hello", tree)
    n = ["-n", tenant.namespace]
    for arguments in (
        ["scale", *n, "deploy/hello", "--replicas=3"],
        ["rollout", "restart", *n, "deploy/hello"],
        ["run", *n, "x", "--image=x"],
        ["set", "image", *n, "deploy/hello", "handler=x"],
    ):
        assert "git push" in await kubectl.run(*arguments, fails=True)
