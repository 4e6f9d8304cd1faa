"""How many: the first sync of many services beside `kubectl apply --server-side` of the same objects, and a resync of
many more that are unchanged. On etcd and an API server alone: objects are stored, and nothing comes of them.

What does not live here: what a push takes on a whole cluster (`kubernetes.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api_requests import Requests, count_requests, sum_up
from driven_controller import ControllerProcess
from machine import measure_cpu, measure_pss
from report import Figure, Ratio, draw_table, percentile

from cli import offline
from core import names, parse_worker, render
from core.check import Found
from core.descriptor import Service
from core.migrations import migrate
from core.repository import Repository
from core.tenants import Tenant, Tenants
from tests.cluster.binaries import build_binaries
from tests.cluster.control_plane import ControlPlane
from tests.cluster.sandbox import Sandbox
from tests.conftest import PostgresServer

_HANDLER = "class Handler:\n    def run(self, req):\n        return {{'number': {number}}}\n"
_DESCRIPTOR = "public: true\nenv:\n  NUMBER: '{number}'\n"
_PER_TENANT = 1000


@dataclass
class Plane:
    """An API server, a database, and where tenants are."""

    control: ControlPlane
    binaries: Path
    directory: Path
    database_url: str
    sandbox: Sandbox

    def read_cpu(self) -> float:
        """Seconds of processor time that the API server and etcd have had."""
        return measure_cpu(self.sandbox.find(name) for name in ("kube-apiserver", "etcd"))

    def make_tenants(self, name: str, services: int) -> Tenants:
        """A data directory without tenants; those that are created have so many services, each of its own kind."""
        template = self.directory / f"template-{services}"
        if not template.exists():
            for number in range(services):
                where = template / f"service-{number:04}"
                where.mkdir(parents=True)
                (where / "handler.py").write_text(_HANDLER.format(number=number))
                (where / "service.yaml").write_text(_DESCRIPTOR.format(number=number))
        return Tenants(self.directory / name, template)

    def open_controller(self, name: str) -> contextlib.AbstractContextManager[ControllerProcess]:
        """A controller of a data directory, to be started; it ends with the block."""
        controller = ControllerProcess(self.directory / name, self.control.kubeconfig, self.database_url)
        return contextlib.closing(controller)


@contextlib.contextmanager
def open_plane() -> Iterator[Plane]:
    """All of it, started; taken away at the end."""
    directory = Path(tempfile.mkdtemp(prefix="paaks-scale-"))
    binaries, sandbox, postgres = build_binaries(), Sandbox(), PostgresServer(directory)
    try:
        sandbox.open()
        control = ControlPlane(sandbox, binaries)
        control.start_bare()
        postgres.create()
        postgres.start()
        database_url = postgres.create_database()
        migrate(database_url)
        yield Plane(control, binaries, directory, database_url, sandbox)
    finally:
        postgres.stop()
        sandbox.close()
        shutil.rmtree(directory, ignore_errors=True)


@dataclass
class FirstSync:
    """Seconds of each round, and the processor seconds that API server and etcd spent on it; requests of the last."""

    ours: list[float] = field(default_factory=list)
    by_hand: list[float] = field(default_factory=list)
    ours_server: list[float] = field(default_factory=list)
    by_hand_server: list[float] = field(default_factory=list)
    requests: Requests = field(default_factory=lambda: Requests(0, 0, 0))
    requests_by_hand: Requests = field(default_factory=lambda: Requests(0, 0, 0))


def measure_first_sync(plane: Plane, services: int, rounds: int) -> FirstSync:
    """A new tenant with so many services, by the controller and by hand, in turn; each in a namespace of its own."""
    found = FirstSync()
    for number in range(rounds):
        name = f"first-{number}"
        tenants = plane.make_tenants(name, services)
        with plane.open_controller(name) as controller:
            controller.start()
            tenant = asyncio.run(tenants.create("first"))
            before, spent = count_requests(plane.control), plane.read_cpu()
            found.ours.append(controller.sync(tenant.id))
            found.ours_server.append(plane.read_cpu() - spent)
            found.requests = sum_up(before, count_requests(plane.control))
        _assert_deployed(plane, tenant, services)
        twin = asyncio.run(tenants.create("twin"))
        objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": _render(tenants, twin)})
        before, spent = count_requests(plane.control), plane.read_cpu()
        found.by_hand.append(_apply_by_hand(plane, objects))
        found.by_hand_server.append(plane.read_cpu() - spent)
        found.requests_by_hand = sum_up(before, count_requests(plane.control))
        _assert_deployed(plane, twin, services)
    return found


def _render(tenants: Tenants, tenant: Tenant) -> list[dict[str, Any]]:
    """The objects that the controller makes of a tenant, in the order in which it applies them."""
    path = tenants.path_of(tenant)
    repository = Repository(path)
    head = str(repository.head())
    owner = render.Owner(tenant.id, tenant.slug)
    found = {}
    for name, tree in repository.services(repository.root_of(head)).items():
        descriptor = next(entry.oid for entry in repository.tree(tree) if entry.name == names.SERVICE_FILE.encode())
        fields = parse_worker.parse(parse_worker.DESCRIPTOR, repository.blob(descriptor))["service"]
        found[name] = Found(name, name, tree, Service(**fields))
    tenant_objects = render.render_tenant(owner, render.Quota())
    return [*tenant_objects, *offline.render(path, found, owner, dict.fromkeys(found, head))]


def _apply_by_hand(plane: Plane, objects: str) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(objects)
        file.flush()
        kubectl = [str(plane.binaries / "kubectl"), f"--kubeconfig={plane.control.kubeconfig}"]
        began = time.monotonic()
        command = [*kubectl, "apply", "--server-side", "--filename", file.name]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=600)
        return time.monotonic() - began


def _assert_deployed(plane: Plane, tenant: Tenant, services: int) -> None:
    """Are all Deployments there? The API server counts those that it has left out of a page."""
    answer = json.loads(plane.control.ask(f"/apis/apps/v1/namespaces/{tenant.namespace}/deployments?limit=1"))
    there = len(answer["items"]) + answer["metadata"].get("remainingItemCount", 0)
    assert there == services, f"{there} of {services} Deployments are there"


@dataclass
class Resync:
    """Seconds of each round, and of starting on what is there; requests of all rounds; megabytes at the end."""

    warm: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    requests: Requests = field(default_factory=lambda: Requests(0, 0, 0))
    cold_requests: Requests = field(default_factory=lambda: Requests(0, 0, 0))
    first: float = 0.0
    memory: float = 0.0


def measure_resync(plane: Plane, services: int, rounds: int) -> Resync:
    """So many services that nobody changes, compared again; first by a controller that is new to them."""
    found = Resync()
    each = min(services, _PER_TENANT)
    tenants = plane.make_tenants("resync", each)
    made = [asyncio.run(tenants.create(f"resync-{number}")) for number in range(services // each)]
    with plane.open_controller("resync") as controller:
        found.first = controller.start()
    for tenant in made:
        _assert_deployed(plane, tenant, each)
    with plane.open_controller("resync") as controller:
        before = count_requests(plane.control)
        found.cold.append(controller.start())
        warm = count_requests(plane.control)
        found.cold_requests = sum_up(before, warm)
        found.warm = [controller.resync() for _ in range(rounds)]
        found.requests = sum_up(warm, count_requests(plane.control))
        found.memory = measure_pss([controller.pid])
    return found


@dataclass(frozen=True)
class Scale:
    """What becomes of it on the page."""

    figures: list[Figure]
    ratios: list[Ratio]
    notes: list[str]


def describe(first: FirstSync, resync: Resync, services: int, unchanged: int) -> Scale:
    """As rows and notes of the page."""
    figures = [
        Figure(f"first sync of {services:,} services, by the controller", first.ours, "s"),
        Figure("the same objects, `kubectl apply --server-side --filename`", first.by_hand, "s"),
        Figure("processor time of API server and etcd for the first", first.ours_server, "s"),
        Figure("processor time of API server and etcd for the second", first.by_hand_server, "s"),
        Figure(f"resync of {unchanged:,} unchanged services", resync.warm, "s", limit=5),
        Figure("writes of all resyncs together", [resync.requests.writes], "requests", limit=0),
        Figure("reads of all resyncs together, beyond the watches", [resync.requests.reads], "requests", limit=0),
        Figure("a controller starts on them → everything is compared", resync.cold, "s"),
        Figure("writes of that start", [resync.cold_requests.writes], "requests", limit=0),
        Figure("reads of that start: each kind is listed once", [resync.cold_requests.reads], "requests"),
        Figure("memory of that controller (PSS)", [resync.memory], "MB"),
    ]
    ratios = [Ratio("first sync ÷ by hand (p50)", figures[0].p(0.5) / figures[1].p(0.5), 0.2)]
    least = percentile(first.ours_server, 0.5) / (os.cpu_count() or 1) / figures[1].p(0.5)
    notes = [
        "First sync and resync are on etcd and an API server alone, which share this machine's processors with the "
        f"controller: for the first sync these two alone need at least {least:.2f} × of what `kubectl` takes.",
        f"A first sync is {first.requests.writes:,} writes and {first.requests.reads:,} reads by the API server's own "
        f"count (`apiserver_request_total`), by hand {first.requests_by_hand.writes:,} and "
        f"{first.requests_by_hand.reads:,}.",
    ]
    return Scale(figures, ratios, notes)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--syncs", type=int, default=3, help="first syncs, as many by hand, and resyncs")
    parser.add_argument("--services", type=int, default=1000, help="services of a first sync")
    parser.add_argument("--unchanged", type=int, default=10_000, help="services of a resync")


def measure(chosen: argparse.Namespace) -> Scale:
    """All of it, on a control plane of its own."""
    with open_plane() as plane:
        first = measure_first_sync(plane, chosen.services, chosen.syncs)
        print(first, flush=True)  # the rest takes minutes
        resync = measure_resync(plane, chosen.unchanged, chosen.syncs)
        print(resync, flush=True)
    return describe(first, resync, chosen.services, chosen.unchanged)


def main() -> None:
    """These figures alone, printed; the page is `kubernetes.py`'s."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    found = measure(parser.parse_args())
    rows, ratios = ([row.row() for row in kind] for kind in (found.figures, found.ratios))
    print("\n".join(draw_table(("figure", "p50", "p95", "unit", "rounds", "target", "met"), rows)))
    print("\n".join(draw_table(("ratio of medians", "value", "target", "met"), ratios)))
    print("\n".join(found.notes))


if __name__ == "__main__":
    main()
