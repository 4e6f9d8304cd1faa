"""Deployments → pods: looks at each Deployment whenever something of it has changed, makes and deletes pods, says how
far it is. Level-triggered: what it does follows from what there is, never from what has happened.

What does not live here: which pods those are (`rollout.py`), what a status says (`deployment_status.py`), processes
(`pods.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from runtime.node import deployment_status, kinds, pod_status, quotas, rollout
from runtime.node.deployment_status import Observed
from runtime.node.events import Events
from runtime.node.kinds import Object
from runtime.node.objects import Change, Preconditions, Store
from runtime.node.rollout import Kept, PodState
from runtime.node.work import WorkQueue

HASH_LABEL = "pod-template-hash"
NODE_NAME = "paaks"
_Key = tuple[str, str]  # namespace, name


@dataclass
class _Memory:
    """What is remembered of one Deployment: the hash of its template, and the last template that was available."""

    uid: str
    generation: int = 0
    revision: str = ""
    kept: Kept | None = None
    kept_template: Object | None = None
    refusal: str | None = None


class Deployments:
    """Keeps every Deployment's pods as it asks for them."""

    def __init__(self, store: Store, events: Events) -> None:
        self._store, self._events = store, events
        self._queue: WorkQueue[_Key] = WorkQueue()
        self._memories: dict[_Key, _Memory] = {}
        self._pods: dict[_Key, dict[str, Object]] = {}  # by the Deployment that owns them
        self._refused: dict[str, set[_Key]] = {}  # those that wait for room, by namespace
        store.subscribe(self._react)

    async def run(self) -> None:
        """Settle one Deployment after the other, for ever."""
        await self._queue.run(self._settle)

    def _react(self, change: Change) -> None:
        kind, value = change.stored.kind, change.stored.value
        namespace = value["metadata"].get("namespace", "")
        if kind is kinds.DEPLOYMENT:
            self._queue.add((namespace, value["metadata"]["name"]))
        elif kind is kinds.POD and (owner := _owner(value)) is not None:
            pods = self._pods.setdefault((namespace, owner["name"]), {})
            if change.type == "DELETED":
                pods.pop(value["metadata"]["name"], None)
            else:
                pods[value["metadata"]["name"]] = value
            self._queue.add((namespace, owner["name"]))
        if kind is kinds.RESOURCE_QUOTA or (kind is kinds.POD and "deletionTimestamp" in value["metadata"]):
            for key in self._refused.pop(namespace, ()):
                self._queue.add(key)

    def _settle(self, key: _Key) -> None:
        stored = self._store.get(kinds.DEPLOYMENT, *key)
        uid = stored.value["metadata"]["uid"] if stored else None
        # Pods of a Deployment that had this name before, or of one that is gone.
        for pod in self._list_pods(key, uid, own=False):
            self._delete(pod)
        own = self._list_pods(key, uid)
        if stored is None:
            self._memories.pop(key, None)
            if not self._pods.get(key):
                self._pods.pop(key, None)
        elif "deletionTimestamp" in stored.value["metadata"]:
            self._finish(stored.value, own)
        else:
            self._roll(key, stored.value, own)

    def _list_pods(self, key: _Key, uid: str | None, *, own: bool = True) -> list[Object]:
        """The pods that belong to the Deployment with this name and this uid, or to one with another uid."""
        pods = self._pods.get(key, {}).values()
        return [pod for pod in pods if ((_owner(pod) or {}).get("uid") == uid) is own]

    def _finish(self, deployment: Object, pods: list[Object]) -> None:
        """Deletion in the foreground: the pods first, then the Deployment."""
        for pod in pods:
            self._delete(pod)
        if not pods:
            self._store.remove(deployment)

    def _roll(self, key: _Key, deployment: Object, pods: list[Object]) -> None:
        memory, replicas = self._remember(key, deployment), deployment["spec"]["replicas"]
        states = {pod["metadata"]["name"]: _state_of(pod) for pod in pods}
        if replicas and rollout.is_available(memory.revision, replicas, list(states.values())):
            memory.kept = Kept(memory.revision, replicas)
            memory.kept_template = deployment["spec"]["template"]
        plan = rollout.plan_pods(memory.revision, replicas, list(states.values()), memory.kept)
        stopping = set(plan.stop)
        for pod in pods:
            if pod["metadata"]["name"] in stopping:
                self._delete(pod)
                self._events.tell(deployment, "Stopping", f"Stopping pod {pod['metadata']['name']}")
        memory.refusal = None
        for revision in plan.create:
            self._create(key, deployment, memory, revision)
        found = self._list_pods(key, memory.uid)
        self._report(key, deployment, memory, [_state_of(pod) for pod in found])

    def _remember(self, key: _Key, deployment: Object) -> _Memory:
        metadata = deployment["metadata"]
        memory = self._memories.get(key)
        if memory is None or memory.uid != metadata["uid"]:
            memory = self._memories[key] = _Memory(metadata["uid"])
        if memory.generation != metadata["generation"]:
            memory.generation = metadata["generation"]
            memory.revision = kinds.hash_template(deployment["spec"]["template"])
        return memory

    def _create(self, key: _Key, deployment: Object, memory: _Memory, revision: str) -> None:
        namespace = key[0]
        space = self._store.get(kinds.NAMESPACE, None, namespace)
        if space is None or "deletionTimestamp" in space.value["metadata"]:
            return
        is_kept = revision != memory.revision and memory.kept_template is not None
        template = memory.kept_template if is_kept else deployment["spec"]["template"]
        assert template is not None
        pod = _build_pod(deployment, template, revision)
        if (excess := self._find_excess(namespace, pod)) is not None:
            memory.refusal = f'pods "{pod["metadata"]["generateName"]}" is forbidden: {excess}'
            self._refused.setdefault(namespace, set()).add(key)
            self._events.tell(deployment, "FailedCreate", f"Error creating: {memory.refusal}", is_warning=True)
            return
        self._store.create(pod)
        self._events.tell(deployment, "Creating", f"Created pod {pod['metadata']['name']}")

    def _find_excess(self, namespace: str, pod: Object) -> str | None:
        limits = [stored.value for stored in self._store.list(kinds.RESOURCE_QUOTA, namespace)]
        if not limits:
            return None
        others = (stored.value for stored in self._store.list(kinds.POD, namespace))
        return quotas.find_excess(limits, others, pod["spec"])

    def _report(self, key: _Key, deployment: Object, memory: _Memory, pods: list[PodState]) -> None:
        now, seconds = self._store.now(), deployment["spec"]["progressDeadlineSeconds"]
        observed = Observed(memory.revision, pods, memory.refusal)

        def describe(current: Object) -> Object:
            # Another version may have come meanwhile: it will have its own turn.
            is_same = current["metadata"]["generation"] == memory.generation
            status = deployment_status.describe_deployment(current, observed, now) if is_same else None
            return current | {"status": status} if status is not None else current

        reported = self._store.update(deployment, describe)
        deadline = deployment_status.find_deadline((reported or {}).get("status") or {}, seconds, now)
        if deadline is not None:
            self._queue.add_later(key, deadline + 1)

    def _delete(self, pod: Object) -> None:
        metadata = pod["metadata"]
        stored = self._store.get(kinds.POD, metadata["namespace"], metadata["name"])
        if stored is not None and "deletionTimestamp" not in stored.value["metadata"]:
            self._store.request_deletion(stored, Preconditions(metadata["uid"]), None, foreground=False)


def _owner(pod: Object) -> Mapping[str, str] | None:
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner["kind"] == "Deployment"), None)


def _state_of(pod: Object) -> PodState:
    metadata = pod["metadata"]
    going = "deletionTimestamp" in metadata
    return PodState(metadata["name"], metadata["labels"].get(HASH_LABEL, ""), pod_status.is_ready(pod), going)


def _build_pod(deployment: Object, template: Object, revision: str) -> Object:
    owner, given = deployment["metadata"], template.get("metadata") or {}
    prefix = f"{owner['name']}-{revision}-"
    reference = {"apiVersion": deployment["apiVersion"], "kind": "Deployment", "name": owner["name"]}
    metadata = {
        "name": prefix + secrets.token_hex(3),
        "generateName": prefix,
        "namespace": owner["namespace"],
        "labels": {**(given.get("labels") or {}), HASH_LABEL: revision},
        "annotations": dict(given.get("annotations") or {}),
        "ownerReferences": [reference | {"uid": owner["uid"], "controller": True, "blockOwnerDeletion": True}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": template["spec"] | {"nodeName": NODE_NAME},
        "status": {"phase": "Pending"},
    }
