"""A tenant's services at a commit → the Kubernetes objects that run them. Pure; one function per kind.

The same input gives the same objects, byte for byte: what is unchanged in git is unchanged on the cluster. What does
not live here: which of them are applied or removed (`plan.py`), how names are built (`names.py`).
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import names, ownership
from core.descriptor import Service

Object = dict[str, Any]

IMAGE = "paaks-runtime"
STOP_ALLOWANCE = 5  # seconds beyond the timeout for a pod to end
KEPT_COMMITS = 10
# What the Pod Security level `restricted` asks of a pod and of its container.
RESTRICTED_POD: Object = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESTRICTED_CONTAINER: Object = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_MI = 1024 * 1024
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Owner:
    """The tenant as its objects show it."""

    id: str
    slug: str

    @property
    def namespace(self) -> str:
        """The tenant's namespace."""
        return names.namespace_of(self.id)


@dataclass(frozen=True)
class File:
    """A file of a revision: its path below the service, its mode as in git, its bytes, None if they were not read."""

    path: str
    mode: int
    data: bytes | None


@dataclass(frozen=True)
class Revision:
    """One service at one tree. `commit` is the commit of the service; `files` in any order."""

    service: str
    tree: str
    commit: str
    descriptor: Service
    files: Sequence[File]


@dataclass(frozen=True)
class Quota:
    """What a tenant may use at once, two whole revisions included: here of 500 services of the usual size."""

    pods: int = 1000
    memory_mi: int = 131_072
    cpu: int = 128


@functools.lru_cache(maxsize=1024)
def render_tenant(owner: Owner, quota: Quota) -> Sequence[Object]:
    """The objects that belong to the tenant as a whole, in the order in which they are applied.

    They are the same ones in pass after pass, for nobody to change.
    """
    return (_namespace(owner), _resource_quota(owner, quota), _limit_range(owner), *_network_policies(owner))


def render_service(
    owner: Owner, revision: Revision, commits: Mapping[str, str], image: str = IMAGE
) -> Iterator[Object]:
    """The objects of a service, in the order in which they are applied; `commits` maps short trees to commits.

    `image` is what handlers run in.
    """
    yield _config_map(owner, revision)
    yield _service(owner, revision, commits)
    yield _deployment(owner, revision, image)


def remember_commit(commits: Mapping[str, str], tree: str, commit: str, keep: Sequence[str] = ()) -> dict[str, str]:
    """The trees that a Service still has to name, with one more; the newest last, `keep` are never dropped."""
    short = names.short_tree(tree)
    others = {t: c for t, c in commits.items() if t != short}
    spare = [t for t in others if t not in keep]
    for old in spare[: max(0, len(others) + 1 - KEPT_COMMITS)]:
        del others[old]
    return {**others, short: commit}


def digest(obj: Object) -> str:
    """What an object's contents hash to; the recorded hash itself is left out."""
    annotations = {k: v for k, v in obj["metadata"].get("annotations", {}).items() if k != names.ANNOTATION_HASH}
    bare = {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}
    return hashlib.sha256(_ENCODER.encode(bare).encode()).hexdigest()[:32]


def _finish(obj: Object) -> Object:
    obj["metadata"].setdefault("annotations", {})[names.ANNOTATION_HASH] = digest(obj)
    return obj


def _metadata(owner: Owner, name: str, labels: Mapping[str, str], **annotations: str) -> Object:
    metadata: Object = {"name": name, "namespace": owner.namespace, "labels": dict(labels)}
    if annotations:
        metadata["annotations"] = annotations
    return metadata


def _namespace(owner: Owner) -> Object:
    labels = names.tenant_labels(owner.id) | {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "v1.34",
    }
    metadata = {"name": owner.namespace, "labels": labels, "annotations": {names.ANNOTATION_SLUG: owner.slug}}
    return _finish({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def _resource_quota(owner: Owner, quota: Quota) -> Object:
    memory = _write_memory(quota.memory_mi * _MI)
    hard = {
        "pods": _write_thousandths(quota.pods * 1000),
        "limits.memory": memory,
        "requests.memory": memory,
        "requests.cpu": _write_thousandths(quota.cpu * 1000),
    }
    metadata = _metadata(owner, "paaks-quota", names.tenant_labels(owner.id))
    return _finish({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}})


def _limit_range(owner: Owner) -> Object:
    default = {"memory": "128Mi", "cpu": "1"}
    limit = {"type": "Container", "default": default, "defaultRequest": {"memory": "128Mi", "cpu": "100m"}}
    metadata = _metadata(owner, "paaks-limits", names.tenant_labels(owner.id))
    return _finish({"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": [limit]}})


def _network_policies(owner: Owner) -> Iterator[Object]:
    """Deny all in; in from the dispatcher; out to DNS and the internet, not to the cluster or metadata."""
    dispatcher = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "paaks-system"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "paaks-dispatcher"}},
    }
    private = ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]
    dns = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    internet = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": private}}]}
    specs: dict[str, Object] = {
        "paaks-deny": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        "paaks-in": {
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [dispatcher], "ports": [{"port": names.POD_PORT, "protocol": "TCP"}]}],
        },
        "paaks-out": {
            "podSelector": {"matchLabels": {names.LABEL_EGRESS: "public"}},
            "policyTypes": ["Egress"],
            "egress": [dns, internet],
        },
    }
    for name, spec in specs.items():
        metadata = _metadata(owner, name, names.tenant_labels(owner.id))
        policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
        yield _finish(policy)


def _keyed(files: Sequence[File]) -> list[tuple[str, File]]:
    return [(f"f{n:04}", file) for n, file in enumerate(sorted(files, key=lambda f: f.path), 1)]


def _config_map(owner: Owner, revision: Revision) -> Object:
    labels = names.service_labels(owner.id, revision.service) | {names.LABEL_TREE: names.short_tree(revision.tree)}
    name = names.config_map_name(revision.service, revision.tree)
    obj: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(owner, name, labels)}
    obj |= {"immutable": True}
    # The tree says what the contents are, whether or not they were read.
    obj["metadata"]["annotations"] = {names.ANNOTATION_HASH: digest(obj | {"tree": revision.tree})}
    return obj | render_contents(revision.files)


def has_contents(config_map: Object) -> bool:
    """Does it come with its files?"""
    return not config_map.keys().isdisjoint(ownership.FIXED)


def render_contents(files: Sequence[File]) -> Object:
    """What of a ConfigMap the files are in; nothing where they were not read."""
    text: dict[str, str] = {}
    binary: dict[str, str] = {}
    for key, file in _keyed(files):
        if file.data is None:
            return {}
        decoded = _decode(file.data)
        if decoded is None:
            binary[key] = base64.b64encode(file.data).decode()
        else:
            text[key] = decoded
    return {key: found for key, found in zip(ownership.FIXED, (text, binary), strict=True) if found}


def _decode(data: bytes) -> str | None:
    """A file's text; None for what is not UTF-8, or holds characters of which JSON makes six each: a request has a
    limit too."""
    try:
        return None if _CONTROL.search(data) else data.decode()
    except UnicodeDecodeError:
        return None


def _service(owner: Owner, revision: Revision, commits: Mapping[str, str]) -> Object:
    annotations = {names.ANNOTATION_COMMITS: json.dumps(dict(commits), separators=(",", ":"))}
    labels = names.service_labels(owner.id, revision.service)
    spec = {
        "clusterIP": "None",
        "selector": names.selector_labels(owner.id, revision.service),
        "ports": [{"name": "http", "port": 80, "targetPort": names.POD_PORT, "protocol": "TCP"}],
    }
    metadata = _metadata(owner, revision.service, labels, **annotations)
    return _finish({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


def _deployment(owner: Owner, revision: Revision, image: str) -> Object:
    descriptor = revision.descriptor
    spec = {
        "replicas": descriptor.replicas,
        "revisionHistoryLimit": 2,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "100%"}},
        "selector": {"matchLabels": names.selector_labels(owner.id, revision.service)},
        "template": {"metadata": _pod_metadata(owner, revision), "spec": _pod_spec(revision, image)},
    }
    metadata = _metadata(owner, revision.service, names.service_labels(owner.id, revision.service))
    return _finish({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})


def _pod_metadata(owner: Owner, revision: Revision) -> Object:
    descriptor = revision.descriptor
    labels = names.service_labels(owner.id, revision.service) | {
        names.LABEL_TREE: names.short_tree(revision.tree),
        names.LABEL_EGRESS: descriptor.egress,
    }
    annotations = {
        names.ANNOTATION_PUBLIC: "true" if descriptor.public else "false",
        names.ANNOTATION_TIMEOUT: str(descriptor.timeout),
        names.ANNOTATION_REPLICAS: str(descriptor.replicas),
        "kubectl.kubernetes.io/default-container": "handler",
    }
    return {"labels": labels, "annotations": annotations}


def _pod_spec(revision: Revision, image: str) -> Object:
    items = [
        {"key": key, "path": f"app/{file.path}", "mode": file.mode & 0o777} for key, file in _keyed(revision.files)
    ]
    config_map = {"name": names.config_map_name(revision.service, revision.tree), "items": items}
    return {
        "terminationGracePeriodSeconds": revision.descriptor.timeout + STOP_ALLOWANCE,
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": RESTRICTED_POD | {"fsGroup": 65532},
        "containers": [_container(revision, image)],
        "volumes": [
            {"name": "app", "configMap": config_map},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }


def _container(revision: Revision, image: str) -> Object:
    descriptor = revision.descriptor
    memory, cpu = _write_memory(descriptor.memory), _write_thousandths(descriptor.cpu)
    return {
        "name": "handler",
        "image": image,
        "imagePullPolicy": "IfNotPresent",  # by default an image without a tag is looked for in a registry each time
        "workingDir": "/app",
        "env": _environment(revision),
        "ports": [{"name": "http", "containerPort": names.POD_PORT, "protocol": "TCP"}],
        "resources": {"requests": {"memory": memory, "cpu": cpu}, "limits": {"memory": memory, "cpu": "1"}},
        "readinessProbe": {
            "httpGet": {"path": names.READY_PATH, "port": "http"},
            "periodSeconds": 1,
            "timeoutSeconds": 2,
            "failureThreshold": 3,
        },
        "securityContext": RESTRICTED_CONTAINER,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "app", "mountPath": "/app", "subPath": "app", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def _environment(revision: Revision) -> list[Object]:
    """The tenant's variables, then ours; Kubernetes expands `$(NAME)`, and `$$` is how a dollar is written."""
    theirs = {key: text.replace("$", "$$") for key, text in sorted(revision.descriptor.env.items())}
    ours = {
        "PAAKS_SERVICE": revision.service,
        "PAAKS_HANDLER": revision.descriptor.handler,
        "PAAKS_TIMEOUT": str(revision.descriptor.timeout),
    }
    return [{"name": key, "value": value} for key, value in (theirs | ours).items()]


def _write_memory(amount: int) -> str:
    """Bytes as a quantity in the form in which Kubernetes answers it: any other would look like a foreign change."""
    if amount % _MI:
        return _write_thousandths(amount * 1000)
    return f"{amount // (1024 * _MI)}Gi" if amount % (1024 * _MI) == 0 else f"{amount // _MI}Mi"


def _write_thousandths(amount: int) -> str:
    """The same for numbers that are counted in thousandths: the largest unit that leaves a whole number."""
    units = ["m", "", "k", "M", "G"]
    while amount % 1000 == 0 and len(units) > 1:
        amount, units = amount // 1000, units[1:]
    return f"{amount}{units[0]}"
