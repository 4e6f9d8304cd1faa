"""What a service.yaml may say, and what it is told where it says something else."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import descriptor, strict_yaml
from core.descriptor import Service
from core.errors import Problem, Refused
from core.problems import CATALOGUE

SCHEMA = jsonschema_rs.validator_for(descriptor.json_schema())
MI = 1024 * 1024


def read(text: str | bytes, *, at_root: bool = False) -> tuple[Service | None, list[Problem]]:
    """The service of a text, or its problems, those of YAML too."""
    try:
        node = strict_yaml.load(text.encode() if isinstance(text, str) else text)
    except Refused as refusal:
        return None, list(refusal.problems)
    return descriptor.read(node, at_root=at_root)


def accepted(text: str, *, at_root: bool = False) -> Service:
    """The service of a text that is right."""
    service, problems = read(text, at_root=at_root)
    assert problems == []
    assert service is not None
    return service


def refused(text: str, *, at_root: bool = False) -> Problem:
    """The one problem of a text."""
    service, problems = read(text, at_root=at_root)
    assert service is None
    assert len(problems) == 1, problems
    return problems[0]


# -- any document ---------------------------------------------------------------------------------------------------

KEYS = (
    *("name", "handler", "public", "replicas", "env", "timeout", "resources", "memory", "cpu", "egress", "A", "PATH"),
    *("runtime", "image", "securityContext", "x y", "", "env.A", "LD_X", "nämlich"),
)
SCALARS = st.one_of(
    st.sampled_from(
        (
            *("handler.py", "a/b.py", "../x.py", "30s", "600s", "601s", "0s", "128Mi", "32Mi", "2Gi", "3Gi", "1.5Gi"),
            *("100m", "0.5", "1", "10m", "public", "none", "hello", "api", "~", "true", "false", "yes", "2", "11", "0"),
            *("1e3", "''"),
        )
    ),
    st.integers(-3, 10**13).map(str),
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(str),
    st.text("ab.1 \"'{}[]:#-", max_size=10),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda items: "[" + ", ".join(items) + "]")
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3).map(
            lambda entries: "{" + ", ".join(f'"{key}": {value}' for key, value in entries.items()) + "}"
        )
    ),
    max_leaves=5,
)
DOCUMENTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6).map(
    lambda entries: "".join(f'"{key}": {value}\n' for key, value in entries.items())
)


@given(DOCUMENTS | VALUES, st.booleans())
@example("~", False)
@example("", True)
@example("name: api", True)
@example("resources: ~", False)
@example("{env: }", False)
def test_any_document_is_a_service_or_problems_with_places(text: str, at_root: bool) -> None:
    service, problems = read(text, at_root=at_root)

    assert (service is None) == bool(problems)
    assert len(problems) <= descriptor.MAX_PROBLEMS
    lines = text.split("\n")
    for problem in problems:
        assert problem.slug in CATALOGUE
        assert problem.detail
        assert problem.line is not None
        assert problem.column is not None
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert len(problem.detail) < 300
    if service is not None:
        assert_within_limits(service)


def assert_within_limits(service: Service) -> None:
    """Every limit of DESIGN §5."""
    assert 1 <= service.replicas <= 10
    assert 1 <= service.timeout <= 600
    assert 32 * MI <= service.memory <= 2048 * MI
    assert 10 <= service.cpu <= 1000
    assert service.egress in ("public", "none")
    assert type(service.public) is bool
    assert service.handler.endswith(".py")
    assert not service.handler.startswith("/")
    assert ".." not in service.handler.split("/")
    assert len(service.env) <= 64
    assert all(re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", key) for key in service.env)
    assert all("\0" not in value and len(value.encode()) <= 5120 for value in service.env.values())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_service_or_problems(data: bytes) -> None:
    service, problems = read(data)

    assert (service is None) == bool(problems)


# -- the same contract as a JSON Schema -------------------------------------------------------------------------------


def instance(node: strict_yaml.Node) -> object:
    """A document as a validator of JSON sees it."""
    if isinstance(node, strict_yaml.Mapping):
        return {key.text: instance(value) for key, value in node.entries}
    if isinstance(node, strict_yaml.Sequence):
        return [instance(item) for item in node.items]
    return node.value


@given(DOCUMENTS)
def test_what_is_read_is_valid_by_the_schema(text: str) -> None:
    service, _ = read(text)

    if service is not None:
        assert list(SCHEMA.iter_errors(instance(strict_yaml.load(text.encode())))) == []


# What `read` refuses and a schema cannot say (docstring of json_schema): ranges of quantities, bytes, where a name is.
STRICTER = re.compile(
    r"^(name |resources\.(memory|cpu) |timeout |handler |replicas is the number|'env\.)"
    r"|is reserved|at the repository's root"
)


@given(DOCUMENTS)
def test_what_is_refused_is_invalid_by_the_schema_but_for_what_it_cannot_say(text: str) -> None:
    service, problems = read(text)

    if service is None and not any(STRICTER.search(problem.detail) for problem in problems):
        with contextlib.suppress(Refused):
            assert not SCHEMA.is_valid(instance(strict_yaml.load(text.encode()))), problems


@pytest.mark.parametrize(
    "text",
    [
        "handler: 7",
        "handler: x.txt",
        "public: 1",
        'public: "true"',
        "replicas: 11",
        "replicas: 0",
        'replicas: "2"',
        "env: []",
        "env: {A: [x]}",
        "env: {A: ~}",
        "env: {1A: x}",
        "env: {PATH: x}",
        "env: {LD_PRELOAD: x}",
        "timeout: 30",
        "timeout: 0s",
        "timeout: 1000s",
        "resources: {memory: 1Ti}",
        "resources: {memory: [1]}",
        "resources: {disk: 1}",
        "egress: all",
        "image: x",
        "[]",
        "text",
        "7",
    ],
)
def test_both_forms_refuse(text: str) -> None:
    assert read(text)[0] is None
    assert not SCHEMA.is_valid(instance(strict_yaml.load(text.encode())))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "public: true",
        "handler: src/app.py",
        "replicas: 10",
        "env: {A: 1, B: x, C: true, D: '', E: 1.10}",
        "env: {}",
        "timeout: 600s",
        "resources: {memory: 1.5Gi, cpu: 0.5}",
        "resources: {memory: 134217728, cpu: 1}",
        "resources: {memory: 64M, cpu: 250m}",
        "egress: none",
        "resources: {}",
    ],
)
def test_both_forms_accept(text: str) -> None:
    accepted(text)
    assert SCHEMA.is_valid(instance(strict_yaml.load(text.encode())))


def test_the_schema_has_every_field_and_its_default() -> None:
    schema = descriptor.json_schema()
    properties = schema["properties"]

    assert set(properties) == set(descriptor._FIELDS)
    assert set(properties["resources"]["properties"]) == set(descriptor._RESOURCES)
    assert json.loads(json.dumps(schema)) == schema
    defaults = {name: rules["default"] for name, rules in properties.items() if "default" in rules}
    defaults |= {"resources": {k: v["default"] for k, v in properties["resources"]["properties"].items()}}
    assert accepted(json.dumps(defaults)) == Service()
    assert {field.name for field in dataclasses.fields(Service)} == set(properties) - {"resources"} | {"memory", "cpu"}


# -- notes/security.md §4.5 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["010", "1_0", "1:30", "1e3", "yes", "~", "", "2020-01-01", '"2"', "1.0", "-1", "0", "11", "true", "[1]", "0x2"],
)
def test_yaml_08_replicas_that_are_no_whole_number_are_refused(value: str) -> None:
    found = refused(f"public: true\nreplicas: {value}\n")

    assert found.slug == "schema-error"
    assert found.detail.startswith("replicas is ")
    assert found.line == 2
    assert found.hint == "a whole number from 1 to 10, without quotes"


@pytest.mark.parametrize("value", [".inf", "9" * 5000])
def test_yaml_08_replicas_that_are_no_usable_number_are_refused(value: str) -> None:
    assert refused(f"replicas: {value}").line == 1


@pytest.mark.parametrize("text", ["[]", "- public: true", "hello", "7", "true"])
def test_yaml_09_document_that_is_no_mapping_is_refused(text: str) -> None:
    found = refused(text)

    assert found.detail.startswith("service.yaml is ")
    assert (found.line, found.column) == (1, 1)
    assert "handler" in (found.hint or "")


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}", "\n"])
def test_yaml_09_empty_file_is_a_service_with_defaults(text: str) -> None:
    assert accepted(text) == Service()


@pytest.mark.parametrize(
    "key",
    [
        *("securityContext", "hostNetwork", "hostPID", "volumes", "initContainers", "serviceAccountName"),
        *("nodeSelector", "tolerations", "runtimeClassName", "namespace", "command", "labels", "annotations", "ports"),
    ],
)
def test_yaml_10_foreign_key_is_refused(key: str) -> None:
    found = refused(f"public: true\n{key}: x\n")

    assert found.detail == f"unknown key {key!r}"
    assert (found.line, found.column) == (2, 1)
    assert found.hint


@pytest.mark.parametrize(
    "name",
    [
        *("-a", "a-", "a_b", "A", "a.b", "a" * 64, '""', '"x\\n"', '"x "', "kube-system", "healthz", "metrics", "api"),
        *("auth", "git", "admin", "_", "..", '"%2e"', "~", "7", "[a]"),
    ],
)
def test_yaml_11_name_at_the_root_that_cannot_be_used_is_refused(name: str) -> None:
    found = refused(f"public: true\nname: {name}\n", at_root=True)

    assert found.line == 2
    assert found.slug in ("name-invalid", "name-reserved", "schema-error")


def test_yaml_11_name_is_only_for_the_root() -> None:
    assert accepted("name: hello", at_root=True).name == "hello"
    assert "only for a service at the repository's root" in refused("name: hello").detail
    assert "has no name" in refused("public: true", at_root=True).detail


@pytest.mark.parametrize(
    "key",
    [
        *("PATH", "LD_PRELOAD", "LD_", "PYTHONPATH", "PYTHONSTARTUP", "PAAKS_TOKEN", "KUBERNETES_SERVICE_HOST"),
        *('"A=B"', '"a b"', '""', "1A", "ä", "a.b", '"A\\n"', '"A\\0"', "A-B", "\uff21"),
    ],
)
def test_yaml_13_variable_that_cannot_be_set_is_refused(key: str) -> None:
    found = refused(f"env:\n  OK: x\n  {key}: x\n")

    assert (found.line, found.column) == (3, 3)
    assert "reserved" in found.detail or "cannot be the name of a variable" in found.detail


@pytest.mark.parametrize("value", ['"a\\0b"', '"\\x00"', "[x]", "{a: b}", "~", ""])
def test_yaml_13_value_that_no_environment_holds_is_refused(value: str) -> None:
    assert refused(f"env:\n  A: {value}\n").line == 2


def test_yaml_13_too_many_variables_are_refused() -> None:
    lines = "".join(f"  A{n}: x\n" for n in range(200))

    assert refused("env:\n" + lines).line == 66
    assert len(accepted("env:\n" + "".join(f"  A{n}: x\n" for n in range(64))).env) == 64


def test_yaml_13_too_long_a_value_is_refused() -> None:
    assert "5,120 bytes" in refused("env:\n  A: " + "x" * 5121).detail
    assert "5,120 bytes" in refused("env:\n  A: " + "ä" * 2561).detail
    assert len(accepted("env:\n  A: " + "x" * 5120).env["A"]) == 5120
    assert refused("env:\n  A: " + "x" * 2**20).slug == "file-too-large"


def test_yaml_15_labels_are_unknown_and_text_stays_text() -> None:
    assert "unknown key 'labels'" in refused("labels: {a: b}").detail
    assert accepted('env: {A: "x\\n  hostNetwork: true"}').env == {"A": "x\n  hostNetwork: true"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("image: evil/x", "image"),
        ("runtime: ../../x", "runtime"),
        ("runtime: python3.12 --privileged", "runtime"),
        ("runtime: 'python:latest'", "runtime"),
        ("runtime: static", "runtime"),
        ("secrets: [a]", "secrets"),
        ("schedule: hourly", "schedule"),
    ],
)
def test_yaml_16_image_and_runtime_are_unknown(text: str, key: str) -> None:
    assert repr(key) in refused(text).detail


@pytest.mark.parametrize("key", ["runtime", "secrets", "database", "schedule", "requirements.txt"])
def test_what_comes_later_is_said_to_come_later(key: str) -> None:
    assert "comes with a later version" in refused(f"{key}: x").detail


@pytest.mark.parametrize(
    "value",
    [
        *("../../tb/handler.py", "/etc/passwd", "/x.py", '\'handler:__import__("os").system("touch /tmp/pwn")\''),
        *(
            '"handler.py\\0"',
            '"handler\\0.py"',
            "-c",
            "a/../b.py",
            "./a.py",
            "a//b.py",
            ".py",
            "a/.py",
            "..py",
            "a\\b.py",
        ),
        *('"a\\n.py"', "handler.PY", "handler", '""', "a/", "C:a.py", "..a/b.py", "x" * 253 + ".py"),
    ],
)
def test_yaml_18_handler_that_leaves_the_service_is_refused(value: str) -> None:
    found = refused(f"handler: {value}\n")

    assert found.detail.startswith("handler is ")
    assert (found.line, found.column) == (1, 10)


@pytest.mark.parametrize(
    "value", ["handler.py", "src/app.py", "a b/grüße.py", "a.b/c.d.py", "-c.py", "x" * 252 + ".py"]
)
def test_a_handler_is_a_path_below_the_service(value: str) -> None:
    assert accepted(f"handler: {json.dumps(value)}").handler == value


def test_yaml_20_ordinary_file_is_a_service() -> None:
    text = """\
handler: src/app.py  # where
public: true
replicas: 2
timeout: 90s
env:
  ANSWER: "no"
  BARE: no
  VERSION: 1.10
  MODE: 0755
  EMPTY: ""
  BLOCK: |
    zwei
    Zeilen
resources:
  memory: 256Mi
  cpu: 250m
egress: none
"""
    assert accepted(text) == Service(
        handler="src/app.py",
        public=True,
        replicas=2,
        timeout=90,
        env={
            "ANSWER": "no",
            "BARE": "no",
            "VERSION": "1.10",
            "MODE": "0755",
            "EMPTY": "",
            "BLOCK": "zwei\nZeilen\n",
        },
        memory=256 * MI,
        cpu=250,
        egress="none",
    )


# -- single fields --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "memory"),
    [
        ("32Mi", 32 * MI),
        ("2Gi", 2048 * MI),
        ("1.5Gi", 1536 * MI),
        ("0.125Gi", 128 * MI),
        ("64M", 64_000_000),
        ("65536Ki", 64 * MI),
        ("134217728", 128 * MI),
        ("1G", 10**9),
        ("100000k", 10**8),
    ],
)
def test_memory(text: str, memory: int) -> None:
    assert accepted(f"resources: {{memory: {text}}}").memory == memory
    assert accepted(f"resources: {{memory: '{text}'}}").memory == memory


@pytest.mark.parametrize(
    "text", ["31Mi", "2049Mi", "1Ti", "128MB", "128mi", "-1Gi", "1e9", "0.0001Gi", "1.2345Gi", "", "~"]
)
def test_memory_that_is_refused(text: str) -> None:
    assert refused(f"resources: {{memory: {text}}}").hint == "from 32Mi to 2Gi, in Ki, Mi, Gi, k, M or G"


@pytest.mark.parametrize(
    ("text", "cpu"), [("10m", 10), ("1", 1000), ("0.5", 500), ("0.01", 10), ("999m", 999), ("1.0", 1000)]
)
def test_cpu(text: str, cpu: int) -> None:
    assert accepted(f"resources: {{cpu: {text}}}").cpu == cpu


@pytest.mark.parametrize("text", ["9m", "2", "1001m", "0.5m", "0.0001", "-1", "1e0", ".5", "100M", ""])
def test_cpu_that_is_refused(text: str) -> None:
    assert refused(f"resources: {{cpu: {text}}}").detail.startswith("resources.cpu is ")


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1), ("30s", 30), ("600s", 600)])
def test_timeout(text: str, seconds: int) -> None:
    assert accepted(f"timeout: {text}").timeout == seconds


@pytest.mark.parametrize(
    "text", ["30", "0s", "601s", "1m", "1h", "030s", "30 s", "-1s", "1.5s", "30S", "٣s", "", "[30s]"]
)
def test_timeout_that_is_refused(text: str) -> None:
    assert refused(f"timeout: {text}").detail.startswith("timeout is ")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("handlr: x", "did you mean `handler`?"),
        ("Public: true", "did you mean `public`?"),
        ("memory: 1Gi", "it belongs under `resources:`"),
        ("environment: {}", "the key is `env`"),
        ("scale: 2", "the key is `replicas`"),
        ("resources: {limits: {memory: 1Gi}}", "write memory and cpu directly under `resources:`"),
    ],
)
def test_a_slip_gets_a_hint(text: str, hint: str) -> None:
    assert refused(text).hint == hint


def test_problems_come_in_the_order_of_the_file() -> None:
    _, problems = read("egress: all\nreplicas: 0\nenv: {PATH: x, 1: y}\nfoo: bar\npublic: 1\n")

    assert [problem.line for problem in problems] == [1, 2, 3, 3, 4, 5]


def test_problems_are_limited() -> None:
    _, problems = read("".join(f"key{n}: x\n" for n in range(100)))

    assert len(problems) == descriptor.MAX_PROBLEMS


def test_a_field_is_located() -> None:
    node = strict_yaml.load(b"public: true\nhandler:   x.py\n")

    assert descriptor.locate(node, "handler") == (2, 12)
    assert descriptor.locate(node, "name") is None
    assert descriptor.locate(strict_yaml.load(b""), "name") is None


def test_a_secret_in_a_value_is_not_repeated_at_length() -> None:
    found = refused("replicas: " + "s" * 5000)

    assert len(found.detail) < 100
