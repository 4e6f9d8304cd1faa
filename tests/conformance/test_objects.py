"""What `core.cluster` may rely on when it applies, lists and deletes objects."""

from __future__ import annotations

import pytest

from core import names
from core.cluster import Cluster, ClusterError, ConflictError, InvalidError
from tests.tenant_objects import Object, Tenant


def config_map(tenant: Tenant, name: str = "c", *, immutable: bool = False, **data: str) -> Object:
    labels = names.service_labels(tenant.id, "s")
    metadata = {"name": name, "namespace": tenant.namespace, "labels": labels}
    obj: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    return obj | ({"immutable": True} if immutable else {})


def version(obj: Object) -> str:
    found: str = obj["metadata"]["resourceVersion"]
    return found


async def test_apply_creates_and_answers_with_what_the_cluster_has(cluster: Cluster, tenant: Tenant) -> None:
    applied = await cluster.apply(config_map(tenant, a="1"))
    assert applied["data"] == {"a": "1"}
    assert applied["metadata"]["uid"]
    assert applied["metadata"]["creationTimestamp"].endswith("Z")
    found = await cluster.get("ConfigMap", tenant.namespace, "c")
    assert found is not None
    assert (found["metadata"]["uid"], version(found)) == (applied["metadata"]["uid"], version(applied))


async def test_applying_the_same_again_changes_no_version(cluster: Cluster, tenant: Tenant) -> None:
    objects = [config_map(tenant, a="1"), *tenant.render("s", {"handler.py": "x = 1\n"}, replicas=1)]
    objects[-1]["spec"]["replicas"] = 0  # a Deployment at rest has no status that moves
    for obj in objects:
        await cluster.apply(obj)
    await tenant.wait("Deployment", lambda found: found and found[0].get("status", {}).get("observedGeneration") == 1)
    for obj in objects:
        before = await cluster.get(obj["kind"], tenant.namespace, obj["metadata"]["name"])
        assert before is not None
        assert version(await cluster.apply(obj)) == version(before)


async def test_what_is_not_applied_any_more_is_taken_away(cluster: Cluster, tenant: Tenant) -> None:
    first = await cluster.apply(config_map(tenant, a="1", b="2"))
    obj = config_map(tenant, a="1", c="3")
    del obj["metadata"]["labels"][names.LABEL_SERVICE]
    second = await cluster.apply(obj)
    assert second["data"] == {"a": "1", "c": "3"}
    assert names.LABEL_SERVICE not in second["metadata"]["labels"]
    assert int(version(second)) > int(version(first))
    assert second["metadata"]["uid"] == first["metadata"]["uid"]


async def test_the_generation_counts_changes_of_the_specification(cluster: Cluster, tenant: Tenant) -> None:
    deployment = tenant.render("s", {"handler.py": "x = 1\n"})[-1]
    deployment["spec"]["replicas"] = 0
    assert (await cluster.apply(deployment))["metadata"]["generation"] == 1
    deployment["metadata"]["labels"]["note"] = "x"
    assert (await cluster.apply(deployment))["metadata"]["generation"] == 1
    deployment["spec"]["template"]["metadata"]["annotations"]["paaks.dev/note"] = "x"
    assert (await cluster.apply(deployment))["metadata"]["generation"] == 2
    deployment["metadata"]["annotations"]["paaks.dev/note"] = "x"  # of a Deployment they count as well
    assert (await cluster.apply(deployment))["metadata"]["generation"] == 3


async def test_a_dry_run_changes_nothing(cluster: Cluster, tenant: Tenant) -> None:
    told = await cluster.apply(config_map(tenant, a="1"), dry_run=True)
    assert told["data"] == {"a": "1"}
    assert await cluster.get("ConfigMap", tenant.namespace, "c") is None


async def test_an_immutable_config_map_stays_as_it_is(cluster: Cluster, tenant: Tenant) -> None:
    await cluster.apply(config_map(tenant, immutable=True, a="1"))
    await cluster.apply(config_map(tenant, immutable=True, a="1"))
    for changed in (config_map(tenant, immutable=True, a="2"), config_map(tenant, a="1")):
        with pytest.raises(InvalidError) as caught:
            await cluster.apply(changed)
        assert caught.value.status == 422
    found = await cluster.get("ConfigMap", tenant.namespace, "c")
    assert found is not None
    assert found["data"] == {"a": "1"}


async def test_what_is_wrong_with_an_object_is_said(cluster: Cluster, tenant: Tenant) -> None:
    bad_label = config_map(tenant)
    bad_label["metadata"]["labels"]["x"] = "not a label's value"
    other_selector = tenant.render("s", {"handler.py": ""})[-1]
    other_selector["spec"]["selector"]["matchLabels"] = {"a": "b"}
    for obj in (bad_label, config_map(tenant, "Upper"), config_map(tenant, **{"k" * 300: "x"}), other_selector):
        with pytest.raises(InvalidError) as caught:
            await cluster.apply(obj)
        assert caught.value.status == 422
        assert "is invalid" in caught.value.message


async def test_a_config_map_of_more_than_a_mebibyte_is_refused(cluster: Cluster, tenant: Tenant) -> None:
    with pytest.raises(ClusterError) as caught:
        await cluster.apply(config_map(tenant, a="x" * (2**20 + 1)))
    assert caught.value.status in (413, 422)


async def test_nothing_is_made_in_a_namespace_that_is_not_there(cluster: Cluster) -> None:
    with pytest.raises(InvalidError) as caught:
        await cluster.apply(config_map(Tenant(cluster)))
    assert caught.value.status == 404


async def test_lists_select_by_label_and_namespace(cluster: Cluster, tenant: Tenant) -> None:
    for name in ("one", "two"):
        await cluster.apply(config_map(tenant, name))
    other = config_map(tenant, "three")
    other["metadata"]["labels"] = {names.LABEL_TENANT: tenant.id, "kind": "other"}
    await cluster.apply(other)

    async def found(selector: str, namespace: str | None = tenant.namespace) -> set[str]:
        items, _ = await cluster.list("ConfigMap", namespace=namespace, selector=selector)
        assert all(item["kind"] == "ConfigMap" and item["apiVersion"] == "v1" for item in items)
        return {item["metadata"]["name"] for item in items if item["metadata"]["name"] != "kube-root-ca.crt"}

    mine = f"{names.LABEL_TENANT}={tenant.id}"
    assert await found(mine) == {"one", "two", "three"}
    assert await found(f"{mine},{names.MANAGED}", None) == {"one", "two"}
    assert await found(f"{mine},kind in (other, another)") == {"three"}
    assert await found(f"{mine},!kind") == {"one", "two"}
    assert await found(f"{mine},kind!=other") == {"one", "two"}
    assert await found(mine, "no-such-namespace") == set()


async def test_deletion_looks_at_uid_and_version(cluster: Cluster, tenant: Tenant) -> None:
    applied = await cluster.apply(config_map(tenant))
    uid = applied["metadata"]["uid"]
    with pytest.raises(ConflictError):
        await cluster.delete("ConfigMap", tenant.namespace, "c", uid=tenant.id)
    with pytest.raises(ConflictError):
        await cluster.delete("ConfigMap", tenant.namespace, "c", uid=uid, resource_version="1")
    assert await cluster.delete("ConfigMap", tenant.namespace, "c", uid=uid, resource_version=version(applied))
    assert not await cluster.delete("ConfigMap", tenant.namespace, "c", uid=uid)
    assert await cluster.get("ConfigMap", tenant.namespace, "c") is None


async def test_what_is_made_again_under_the_same_name_is_another(cluster: Cluster, tenant: Tenant) -> None:
    first = await cluster.apply(config_map(tenant))
    await cluster.delete("ConfigMap", tenant.namespace, "c")
    second = await cluster.apply(config_map(tenant))
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    with pytest.raises(ConflictError):
        await cluster.delete("ConfigMap", tenant.namespace, "c", uid=first["metadata"]["uid"])


async def test_a_namespace_takes_everything_in_it_along(cluster: Cluster) -> None:
    tenant = Tenant(cluster)
    await tenant.create()
    await cluster.apply(config_map(tenant))
    assert await cluster.delete("Namespace", None, tenant.namespace)
    selector = f"{names.LABEL_TENANT}={tenant.id}"
    while (await cluster.list("Namespace", selector=selector))[0]:
        await tenant.wait("ConfigMap", lambda found: not found)
    assert (await cluster.list("ConfigMap", selector=selector))[0] == []
