"""The part of the Kubernetes API that PaaKS and `kubectl` use, over HTTP: one route that answers every path.

Get, list, watch, server-side apply, delete and logs; everything else is refused in the API's own form, with the way
through git. What does not live here: listening and tokens (`server.py`), answers that go on for long (`streams.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from aiohttp import web

from runtime.node import discovery, kinds, paths, schema_stub, selectors, statuses, streams, tables
from runtime.node.kinds import Object
from runtime.node.logs import Logs, NoSuchLog
from runtime.node.objects import Preconditions, Refusal, Store, Stored, encode, missing
from runtime.node.paths import Target
from runtime.node.streams import Form
from runtime.node.watch import Ring, Scope

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
MAX_BODY = 3 * 2**20  # bytes, as in the real one
_HEALTH = frozenset({"/readyz", "/livez", "/healthz"})
_ACTIONS = {
    "POST": "create",
    "PUT": "replace",
    "exec": "exec",
    "attach": "attach",
    "portforward": "port-forward",
    "proxy": "proxy",
    "scale": "scale",
    "status": "writing a status",
}


class Api:
    """Answers requests from the objects, their changes and the pods' logs."""

    def __init__(self, store: Store, ring: Ring, logs: Logs) -> None:
        self._store, self._ring, self._logs = store, ring, logs

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to any request; a refusal as a Status."""
        try:
            return await self._answer(request)
        except Refusal as refusal:
            return refuse(refusal)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        target = paths.parse_path(request.path)
        if target is None:
            return _answer_fixed(request)
        if target.part is not None:
            return await self._answer_part(request, target)
        match request.method:
            case "GET" | "HEAD" if target.name is None:
                return await self._answer_many(request, target)
            case "GET" | "HEAD":
                return self._get(request, target)
            case "PATCH" if target.name is not None:
                return await self._apply(request, target)
            case "DELETE" if target.name is not None:
                return await self._delete(request, target)
        raise statuses.not_offered(_ACTIONS.get(request.method, request.method), target.kind)

    async def _answer_part(self, request: web.Request, target: Target) -> web.StreamResponse:
        if target.kind is kinds.POD and target.part == "log" and request.method == "GET":
            return await self._answer_log(request, target)
        raise statuses.not_offered(_ACTIONS.get(target.part or "", str(target.part)), target.kind)

    async def _answer_log(self, request: web.Request, target: Target) -> web.StreamResponse:
        """A pod's log; that of one that is gone too, as long as it is kept."""
        assert target.name is not None
        stored = self._store.get(kinds.POD, target.namespace, target.name)
        container = request.query.get("container")
        if stored is not None and container not in (None, *_container_names(stored.value)):
            raise statuses.bad_request(f"container {container} is not valid for pod {target.name}")
        options = streams.read_log_options(request.query, self._store.now())
        try:
            return await streams.send_log(request, self._logs, target.namespace or "", target.name, options)
        except NoSuchLog as error:
            if stored is None:
                raise missing(kinds.POD, target.name) from error
            if options.previous:
                raise statuses.bad_request(f"previous terminated container in pod {target.name} not found") from error
            raise statuses.bad_request(f"container in pod {target.name} is waiting to start") from error

    def _find(self, target: Target) -> Stored:
        assert target.name is not None
        stored = self._store.get(target.kind, target.namespace, target.name)
        if stored is None:
            raise missing(target.kind, target.name)
        return stored

    def _get(self, request: web.Request, target: Target) -> web.StreamResponse:
        stored, form = self._find(target), _read_form(request)
        if form.table:
            table = tables.build_table(
                target.kind, [stored.value], str(self._store.version), self._store.now(), form.include
            )
            return _respond(encode(table))
        return _respond(stored.data)

    async def _answer_many(self, request: web.Request, target: Target) -> web.StreamResponse:
        scope, form = Scope(target.kind, target.namespace, _read_selectors(request.query, target)), _read_form(request)
        if request.query.get("watch") in ("true", "1"):
            options = streams.read_watch_options(request.query)
            return await streams.send_watch(request, self._store, self._ring, scope, options, form)
        found = [stored for stored in self._store.list(scope.kind, scope.namespace) if scope.covers(stored)]
        version = str(self._store.version)
        if form.table:
            objects = [stored.value for stored in found]
            table = tables.build_table(target.kind, objects, version, self._store.now(), form.include)
            return _respond(encode(table))
        head = {"kind": f"{target.kind.name}List", "apiVersion": target.kind.api_version}
        opened = encode(head | {"metadata": {"resourceVersion": version}})[:-1]
        return _respond(opened + b',"items":[' + b",".join(stored.data for stored in found) + b"]}")

    async def _apply(self, request: web.Request, target: Target) -> web.StreamResponse:
        kind, name, query = target.kind, target.name, request.query
        if "patch" not in kind.verbs:
            raise statuses.not_offered("patch", kind)
        if request.content_type == MERGE:
            return await self._patch(request, target)
        if request.content_type != APPLY:
            raise statuses.wrong_media_type(request.content_type)
        manager = query.get("fieldManager")
        if not manager:
            why = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
            raise Refusal(422, "Invalid", why)
        given = _decode(await _read_body(request))
        _check_identity(given, target)
        assert name is not None
        dry_run = _read_dry_run(query.getall("dryRun", []))
        value, is_new = self._store.apply(kind, target.namespace, name, given, manager, dry_run=dry_run)
        stored = None if dry_run else self._store.get(kind, target.namespace, name)
        return _respond(stored.data if stored else encode(value), 201 if is_new else 200)

    async def _patch(self, request: web.Request, target: Target) -> web.StreamResponse:
        """A change that is not ours; it is taken, so that it can be undone as on any cluster."""
        patch = _decode(await _read_body(request))
        stored = self._find(target)
        if stored.manager is None:
            raise statuses.not_offered("patch", target.kind)
        if not isinstance(patch.get("metadata") or {}, dict):
            raise statuses.bad_request("metadata is not an object")
        agent = request.headers.get("User-Agent", "").partition("/")[0] or "unknown"
        manager = request.query.get("fieldManager") or agent
        dry_run = _read_dry_run(request.query.getall("dryRun", []))
        return _respond(encode(self._store.patch(stored, patch, manager, dry_run=dry_run)))

    async def _delete(self, request: web.Request, target: Target) -> web.StreamResponse:
        if "delete" not in target.kind.verbs:
            raise statuses.not_offered("delete", target.kind)
        body = await _read_body(request)
        options = _read_delete_options(request.query, _decode(body) if body.strip() else {})
        stored = self._find(target)
        if options.dry_run:
            return _respond(stored.data)
        # Only a Deployment has something that waits for it.
        foreground = options.foreground and target.kind is kinds.DEPLOYMENT
        last = self._store.request_deletion(stored, options.preconditions, options.grace, foreground=foreground)
        if "deletionTimestamp" in last["metadata"]:
            return _respond(encode(last))
        return _respond(encode(statuses.describe_deletion(target.kind, last)))


def _answer_fixed(request: web.Request) -> web.Response:
    """What clients ask about the server itself."""
    is_read = request.method in ("GET", "HEAD")
    if is_read and request.path.rstrip("/") == "/openapi/v2":
        return web.Response(body=schema_stub.encode_schemas(), content_type=schema_stub.MEDIA_TYPE)
    document = discovery.find_document(request.path) if is_read else None
    if document is None:
        raise statuses.not_found()
    return _respond(encode(document))


def _container_names(pod: Object) -> list[str]:
    return [container["name"] for container in pod["spec"]["containers"]]


def refuse(refusal: Refusal) -> web.Response:
    """A refusal as an answer."""
    headers = {"WWW-Authenticate": 'Basic realm="PaaKS node"'} if refusal.code == 401 else None
    body = encode(statuses.describe_refusal(refusal))
    return web.Response(body=body, status=refusal.code, content_type="application/json", headers=headers)


def answer_health(path: str) -> web.Response | None:
    """The answer to a probe; None where the path is none."""
    return web.Response(text="ok") if path.rstrip("/") in _HEALTH else None


def _respond(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def _read_form(request: web.Request) -> Form:
    accepted = request.headers.get("Accept", "").partition(",")[0]
    parameters = {part.strip() for part in accepted.split(";")[1:]}
    return Form("as=Table" in parameters, request.query.get("includeObject", "Metadata"))


def _read_selectors(query: Mapping[str, str], target: Target) -> selectors.Matches | None:
    labels, fields = query.get("labelSelector"), query.get("fieldSelector")
    try:
        found = [selectors.parse_labels(labels)] if labels else []
        found += [selectors.parse_fields(fields, target.kind.name)] if fields else []
    except selectors.BadSelector as error:
        raise statuses.bad_request(str(error)) from error
    return (lambda obj: all(matches(obj) for matches in found)) if found else None


async def _read_body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        message = f"the body is larger than {MAX_BODY} bytes"
        raise Refusal(413, "RequestEntityTooLarge", message) from error


def _decode(body: bytes) -> Object:
    """An object written in JSON or YAML. Raises Refusal (400)."""
    try:
        value: Any = json.loads(body) if body.lstrip()[:1] == b"{" else yaml.safe_load(body)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise statuses.bad_request(f"the body is neither JSON nor YAML: {error}") from error
    if not isinstance(value, dict):
        raise statuses.bad_request("the body is not an object")
    return value


def _check_identity(given: Object, target: Target) -> None:
    """Is the body the object that the path names?"""
    kind, metadata = target.kind, given.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise statuses.bad_request("metadata is not an object")
    for what, said, wanted in (
        ("apiVersion", given.get("apiVersion"), kind.api_version),
        ("kind", given.get("kind"), kind.name),
        ("metadata.name", metadata.get("name", target.name), target.name),
        ("metadata.namespace", metadata.get("namespace", target.namespace), target.namespace),
    ):
        if said != wanted:
            raise statuses.bad_request(f"{what} is {said!r} in the body, and {wanted!r} by the path")


@dataclass(frozen=True)
class _DeleteOptions:
    preconditions: Preconditions
    grace: int | None
    foreground: bool
    dry_run: bool


def _read_delete_options(query: Mapping[str, str], body: Object) -> _DeleteOptions:
    """What a deletion asks for, in the body or, where that says nothing, in the query. Raises Refusal (400)."""
    options: Object = dict(query) | body
    asked = options.get("preconditions") or {}
    policy = options.get("propagationPolicy") or "Background"
    if policy not in ("Background", "Foreground") or not isinstance(asked, dict):
        raise statuses.bad_request(f"propagationPolicy {policy!r} is not offered by the embedded node")
    dry_runs = options.get("dryRun") or []
    return _DeleteOptions(
        Preconditions(asked.get("uid"), asked.get("resourceVersion")),
        _read_grace(options.get("gracePeriodSeconds")),
        policy == "Foreground",
        _read_dry_run([dry_runs] if isinstance(dry_runs, str) else dry_runs),
    )


def _read_dry_run(values: list[str]) -> bool:
    if any(value != "All" for value in values):
        raise statuses.bad_request(f"dryRun is All or left out, not {values!r}")
    return bool(values)


def _read_grace(given: Any) -> int | None:
    if given is None:
        return None
    try:
        grace = int(given)
    except (TypeError, ValueError):
        grace = -1
    if grace < 0:
        raise statuses.bad_request(f"gracePeriodSeconds is a number of seconds, not {given!r}")
    return grace
