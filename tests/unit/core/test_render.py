"""A tenant's services become objects that the cluster takes: the same for the same input, and nothing lost."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import names, plan, render
from core.descriptor import Service
from core.render import File, Owner, Quota, Revision
from runtime.node import kinds, validation

Object = dict[str, Any]
MI = 1024 * 1024
OWNER = Owner("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "demo")
TREE, COMMIT = "ab12" * 10, "cd34" * 10
SEGMENT = st.text("abc.äé -_名", min_size=1, max_size=8).filter(lambda s: not s.startswith("..") and s != ".")
PATHS = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)
CONTENTS = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"", b"\0", b"\xef\xbb\xbf", b"a\r\nb", b"\xc2\x85", "\u2028".encode(), b"\x1b[0m"]),
)
FILES = st.dictionaries(PATHS, st.tuples(st.sampled_from([0o100644, 0o100755]), CONTENTS), min_size=1, max_size=6).map(
    lambda files: [File(path, mode, data) for path, (mode, data) in files.items()]
)
TEXT = st.text(max_size=20).filter(lambda text: "\0" not in text and text.encode("utf-8", "ignore").decode() == text)
DESCRIPTORS = st.builds(
    Service,
    handler=st.sampled_from(["handler.py", "a b/ä.py"]),
    public=st.booleans(),
    replicas=st.integers(1, 10),
    env=st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,6}", fullmatch=True), TEXT, max_size=4),
    timeout=st.integers(1, 600),
    memory=st.integers(32 * MI, 2048 * MI)
    | st.integers(32, 2048).map(lambda mi: mi * MI)
    | st.integers(34, 999).map(lambda m: m * 10**6),
    cpu=st.integers(10, 1000),
    egress=st.sampled_from(["public", "none"]),
)
REVISIONS = st.builds(
    Revision,
    service=st.from_regex(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True),
    tree=st.text("0123456789abcdef", min_size=40, max_size=40),
    commit=st.text("0123456789abcdef", min_size=40, max_size=40),
    descriptor=DESCRIPTORS,
    files=FILES,
)


def revision(**changes: Any) -> Revision:
    """A revision of `hello` with some descriptor fields or files changed."""
    files = changes.pop("files", [File("handler.py", 0o100644, b"x = 1\n")])
    return Revision("hello", TREE, COMMIT, replace(Service(), **changes), files)


def objects(of: Revision, commits: Mapping[str, str] | None = None) -> dict[str, Object]:
    """The objects of a service by kind."""
    return {obj["kind"]: obj for obj in render.render_service(OWNER, of, commits or {})}


def faults(obj: Object) -> list[validation.Fault]:
    """What the node, and with it Kubernetes, would say against an object."""
    kind = kinds.kind_of(obj)
    return validation.find_faults(kind, kinds.complete(kind, json.loads(json.dumps(obj))))


def unpack(config_map: Object, pod_spec: Object) -> dict[str, tuple[int, bytes]]:
    """The files that a pod sees below /app: path → permissions, bytes."""
    keys = {key: text.encode() for key, text in config_map.get("data", {}).items()}
    keys |= {key: base64.b64decode(text) for key, text in config_map.get("binaryData", {}).items()}
    volume = next(v for v in pod_spec["volumes"] if v["name"] == "app")["configMap"]
    assert volume["name"] == config_map["metadata"]["name"]
    assert len(volume["items"]) == len(keys)
    return {item["path"].removeprefix("app/"): (item["mode"], keys[item["key"]]) for item in volume["items"]}


@given(REVISIONS, st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_bytes_in_whatever_order_its_files_come(of: Revision, rng: random.Random) -> None:
    shuffled = list(of.files)
    rng.shuffle(shuffled)
    again = replace(
        of, files=shuffled, descriptor=replace(of.descriptor, env=dict(reversed([*of.descriptor.env.items()])))
    )

    assert json.dumps(objects(of)) == json.dumps(objects(again))


@given(REVISIONS)
def test_every_object_is_valid_and_carries_our_labels_and_hash(of: Revision) -> None:
    for obj in [*render.render_tenant(OWNER, Quota()), *render.render_service(OWNER, of, {})]:
        assert faults(obj) == []
        assert names.label_of(obj, names.LABEL_MANAGED_BY) == "paaks"
        assert names.label_of(obj, names.LABEL_TENANT) == OWNER.id
        if obj["kind"] != "ConfigMap":
            assert names.annotation_of(obj, names.ANNOTATION_HASH) == render.digest(obj)
        assert obj["metadata"].get("namespace", OWNER.namespace) == OWNER.namespace


@given(REVISIONS)
def test_a_config_map_is_known_by_its_tree_whether_or_not_its_files_were_read(of: Revision) -> None:
    read = objects(of)
    unread = objects(replace(of, files=[replace(file, data=None) for file in of.files]))
    other = objects(replace(of, tree=("1" if of.tree != "1" * 40 else "2") * 40))

    assert unread["Deployment"] == read["Deployment"]
    assert not render.has_contents(unread["ConfigMap"])
    assert unread["ConfigMap"] | render.render_contents(of.files) == read["ConfigMap"]
    hashes = [names.annotation_of(made["ConfigMap"], names.ANNOTATION_HASH) for made in (read, unread, other)]
    assert hashes[0] == hashes[1] != hashes[2]


@given(REVISIONS)
@example(revision(files=[File("a", 0o100755, b"\0" * 9), File("b", 0o100644, b"")]))
def test_the_files_arrive_as_they_were(of: Revision) -> None:
    made = objects(of)
    spec = made["Deployment"]["spec"]["template"]["spec"]

    wire = json.loads(json.dumps(made["ConfigMap"]))
    assert unpack(wire, spec) == {file.path: (file.mode & 0o777, file.data) for file in of.files}


@given(REVISIONS)
def test_a_config_map_stays_about_as_large_as_its_files(of: Revision) -> None:
    """The API server takes requests of 3 MiB; a service may have 900 KiB, so JSON may at most triple them."""
    many = [replace(file, data=(file.data or b"") * 50) for file in of.files]
    grown = len(json.dumps(objects(replace(of, files=many))["ConfigMap"])) - len(
        json.dumps(objects(replace(of, files=[]))["ConfigMap"])
    )

    assert grown <= 3 * sum(len(file.data or b"") for file in many) + 20 * len(many) + 40


@pytest.mark.parametrize("data", [b"\0", b"\x01", b"a\x1b[0m", b"\x0b", b"\x1f"])
def test_control_characters_go_as_bytes(data: bytes) -> None:
    """JSON writes six bytes for each of them, and 900 KiB of NUL would be too large a request."""
    made = objects(revision(files=[File("a", 0o100644, data * 1000)]))["ConfigMap"]

    assert "data" not in made
    assert list(made["binaryData"]) == ["f0001"]


def test_text_goes_as_text() -> None:
    made = objects(revision(files=[File("a", 0o100644, "größe\r\n\tx".encode()), File("b", 0o100644, b"\xff")]))[
        "ConfigMap"
    ]

    assert made["data"] == {"f0001": "größe\r\n\tx"}
    assert made["binaryData"] == {"f0002": "/w=="}
    assert made["immutable"] is True


@given(REVISIONS)
def test_the_selector_matches_the_pods_and_never_changes(of: Revision) -> None:
    made = objects(of)
    template = made["Deployment"]["spec"]["template"]
    selector = made["Deployment"]["spec"]["selector"]["matchLabels"]

    assert selector == made["Service"]["spec"]["selector"] == names.selector_labels(OWNER.id, of.service)
    assert selector.items() <= template["metadata"]["labels"].items()
    assert template["metadata"]["labels"][names.LABEL_TREE] == of.tree[:12]


@given(REVISIONS)
def test_the_pod_is_restricted_whatever_the_descriptor_says(of: Revision) -> None:
    """Pod Security `restricted`, and what DESIGN §6 adds."""
    spec = objects(of)["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName", "nodeName", "initContainers"}.isdisjoint(spec)
    assert [set(v) - {"name"} for v in spec["volumes"]] == [{"configMap"}, {"emptyDir"}]
    assert set(container["resources"]["limits"]) == {"memory", "cpu"}
    assert "command" not in container
    assert "args" not in container


@given(REVISIONS)
def test_what_belongs_to_a_revision_is_in_the_pod_template(of: Revision) -> None:
    template = objects(of)["Deployment"]["spec"]["template"]
    annotations = template["metadata"]["annotations"]

    assert annotations[names.ANNOTATION_PUBLIC] == ("true" if of.descriptor.public else "false")
    assert annotations[names.ANNOTATION_TIMEOUT] == str(of.descriptor.timeout)
    assert annotations[names.ANNOTATION_REPLICAS] == str(of.descriptor.replicas)
    assert template["spec"]["terminationGracePeriodSeconds"] == of.descriptor.timeout + 5


def expand(text: str, variables: Mapping[str, str]) -> str:
    """What Kubernetes makes of a variable's value: third_party/forked/golang/expansion."""
    return re.sub(
        r"\$(\$|\(([^()]*)\))",
        lambda m: "$" if m[1] == "$" else variables.get(m[2], m[0]),
        text,
    )


@given(DESCRIPTORS)
@example(replace(Service(), env={"A": "$(B) $$(B) $B ${B} $", "B": "secret"}))
def test_variables_arrive_as_they_were_written(descriptor: Service) -> None:
    env = objects(Revision("hello", TREE, COMMIT, descriptor, []))["Deployment"]["spec"]["template"]["spec"][
        "containers"
    ][0]["env"]
    seen: dict[str, str] = {}
    for variable in env:
        seen[variable["name"]] = expand(variable["value"], seen)

    assert {name: seen[name] for name in descriptor.env} == dict(descriptor.env)
    assert seen["PAAKS_HANDLER"] == descriptor.handler
    assert len(seen) == len(env) == len(descriptor.env) + 3


def canonical(text: str) -> str:
    """A quantity as the API server answers it (apimachinery, Quantity.CanonicalizeBytes)."""
    match = re.fullmatch(r"([0-9]+)(m|Ki|Mi|Gi|k|M|G)?", text)
    assert match is not None
    number, unit = int(match[1]), match[2] or ""
    if unit.endswith("i"):
        units = ["", "Ki", "Mi", "Gi", "Ti"]
        while number % 1024 == 0 and unit != "Ti":
            number, unit = number // 1024, units[units.index(unit) + 1]
    else:
        units = ["m", "", "k", "M", "G", "T"]
        while number % 1000 == 0 and unit != "T":
            number, unit = number // 1000, units[units.index(unit) + 1]
    return f"{number}{unit}"


@given(DESCRIPTORS)
@example(Service(memory=1024 * MI, cpu=1000))
@example(Service(memory=10**9))
def test_quantities_are_written_as_the_api_server_answers_them(descriptor: Service) -> None:
    """Otherwise what is live differs from what is wanted, and every pass writes it again."""
    resources = objects(Revision("hello", TREE, COMMIT, descriptor, []))["Deployment"]["spec"]["template"]["spec"][
        "containers"
    ][0]["resources"]

    for amounts in resources.values():
        assert {name: canonical(text) for name, text in amounts.items()} == amounts
    assert validation.parse_quantity(resources["limits"]["memory"]) == descriptor.memory
    assert resources["requests"]["memory"] == resources["limits"]["memory"]
    assert validation.parse_quantity(resources["requests"]["cpu"]) == pytest.approx(descriptor.cpu / 1000)


@given(st.builds(Quota, pods=st.integers(1, 20_000), memory_mi=st.integers(1, 2**19), cpu=st.integers(1, 20_000)))
@example(Quota())
def test_a_tenants_quantities_are_written_as_the_api_server_answers_them(quota: Quota) -> None:
    made = {obj["metadata"]["name"]: obj for obj in render.render_tenant(OWNER, quota)}
    hard = made["paaks-quota"]["spec"]["hard"]
    limit = made["paaks-limits"]["spec"]["limits"][0]

    for amounts in (hard, limit["default"], limit["defaultRequest"]):
        assert {name: canonical(text) for name, text in amounts.items()} == amounts
    assert validation.parse_quantity(hard["limits.memory"]) == quota.memory_mi * MI
    assert validation.parse_quantity(hard["pods"]) == quota.pods


def test_the_quota_has_room_for_two_revisions_of_the_largest_service() -> None:
    largest = Service(replicas=10, memory=2048 * MI, cpu=1000)

    assert Quota().pods >= 2 * largest.replicas
    assert Quota().memory_mi * MI >= 2 * largest.replicas * largest.memory
    assert Quota().cpu * 1000 >= 2 * largest.replicas * largest.cpu


def test_the_quota_has_room_for_two_revisions_of_five_hundred_services() -> None:
    usual = Service()

    assert Quota().pods >= 2 * 500 * usual.replicas
    assert Quota().memory_mi * MI >= 2 * 500 * usual.replicas * usual.memory
    assert Quota().cpu * 1000 >= 2 * 500 * usual.replicas * usual.cpu


def test_yaml_15_a_value_with_yaml_in_it_stays_one_value() -> None:
    text = "x\n  hostNetwork: true"
    spec = objects(revision(env={"A": text}))["Deployment"]["spec"]["template"]["spec"]

    assert {"name": "A", "value": text} in spec["containers"][0]["env"]
    assert "hostNetwork" not in spec


def test_the_tenants_own_objects_come_in_the_order_of_their_making() -> None:
    made = list(render.render_tenant(OWNER, Quota()))

    assert [obj["kind"] for obj in made] == ["Namespace", "ResourceQuota", "LimitRange", *["NetworkPolicy"] * 3]
    assert names.annotation_of(made[0], names.ANNOTATION_SLUG) == "demo"
    assert made[0]["metadata"]["name"] == OWNER.namespace
    assert len({plan.key_of(obj) for obj in made}) == len(made)


def test_visitors_come_only_from_the_dispatcher_and_metadata_is_out_of_reach() -> None:
    policies = {
        o["metadata"]["name"]: o["spec"] for o in render.render_tenant(OWNER, Quota()) if o["kind"] == "NetworkPolicy"
    }

    assert policies["paaks-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (rule,) = policies["paaks-in"]["ingress"]
    assert "from" in rule
    internet = policies["paaks-out"]["egress"][1]["to"][0]["ipBlock"]
    assert internet["cidr"] == "0.0.0.0/0"
    assert {"169.254.0.0/16", "10.0.0.0/8", "127.0.0.0/8"} <= set(internet["except"])


def test_egress_is_a_label_that_the_policy_selects() -> None:
    policy = next(o for o in render.render_tenant(OWNER, Quota()) if o["metadata"]["name"] == "paaks-out")
    wanted = policy["spec"]["podSelector"]["matchLabels"]
    for egress, reached in (("public", True), ("none", False)):
        labels = objects(revision(egress=egress))["Deployment"]["spec"]["template"]["metadata"]["labels"]
        assert (wanted.items() <= labels.items()) is reached


# -- commits of a Service -------------------------------------------------------------------------------------------

SHORT = st.integers(0, 30).map(lambda n: f"{n:012x}")


@given(st.lists(st.tuples(SHORT, st.text("ab", min_size=4, max_size=4)), max_size=40), st.lists(SHORT, max_size=3))
def test_a_service_names_its_newest_trees_and_those_that_are_kept(
    moves: list[tuple[str, str]], keep: list[str]
) -> None:
    commits: dict[str, str] = {}
    latest: dict[str, str] = {}
    for tree, commit in moves:
        commits = render.remember_commit(commits, tree + "f" * 28, commit, keep)
        latest[tree] = commit
        assert list(commits)[-1] == tree
        assert commits[tree] == commit
        assert len(commits) <= render.KEPT_COMMITS + len(set(keep))
    assert all(latest[tree] == commit for tree, commit in commits.items())
    assert {tree for tree in keep if tree in latest} <= commits.keys()


def test_the_commits_are_on_the_service_and_leave_the_deployment_alone() -> None:
    before, after = objects(revision(), {"a" * 12: COMMIT}), objects(revision(), {"a" * 12: COMMIT, "b" * 12: "e" * 40})

    assert json.loads(names.annotation_of(after["Service"], names.ANNOTATION_COMMITS) or "") == {
        "a" * 12: COMMIT,
        "b" * 12: "e" * 40,
    }
    assert before["Deployment"] == after["Deployment"]
    assert before["ConfigMap"] == after["ConfigMap"]
    assert before["Service"] != after["Service"]


def test_the_digest_leaves_out_only_itself() -> None:
    obj = objects(revision())["Deployment"]
    other = json.loads(json.dumps(obj))
    other["metadata"]["annotations"][names.ANNOTATION_HASH] = "x"
    changed = json.loads(json.dumps(obj))
    changed["metadata"]["labels"]["x"] = "y"

    assert render.digest(other) == render.digest(obj)
    assert render.digest(changed) != render.digest(obj)
