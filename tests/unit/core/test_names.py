"""Names go out and come back; what is not a name is refused in words."""

from __future__ import annotations

import re
import subprocess
import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import names
from core.names import Address

SERVICES = st.from_regex(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)
SHAS = st.text("0123456789abcdef", min_size=40, max_size=40)
REF_TEXT = st.one_of(
    st.text(max_size=40),
    st.builds(
        "{}{}".format,
        st.sampled_from(["refs/heads/", "refs/tags/", "refs/", "refs/internal/", ""]),
        st.text("aZ0._/@#+-{}~^: \\*?[\x01\nä", max_size=12),
    ),
)


@pytest.mark.parametrize("name", ["a", "ab", "a-b", "a1", "hello-world", "x" * 40])
def test_a_good_name(name: str) -> None:
    assert names.name_problem(name) is None


@pytest.mark.parametrize(
    "name",
    [
        *("-a", "a-", "a_b", "A", "a.b", "a" * 41, "a" * 64, "", "x\n", "x ", " x", "_", "..", ".", "%2e", "ä", "1a"),
        *("a/b", "a\0", "\uff41", "a\u200b"),
    ],
)
def test_yaml_11_a_name_that_no_object_could_have_is_refused(name: str) -> None:
    problem = names.name_problem(name)

    assert problem is not None
    assert problem.slug == "name-invalid"
    assert problem.hint == names.NAME_RULE


@pytest.mark.parametrize(
    "name",
    [
        *("kube-system", "kube-x", "healthz", "livez", "readyz", "metrics", "api", "auth", "git", "admin", "paaks"),
        *("paaksy", "tnt-12345678", "frontend", "filesystem", "dispatcher"),
    ],
)
def test_yaml_11_a_reserved_name_is_refused(name: str) -> None:
    problem = names.name_problem(name, "tenant")

    assert problem is not None
    assert problem.slug == "name-reserved"


@given(st.text(max_size=60))
@example("a\n")
@example("x" * 40)
def test_what_passes_as_a_name_is_a_dns_label_and_fits_everywhere(name: str) -> None:
    if names.name_problem(name) is not None:
        return
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", name)
    labels = names.service_labels(str(uuid.UUID(int=7)), name)
    assert all(len(value) <= 63 for value in labels.values())
    assert len(names.config_map_name(name, "f" * 40)) <= 63


@given(SERVICES, SHAS)
def test_a_release_id_goes_out_and_comes_back(service: str, commit: str) -> None:
    assert names.parse_release_id(names.release_id(service, commit)) == (service, commit)


@pytest.mark.parametrize(
    "text", ["", "@", "a", "a@", "@" + "a" * 40, "a@" + "A" * 40, "a@b@" + "a" * 40, "a@" + "a" * 41]
)
def test_what_is_no_release_id(text: str) -> None:
    assert names.parse_release_id(text) is None


@given(st.text(max_size=80))
def test_no_text_breaks_the_parsers(text: str) -> None:
    parsed = names.parse_release_id(text)
    assert parsed is None or names.release_id(*parsed) == text
    host = names.split_host(text)
    assert host is None or all(re.fullmatch(r"[a-z][-a-z0-9]*", part) for part in host)
    live = names.parse_live_ref(text)
    assert live is None or names.live_ref(live) == text
    names.ref_problem(text)
    names.name_problem(text)
    assert names.is_sha(text) == bool(re.fullmatch(r"[0-9a-f]{40}", text))


@given(SERVICES)
def test_a_live_reference_goes_out_and_comes_back_and_cannot_be_pushed(service: str) -> None:
    ref = names.live_ref(service)

    assert names.parse_live_ref(ref) == service
    assert names.ref_problem(ref) is not None


@pytest.mark.parametrize(
    "ref",
    [
        *("refs/heads/main", "refs/heads/feature/x", "refs/tags/v1.0", "refs/heads/a@b", "refs/heads/fix#12+a"),
        *("refs/heads/" + "a" * 200, "refs/heads/HEADER", "refs/tags/refs"),
    ],
)
def test_a_good_reference(ref: str) -> None:
    assert names.ref_problem(ref) is None


@pytest.mark.parametrize(
    "ref",
    [
        *(
            "",
            "main",
            "HEAD",
            "refs/heads/",
            "refs/heads/HEAD",
            "refs/tags/HEAD",
            "refs/notes/x",
            "refs/internal/live/a",
        ),
        *("refs/heads/refs/heads/main", "refs/heads/a..b", "refs/heads/a//b", "refs/heads/a/", "refs/heads/a."),
        *("refs/heads/a.lock", "refs/heads/a.lock/b", "refs/heads/.a", "refs/heads/a/.b", "refs/heads/-a"),
        *("refs/heads/a b", "refs/heads/a~1", "refs/heads/a^", "refs/heads/a:b", "refs/heads/a@{1}", "refs/heads/ä"),
        *("refs/heads/a\n", "refs/heads/a\0b", "refs/heads/" + "a" * 201, "refs/heads/a\\b", "refs/heads/a*"),
    ],
)
def test_a_reference_that_must_not_be_pushed(ref: str) -> None:
    problem = names.ref_problem(ref)

    assert problem is not None
    assert problem.slug == "ref-not-allowed"


def test_git_takes_every_reference_that_we_take() -> None:
    accepted: set[str] = set()

    @given(REF_TEXT)
    def collect(ref: str) -> None:
        if names.ref_problem(ref) is None:
            accepted.add(ref)

    collect()
    accepted |= {"refs/heads/a@", "refs/heads/a/-b", "refs/tags/a#+@", "refs/heads/a.b/c-"}
    assert all(names.ref_problem(ref) is None for ref in accepted)
    for ref in sorted(accepted)[:40]:
        subprocess.run(["git", "check-ref-format", ref], check=True)


@given(st.lists(st.tuples(SERVICES, SHAS), min_size=2, max_size=8, unique=True))
def test_two_revisions_never_share_a_config_map(revisions: list[tuple[str, str]]) -> None:
    wanted = {(service, names.short_tree(tree)) for service, tree in revisions}

    assert len({names.config_map_name(service, tree) for service, tree in revisions}) == len(wanted)


def test_yaml_12_hyphens_in_slugs_and_services_lead_to_four_places() -> None:
    ids = {"a-b": "11111111-0000-4000-8000-000000000000", "a": "22222222-0000-4000-8000-000000000000"}
    pairs = [("a-b", "c"), ("a", "b-c"), ("a", "x" * 39 + "y"), ("a", "x" * 39 + "z")]

    assert len({(names.namespace_of(ids[slug]), service) for slug, service in pairs}) == 4
    assert len({names.service_url("http://apps", service, slug) for slug, service in pairs}) == 4
    assert len({f"{service}.{slug}.localhost" for slug, service in pairs}) == 4
    for slug, service in pairs:
        assert names.split_host(f"{service}.{slug}.localhost:8080") == (service, slug)
        instance = names.service_labels(ids[slug], service)["app.kubernetes.io/instance"]
        assert instance == f"{ids[slug][:8]}-{service}"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("hello.demo.localhost", ("hello", "demo")),
        ("Hello.DEMO.LocalHost:8080", ("hello", "demo")),
        ("demo.localhost", None),
        ("a.b.c.localhost", None),
        ("hello.demo.localhost.", None),
        ("hello.demo.example", None),
        ("hello..localhost", None),
        ("[::1]:8080", None),
        ("127.0.0.1:8080", None),
        ("", None),
        ("-a.demo.localhost", None),
        ("hello.demo.localhost:8080:1", ("hello", "demo")),
    ],
)
def test_a_host_names_service_and_slug(host: str, expected: tuple[str, str] | None) -> None:
    assert names.split_host(host) == expected


def test_urls() -> None:
    assert names.service_url("http://h:8080/", "hello") == "http://h:8080/hello/"
    assert names.service_url("http://h:8080", "hello", "demo") == "http://h:8080/~demo/hello/"
    assert names.clone_url("http://h:3000/", "demo") == "http://h:3000/git/demo.git"


def test_a_pods_address() -> None:
    assert names.pod_address({"metadata": {"annotations": {names.ANNOTATION_SOCKET: "/run/x"}}}) == Address(
        path="/run/x"
    )
    assert names.pod_address({"metadata": {}, "status": {"podIP": "10.0.0.7"}}) == Address(host="10.0.0.7", port=8080)
    assert names.pod_address({"metadata": {"annotations": None}, "status": {}}) is None
    assert names.pod_address({"metadata": {}}) is None


def test_labels_and_annotations_may_be_missing_or_null() -> None:
    assert names.label_of({"metadata": {"labels": None}}, "a") is None
    assert names.label_of({}, "a") is None
    assert names.annotation_of({"metadata": {"annotations": {"a": "b"}}}, "a") == "b"


def test_selectors_are_part_of_the_labels_and_hold_no_revision() -> None:
    tenant = str(uuid.uuid4())
    selector = names.selector_labels(tenant, "hello")

    assert selector.items() <= names.service_labels(tenant, "hello").items()
    assert set(selector) == {names.LABEL_TENANT, names.LABEL_SERVICE}
    assert names.MANAGED.split("=")[0] in names.tenant_labels(tenant)
