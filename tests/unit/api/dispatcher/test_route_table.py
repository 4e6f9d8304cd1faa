from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dispatcher.route_table import Listeners, Message, Pod, Route, RouteTable
from core import names
from core.render import Owner

OWNER = Owner("0a1b2c3d-0000-4000-8000-000000000000", "demo")
NAMESPACE = OWNER.namespace
A, B, C = ("a" * 12, "b" * 12, "c" * 12)


class World:
    """A table, what it tells, and the pods of a cluster."""

    def __init__(self) -> None:
        self.told: list[Message] = []
        self.probing: dict[str, Pod] = {}
        self.left: list[Pod] = []
        self.woken: list[Route] = []
        self.table = RouteTable(Listeners(self.told.append, self._probe, self.left.append, self.woken.append))
        self._numbers = itertools.count(1)

    def _probe(self, pod: Pod) -> None:
        self.probing[pod.uid] = pod

    def name_trees(self, *trees: str) -> None:
        """The Service, with the commits of these trees, the newest last."""
        commits = json.dumps({tree: tree[0] * 40 for tree in trees})
        metadata = {"name": "hello", "namespace": NAMESPACE, "labels": names.service_labels(OWNER.id, "hello")}
        self.table.take_service({"metadata": {**metadata, "annotations": {names.ANNOTATION_COMMITS: commits}}})

    def remove_service(self) -> None:
        metadata = {"name": "hello", "namespace": NAMESPACE, "labels": names.service_labels(OWNER.id, "hello")}
        self.table.take_service({"metadata": metadata}, gone=True)

    def add(self, tree: str, **fields: Any) -> dict[str, Any]:
        """A pod with an address."""
        uid = f"pod{next(self._numbers)}"
        pod = make_pod(uid, tree, **fields)
        self.table.take_pod(pod)
        return pod

    def answer(self, pod: dict[str, Any]) -> None:
        """It has answered its probe."""
        self.table.mark_ready(self.probing[pod["metadata"]["uid"]])

    def run(self, tree: str, count: int = 1, **fields: Any) -> list[dict[str, Any]]:
        """Pods that are ready."""
        pods = [self.add(tree, **fields) for _ in range(count)]
        for pod in pods:
            self.answer(pod)
        return pods

    def end(self, pod: dict[str, Any]) -> None:
        """It is about to go."""
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        self.table.take_pod(pod)

    @property
    def route(self) -> Route:
        found = self.table.find(NAMESPACE, "hello")
        assert found is not None
        return found

    @property
    def live(self) -> str | None:
        return self.route.live


def make_pod(uid: str, tree: str, replicas: int = 1, public: bool = False, timeout: int = 30) -> dict[str, Any]:
    annotations = {
        names.ANNOTATION_PUBLIC: "true" if public else "false",
        names.ANNOTATION_TIMEOUT: str(timeout),
        names.ANNOTATION_REPLICAS: str(replicas),
        names.ANNOTATION_SOCKET: f"/run/{uid}.sock",
    }
    labels = names.service_labels(OWNER.id, "hello") | {names.LABEL_TREE: tree}
    metadata = {"uid": uid, "name": uid, "namespace": NAMESPACE, "labels": labels, "annotations": annotations}
    return {"metadata": {**metadata, "creationTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Running"}}


@pytest.fixture
def world() -> World:
    return World()


def test_a_pod_is_probed_as_soon_as_its_address_is_known(world: World) -> None:
    pod = make_pod("p", A)
    del pod["metadata"]["annotations"][names.ANNOTATION_SOCKET]
    world.table.take_pod(pod)
    assert world.probing == {}
    pod["status"]["podIP"] = "10.0.0.7"
    world.table.take_pod(pod)
    assert world.probing["p"].address == names.Address(host="10.0.0.7")


def test_visitors_change_when_as_many_pods_are_ready_as_replicas_asks_for(world: World) -> None:
    world.name_trees(A)
    world.run(A, 2, replicas=2, public=True)
    where = {"namespace": NAMESPACE, "service": "hello", "tree": A, "commit": "a" * 40}
    assert world.told == [{"type": "routed", **where, "pods": sorted(pod.uid for pod in world.route.serving)}]
    assert len(world.route.serving) == 2
    world.name_trees(A, B)
    first, second = world.add(B, replicas=2, timeout=5), world.add(B, replicas=2)
    world.answer(first)
    assert (world.live, world.route.public, world.route.timeout) == (A, True, 30)
    world.answer(second)
    assert (world.live, world.route.public) == (B, False)
    assert world.told[-1]["tree"] == B
    assert {pod.tree for pod in world.route.serving} == {B}
    assert world.route.marks == b"PaaKS-Service: hello\r\nPaaKS-Revision: %b\r\n" % (b"b" * 40)


def test_an_older_revision_never_takes_over_from_a_newer_one(world: World) -> None:
    world.name_trees(A, B)
    world.run(B)
    world.run(A)
    assert world.live == B


def test_going_back_is_going_forward_to_an_older_tree(world: World) -> None:
    world.name_trees(A, B)
    world.run(B)
    world.name_trees(B, A)
    world.run(A)
    assert world.live == A


def test_the_news_of_pods_and_of_their_service_may_come_in_any_order(world: World) -> None:
    world.name_trees(A)
    world.run(A)
    world.run(B)
    assert world.live == A
    world.name_trees(A, B)
    assert world.live == B


def test_a_new_name_for_the_same_tree_is_told_again(world: World) -> None:
    world.run(A)
    assert world.told[-1]["commit"] is None
    world.name_trees(A)
    assert [(m["tree"], m["commit"]) for m in world.told] == [(A, None), (A, "a" * 40)]
    world.name_trees(A)
    assert len(world.told) == 2


def test_pods_that_are_about_to_go_serve_nobody_and_are_left(world: World) -> None:
    first, second = world.run(A, 2)
    world.end(first)
    assert [pod.uid for pod in world.route.serving] == [second["metadata"]["uid"]]
    assert [pod.uid for pod in world.left] == [first["metadata"]["uid"]]
    world.table.take_pod(first, gone=True)
    assert len(world.left) == 1


def test_when_the_last_pod_of_the_live_revision_dies_requests_are_held(world: World) -> None:
    world.name_trees(A)
    [pod] = world.run(A)
    world.end(pod)
    world.table.take_pod(pod, gone=True)
    assert (world.live, world.route.serving) == (A, [])
    world.run(A)
    assert len(world.route.serving) == 1
    assert world.woken[-1] is world.route


def test_an_older_revision_that_is_whole_serves_where_the_live_one_has_gone(world: World) -> None:
    world.name_trees(A, B)
    world.run(A)
    [pod] = world.run(B)
    assert world.live == B
    world.end(pod)
    assert world.live == A


@pytest.mark.parametrize(
    "status",
    [
        {"restartCount": 0, "state": {"terminated": {"exitCode": 1}}},
        {"restartCount": 0, "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
        {"restartCount": 1, "state": {"running": {}}},
    ],
)
def test_a_container_that_ended_is_probed_anew(world: World, status: dict[str, Any]) -> None:
    [pod] = world.run(A)
    before = world.probing[pod["metadata"]["uid"]]
    pod["status"]["containerStatuses"] = [{"restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]
    world.table.take_pod(pod)
    assert world.route.serving == [before]
    pod["status"]["containerStatuses"] = [status]
    world.table.take_pod(pod)
    after = world.probing[pod["metadata"]["uid"]]
    assert after is not before
    assert (world.route.serving, world.left) == ([], [before])
    world.table.mark_ready(before)
    assert world.route.serving == []
    world.table.mark_ready(after)
    assert world.route.serving == [after]


def test_a_pod_where_nobody_listens_is_probed_again(world: World) -> None:
    [pod] = world.run(A)
    known = world.probing.pop(pod["metadata"]["uid"])
    world.table.mark_unready(known)
    assert world.route.serving == []
    assert world.probing == {known.uid: known}


def test_a_removed_service_is_unrouted_once(world: World) -> None:
    world.name_trees(A)
    [pod] = world.run(A)
    world.remove_service()
    world.end(pod)
    assert world.table.find(NAMESPACE, "hello") is None
    world.table.take_pod(pod, gone=True)
    assert [m["type"] for m in world.told] == ["routed", "unrouted"]
    assert list(world.table.routes()) == []


def test_every_change_of_the_pods_that_serve_is_told_and_nothing_else(world: World) -> None:
    world.name_trees(A)
    [first] = world.run(A)
    world.name_trees(A)
    second = world.add(A)
    assert [message["pods"] for message in world.told] == [[first["metadata"]["uid"]]]
    world.answer(second)
    world.end(first)
    both = sorted(pod["metadata"]["uid"] for pod in (first, second))
    assert [message["pods"] for message in world.told[1:]] == [both, [second["metadata"]["uid"]]]


def test_a_part_of_the_pods_serves_where_nothing_else_does_for_a_while(world: World) -> None:
    world.run(A, 2, replicas=3)
    assert world.live is None
    world.table.accept_partial()
    assert world.live is None
    world.table.accept_partial()
    assert (world.live, len(world.route.serving)) == (A, 2)


def test_whether_a_service_is_public_is_unknown_until_there_is_a_pod(world: World) -> None:
    world.name_trees(A)
    assert world.route.public is None
    world.add(A, public=True)
    assert world.route.public is True


def test_namespaces_name_tenants(world: World) -> None:
    world.run(A)
    annotations = {names.ANNOTATION_SLUG: "demo"}
    obj = {"metadata": {"name": NAMESPACE, "labels": names.tenant_labels(OWNER.id), "annotations": annotations}}
    world.table.take_namespace(obj)
    assert (world.table.namespace_of("demo"), world.table.tenant_of(NAMESPACE)) == (NAMESPACE, OWNER.id)
    assert (world.route.slug, world.table.services_of(NAMESPACE)) == ("demo", ["hello"])
    world.table.take_namespace(obj, gone=True)
    assert world.table.namespace_of("demo") is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 1}', '{"x": "short"}', '"x"'])
def test_an_annotation_that_is_not_ours_names_nothing(world: World, text: str) -> None:
    world.run(A)
    metadata = {"namespace": NAMESPACE, "labels": names.service_labels(OWNER.id, "hello")}
    world.table.take_service({"metadata": {**metadata, "annotations": {names.ANNOTATION_COMMITS: text}}})
    assert (world.live, world.route.commit) == (A, None)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["name", "add", "answer", "end", "go", "crash"]), st.integers(0, 5), st.sampled_from([A, B, C])
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_visitors_see_ready_pods_of_one_revision(steps: list[tuple[str, int, str]]) -> None:
    world, pods, named = World(), [], [A]
    world.name_trees(A)
    for step, number, tree in steps:
        pod = pods[number % len(pods)] if pods else None
        match step:
            case "name":
                named = [each for each in named if each != tree] + [tree]
                world.name_trees(*named)
            case "add":
                pods.append(world.add(tree, replicas=1 + number % 2))
            case "answer" if pod is not None:
                world.answer(pod)
            case "end" if pod is not None:
                world.end(pod)
            case "go" if pod is not None:
                pods.remove(pod)
                world.table.take_pod(pod, gone=True)
            case "crash" if pod is not None:
                pod["status"]["containerStatuses"] = [{"restartCount": number, "state": {"running": {}}}]
                world.table.take_pod(pod)
        route = world.route
        assert all(pod.ready and not pod.terminating and pod.tree == route.live for pod in route.serving)
        assert {pod.uid for pod in route.serving} <= {pod["metadata"]["uid"] for pod in pods}
        told = [message for message in world.told if message["type"] == "routed"]
        assert (told[-1]["tree"] if told else None) == route.live
        assert (told[-1]["pods"] if told else []) == sorted(pod.uid for pod in route.serving)
