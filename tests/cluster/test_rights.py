"""K8-07 of the threat model, asked by calls: `kubectl auth can-i` does not know what an admission policy refuses."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core import names, render
from core.descriptor import Service
from tests.cluster.demo import namespace_of
from tests.cluster.installation import SYSTEM, Installation

CHECK = "paaks-network-check"
ACCOUNT = f"--as=system:serviceaccount:{SYSTEM}:paaks-controller"
REFUSED = re.compile(r'(\w+) "[^"]+" is forbidden: ValidatingAdmissionPolicy \'paaks-controller\'')
Object = dict[str, Any]


def render_all(namespace: str) -> list[Object]:
    """One object of each kind that the controller writes in a namespace, as it makes them, under names of their own."""
    owner = render.Owner("0a1b2c3d-0000-4000-8000-000000000000", "somebody")
    files = [render.File("handler.py", 0o100644, b"class Handler: ...\n")]
    revision = render.Revision("probe", "0" * 40, "0" * 40, Service(), files)
    found = {obj["kind"]: obj for obj in render.render_tenant(owner, render.Quota()) if obj["kind"] != "Namespace"}
    found |= {obj["kind"]: obj for obj in render.render_service(owner, revision, {})}
    return [
        obj | {"metadata": obj["metadata"] | {"namespace": namespace, "name": f"rights-{obj['kind'].lower()}"}}
        for obj in found.values()
    ]


def try_to_write(installation: Installation, objects: list[Object], directory: Path) -> str:
    """What the API server says to the controller's account; nothing is kept. "" where it takes all of it."""
    file = directory / "objects.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    try:
        installation.kubectl("create", "--dry-run=server", f"--filename={file}", ACCOUNT)
    except subprocess.CalledProcessError as error:
        return "".join(error.__notes__)
    return ""


def test_where_the_controller_writes(installation: Installation, tmp_path: Path) -> None:
    namespace = namespace_of(installation)
    assert try_to_write(installation, render_all(namespace), tmp_path) == ""
    for elsewhere in ("default", "kube-system", SYSTEM):
        objects = render_all(elsewhere)
        said = try_to_write(installation, objects, tmp_path)
        assert len(REFUSED.findall(said)) == len(objects), said
        assert f"writes in namespaces tnt-<8 hex> only, not in {elsewhere}" in said
    said = try_to_write(installation, [o for o in render_all(CHECK) if o["kind"] != "ConfigMap"], tmp_path)
    assert len(REFUSED.findall(said)) == len(render_all(CHECK)) - 1, said


@pytest.mark.parametrize(
    "metadata",
    [
        {"name": "kube-evil", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        {"name": "tnt-12345678"},
        {"name": "tnt-12345678", "labels": {"pod-security.kubernetes.io/enforce": "privileged"}},
        {"name": "tnt-1234567", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    ],
    ids=["another name", "no Pod Security", "another Pod Security", "a short name"],
)
def test_which_namespaces_it_makes(installation: Installation, metadata: Object, tmp_path: Path) -> None:
    said = try_to_write(installation, [{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}], tmp_path)
    assert "ValidatingAdmissionPolicy 'paaks-controller'" in said


def test_it_cannot_lift_a_tenants_pod_security_nor_touch_what_is_not_a_tenants(installation: Installation) -> None:
    namespace = namespace_of(installation)
    lift = f"namespace/{namespace}", "pod-security.kubernetes.io/enforce=privileged", "--overwrite"
    for where, command in (
        (None, ("label", *lift)),
        (None, ("label", "namespace/kube-public", "x=y")),
        ("kube-system", ("delete", "configmap/kube-root-ca.crt")),
        (SYSTEM, ("delete", "deployment/dispatcher")),
        (SYSTEM, ("delete", "pod/control-0")),
    ):
        with pytest.raises(subprocess.CalledProcessError) as caught:
            installation.kubectl(*command, "--dry-run=server", ACCOUNT, namespace=where)
        assert "ValidatingAdmissionPolicy 'paaks-controller'" in "".join(caught.value.__notes__), command


def test_what_no_account_of_ours_may_do(installation: Installation) -> None:
    """As the API server's authorizer answers: nothing that leads to more rights, in any namespace."""
    namespace = namespace_of(installation)
    for account in ("paaks-controller", "paaks-api", "paaks-dispatcher"):
        for what in (
            ("bind", "clusterroles"),
            ("create", "rolebindings"),
            ("get", "secrets"),
            ("create", "secrets"),
            ("create", "pods"),
            ("create", "pods", "--subresource=exec"),
            ("create", "serviceaccounts"),
            ("create", "daemonsets.apps"),
            ("patch", "validatingadmissionpolicies"),
            ("delete", "namespaces"),
        ):
            as_account = f"--as=system:serviceaccount:{SYSTEM}:{account}"
            with pytest.raises(subprocess.CalledProcessError) as caught:
                installation.kubectl("auth", "can-i", *what, as_account, namespace=namespace)
            assert caught.value.__notes__[0].startswith("no"), (account, what, caught.value.__notes__)


def test_the_namespaces_of_tenants_have_the_names_that_are_allowed(installation: Installation) -> None:
    for obj in installation.list("namespaces", "default", names.MANAGED):
        assert re.fullmatch(r"tnt-[0-9a-f]{8}", obj["metadata"]["name"])
