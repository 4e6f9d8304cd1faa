"""The objects and their versions: apply by one manager, changes by the node itself, deletion; who listens hears each.

One global version counts every change. It starts at wall-clock milliseconds, so that a version from before a restart
is recognisably old. An object is never mutated once it is stored, and is encoded once. Nothing is kept on disk.
What does not live here: HTTP (`api.py`), the changes of the past (`watch.py`), what a deletion waits for (`pods.py`,
`deployments.py`).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from runtime.node import field_sets, kinds, ownership, validation
from runtime.node.kinds import Kind, Object
from runtime.node.ownership import APPLY, UPDATE, Writer

FOREGROUND = "foregroundDeletion"
# What only the server writes: kept from the stored object, whatever is applied.
_SERVER_METADATA = (
    *("uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp"),
    *("deletionGracePeriodSeconds", "ownerReferences", "finalizers"),
)
_APPLIED_METADATA = ("name", "namespace", "labels", "annotations")


@dataclass
class Refusal(Exception):
    """A request that is answered with a Status: HTTP `code`, the API's `reason`, a `message` for people."""

    code: int
    reason: str
    message: str
    details: Object = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it is stored, and as it goes over the wire. `manager` has applied it; None for the node's own."""

    kind: Kind
    value: Object
    data: bytes
    manager: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change. `before` is None for an addition; after a removal `stored` is the last state."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    version: int
    stored: Stored
    before: Stored | None


@dataclass(frozen=True)
class Preconditions:
    """What must hold of an object for a deletion to happen."""

    uid: str | None = None
    resource_version: str | None = None


def encode(value: Any) -> bytes:
    """JSON, compact."""
    return json.dumps(value, separators=(",", ":")).encode()


def format_time(moment: float) -> str:
    """RFC 3339 in UTC with whole seconds, as the API's times are."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def missing(kind: Kind, name: str) -> Refusal:
    """404 for an object."""
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    return Refusal(404, "NotFound", f'{kind.resource} "{name}" not found', details)


class Store:
    """All objects. Single-threaded: every method runs to its end before another begins."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.version = int(now() * 1000)
        self._objects: dict[Kind, dict[str, dict[str, Stored]]] = {kind: {} for kind in kinds.KINDS}
        self._listeners: list[Callable[[Change], None]] = []

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        """Call `listener` with every change from now on, at once and in order. It must not change objects itself."""
        self._listeners.append(listener)

    def get(self, kind: Kind, namespace: str | None, name: str) -> Stored | None:
        """One object; `namespace` is None for kinds without."""
        return self._objects[kind].get(namespace or "", {}).get(name)

    def list(self, kind: Kind, namespace: str | None = None) -> Iterable[Stored]:
        """The objects of a kind, in one namespace or in all, by namespace and name."""
        spaces = self._objects[kind]
        wanted = [namespace] if namespace is not None else sorted(spaces)
        return [found for space in wanted for _, found in sorted(spaces.get(space, {}).items())]

    def create(self, value: Object) -> Object:
        """Add an object of the node's own. Its name must be free."""
        kind = kinds.kind_of(value)
        return self._commit("ADDED", kind, value | {"metadata": value["metadata"] | self._birth(kind)}, None).value

    def update(self, current: Object, change: Callable[[Object], Object]) -> Object | None:
        """Replace what `current` (any version of it) is now by `change` of it. None if it is gone, or another's name.

        A change that changes nothing commits nothing.
        """
        kind, metadata = kinds.kind_of(current), current["metadata"]
        stored = self.get(kind, metadata.get("namespace"), metadata["name"])
        if stored is None or stored.value["metadata"]["uid"] != metadata["uid"]:
            return None
        value = change(stored.value)
        return self._commit("MODIFIED", kind, value, stored).value if value != stored.value else stored.value

    def remove(self, current: Object) -> None:
        """Take an object away, unless it is gone or another has its name now."""
        kind, metadata = kinds.kind_of(current), current["metadata"]
        stored = self.get(kind, metadata.get("namespace"), metadata["name"])
        if stored is not None and stored.value["metadata"]["uid"] == metadata["uid"]:
            self._commit("DELETED", kind, stored.value, stored)

    def apply(
        self, kind: Kind, namespace: str | None, name: str, given: Object, manager: str, *, dry_run: bool = False
    ) -> tuple[Object, bool]:
        """Server-side apply by an object's one manager: the object as it is then, and whether it is new.

        What was applied before and is not given any more is removed. Raises Refusal.
        """
        stored = self.get(kind, namespace, name)
        body = _clean(given)
        joined = _join(stored.value, body, manager) if stored is not None and stored.manager == manager else body
        value = self._merge(kind, namespace, name, joined, stored)
        _refuse_foreign(kind, name, stored, manager)
        self._refuse_faults(kind, namespace, value, stored)
        writer = Writer(manager, APPLY, format_time(self.now()))
        value["metadata"]["managedFields"] = ownership.record_apply(
            stored.value if stored else None, value, body, writer
        )
        return self._write(kind, value, stored, manager, dry_run=dry_run), stored is None

    def patch(self, stored: Stored, patch: Object, manager: str, *, dry_run: bool = False) -> Object:
        """A merge patch (RFC 7396) by any manager: the object as it is then. Raises Refusal."""
        kind, before = stored.kind, stored.value
        metadata = before["metadata"]
        moved = field_sets.merge(before, {key: value for key, value in patch.items() if key != "status"})
        given = _clean(moved) | {"metadata": {**(patch.get("metadata") or {}), **field_sets.strip(moved)["metadata"]}}
        value = self._merge(kind, metadata.get("namespace"), metadata["name"], given, stored)
        self._refuse_faults(kind, metadata.get("namespace"), value, stored)
        writer = Writer(manager, UPDATE, format_time(self.now()))
        value["metadata"]["managedFields"] = ownership.record_update(before, value, writer)
        return self._write(kind, value, stored, None, dry_run=dry_run)

    def _write(self, kind: Kind, value: Object, stored: Stored | None, manager: str | None, *, dry_run: bool) -> Object:
        """Commit what a client has made of an object; nothing where it is as it was."""
        if stored is not None and ownership.is_same(stored.value, value):
            return stored.value
        if stored is not None and kind in kinds.WITH_GENERATION and _is_next_generation(kind, value, stored.value):
            value["metadata"]["generation"] += 1
        if dry_run:
            return value
        return self._commit("MODIFIED" if stored else "ADDED", kind, value, stored, manager).value

    def request_deletion(self, stored: Stored, wanted: Preconditions, grace: int | None, *, foreground: bool) -> Object:
        """Delete an object, or mark it as being deleted where something has to end first. Returns its last state.

        `grace` is in seconds, for pods; None takes the pod's own. Raises Refusal (409) where preconditions fail.
        """
        _check_preconditions(stored, wanted)
        kind, value = stored.kind, stored.value
        if kind is kinds.POD:
            own = value["spec"].get("terminationGracePeriodSeconds", 30)
            return self._mark_deleted(value, own if grace is None else grace)
        if kind is kinds.NAMESPACE or foreground:
            return self._mark_deleted(value, 0, finalizers=[FOREGROUND] if foreground else None)
        self.remove(value)
        return value

    def _mark_deleted(self, value: Object, grace: int, finalizers: Sequence[str] | None = None) -> Object:
        metadata = value["metadata"]
        if grace >= metadata.get("deletionGracePeriodSeconds", grace + 1):
            return value
        deletion = {"deletionTimestamp": format_time(self.now() + grace), "deletionGracePeriodSeconds": grace}
        if finalizers is not None:
            deletion["finalizers"] = finalizers
        marked = value | {"metadata": metadata | deletion}
        if kinds.kind_of(value) is kinds.NAMESPACE:
            marked["status"] = {"phase": "Terminating"}
        return self.update(value, lambda _: marked) or marked

    def _merge(self, kind: Kind, namespace: str | None, name: str, given: Object, stored: Stored | None) -> Object:
        """What is applied with what the server adds: defaults, and metadata and status of the stored object."""
        applied = given.get("metadata") or {}
        _refuse_moved(kind, name, applied, stored)
        metadata = {key: applied[key] for key in _APPLIED_METADATA if applied.get(key)} | {"name": name}
        if namespace is not None:
            metadata["namespace"] = namespace
        body = {key: value for key, value in given.items() if key not in ("status", "metadata")}
        value = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata} | body
        if stored is None:
            metadata |= self._birth(kind)
            if kind is kinds.NAMESPACE:
                value["status"] = {"phase": "Active"}
        else:
            old = stored.value["metadata"]
            metadata |= {key: old[key] for key in _SERVER_METADATA if key in old}
            value |= {"status": stored.value["status"]} if "status" in stored.value else {}
        return kinds.complete(kind, value)

    def _refuse_faults(self, kind: Kind, namespace: str | None, value: Object, stored: Stored | None) -> None:
        name = value["metadata"]["name"]
        faults = validation.find_faults(kind, value)
        if stored is not None:
            faults += validation.find_forbidden_changes(kind, stored.value, value)
        if faults:
            raise _invalid(kind, name, faults)
        if namespace is not None and stored is None:
            self._refuse_closed_namespace(kind, namespace, name)

    def _refuse_closed_namespace(self, kind: Kind, namespace: str, name: str) -> None:
        space = self.get(kinds.NAMESPACE, None, namespace)
        if space is None:
            raise missing(kinds.NAMESPACE, namespace)
        if "deletionTimestamp" in space.value["metadata"]:
            why = f'{kind.resource} "{name}" is forbidden: namespace {namespace} is being terminated'
            raise Refusal(403, "Forbidden", why)

    def _birth(self, kind: Kind) -> Object:
        born: Object = {"uid": str(uuid.uuid4()), "creationTimestamp": format_time(self.now())}
        return born | {"generation": 1} if kind in kinds.WITH_GENERATION else born

    def _commit(
        self,
        type_: Literal["ADDED", "MODIFIED", "DELETED"],
        kind: Kind,
        value: Object,
        before: Stored | None,
        manager: str | None = None,
    ) -> Stored:
        self.version += 1
        metadata = value["metadata"] | {"resourceVersion": str(self.version)}
        value = value | {"metadata": metadata}
        stored = Stored(kind, value, encode(value), manager or (before.manager if before else None))
        space = self._objects[kind].setdefault(metadata.get("namespace", ""), {})
        if type_ == "DELETED":
            del space[metadata["name"]]
        else:
            space[metadata["name"]] = stored
        change = Change(type_, self.version, stored, before)
        for listener in self._listeners:
            listener(change)
        return stored


def _clean(given: Object) -> Object:
    """What a client gives, without the members that say nothing."""
    return {key: value for key, value in given.items() if value is not None}


def _join(before: Object, given: Object, manager: str) -> Object:
    """What a manager applies, with what others have added; what it does not apply any more is left out."""
    if ownership.is_alone(before, manager):
        return given
    kept = field_sets.without(field_sets.strip(before), ownership.find_dropped(before, given, manager))
    joined: Object = field_sets.overlay(kept, field_sets.strip(given))
    return given | joined | {"metadata": {**(given.get("metadata") or {}), **joined["metadata"]}}


def _refuse_moved(kind: Kind, name: str, applied: Object, stored: Stored | None) -> None:
    """409 where the applied object names a uid or a version, and the stored one has another."""
    for key, what in (("uid", "UID"), ("resourceVersion", "resource version")):
        wanted, actual = applied.get(key), stored.value["metadata"][key] if stored else None
        if wanted and wanted != actual:
            why = f"Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {actual or ''}"
            raise Refusal(409, "Conflict", f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}')


def _refuse_foreign(kind: Kind, name: str, stored: Stored | None, manager: str) -> None:
    if stored is not None and stored.manager != manager:
        owner = f'"{stored.manager}"' if stored.manager else "the node"
        why = f'Apply failed: {kind.resource} "{name}" belongs to {owner}; change it by a commit on main'
        raise Refusal(409, "Conflict", why)


def _check_preconditions(stored: Stored, wanted: Preconditions) -> None:
    metadata = stored.value["metadata"]
    asked = {"uid": wanted.uid, "resourceVersion": wanted.resource_version}
    _refuse_moved(stored.kind, metadata["name"], asked, stored)


def _invalid(kind: Kind, name: str, faults: list[validation.Fault]) -> Refusal:
    causes = [{"reason": fault.reason, "message": fault.message, "field": fault.field} for fault in faults]
    details = {"name": name, "group": kind.group, "kind": kind.name, "causes": causes}
    listed = ", ".join(f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in faults)
    title = f"{kind.name}.{kind.group}" if kind.group else kind.name
    return Refusal(422, "Invalid", f'{title} "{name}" is invalid: {listed}', details)


def _is_next_generation(kind: Kind, value: Object, before: Object) -> bool:
    """Has the specification changed? A Deployment's annotations count: what it runs is copied from them too."""
    annotations = [obj["metadata"].get("annotations") for obj in (value, before)]
    return value["spec"] != before["spec"] or (kind is kinds.DEPLOYMENT and annotations[0] != annotations[1])
