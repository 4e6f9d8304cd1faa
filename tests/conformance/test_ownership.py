"""What `core.ownership` may rely on: how `managedFields` look after an apply, and after somebody else's change."""

from __future__ import annotations

from core import ownership, plan
from core.cluster import Cluster, _path
from tests.tenant_objects import Object, Tenant


async def put(cluster: Cluster, tenant: Tenant) -> Object:
    """A Deployment at rest, as we want it and have applied it."""
    wanted = tenant.render("hello", {"handler.py": "x = 1\n"}, replicas=1)[-1]
    wanted["spec"]["replicas"] = 0
    await cluster.apply(wanted)
    return wanted


async def change(cluster: Cluster, obj: Object, patch: Object, manager: str = "kubectl-edit") -> Object:
    """A merge patch by somebody else."""
    path = _path(obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"])
    return await cluster._call("PATCH", path, {"fieldManager": manager}, patch, "application/merge-patch+json")


async def find_taken(cluster: Cluster, wanted: Object) -> dict[str, str | None]:
    live = await cluster.get(wanted["kind"], wanted["metadata"]["namespace"], wanted["metadata"]["name"])
    assert live is not None
    found = ownership.find_taken(wanted, live, ownership.read_owners(live))
    return {one.field: one.by.manager if one.by else None for one in found}


async def test_what_was_applied_is_ours(cluster: Cluster, tenant: Tenant) -> None:
    for wanted in tenant.render("hello", {"handler.py": "x = 1\n", "b.bin": b"\xff"}, env={"A": "1", "B": ""}):
        applied = await cluster.apply(wanted)
        entry = next(e for e in applied["metadata"]["managedFields"] if e["manager"] == "paaks")
        assert (entry["operation"], entry["fieldsType"]) == ("Apply", "FieldsV1")
        assert entry["time"].endswith("Z")
        assert not ownership.is_taken(wanted, ownership.read_owners(applied))
        assert await find_taken(cluster, wanted) == {}


async def test_who_changes_a_field_takes_it_and_an_apply_takes_it_back(cluster: Cluster, tenant: Tenant) -> None:
    wanted = await put(cluster, tenant)
    live = await cluster.get("Deployment", tenant.namespace, "hello")
    assert live is not None
    (container,) = live["spec"]["template"]["spec"]["containers"]
    patch = {"spec": {"template": {"spec": {"containers": [container | {"image": "other"}]}}}}
    changed = await change(cluster, wanted, patch | {"metadata": {"labels": {"app.kubernetes.io/part-of": None}}})
    entry = next(e for e in changed["metadata"]["managedFields"] if e["manager"] == "kubectl-edit")
    assert entry["operation"] == "Update"
    assert await find_taken(cluster, wanted) == {
        "metadata.labels[app.kubernetes.io/part-of]": None,
        "spec.template.spec.containers[handler].image": "kubectl-edit",
    }
    await cluster.apply(wanted)
    assert await find_taken(cluster, wanted) == {}


async def test_a_value_that_was_changed_and_changed_back_is_not_ours(cluster: Cluster, tenant: Tenant) -> None:
    wanted = await put(cluster, tenant)
    for limit in (7, 2):
        await change(cluster, wanted, {"spec": {"revisionHistoryLimit": limit}}, "somebody")
    assert await find_taken(cluster, wanted) == {"spec.revisionHistoryLimit": "somebody"}
    await cluster.apply(wanted)
    assert await find_taken(cluster, wanted) == {}


async def test_what_others_put_into_a_list_survives_an_apply_and_not_a_patch(cluster: Cluster, tenant: Tenant) -> None:
    wanted = await put(cluster, tenant)
    live = await cluster.get("Deployment", tenant.namespace, "hello")
    assert live is not None
    (container,) = live["spec"]["template"]["spec"]["containers"]
    more = container | {"env": [*container["env"], {"name": "THEIRS", "value": "x"}]}
    await change(cluster, wanted, {"spec": {"template": {"spec": {"containers": [more]}}}})
    await cluster.apply(wanted)
    assert await find_taken(cluster, wanted) == {"spec.template.spec.containers[handler].env[THEIRS]": "kubectl-edit"}

    def is_settled(found: list[Object]) -> bool:
        return bool(found) and found[0]["metadata"]["generation"] == found[0].get("status", {}).get(
            "observedGeneration"
        )

    (applied,) = await tenant.wait("Deployment", is_settled)
    patch = ownership.trim(applied, wanted)
    assert patch is not None
    assert plan.contains(await cluster.patch(applied, patch), wanted)
    assert await find_taken(cluster, wanted) == {}
