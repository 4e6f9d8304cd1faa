"""What is installed on a Kubernetes: parsed, not trusted. Pods are restricted, rights are a table, names agree."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import api.dispatcher.settings as dispatcher_settings
import api.settings as api_settings
import controller.settings as controller_settings
from controller import network_probe
from controller.live_objects import KINDS
from core import names, render
from core.process import read_settings

ROOT = Path(__file__).parent.parent.parent.parent
BASE = ROOT / "manifests" / "base"
Object = dict[str, Any]

RIGHTS = {
    "paaks-controller": {
        ("", "configmaps"): "create delete get list patch watch",
        ("", "limitranges"): "create delete get list patch watch",
        ("", "namespaces"): "create get list patch watch",
        ("", "pods"): "delete get list watch",
        ("", "resourcequotas"): "create delete get list patch watch",
        ("", "services"): "create delete get list patch watch",
        ("autoscaling", "horizontalpodautoscalers"): "list",
        ("apps", "deployments"): "create delete get list patch watch",
        ("networking.k8s.io", "networkpolicies"): "create delete get list patch watch",
    },
    "paaks-api": {
        ("", "configmaps"): "list",
        ("", "namespaces default"): "get",
        ("", "pods"): "get list watch",
        ("", "pods/log"): "get",
        ("", "services"): "get",
        ("apps", "deployments"): "get",
        ("autoscaling", "horizontalpodautoscalers"): "list",
    },
    "paaks-dispatcher": {
        ("", "namespaces"): "get list watch",
        ("", "pods"): "get list watch",
        ("", "services"): "get list watch",
    },
}

LOCAL_RIGHTS = {
    "paaks-lease": {("coordination.k8s.io", "leases"): "create get list patch watch"},
    "paaks-network-check": {("", "pods"): "create patch"},
}


def read_objects(directory: Path) -> Iterator[Object]:
    """Every object of a directory's files."""
    for path in sorted(directory.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            yield from yaml.safe_load_all(path.read_text())


OBJECTS = list(read_objects(BASE))


def of_kind(kind: str) -> dict[str, Object]:
    """The base's objects of a kind by name."""
    return {obj["metadata"]["name"]: obj for obj in OBJECTS if obj["kind"] == kind}


def pods() -> Iterator[Object]:
    """The pod templates."""
    for kind in ("Deployment", "StatefulSet"):
        for obj in of_kind(kind).values():
            yield obj["spec"]["template"]


def containers(pod: Object) -> list[Object]:
    """All of a pod."""
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]


def environment(name: str) -> dict[str, str]:
    """A container's variables; what comes from elsewhere is looked up in the base."""
    container = next(c for pod in pods() for c in containers(pod) if c["name"] == name)
    data = of_kind("ConfigMap")["paaks-settings"]["data"]
    return {
        entry["name"]: entry["value"] if "value" in entry else data[entry["valueFrom"]["configMapKeyRef"]["key"]]
        for entry in container["env"]
    }


def test_the_kustomization_names_every_file() -> None:
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert sorted(kustomization["resources"]) == sorted(
        path.name for path in BASE.glob("*.yaml") if path.name != "kustomization.yaml"
    )


def test_all_of_it_is_in_namespaces_of_its_own_or_in_none() -> None:
    inside = {obj["metadata"].get("namespace") for obj in OBJECTS}
    assert inside == {None, "paaks-system", "paaks-network-check"}
    for namespace in of_kind("Namespace").values():
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_nothing_looks_like_a_tenants() -> None:
    for obj in OBJECTS:
        assert names.label_of(obj, names.LABEL_MANAGED_BY) is None
        assert names.label_of(obj, names.LABEL_TENANT) is None


# -- pods


@pytest.mark.parametrize("pod", list(pods()), ids=lambda pod: pod["metadata"]["labels"]["app.kubernetes.io/name"])
def test_every_container_is_restricted(pod: Object) -> None:
    context = pod["spec"]["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == 65532
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["spec"]["enableServiceLinks"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod["spec"].keys()
    for volume in pod["spec"]["volumes"]:
        assert set(volume) - {"name"} <= {"emptyDir", "secret", "projected"}
    for container in containers(pod):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"]["memory"]
        assert container["image"] == "paaks"


@pytest.mark.parametrize("name", ["api", "controller", "dispatcher"])
def test_servers_are_probed(name: str) -> None:
    container = next(c for pod in pods() for c in containers(pod) if c["name"] == name)
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert {port["name"] for port in container["ports"]} >= {container["livenessProbe"]["httpGet"]["port"]}


def test_each_container_has_its_own_account() -> None:
    control = of_kind("StatefulSet")["control"]["spec"]["template"]["spec"]
    place = "/var/run/secrets/kubernetes.io/serviceaccount"
    mounted = {
        container["name"]: [m["name"] for m in container["volumeMounts"] if m["mountPath"] == place]
        for container in [*control["initContainers"], *control["containers"]]
    }

    assert control["automountServiceAccountToken"] is False
    assert mounted == {
        **{name: [] for name in ("prepare", "database", "migrate")},
        "api": ["api-account"],
        "controller": ["controller-account"],
    }
    secret = of_kind("Secret")["paaks-api-account"]
    assert secret["metadata"]["annotations"] == {"kubernetes.io/service-account.name": "paaks-api"}


def test_the_database_is_a_sidecar_that_comes_before_who_needs_it() -> None:
    started = of_kind("StatefulSet")["control"]["spec"]["template"]["spec"]["initContainers"]
    assert [c["name"] for c in started] == ["prepare", "database", "migrate"]
    assert started[1]["restartPolicy"] == "Always"
    assert "startupProbe" in started[1]


def test_a_dispatcher_serves_on_while_it_is_taken_out_and_one_always_stays() -> None:
    dispatcher = of_kind("Deployment")["dispatcher"]["spec"]
    pod = dispatcher["template"]["spec"]
    waits = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    drains = float(environment("dispatcher")["PAAKS_DRAIN_SECONDS"])

    assert dispatcher["replicas"] == 2
    assert dispatcher["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert waits == 10
    assert pod["terminationGracePeriodSeconds"] > waits + drains
    assert of_kind("PodDisruptionBudget")["dispatcher"]["spec"]["minAvailable"] == 1


def test_tenants_let_in_exactly_our_dispatchers() -> None:
    policy = next(
        o
        for o in render.render_tenant(render.Owner("0" * 8, "x"), render.Quota())
        if o["metadata"]["name"] == "paaks-in"
    )
    source = policy["spec"]["ingress"][0]["from"][0]
    deployment = of_kind("Deployment")["dispatcher"]

    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert source["podSelector"]["matchLabels"].items() <= labels.items()
    assert list(source["namespaceSelector"]["matchLabels"].values()) == [deployment["metadata"]["namespace"]]


# -- settings


def test_the_processes_take_their_settings() -> None:
    api = read_settings(api_settings.Settings, environment("api"))
    controller = read_settings(controller_settings.Settings, environment("controller"))
    dispatcher = read_settings(dispatcher_settings.Settings, environment("dispatcher"))

    assert api.isolation != "none"
    assert api.link == controller.link
    assert api.data == controller.data
    assert dispatcher.link == f"tcp:control-internal:{controller.link_port}"
    assert dispatcher.access_stream == f"tcp:control-internal:{api.access_stream_port}"
    assert api.internal_token_file == controller.internal_token_file == dispatcher.internal_token_file
    assert environment("migrate")["PAAKS_DATABASE_URL"] == api.database_url == controller.database_url


def test_services_lead_to_ports_that_are_there() -> None:
    for service in of_kind("Service").values():
        pod = next(p for p in pods() if service["spec"]["selector"].items() <= p["metadata"]["labels"].items())
        ports = {port["name"] for container in containers(pod) for port in container.get("ports", ())}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


# -- rights


def rights_of(role: str, kind: str = "ClusterRole") -> dict[tuple[str, str], str]:
    """Group and resource → verbs."""
    found = {}
    for rule in of_kind(kind)[role]["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                key = " ".join([resource, *rule.get("resourceNames", ())])
                assert (group, key) not in found
                found[group, key] = " ".join(sorted(rule["verbs"]))
    return found


def test_rights_are_exactly_these() -> None:
    assert {role: rights_of(role) for role in of_kind("ClusterRole")} == RIGHTS
    for name, binding in of_kind("ClusterRoleBinding").items():
        assert binding["roleRef"]["name"] == name
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": "paaks-system"}]
    assert {role: rights_of(role, "Role") for role in of_kind("Role")} == LOCAL_RIGHTS
    for name, binding in of_kind("RoleBinding").items():
        assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        account = {"kind": "ServiceAccount", "name": "paaks-controller", "namespace": "paaks-system"}
        assert binding["subjects"] == [account]
        assert binding["metadata"]["namespace"] == of_kind("Role")[name]["metadata"]["namespace"]


def test_no_right_is_a_star() -> None:
    text = "".join(path.read_text() for path in BASE.glob("*.yaml"))
    assert not re.search(r"""["'\[ ]\*["'\], ]""", re.sub(r"\*(small|files|restricted|database|apps)\b", "", text))


def test_the_controller_may_write_what_it_writes_and_watch_what_it_watches() -> None:
    written = {o["kind"] for o in render.render_tenant(render.Owner("0" * 8, "x"), render.Quota())}
    written |= {"ConfigMap", "Service", "Deployment"}
    plural = {kind: "networkpolicies" if kind == "NetworkPolicy" else f"{kind.lower()}s" for kind in {*written, *KINDS}}
    verbs = {resource: set(verbs.split()) for (_, resource), verbs in rights_of("paaks-controller").items()}

    assert set(verbs) == {*plural.values(), "horizontalpodautoscalers"}
    assert all({"create", "patch"} <= verbs[plural[kind]] for kind in written)
    assert all({"list", "watch"} <= verbs[plural[kind]] for kind in KINDS)


def test_all_that_the_controller_writes_is_confined() -> None:
    spec = of_kind("ValidatingAdmissionPolicy")["paaks-controller"]["spec"]
    covered = {
        (group, resource)
        for rule in spec["matchConstraints"]["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    writes = {
        key for key, verbs in RIGHTS["paaks-controller"].items() if {"create", "patch", "delete"} & {*verbs.split()}
    }

    assert covered == writes
    assert spec["failurePolicy"] == "Fail"
    expression = spec["validations"][0]["expression"]
    pattern = re.search(r"matches\('(.*?)'\)", expression)
    assert pattern is not None
    assert re.fullmatch(pattern[1], names.namespace_of("0a1b2c3d-0000-4000-8000-000000000000"))
    assert not re.fullmatch(pattern[1], "kube-system")
    check = "(variables.place == 'paaks-network-check' && request.resource.resource in ['pods', 'configmaps'])"
    assert expression == f"variables.place.matches('{pattern[1]}') || {check}"
    binding = of_kind("ValidatingAdmissionPolicyBinding")["paaks-controller"]["spec"]
    assert binding == {"policyName": "paaks-controller", "validationActions": ["Deny"]}


# -- network


def test_everything_is_denied_but_what_is_needed() -> None:
    policies = of_kind("NetworkPolicy")
    assert policies["deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    internal = policies["control"]["spec"]["ingress"][1]
    assert internal["from"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "paaks-dispatcher"}
    assert [port["port"] for port in internal["ports"]] == [3001, 3002]
    open_to_all = {
        port["port"]
        for policy in policies.values()
        for rule in policy["spec"].get("ingress", ())
        if "from" not in rule
        for port in rule["ports"]
    }
    assert open_to_all == {3000, 8080}


# -- secrets and examples


def test_no_secret_value_is_in_git() -> None:
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert [(s["name"], s["files"]) for s in kustomization["secretGenerator"]] == [
        ("paaks-internal", ["token=internal-token"])
    ]
    assert all(not obj.keys() & {"data", "stringData"} for obj in OBJECTS if obj["kind"] == "Secret")
    assert "manifests/base/internal-token" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("name", ["ingress", "gateway"])
def test_examples_lead_to_our_services(name: str) -> None:
    text = (ROOT / "manifests" / "examples" / f"{name}.yaml").read_text()
    objects = list(yaml.safe_load_all(text))
    assert all(obj["metadata"]["namespace"] == "paaks-system" for obj in objects)
    assert {"api", "dispatcher"} <= set(re.findall(r"name: (\w+)", text)) & set(of_kind("Service"))


def test_with_a_database_of_ones_own_all_who_need_it_are_told() -> None:
    patch = yaml.safe_load((ROOT / "manifests" / "overlays" / "external-postgres" / "control.yaml").read_text())
    spec = patch["spec"]["template"]["spec"]
    told = {
        c["name"]
        for c in [*spec["initContainers"], *spec["containers"]]
        if any(e["name"] == "PAAKS_DATABASE_URL" and "valueFrom" in e for e in c.get("env", ()))
    }
    control = of_kind("StatefulSet")["control"]["spec"]["template"]
    assert told == {c["name"] for c in containers(control) if any("DATABASE" in e["name"] for e in c["env"])}


def test_the_network_check_tries_what_its_policies_say() -> None:
    policies = of_kind("NetworkPolicy")

    def ports(name: str, way: str) -> set[int]:
        [rule] = policies[f"network-check-{name}"]["spec"][way]
        return {port["port"] for port in rule["ports"]}

    taken, made = ports("listener", "ingress"), ports("caller", "egress")
    assert taken & made == {network_probe.ALLOWED}
    assert made - taken == {network_probe.NOT_IN}
    assert taken - made == {network_probe.NOT_OUT}
    assert policies["network-check-deny"]["spec"]["podSelector"] == {}
    assert (
        environment("controller")["PAAKS_NETWORK_CHECK"]
        == of_kind("Role")["paaks-network-check"]["metadata"]["namespace"]
    )


def test_with_a_database_of_ones_own_the_rest_is_as_before(tmp_path: Path) -> None:
    copied = tmp_path / "manifests"
    shutil.copytree(ROOT / "manifests", copied)
    (copied / "base" / "internal-token").write_text("0" * 40)
    overlay = copied / "overlays" / "external-postgres"
    (overlay / "database-url").write_text("postgresql+psycopg://x@y/z")
    command = ["kubectl", "kustomize", str(overlay)]
    made = yaml.safe_load_all(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    [control] = [obj["spec"]["template"] for obj in made if obj["kind"] == "StatefulSet"]
    before = containers(of_kind("StatefulSet")["control"]["spec"]["template"])

    assert [c["name"] for c in containers(control)] == [c["name"] for c in before if c["name"] != "database"]
    for container in containers(control):
        url = [variable for variable in container["env"] if variable["name"] == "PAAKS_DATABASE_URL"]
        assert all(variable.keys() == {"name", "valueFrom"} for variable in url)
