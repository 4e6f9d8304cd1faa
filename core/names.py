"""Every name that is built or parsed: tenants and services ↔ namespaces, objects, labels, hosts, addresses. Pure.

No other module joins or splits such a string. What does not live here: what the objects contain (`render.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Problem

SERVICE_FILE = "service.yaml"
MAIN = "refs/heads/main"
FIELD_MANAGER = "paaks"

LABEL_TENANT = "paaks.dev/tenant"
LABEL_SERVICE = "paaks.dev/service"
LABEL_TREE = "paaks.dev/tree"
LABEL_EGRESS = "paaks.dev/egress"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_NETWORK_CHECK = "paaks.dev/network-check"
MANAGED = f"{LABEL_MANAGED_BY}=paaks"

ANNOTATION_HASH = "paaks.dev/hash"
ANNOTATION_COMMIT = "paaks.dev/commit"
ANNOTATION_COMMITS = "paaks.dev/commits"
ANNOTATION_PUBLIC = "paaks.dev/public"
ANNOTATION_TIMEOUT = "paaks.dev/timeout"
ANNOTATION_REPLICAS = "paaks.dev/replicas"
ANNOTATION_SLUG = "paaks.dev/slug"
ANNOTATION_SOCKET = "paaks.dev/socket"

POD_PORT = 8080
READY_PATH = "/_paaks/ready"

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")
_RESERVED = frozenset(
    {
        *("auth", "admin", "filesystem", "frontend", "dispatcher", "svc-mgr", "db-mgr", "health_check"),
        *("api", "git", "healthz", "livez", "readyz", "metrics"),
    }
)
_RESERVED_PREFIXES = ("paaks", "kube-", "tnt-")
INTERNAL_REFS = "refs/internal"  # hidden from clients
_LIVE = f"{INTERNAL_REFS}/live/"
_SHA = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"refs/(heads|tags)/[A-Za-z0-9][A-Za-z0-9._/@#+-]{0,199}")


def name_problem(name: str, what: str = "service") -> Problem | None:
    """What is wrong with a service's name or a tenant's slug; None if nothing is."""
    if not _NAME.fullmatch(name):
        return Problem("name-invalid", f"{name[:60]!r} cannot be the name of a {what}", hint=NAME_RULE)
    if name in _RESERVED or name.startswith(_RESERVED_PREFIXES):
        return Problem("name-reserved", f"{name!r} is reserved", hint="choose another name")
    return None


NAME_RULE = "1 to 40 lower-case letters, digits and hyphens, starting with a letter, not ending with a hyphen"


def is_sha(text: str) -> bool:
    """Is this a full object id?"""
    return _SHA.fullmatch(text) is not None


def namespace_of(tenant_id: str) -> str:
    """`tnt-<first 8 hex of the id>`; the id is a uuid in its usual form."""
    return f"tnt-{tenant_id[:8]}"


def short_tree(tree: str) -> str:
    """The 12 hex digits of a tree that stand in names and labels."""
    return tree[:12]


def config_map_name(service: str, tree: str) -> str:
    """`<service>-<tree12>`."""
    return f"{service}-{short_tree(tree)}"


def release_id(service: str, commit: str) -> str:
    """`<service>@<commit>`."""
    return f"{service}@{commit}"


def parse_release_id(text: str) -> tuple[str, str] | None:
    """The service and the commit of a release id, or None."""
    service, at, commit = text.partition("@")
    return (service, commit) if at and _NAME.fullmatch(service) and is_sha(commit) else None


def live_ref(service: str) -> str:
    """The hidden reference that keeps the commit of a service's last live revision."""
    return _LIVE + service


def parse_live_ref(ref: str) -> str | None:
    """The service of a live reference, or None."""
    return ref[len(_LIVE) :] if ref.startswith(_LIVE) else None


def ref_problem(ref: str) -> Problem | None:
    """What is wrong with a reference that a client wants to create or move; None if nothing is."""
    name = ref.split("/", 2)[2] if ref.count("/") >= 2 else ""
    bad = not _REF.fullmatch(ref) or name == "HEAD" or name.startswith("refs/") or ".." in ref or "//" in ref
    if bad or ref.endswith((".lock", "/", ".")) or "@{" in ref or "/." in ref or ".lock/" in ref:
        return Problem("ref-not-allowed", f"{ref[:80]!r} cannot be pushed", hint="push to refs/heads/… or refs/tags/…")
    return None


def service_labels(tenant_id: str, service: str) -> dict[str, str]:
    """The labels of every object of a service."""
    return {
        "app.kubernetes.io/name": service,
        "app.kubernetes.io/instance": f"{tenant_id[:8]}-{service}",
        "app.kubernetes.io/component": "handler",
        "app.kubernetes.io/part-of": "paaks",
        LABEL_MANAGED_BY: "paaks",
        LABEL_TENANT: tenant_id,
        LABEL_SERVICE: service,
    }


def tenant_labels(tenant_id: str) -> dict[str, str]:
    """The labels of the objects that belong to the tenant as a whole."""
    return {"app.kubernetes.io/part-of": "paaks", LABEL_MANAGED_BY: "paaks", LABEL_TENANT: tenant_id}


def selector_labels(tenant_id: str, service: str) -> dict[str, str]:
    """What selects a service's pods: tenant and service only, for selectors never change."""
    return {LABEL_TENANT: tenant_id, LABEL_SERVICE: service}


def write_selector(labels: Mapping[str, str]) -> str:
    """Labels as the `labelSelector` of a list or a watch: all of them have to be there."""
    return ",".join(f"{key}={value}" for key, value in labels.items())


def label_of(obj: Mapping[str, Any], key: str) -> str | None:
    """A label of an object, or None."""
    labels = obj.get("metadata", {}).get("labels") or {}
    return labels.get(key)


def annotation_of(obj: Mapping[str, Any], key: str) -> str | None:
    """An annotation of an object, or None."""
    annotations = obj.get("metadata", {}).get("annotations") or {}
    return annotations.get(key)


@dataclass(frozen=True)
class Address:
    """Where a pod listens: a unix socket's path, or a host and a port."""

    path: str | None = None
    host: str | None = None
    port: int = POD_PORT


def pod_address(pod: Mapping[str, Any]) -> Address | None:
    """Where a Pod object listens: its socket annotation on the node, its podIP on Kubernetes; None before that."""
    socket = annotation_of(pod, ANNOTATION_SOCKET)
    if socket is not None:
        return Address(path=socket)
    ip = pod.get("status", {}).get("podIP")
    return Address(host=ip) if ip else None


def service_url(apps_url: str, service: str, slug: str | None = None) -> str:
    """Where visitors find a service: `/<service>/`, or `/~<slug>/<service>/` where a slug is given."""
    prefix = f"/~{slug}" if slug else ""
    return f"{apps_url.rstrip('/')}{prefix}/{service}/"


def split_host(host: str) -> tuple[str, str] | None:
    """Service and slug of `<service>.<slug>.localhost[:port]`, or None."""
    labels = host.partition(":")[0].lower().split(".")
    if len(labels) == 3 and labels[2] == "localhost" and all(_NAME.fullmatch(part) for part in labels[:2]):
        return labels[0], labels[1]
    return None


def clone_url(public_url: str, slug: str) -> str:
    """Where a tenant's repository is cloned from."""
    return f"{public_url.rstrip('/')}/git/{slug}.git"
