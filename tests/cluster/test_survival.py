"""What people see while parts of the platform, or the cluster itself, are away."""

from __future__ import annotations

import signal
import time

from tests.cluster.cluster import KubernetesCluster
from tests.cluster.demo import Clone, visit, visitors
from tests.cluster.installation import SYSTEM, Installation


def test_visitors_are_answered_while_the_control_plane_is_dead(installation: Installation, clone: Clone) -> None:
    sha = clone.commit("alone")
    clone.push()
    installation.kubectl("delete", "pod", "control-0", "--grace-period=0", "--force", namespace=SYSTEM)
    for _ in range(20):
        answer = visit(installation)
        assert (answer.status_code, answer.headers["PaaKS-Revision"]) == (200, sha)
    installation.kubectl("rollout", "status", "statefulset/control", "--timeout=120s", namespace=SYSTEM)
    clone.commit("back")
    assert "live     hello" in clone.push()
    assert visit(installation).json() == {"text": "back"}


def test_a_dispatcher_ends_without_a_failed_visit(installation: Installation) -> None:
    name = installation.list("pods", SYSTEM, "app.kubernetes.io/name=paaks-dispatcher")[0]["metadata"]["name"]
    with visitors(installation) as answers:
        installation.kubectl("delete", "pod", name, namespace=SYSTEM)
        installation.kubectl("rollout", "status", "deployment/dispatcher", "--timeout=120s", namespace=SYSTEM)
    assert len(answers) > 100
    assert set(answers) == {"200"}


def test_no_api_server_stops_no_visitor_and_no_push(
    own_cluster: KubernetesCluster, installation: Installation, clone: Clone
) -> None:
    """RL-12: what was pushed meanwhile is live soon after the API server is back, and nobody was refused."""
    clone.commit("before")
    clone.push()
    own_cluster.sandbox.stop("kube-apiserver", signal.SIGKILL)  # asked to end, it serves its watches for a minute
    try:
        with visitors(installation) as answers:
            for text in ("meanwhile", "last"):
                sha = clone.commit(text)
                clone.push("--push-option=no-wait")
            assert visit(installation).json() == {"text": "before"}
    finally:
        own_cluster.control_plane.start_apiserver()
    assert set(answers) == {"200"}
    deadline = time.monotonic() + 60
    while (answer := visit(installation)).headers["PaaKS-Revision"] != sha:
        assert time.monotonic() < deadline, answer.headers
    assert answer.json() == {"text": "last"}
