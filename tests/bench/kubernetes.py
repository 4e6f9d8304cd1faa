"""`make bench-cluster`: push → new code answers on a real Kubernetes, beside a rollout made by hand, round by round;
how long a new tenant takes; and, on a control plane of their own, many services (`scale.py`).

The hand applies the same objects of the same image with `kubectl apply --server-side`, waits with `kubectl rollout
status` and asks through a ClusterIP. It fails where something does not work, and never for a time.
"""

from __future__ import annotations

import argparse
import functools
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import scale
from machine import describe_machine
from report import Figure, Ratio, write_page

from core import render
from tests.cluster.cluster import KubernetesCluster, find_missing
from tests.cluster.demo import HANDLER, Clone, visit
from tests.cluster.installation import Installation
from tests.tenant_objects import Tenant

ROOT = Path(__file__).resolve().parent.parent.parent
NAMESPACE = "by-hand"
IMAGE = "paaks-runtime:0.1.0"
QUIET_SECONDS = 3.0  # between rounds: the pods that were replaced end, and the kubelet comes to rest
WARM_UP = 1
_PAUSE = 0.01


class Hand:
    """Somebody with `kubectl`, whose objects PaaKS does not look at."""

    def __init__(self, cluster: KubernetesCluster) -> None:
        self._kubectl = [str(cluster.binaries / "kubectl"), f"--kubeconfig={cluster.kubeconfig}"]
        self._run("create", "namespace", NAMESPACE)
        self.url = ""

    def roll_out(self, text: str) -> None:
        """Apply a revision, and wait as one does; the answer is the caller's to wait for."""
        self._run("apply", "--server-side", "--filename=-", given=json.dumps(_describe(text)))
        self._run("rollout", "status", "deployment/hello", f"--namespace={NAMESPACE}", "--timeout=120s")
        if not self.url:
            found = self._run("get", "service", "hello", f"--namespace={NAMESPACE}", "--output=json")
            self.url = f"http://{json.loads(found)['spec']['clusterIP']}/"

    def ask(self) -> str:
        """What the handler answers through the ClusterIP; nothing while there is no answer."""
        try:
            return str(httpx2.get(self.url, timeout=5.0).json()["text"])
        except (httpx2.HTTPError, ValueError):
            return ""

    def _run(self, *arguments: str, given: str = "") -> str:
        command = [*self._kubectl, *arguments]
        return subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=180).stdout


def _describe(text: str) -> dict[str, Any]:
    """The objects that PaaKS would apply, as a person's own: another manager, and a ClusterIP."""
    tenant = Tenant(None)  # type: ignore[arg-type]
    tenant.owner = render.Owner("00000000-0000-0000-0000-000000000000", "hand")
    objects = tenant.render("hello", {"handler.py": HANDLER.format(text=text)})
    for obj in objects:
        obj["metadata"]["namespace"] = NAMESPACE
        obj["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "hand"
        obj.get("spec", {}).pop("clusterIP", None)
    template = objects[-1]["spec"]["template"]
    template["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "hand"
    template["spec"]["containers"][0]["image"] = IMAGE
    return {"apiVersion": "v1", "kind": "List", "items": objects}


def _wait_for(text: str, ask: Callable[[], str]) -> None:
    deadline = time.monotonic() + 60
    while ask() != text:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{text!r} is not answered after 60 s")
        time.sleep(_PAUSE)


def measure(cluster: KubernetesCluster, installation: Installation, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the start of a push, and of an apply, until new code answers."""
    pushes: list[float] = []
    rollouts: list[float] = []
    hand = Hand(cluster)
    with tempfile.TemporaryDirectory() as directory:
        clone = Clone(Path(directory) / "demo", installation)
        for number in range(-WARM_UP, rounds):
            text = f"round {number}"
            clone.commit(text)
            started = time.monotonic()
            clone.push()
            _wait_for(text, lambda: str(visit(installation).json()["text"]))
            pushed = time.monotonic() - started
            time.sleep(QUIET_SECONDS)
            started = time.monotonic()
            hand.roll_out(text)
            _wait_for(text, hand.ask)
            rolled_out = time.monotonic() - started
            time.sleep(QUIET_SECONDS)
            if number >= 0:
                pushes.append(pushed * 1000)
                rollouts.append(rolled_out * 1000)
    return pushes, rollouts


def measure_tenants(installation: Installation, rounds: int) -> list[float]:
    """Milliseconds from the request for a tenant until its first service, the template's, answers."""
    found = []
    login = installation.login["operator"]
    with httpx2.Client(base_url=installation.api, timeout=30.0) as client:
        answer = client.post("/api/v1/session", json={"email": login["email"], "password": login["password"]})
        client.headers["X-PaaKS-CSRF"] = answer.raise_for_status().json()["csrf"]
        for number in range(rounds):
            url = f"{installation.dispatcher}/~new-{number}/hello/"
            started = time.monotonic()
            client.post("/api/v1/tenants", json={"slug": f"new-{number}"}).raise_for_status()
            _wait_for("200", functools.partial(_ask_status, url))
            found.append((time.monotonic() - started) * 1000)
            time.sleep(QUIET_SECONDS)
    return found


def _ask_status(url: str) -> str:
    return str(httpx2.get(url, timeout=15.0).status_code)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="make bench-cluster ARGS=…", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="pushes, and rollouts by hand")
    parser.add_argument("--tenants", type=int, default=5, help="new tenants")
    scale.add_arguments(parser)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks-kubernetes.md")
    chosen = parser.parse_args()
    if reason := find_missing():
        raise SystemExit(reason)
    facts = describe_machine(Path(tempfile.gettempdir()))
    cluster = KubernetesCluster()
    try:
        cluster.start()
        installation = Installation(cluster)
        began = time.monotonic()
        installation.install()
        installed = time.monotonic() - began
        pushes, rollouts = measure(cluster, installation, chosen.rounds)
        tenants = measure_tenants(installation, chosen.tenants)
    finally:
        cluster.stop()
    figures = [
        Figure("`git push` → new code answers", pushes),
        Figure("`kubectl apply` + `rollout status` → new code answers through a ClusterIP", rollouts),
        Figure("a tenant is asked for → its first service answers", tenants),
        Figure("images brought in, `paaks install` applied → everything ready", [installed], "s"),
    ]
    ratios = [Ratio("`git push` ÷ by hand (p50)", figures[0].p(0.5) / figures[1].p(0.5), 0.35)]
    many = scale.measure(chosen)
    notes = ["Kubernetes 1.34 with everything on this machine; the same cluster, image and pods for both.", *many.notes]
    page = write_page(facts, figures + many.figures, ratios + many.ratios, notes, "make bench-cluster")
    print(page)
    chosen.output.write_text(page)


if __name__ == "__main__":
    main()
