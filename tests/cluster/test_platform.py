"""PaaKS on a real Kubernetes, as somebody outside of it sees it: pushes, answers, and what happens when things die."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.cluster.demo import Clone, namespace_of, visit
from tests.cluster.installation import SYSTEM, Installation


def test_a_push_from_outside_is_live_when_it_returns(installation: Installation, clone: Clone) -> None:
    for text in ("one", "two"):
        sha = clone.commit(text)
        assert f"live     hello  {sha[:7]}" in clone.push()
        answer = visit(installation)
        assert (answer.json(), answer.headers["PaaKS-Revision"]) == ({"text": text}, sha)


def test_handlers_run_in_restricted_pods(installation: Installation) -> None:
    """K8-01 and K8-02 of the threat model: what a tenant's pod may do."""
    namespace = namespace_of(installation)
    [found] = [o for o in installation.list("namespaces", "default") if o["metadata"]["name"] == namespace]
    assert found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert found["metadata"]["labels"]["pod-security.kubernetes.io/enforce-version"] == "v1.34"
    overrides = '{"spec":{"containers":[{"name":"x","image":"x","securityContext":{"privileged":true}}]}}'
    with pytest.raises(subprocess.CalledProcessError) as caught:
        installation.kubectl("run", "x", "--image=x", f"--overrides={overrides}", namespace=namespace)
    assert 'violates PodSecurity "restricted' in "".join(caught.value.__notes__)
    pods = installation.list("pods", namespace, "paaks.dev/service=hello")
    assert pods
    for pod in pods:
        spec = pod["spec"]
        [container] = spec["containers"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert (spec["enableServiceLinks"], spec["automountServiceAccountToken"]) == (False, False)
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert all({"hostPath"}.isdisjoint(volume) for volume in spec["volumes"])
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"].keys() == {"memory", "cpu"}


def test_the_controller_may_do_what_it_needs_and_nothing_else(installation: Installation) -> None:
    """K8-07: as the API server answers for its account."""
    namespace = namespace_of(installation)

    def can(account: str, *what: str, where: str = "default") -> bool:
        as_account = f"--as=system:serviceaccount:{SYSTEM}:{account}"
        try:
            return installation.kubectl("auth", "can-i", *what, as_account, namespace=where).strip() == "yes"
        except subprocess.CalledProcessError:
            return False

    assert can("paaks-controller", "patch", "deployments.apps", where=namespace)
    for what in (
        ("*", "*"),
        ("list", "secrets", "--all-namespaces"),
        ("create", "clusterrolebindings"),
        ("escalate", "clusterroles"),
        ("impersonate", "users"),
        ("get", "nodes", "--subresource=proxy"),
        ("create", "serviceaccounts", "--subresource=token"),
        ("patch", "validatingwebhookconfigurations"),
    ):
        assert not can("paaks-controller", *what), what
    assert can("paaks-dispatcher", "watch", "pods", where=namespace)
    for what in (("patch", "pods"), ("get", "configmaps"), ("get", "secrets"), ("get", "pods", "--subresource=log")):
        assert not can("paaks-dispatcher", *what, where=namespace), what
    account = f"--as=system:serviceaccount:{SYSTEM}:paaks-controller"
    with pytest.raises(subprocess.CalledProcessError) as caught:
        installation.kubectl("label", "namespace", "kube-public", "x=y", account)
    assert "tnt-" in "".join(caught.value.__notes__)


def test_a_foreign_change_is_put_back(installation: Installation, clone: Clone) -> None:
    """RL-18: an image and an environment that somebody else has written; who it was is said."""
    clone.commit("drift")
    clone.push()
    namespace = namespace_of(installation)

    def find_spec() -> tuple[str, list[str]]:
        [found] = [o for o in installation.list("deployments", namespace) if o["metadata"]["name"] == "hello"]
        [container] = found["spec"]["template"]["spec"]["containers"]
        return container["image"], sorted(variable["name"] for variable in container["env"])

    before = find_spec()
    installation.kubectl("set", "image", "deployment/hello", "handler=other:1", namespace=namespace)
    installation.kubectl("set", "env", "deployment/hello", "WHO=somebody", namespace=namespace)
    deadline = time.monotonic() + 20
    while find_spec() != before:
        assert time.monotonic() < deadline, find_spec()
    log = installation.kubectl("logs", "control-0", "--container=controller", namespace=SYSTEM)
    assert "kubectl-set" in log
    assert visit(installation).json() == {"text": "drift"}
