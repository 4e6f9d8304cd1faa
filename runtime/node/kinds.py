"""The kinds that the node serves, and the defaults of each, as the Kubernetes API has them. Pure.

What does not live here: what is wrong with an object (`validation.py`), how it looks in a table (`tables.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind: `group` is empty for the core group; `verbs` are what a client may do."""

    name: str
    plural: str
    group: str
    short: tuple[str, ...]
    namespaced: bool = True
    verbs: tuple[str, ...] = ("delete", "get", "list", "patch", "watch")
    version: str = "v1"

    @property
    def api_version(self) -> str:
        """`v1`, or `<group>/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """`pods`, or `deployments.apps`: how messages name the kind."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


NAMESPACE = Kind("Namespace", "namespaces", "", ("ns",), namespaced=False)
CONFIG_MAP = Kind("ConfigMap", "configmaps", "", ("cm",))
SERVICE = Kind("Service", "services", "", ("svc",))
POD = Kind("Pod", "pods", "", ("po",), verbs=("delete", "get", "list", "watch"))
EVENT = Kind("Event", "events", "", ("ev",), verbs=("get", "list", "watch"))
RESOURCE_QUOTA = Kind("ResourceQuota", "resourcequotas", "", ("quota",))
LIMIT_RANGE = Kind("LimitRange", "limitranges", "", ("limits",))
DEPLOYMENT = Kind("Deployment", "deployments", "apps", ("deploy",))
NETWORK_POLICY = Kind("NetworkPolicy", "networkpolicies", "networking.k8s.io", ("netpol",))

KINDS = (
    *(NAMESPACE, CONFIG_MAP, SERVICE, POD, EVENT, RESOURCE_QUOTA, LIMIT_RANGE),
    *(DEPLOYMENT, NETWORK_POLICY),
)
GROUPS = ("apps", "networking.k8s.io")
# Kinds whose `metadata.generation` counts the changes of their specification.
WITH_GENERATION = frozenset({DEPLOYMENT, NETWORK_POLICY})

_BY_PATH = {(kind.group, kind.plural): kind for kind in KINDS}
_BY_NAME = {(kind.api_version, kind.name): kind for kind in KINDS}


def find_by_path(group: str, plural: str) -> Kind | None:
    """The kind that is served as `plural` in `group`."""
    return _BY_PATH.get((group, plural))


def kind_of(obj: Object) -> Kind:
    """The kind of an object of ours. Raises KeyError for a foreign one."""
    return _BY_NAME[obj["apiVersion"], obj["kind"]]


def complete(kind: Kind, obj: Object) -> Object:
    """The object with the defaults of its kind; `obj` itself is left as it is, and shares what did not change."""
    fill = _DEFAULTS.get(kind)
    return fill(obj) if fill else obj


def hash_template(template: Object) -> str:
    """Ten hex digits that name a pod template: `pod-template-hash`. Equal for equal content, whatever its order."""
    canonical = json.dumps(template, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:10]


def _with_defaults(given: Object | None, **defaults: Any) -> Object:
    return {**defaults, **(given or {})}


def _complete_namespace(obj: Object) -> Object:
    metadata = obj["metadata"]
    labels = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    spec = _with_defaults(obj.get("spec"), finalizers=["kubernetes"])
    return obj | {"metadata": metadata | {"labels": labels}, "spec": spec}


def _complete_service(obj: Object) -> Object:
    spec = _with_defaults(
        obj.get("spec"), type="ClusterIP", clusterIP="None", sessionAffinity="None", internalTrafficPolicy="Cluster"
    )
    if "ports" in spec:
        spec["ports"] = [
            _with_defaults(port, protocol="TCP", targetPort=port.get("port")) for port in spec["ports"] or []
        ]
    return obj | {"spec": spec}


def _complete_deployment(obj: Object) -> Object:
    spec = _with_defaults(obj.get("spec"), replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = _with_defaults(spec.get("strategy"), type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = _with_defaults(strategy.get("rollingUpdate"), maxUnavailable="25%", maxSurge="25%")
        strategy["rollingUpdate"] = rolling
    template = spec.get("template") or {}
    spec |= {"strategy": strategy, "template": template | {"spec": complete_pod_spec(template.get("spec") or {})}}
    return obj | {"spec": spec}


def complete_pod_spec(given: Object) -> Object:
    """A pod's specification with its defaults."""
    spec = _with_defaults(
        given,
        restartPolicy="Always",
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
        terminationGracePeriodSeconds=30,
        securityContext={},
    )
    spec["containers"] = [_complete_container(container) for container in spec.get("containers") or []]
    if "volumes" in spec:
        spec["volumes"] = [_complete_volume(volume) for volume in spec["volumes"] or []]
    return spec


def _complete_container(given: Object) -> Object:
    container = _with_defaults(
        given,
        imagePullPolicy="IfNotPresent",
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        resources={},
    )
    if "ports" in container:
        container["ports"] = [_with_defaults(port, protocol="TCP") for port in container["ports"] or []]
    if "readinessProbe" in container:
        container["readinessProbe"] = _complete_probe(container["readinessProbe"])
    return container


def _complete_probe(given: Object) -> Object:
    probe = _with_defaults(given, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if "httpGet" in probe:
        probe["httpGet"] = _with_defaults(probe["httpGet"], scheme="HTTP", path="/")
    return probe


def _complete_volume(given: Object) -> Object:
    if "configMap" not in given:
        return given
    return given | {"configMap": _with_defaults(given["configMap"], defaultMode=0o644)}


def _complete_network_policy(obj: Object) -> Object:
    spec = obj.get("spec") or {}
    types = ["Ingress", "Egress"] if "egress" in spec else ["Ingress"]
    return obj | {"spec": _with_defaults(spec, podSelector={}, policyTypes=types)}


_DEFAULTS: dict[Kind, Callable[[Object], Object]] = {
    NAMESPACE: _complete_namespace,
    SERVICE: _complete_service,
    DEPLOYMENT: _complete_deployment,
    NETWORK_POLICY: _complete_network_policy,
}
