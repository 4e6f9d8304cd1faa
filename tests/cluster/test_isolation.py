"""What a tenant's handlers can reach and do on the cluster: the K8 rows of the threat model.

K8-01, K8-02, K8-07 and K8-08 are in `test_platform.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cluster.cluster import KubernetesCluster
from tests.cluster.demo import Clone, ask, namespace_of, visit
from tests.cluster.installation import SYSTEM, Installation

CHECK = "paaks-network-check"
NEIGHBOUR = "neighbour"
PUBLIC = "public: true\n"
# What it is asked for, it tries: to list a directory, to find a name, or to connect.
PROBE = """
import os, socket

class Handler:
    def run(self, req):
        try:
            if "list" in req.args:
                return {"found": os.listdir(req.args["list"])}
            if "name" in req.args:
                return {"found": socket.gethostbyname(req.args["name"])}
            socket.create_connection((req.args["host"], int(req.args["port"])), 2).close()
            return {"found": True}
        except OSError as error:
            return {"found": None, "error": repr(error)}
"""
Object = dict[str, Any]


@pytest.fixture
def probe(installation: Installation, clone: Clone) -> Installation:
    """The installation, with the probe live at the demo tenant's `probe`."""
    if not (clone.path / "probe").exists():
        clone.save({"probe/service.yaml": PUBLIC, "probe/handler.py": PROBE})
        clone.push()
    return installation


@pytest.fixture(scope="module")
def neighbour(installation: Installation) -> str:
    """The namespace of another tenant, whose template is live."""
    with httpx2.Client(base_url=installation.api, timeout=60.0) as client:
        login = installation.login["operator"]
        session = client.post("/api/v1/session", json={"email": login["email"], "password": login["password"]})
        client.headers["X-PaaKS-CSRF"] = session.raise_for_status().json()["csrf"]
        made = client.post("/api/v1/tenants", json={"slug": NEIGHBOUR})
        assert made.status_code == 201, made.text
    deadline = time.monotonic() + 60
    while httpx2.get(f"{installation.dispatcher}/~{NEIGHBOUR}/hello/", timeout=15.0).status_code != 200:
        assert time.monotonic() < deadline
    return namespace_of(installation, NEIGHBOUR)


@pytest.fixture
def network(installation: Installation) -> Mapping[str, str]:
    """What the network check has found, once it has."""
    deadline = time.monotonic() + 180
    while True:
        found = [obj for obj in installation.list("configmaps", CHECK) if obj["metadata"]["name"] == "network"]
        if found:
            data: dict[str, str] = found[0]["data"]
            return data
        assert time.monotonic() < deadline


def test_handlers_have_no_account(probe: Installation) -> None:
    """K8-03: no token to use; and who has none is told nothing by the API server, where it is reached at all."""
    assert visit(probe, "probe", list="/var/run/secrets").json()["found"] is None
    assert "secrets" not in visit(probe, "probe", list="/var/run").json()["found"]
    for pod in probe.list("pods", namespace_of(probe)):
        kinds = {kind for volume in pod["spec"]["volumes"] for kind in volume if kind != "name"}
        assert kinds <= {"configMap", "emptyDir"}


def test_handlers_reach_nothing_of_the_cluster(
    probe: Installation, neighbour: str, network: Mapping[str, str], request: pytest.FixtureRequest
) -> None:
    """K8-03 and K8-04: another tenant's pod and Service, the node, metadata, the API server."""
    if network["enforced"] == "false":
        request.applymarker(pytest.mark.xfail(strict=True, reason=network["sentence"]))
    [pod, *_] = probe.list("pods", neighbour, "paaks.dev/service=hello")
    [node] = probe.list("nodes", "default")
    address = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
    places = {
        "another tenant's pod": (pod["status"]["podIP"], 8080),
        "another tenant's Service": (f"hello.{neighbour}.svc.cluster.local", 8080),
        "the kubelet": (address, 10250),
        "metadata": ("169.254.169.254", 80),
        "the API server": ("kubernetes.default.svc.cluster.local", 443),
    }
    asked = {what: visit(probe, "probe", host=host, port=str(port)) for what, (host, port) in places.items()}

    assert [what for what, answer in asked.items() if answer.json()["found"]] == []


def test_handlers_find_names_and_are_reached_by_the_dispatcher(probe: Installation, neighbour: str) -> None:
    """K8-04, what has to work: the visit itself came through the dispatcher."""
    [service] = [o for o in probe.list("services", "default") if o["metadata"]["name"] == "kubernetes"]
    answer = visit(probe, "probe", name="kubernetes.default.svc.cluster.local")

    assert (answer.status_code, answer.json()["found"]) == (200, service["spec"]["clusterIP"])


def test_what_exceeds_a_quota_fails_alone(installation: Installation, clone: Clone) -> None:
    """K8-06: with a quota that somebody has put beside ours, and of three services the one that does not fit."""
    namespace = namespace_of(installation)
    [quota] = installation.list("resourcequotas", namespace)
    used = installation.kubectl(
        "get", "resourcequota", "paaks-quota", "--output=jsonpath={.status.used.requests\\.cpu}", namespace=namespace
    )
    assert set(quota["spec"]["hard"]) == {"pods", "limits.memory", "requests.memory", "requests.cpu"}
    room = _thousandths(used) + 500
    installation.kubectl("create", "quota", "tight", f"--hard=requests.cpu={room}m", namespace=namespace)
    sizes = {"fits-a": "10m", "large": "1", "fits-b": "10m"}
    try:
        clone.save(
            {
                f"{name}/{file}": text
                for name, cpu in sizes.items()
                for file, text in (
                    ("service.yaml", f"{PUBLIC}resources: {{cpu: {cpu}}}\n"),
                    ("handler.py", "class Handler:\n    def run(self, req):\n        return 'ok'\n"),
                )
            }
        )
        clone.push("--push-option=no-wait")
        deadline = time.monotonic() + 60
        while True:
            states = {name: ask(installation, f"services/{name}")["status"] for name in sizes}
            if all(status["state"] in ("live", "failed") for status in states.values()):
                break
            assert time.monotonic() < deadline, states
    finally:
        installation.kubectl("delete", "quota", "tight", namespace=namespace)
    assert {name: status["state"] for name, status in states.items()} == {
        "fits-a": "live",
        "large": "failed",
        "fits-b": "live",
    }
    assert states["large"]["reason"] == "QuotaExceeded"
    assert "exceeded quota: tight" in states["large"]["sentence"]
    clone.save({f"{name}/{file}": None for name in sizes for file in ("service.yaml", "handler.py")})
    clone.push()


def _thousandths(quantity: str) -> int:
    return int(quantity[:-1]) if quantity.endswith("m") else int(quantity) * 1000


def test_a_container_without_limits_is_given_some(installation: Installation) -> None:
    """K8-06: the LimitRange's, whoever makes the pod."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    pod = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    overrides = {
        "spec": {"securityContext": pod, "containers": [{"name": "x", "image": "x", "securityContext": security}]}
    }
    given = ("run", "x", "--image=x", f"--overrides={json.dumps(overrides)}", "--dry-run=server", "--output=json")
    made = json.loads(installation.kubectl(*given, namespace=namespace_of(installation)))

    assert made["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "1", "memory": "128Mi"},
        "requests": {"cpu": "100m", "memory": "128Mi"},
    }


def _identify(installation: Installation) -> dict[str, str]:
    """Every object of the kinds that we write, outside of tenants' namespaces, with its version."""
    kinds = "configmaps,services,deployments,resourcequotas,limitranges,networkpolicies"
    listed = json.loads(installation.kubectl("get", kinds, "--all-namespaces", "--output=json"))["items"]
    return {
        "/".join((obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"])): obj["metadata"]["uid"]
        + str(obj["metadata"].get("generation", ""))
        for obj in listed
        if not obj["metadata"]["namespace"].startswith("tnt-")
    }


def test_what_is_not_ours_is_left_alone(installation: Installation, clone: Clone) -> None:
    """K8-09: a service is made, renamed and removed beside a ConfigMap of somebody else's."""
    namespace = namespace_of(installation)
    installation.kubectl("create", "configmap", "x", "--from-literal=theirs=1", namespace=namespace)

    def find(kind: str) -> dict[str, Object]:
        return {obj["metadata"]["name"]: obj for obj in installation.list(kind, namespace)}

    theirs, elsewhere = find("configmaps")["x"], _identify(installation)
    files = {"service.yaml": PUBLIC, "handler.py": "class Handler:\n    def run(self, req):\n        return 'ok'\n"}
    clone.save({f"first/{name}": text for name, text in files.items()})
    clone.push()
    assert "first" in find("deployments")
    gone = dict.fromkeys((f"first/{name}" for name in files), None)
    clone.save({**gone, **{f"second/{name}": text for name, text in files.items()}})
    clone.push()
    clone.save({f"second/{name}": None for name in files})
    clone.push()
    deadline = time.monotonic() + 60
    while {"first", "second"} & (find("deployments").keys() | find("services").keys()):
        assert time.monotonic() < deadline
    assert find("configmaps")["x"] == theirs
    assert not [name for name in find("configmaps") if name.startswith(("first-", "second-"))]
    assert _identify(installation) == elsewhere
    installation.kubectl("delete", "configmap", "x", namespace=namespace)


def test_no_field_of_a_service_opens_another_way_in(installation: Installation, clone: Clone) -> None:
    """K8-10: what a Service or an Ingress might be told is refused at the push, line by line."""
    fields = ("type: LoadBalancer", "externalName: evil", "externalIPs: [10.0.0.1]", "host: x.neighbour", "ports: [80]")
    before = clone.git("rev-parse", "HEAD").strip()
    clone.save({"hello/service.yaml": PUBLIC + "\n".join(fields) + "\n"})
    taken, said = clone.try_push()
    clone.git("reset", "--quiet", "--hard", before)

    assert not taken
    for line, field in enumerate(fields, 2):
        assert f"hello/service.yaml:{line}:1" in said, field
    for service in installation.list("services", namespace_of(installation)):
        assert (service["spec"]["type"], service["spec"]["clusterIP"]) == ("ClusterIP", "None")
        assert not {"externalIPs", "externalName", "loadBalancerIP"} & service["spec"].keys()
    assert json.loads(installation.kubectl("get", "ingress", "--all-namespaces", "--output=json"))["items"] == []


def _read_files(*places: Path) -> Iterator[tuple[Path, bytes]]:
    for place in places:
        for path in place.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path, path.read_bytes()


def test_no_secret_is_written_down_in_the_clear(own_cluster: KubernetesCluster, installation: Installation) -> None:
    """K8-11: passwords and tokens; in the database, the repositories, the logs, and what etcd has stored."""
    login = installation.login
    with httpx2.Client(base_url=installation.api, timeout=60.0) as client:
        client.headers["Authorization"] = f"Bearer {installation.token}"
        made = client.post("/api/v1/tokens", json={"name": "planted", "tenant": login["demo"]["tenant"]})
        assert made.status_code == 201, made.text
    planted = [made.json()["token"], installation.token, login["operator"]["password"], login["demo"]["password"]]
    directory = own_cluster.sandbox.directory
    found = [
        (path.name, number)
        for path, data in _read_files(directory / "volume", directory / "control-plane")
        for number, secret in enumerate((*planted, "planted"))
        if secret.encode() in data and path.name != "first-login.json"
    ]
    logs = [
        installation.kubectl("logs", "control-0", f"--container={container}", namespace=SYSTEM)
        for container in ("api", "controller", "database")
    ]

    assert found, "the name of the token is in the database: what finds nothing at all has not looked"
    assert {number for _, number in found} == {len(planted)}
    assert not [number for number, secret in enumerate(planted) if secret in "".join(logs)]


def test_an_open_network_is_said_to_be_open(installation: Installation, network: Mapping[str, str]) -> None:
    """K8-12: by the check's record, by the api, and by `paaks doctor`; the bridge of these tests enforces nothing."""
    sentence = "NetworkPolicy is not enforced by this cluster's network: tenants can reach each other's pods"
    assert (network["enforced"], network["sentence"]) == ("false", sentence)
    [part] = [p for p in httpx2.get(f"{installation.api}/healthz").json()["parts"] if p["name"] == "network"]
    assert sentence in part["detail"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PAAKS_SERVER": installation.api}
    environment |= {"PAAKS_TOKEN": installation.token, "PAAKS_TENANT": installation.login["demo"]["tenant"]}
    paaks = str(Path(sys.executable).with_name("paaks"))
    done = subprocess.run([paaks, "doctor"], env=environment, capture_output=True, text=True, timeout=60)
    [line] = [line for line in done.stdout.splitlines() if " network " in line]
    assert sentence in line, done.stdout + done.stderr
    assert installation.list("pods", CHECK) == []
