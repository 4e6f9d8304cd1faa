"""Which pods serve a service: the cluster's objects and the probes' results → routes. State without I/O or clock.

All visitors of a service see one revision. They change to a newer one when as many of its pods have answered a probe as
its `paaks.dev/replicas` asks for. What does not live here: watching and probing (`watching.py`), who may see a route
(`admission.py`), connections (`upstream.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core import names
from core.names import Address

Object = Mapping[str, Any]
Key = tuple[str, str]  # namespace, service
Message = dict[str, Any]


@dataclass(eq=False, slots=True)
class Pod:
    """One pod that visitors may be sent to. `lives` tells its containers apart; `terminating` also once it is gone."""

    uid: str
    key: Key
    address: Address
    tree: str
    created: str
    public: bool
    timeout: float
    replicas: int
    lives: int
    ready: bool = False
    terminating: bool = False
    in_flight: int = 0


@dataclass(eq=False, slots=True)
class Route:
    """One service. `live` is the short tree that visitors see; `serving` are its pods that are ready.

    `public` and `timeout` belong to the live revision; before there is one, to the newest; `public` is None where
    there has been no pod at all. `waiting` holds who waits for a pod, in order.
    """

    key: Key
    tenant: str | None = None
    slug: str = ""
    public: bool | None = None
    timeout: float = 30.0
    live: str | None = None
    commit: str | None = None
    has_service: bool = False
    commits: dict[str, str] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    serving: list[Pod] = field(default_factory=list)
    turn: int = 0
    waiting: dict[Any, None] = field(default_factory=dict)
    marks: bytes = b""
    told: Message | None = None
    started: bool = False

    @property
    def exists(self) -> bool:
        """Is there such a service: its Service, or a pod that is not about to go?"""
        return self.has_service or any(not pod.terminating for pod in self.pods.values())


@dataclass(frozen=True)
class Listeners:
    """Who is told: `routed` and `unrouted` messages, pods to probe, pods to leave, routes to look at again."""

    tell: Callable[[Message], None]
    probe: Callable[[Pod], None]
    leave: Callable[[Pod], None]
    wake: Callable[[Route], None]


class RouteTable:
    """All routes."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        self._routes: dict[str, dict[str, Route]] = {}  # namespace → service
        self._tenants: dict[str, tuple[str, str]] = {}  # namespace → tenant id, slug
        self._slugs: dict[str, str] = {}
        self.synced = False

    # -- reading

    def find(self, namespace: str, service: str) -> Route | None:
        """The route of a service that exists."""
        route = self._known((namespace, service))
        return route if route is not None and (route.live is not None or route.exists) else None

    def namespace_of(self, slug: str) -> str | None:
        """The namespace of the tenant with this slug."""
        return self._slugs.get(slug)

    def tenant_of(self, namespace: str) -> str | None:
        """The id of the tenant of a namespace."""
        known = self._tenants.get(namespace)
        return known[0] if known else None

    def services_of(self, namespace: str) -> list[str]:
        """The names of a tenant's services."""
        return sorted(service for service, route in self._routes.get(namespace, {}).items() if route.exists)

    def routes(self) -> Iterator[Route]:
        """All of them."""
        for services in self._routes.values():
            yield from services.values()

    def describe(self) -> Iterator[Message]:
        """A `routed` message of each route that leads anywhere."""
        yield from (_describe(route) for route in self.routes() if route.live is not None)

    # -- what the cluster says

    def take_namespace(self, obj: Object, *, gone: bool = False) -> None:
        """A Namespace of ours, or that it is gone."""
        namespace = obj["metadata"]["name"]
        tenant, slug = names.label_of(obj, names.LABEL_TENANT), names.annotation_of(obj, names.ANNOTATION_SLUG)
        known = self._tenants.pop(namespace, None)
        if known is not None and self._slugs.get(known[1]) == namespace:
            del self._slugs[known[1]]
        if not gone and tenant and slug:
            self._tenants[namespace] = tenant, slug
            self._slugs[slug] = namespace
        for route in self._routes.get(namespace, {}).values():
            self._name_owner(route)

    def take_service(self, obj: Object, *, gone: bool = False) -> None:
        """A Service of ours, or that it is gone: then so is the route."""
        service = names.label_of(obj, names.LABEL_SERVICE)
        if service is None:
            return
        route = self._open(obj["metadata"]["namespace"], service)
        route.has_service = not gone
        route.commits = {} if gone else _read_commits(names.annotation_of(obj, names.ANNOTATION_COMMITS))
        self._settle(route)

    def take_pod(self, obj: Object, *, gone: bool = False) -> None:
        """A Pod of ours, or that it is gone."""
        uid = obj["metadata"].get("uid", "")
        service, tree = names.label_of(obj, names.LABEL_SERVICE), names.label_of(obj, names.LABEL_TREE)
        if service is None or tree is None:
            return
        route = self._open(obj["metadata"]["namespace"], service)
        pod = route.pods.get(uid)
        if gone or _is_over(obj):
            self._end(route, uid, gone=gone)
        elif (address := names.pod_address(obj)) is not None and not _is_same(pod, obj, address):
            self._begin(route, _read_pod(obj, route.key, address, tree))
        self._settle(route)

    def _begin(self, route: Route, pod: Pod) -> None:
        known = route.pods.get(pod.uid)
        if known is not None:
            if known.terminating:
                return
            known.terminating = True
            self._listeners.leave(known)
        route.pods[pod.uid] = pod
        self._listeners.probe(pod)

    def _end(self, route: Route, uid: str, *, gone: bool) -> None:
        pod = route.pods.get(uid)
        if pod is not None and not pod.terminating:
            pod.terminating, pod.ready = True, False
            self._listeners.leave(pod)
        if pod is not None and gone:
            del route.pods[uid]

    # -- what the probes say

    def mark_ready(self, pod: Pod) -> None:
        """It has answered."""
        route = self._known(pod.key)
        if route is not None and route.pods.get(pod.uid) is pod and not pod.terminating and not pod.ready:
            pod.ready = True
            self._settle(route)

    def mark_unready(self, pod: Pod) -> None:
        """Nobody listens there: it is probed again."""
        route = self._known(pod.key)
        if route is not None and pod.ready:
            pod.ready = False
            self._settle(route)
            if route.pods.get(pod.uid) is pod:
                self._listeners.probe(pod)

    def accept_partial(self) -> None:
        """Of each service that leads nowhere although some pod of it is ready since the last call: lead to that."""
        for route in list(self.routes()):
            some = [pod for pod in route.pods.values() if pod.ready]
            if some and not route.serving and route.started:
                self._lead(route, max(some, key=lambda pod: _age(route, pod)).tree)
            route.started = bool(some)

    def finish_sync(self) -> None:
        """Everything that there was has been told: what is not known now does not exist."""
        self.synced = True
        for route in list(self.routes()):
            self._listeners.wake(route)

    # -- deciding

    def _known(self, key: Key) -> Route | None:
        services = self._routes.get(key[0])
        return services.get(key[1]) if services is not None else None

    def _open(self, namespace: str, service: str) -> Route:
        route = self._known((namespace, service))
        if route is None:
            route = self._routes.setdefault(namespace, {})[service] = Route((namespace, service))
            self._name_owner(route)
        return route

    def _name_owner(self, route: Route) -> None:
        route.tenant, route.slug = self._tenants.get(route.key[0], (route.tenant, route.slug))

    def _settle(self, route: Route) -> None:
        """Decide anew where a route leads, after anything has changed."""
        if not route.exists:
            self._close(route)
            return
        wanted = _choose(route)
        if wanted is not None and wanted != route.live:
            self._lead(route, wanted)
            return
        route.serving = [pod for pod in route.pods.values() if pod.ready and pod.tree == route.live]
        if route.live is None:
            _take_annotations(route, list(route.pods.values()))
        elif route.commits.get(route.live) not in (None, route.commit):
            self._lead(route, route.live)
            return
        else:
            self._tell(route)
        self._listeners.wake(route)

    def _lead(self, route: Route, tree: str) -> None:
        route.live, route.commit = tree, route.commits.get(tree)
        route.serving = [pod for pod in route.pods.values() if pod.ready and pod.tree == tree]
        _take_annotations(route, route.serving)
        revision = b"PaaKS-Revision: %b\r\n" % route.commit.encode() if route.commit else b""
        route.marks = b"PaaKS-Service: %b\r\n" % route.key[1].encode() + revision
        self._tell(route)
        self._listeners.wake(route)

    def _tell(self, route: Route) -> None:
        """Say where a route leads, unless that is what was said last."""
        message = _describe(route)
        if message != route.told:
            route.told = message
            self._listeners.tell(message)

    def _close(self, route: Route) -> None:
        """Nothing is left but pods on their way out."""
        if route.live is not None:
            route.live, route.serving, route.told = None, [], None
            self._listeners.tell({"type": "unrouted", "namespace": route.key[0], "service": route.key[1]})
        services = self._routes.get(route.key[0], {})
        if not route.pods and services.pop(route.key[1], None) is not None and not services:
            del self._routes[route.key[0]]
        self._listeners.wake(route)


def _choose(route: Route) -> str | None:
    """The tree that visitors should see: the newest that is complete, if it is newer than the live one, or if the live
    one has no pod that is ready."""
    counts: dict[str, list[Pod]] = {}
    for pod in route.pods.values():
        if pod.ready:
            counts.setdefault(pod.tree, []).append(pod)
    complete = [pods for pods in counts.values() if len(pods) >= pods[0].replicas]
    if not complete:
        return None
    newest = max(complete, key=lambda pods: max(_age(route, pod) for pod in pods))
    live = counts.get(route.live or "")
    if live is not None and max(_age(route, pod) for pod in live) >= max(_age(route, pod) for pod in newest):
        return route.live
    return newest[0].tree


def _age(route: Route, pod: Pod) -> tuple[int, str]:
    """Sorts revisions by age: as the Service names them, the newest last; else by when their pods were created."""
    trees = list(route.commits)
    return (trees.index(pod.tree) if pod.tree in trees else -1, pod.created)


def _take_annotations(route: Route, pods: list[Pod]) -> None:
    if pods:
        newest = max(pods, key=lambda pod: _age(route, pod))
        route.public, route.timeout = newest.public, newest.timeout


def _describe(route: Route) -> Message:
    namespace, service = route.key
    return {
        "type": "routed",
        "namespace": namespace,
        "service": service,
        "tree": route.live,
        "commit": route.commit,
        "pods": sorted(pod.uid for pod in route.serving),
    }


def _read_commits(text: str | None) -> dict[str, str]:
    """Short tree → commit, the newest last; nothing where the annotation is not ours."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(value, dict):
        return {}
    return {str(tree): commit for tree, commit in value.items() if isinstance(commit, str) and names.is_sha(commit)}


def _read_pod(obj: Object, key: Key, address: Address, tree: str) -> Pod:
    return Pod(
        uid=obj["metadata"].get("uid", ""),
        key=key,
        address=address,
        tree=tree,
        created=obj["metadata"].get("creationTimestamp") or "",
        public=names.annotation_of(obj, names.ANNOTATION_PUBLIC) == "true",
        timeout=float(_read_number(obj, names.ANNOTATION_TIMEOUT, 30)),
        replicas=max(1, _read_number(obj, names.ANNOTATION_REPLICAS, 1)),
        lives=_count_lives(obj),
    )


def _read_number(obj: Object, annotation: str, default: int) -> int:
    text = names.annotation_of(obj, annotation)
    return int(text) if text is not None and text.isascii() and text.isdigit() else default


def _is_same(pod: Pod | None, obj: Object, address: Address) -> bool:
    return pod is not None and pod.address == address and pod.lives == _count_lives(obj)


def _count_lives(obj: Object) -> int:
    """A number that grows when a container of the pod ends, and again when it is started anew."""
    statuses = obj.get("status", {}).get("containerStatuses") or ()
    return sum(2 * int(status.get("restartCount", 0)) + _has_ended(status.get("state") or {}) for status in statuses)


def _has_ended(state: Object) -> bool:
    """Did the container run, and does so no more? `waiting` is also what it does before its first start."""
    waiting = (state.get("waiting") or {}).get("reason")
    return "terminated" in state or waiting not in (None, "ContainerCreating", "PodInitializing")


def _is_over(obj: Object) -> bool:
    """Is it on its way out, or has it ended for good?"""
    return bool(obj["metadata"].get("deletionTimestamp")) or obj.get("status", {}).get("phase") in (
        "Succeeded",
        "Failed",
    )
