"""Which path names what."""

from __future__ import annotations

import pytest

from runtime.node import kinds
from runtime.node.paths import Target, parse_path


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/namespaces", Target(kinds.NAMESPACE)),
        ("/api/v1/namespaces/x", Target(kinds.NAMESPACE, None, "x")),
        ("/api/v1/namespaces/x/finalize", Target(kinds.NAMESPACE, None, "x", "finalize")),
        ("/api/v1/pods", Target(kinds.POD)),
        ("/api/v1/namespaces/x/pods", Target(kinds.POD, "x")),
        ("/api/v1/namespaces/x/pods/", Target(kinds.POD, "x")),
        ("/api/v1/namespaces/x/pods/y", Target(kinds.POD, "x", "y")),
        ("/api/v1/namespaces/x/pods/y/log", Target(kinds.POD, "x", "y", "log")),
        ("/api/v1/namespaces/x/pods/y/proxy/a/b", Target(kinds.POD, "x", "y", "proxy")),
        ("/apis/apps/v1/deployments", Target(kinds.DEPLOYMENT)),
        ("/apis/apps/v1/namespaces/x/deployments/y", Target(kinds.DEPLOYMENT, "x", "y")),
        ("/apis/networking.k8s.io/v1/namespaces/x/networkpolicies", Target(kinds.NETWORK_POLICY, "x")),
    ],
)
def test_paths_of_objects(path: str, target: Target) -> None:
    assert parse_path(path) == target


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/v1",
        "/api/v1/nodes",
        "/api/v1/pods/y",  # a pod is in a namespace
        "/api/v1/namespaces/x/namespaces/y",
        "/api/v1/deployments",
        "/apis/apps/v1/pods",
        "/apis/apps/v1beta1/deployments",
        "/apis/batch/v1/jobs",
        "/api/v1/watch/pods",
    ],
)
def test_paths_of_nothing(path: str) -> None:
    assert parse_path(path) is None
