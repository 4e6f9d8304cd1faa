"""Plans against the node's real store: what is applied is taken, and what was applied needs no second time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core import names, render
from core.descriptor import Service
from core.plan import Key, Plan, key_of, make_plan
from core.render import File, Owner, Quota, Revision
from runtime.node import kinds
from runtime.node.objects import Preconditions, Store

Object = dict[str, Any]
OWNER = Owner("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "demo")
SERVICES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
REVISIONS = st.builds(
    Service,
    public=st.booleans(),
    replicas=st.integers(1, 3),
    env=st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["", "x", "$(A)"])),
    memory=st.sampled_from([32 * 2**20, 2**30, 10**9, 33_554_433]),
    cpu=st.sampled_from([10, 100, 1000]),
)
MAINS = st.dictionaries(st.sampled_from(SERVICES), REVISIONS, max_size=6)


def wanted_objects(main: Mapping[str, Service]) -> dict[str, list[Object]]:
    """What main says, rendered; a tree follows from its descriptor."""
    found = {}
    for service, descriptor in main.items():
        tree = render.digest({"metadata": {}, "spec": repr(descriptor)}).ljust(40, "0")
        files = [File("handler.py", 0o100644, repr(descriptor).encode()), File("a/b.bin", 0o100755, b"\0\xff")]
        revision = Revision(service, tree, "c" * 40, descriptor, files)
        found[service] = list(render.render_service(OWNER, revision, {tree[:12]: "c" * 40}))
    return found


def plan_for(store: Store, main: Mapping[str, Service]) -> Plan:
    """The plan for what the store holds."""
    wanted = wanted_objects(main)
    trees = {s: frozenset({names.label_of(made[0], names.LABEL_TREE) or ""}) for s, made in wanted.items()}
    tenant = render.render_tenant(OWNER, Quota())
    return make_plan(tenant, wanted, live_objects(store), named_trees=trees, prune_allowed=True)


def live_objects(store: Store) -> dict[Key, Object]:
    """What carries the tenant's label, as it crosses the wire."""
    stored = [json.loads(found.data) for kind in kinds.KINDS for found in store.list(kind)]
    return {key_of(obj): obj for obj in stored if names.label_of(obj, names.LABEL_TENANT) == OWNER.id}


def carry_out(store: Store, made: Plan) -> None:
    """Apply and delete as the controller does."""
    for obj in [*made.tenant, *(obj for objects in made.services.values() for obj in objects)]:
        metadata = obj["metadata"]
        given_ = json.loads(json.dumps(obj))
        store.apply(kinds.kind_of(obj), metadata.get("namespace"), metadata["name"], given_, names.FIELD_MANAGER)
    for obj in [*(obj for objects in made.prune.values() for obj in objects), *made.garbage]:
        found = store.get(kinds.kind_of(obj), obj["metadata"]["namespace"], obj["metadata"]["name"])
        assert found is not None
        wanted = Preconditions(uid=obj["metadata"]["uid"])
        store.request_deletion(found, wanted, None, foreground=False)


@settings(max_examples=max(10, settings().max_examples // 4))
@given(st.lists(MAINS, min_size=1, max_size=4))
def test_the_store_takes_every_plan_and_then_needs_none(history: list[dict[str, Service]]) -> None:
    store = Store()
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": OWNER.namespace}}
    for main in history:
        carry_out(store, plan_for(store, main))
        version = store.version

        again = plan_for(store, main)
        assert again.is_empty, again
        carry_out(store, again)
        assert store.version == version
        store.apply(kinds.CONFIG_MAP, OWNER.namespace, "theirs", foreign, "somebody")
    assert store.get(kinds.CONFIG_MAP, OWNER.namespace, "theirs") is not None


def test_writing_the_same_objects_again_is_no_change_to_the_store() -> None:
    store, main = Store(), {"alpha": Service(env={"A": ""}), "beta": Service(public=True, memory=2**30)}
    made = plan_for(store, main)
    carry_out(store, made)
    before = store.version
    carry_out(store, made)

    assert store.version == before
