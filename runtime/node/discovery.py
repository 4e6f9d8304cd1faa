"""What clients ask about the server before they ask for objects: versions, groups, kinds, schemas. Pure.

The schemas are stubs that say "anything": the node checks what it is given by itself (`validation.py`).
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

from runtime.node import kinds
from runtime.node.kinds import Kind, Object

_MAJOR, _MINOR = "1", "34"
_SUBRESOURCES = {kinds.POD: (("log", ["get"]),)}


def find_document(path: str) -> Object | None:
    """The document at a path, or None."""
    make = _DOCUMENTS.get(path.rstrip("/"))
    return make() if make else None


def _version() -> Object:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return {
        "major": _MAJOR,
        "minor": _MINOR,
        "gitVersion": f"v{_MAJOR}.{_MINOR}.0+paaks",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "CPython",
        "platform": f"linux/{machine}",
    }


def _core_versions() -> Object:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _group(name: str) -> Object:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _groups() -> Object:
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in kinds.GROUPS]}


def _one_group(name: str) -> Object:
    return {"kind": "APIGroup", "apiVersion": "v1"} | _group(name)


def _resources(group: str) -> Object:
    served = [kind for kind in kinds.KINDS if kind.group == group]
    resources = [resource for kind in served for resource in _describe(kind)]
    version = f"{group}/v1" if group else "v1"
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


def _describe(kind: Kind) -> list[Object]:
    common = {"singularName": kind.name.lower(), "namespaced": kind.namespaced, "kind": kind.name}
    own = common | {"name": kind.plural, "verbs": list(kind.verbs), "shortNames": list(kind.short)}
    if kind in (kinds.POD, kinds.SERVICE, kinds.DEPLOYMENT):
        own["categories"] = ["all"]
    parts = [
        common | {"name": f"{kind.plural}/{part}", "singularName": "", "verbs": verbs}
        for part, verbs in _SUBRESOURCES.get(kind, ())
    ]
    return [own, *parts]


def _schemas() -> Object:
    paths = {f"api{'s/' + group if group else ''}/v1": group for group in ("", *kinds.GROUPS)}
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


def _schemas_of(group: str) -> Object:
    """A kind each, of which anything is allowed; that apply is offered for it is what `kubectl apply` looks for."""
    served = [kind for kind in kinds.KINDS if kind.group == group]
    return {
        "openapi": "3.0.0",
        "info": {"title": "PaaKS node", "version": f"v{_MAJOR}.{_MINOR}"},
        "paths": {_template(kind): {"patch": _apply_operation(kind)} for kind in served if "patch" in kind.verbs},
        "components": {"schemas": {_schema_name(kind): _schema(kind) for kind in served}},
    }


def _template(kind: Kind) -> str:
    base = f"/apis/{kind.group}/v1" if kind.group else "/api/v1"
    scope = "/namespaces/{namespace}" if kind.namespaced else ""
    return f"{base}{scope}/{kind.plural}/{{name}}"


def _apply_operation(kind: Kind) -> Object:
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
    reference = {"$ref": f"#/components/schemas/{_schema_name(kind)}"}
    return {
        "parameters": parameters,
        "requestBody": {"content": {"application/apply-patch+yaml": {"schema": reference}}},
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": _identify(kind),
    }


def _schema_name(kind: Kind) -> str:
    return f"paaks.node.{kind.group or 'core'}.v1.{kind.name}"


def _schema(kind: Kind) -> Object:
    return {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "x-kubernetes-group-version-kind": [_identify(kind)],
    }


def _identify(kind: Kind) -> dict[str, Any]:
    return {"group": kind.group, "version": kind.version, "kind": kind.name}


def _documents() -> dict[str, Callable[[], Object]]:
    found: dict[str, Callable[[], Object]] = {
        "/version": _version,
        "/api": _core_versions,
        "/apis": _groups,
        "/api/v1": lambda: _resources(""),
        "/openapi/v3": _schemas,
        "/openapi/v3/api/v1": lambda: _schemas_of(""),
    }
    for group in kinds.GROUPS:
        found |= {
            f"/apis/{group}": lambda group=group: _one_group(group),  # type: ignore[misc]
            f"/apis/{group}/v1": lambda group=group: _resources(group),  # type: ignore[misc]
            f"/openapi/v3/apis/{group}/v1": lambda group=group: _schemas_of(group),  # type: ignore[misc]
        }
    return found


_DOCUMENTS = _documents()
