"""What a service.yaml may say: the closed schema, defaults, limits, and problems that name what is allowed. Pure.

`read` and `json_schema` are two forms of one contract and are tested against each other. What does not live here: YAML
(`strict_yaml.py`), whether the handler's file exists (`check.py`), what becomes of the fields (`render.py`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core import names, strict_yaml
from core.errors import Problem
from core.strict_yaml import Node, Scalar

_KI, _MI = 1024, 1024 * 1024
MAX_REPLICAS = 10
MAX_TIMEOUT = 600  # seconds
MIN_MEMORY, MAX_MEMORY = 32 * _MI, 2048 * _MI  # bytes
MIN_CPU, MAX_CPU = 10, 1000  # thousandths of a core
MAX_VARIABLES = 64
MAX_VARIABLE_BYTES = 5 * 1024
MAX_PROBLEMS = 20


@dataclass(frozen=True)
class Service:
    """A service as its descriptor describes it. `name` is set only at the repository's root.

    `timeout` is in seconds, `memory` in bytes, `cpu` in thousandths of a core.
    """

    name: str | None = None
    handler: str = "handler.py"
    public: bool = False
    replicas: int = 1
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: int = 30
    memory: int = 128 * _MI
    cpu: int = 100
    egress: Literal["public", "none"] = "public"


def read(node: Node, *, at_root: bool) -> tuple[Service | None, list[Problem]]:
    """The service that a document describes, or None and everything that is wrong with it (without `file`).

    `at_root`: the document is the repository's own service.yaml, which has to name its service.
    """
    problems: list[Problem] = []
    fields = dict(_read_fields(_as_mapping(node), _FIELDS, "", problems))
    values = {name: value for name, value in fields.items() if name != "resources"} | fields.get("resources", {})
    problems += _check_name(node, values.get("name"), at_root)
    if problems:
        return None, sorted(problems, key=lambda p: (p.line or 0, p.column or 0))[:MAX_PROBLEMS]
    return Service(**values), []


def locate(node: Node, name: str) -> tuple[int, int] | None:
    """Line and column of the value of a top-level field, or None where it is not written."""
    for key, value in node.entries if isinstance(node, strict_yaml.Mapping) else ():
        if key.text == name:
            return value.line, value.column
    return None


# -- fields -------------------------------------------------------------------------------------------------------


class _Wrong(Exception):
    """A value is not what its field allows. `detail` follows the field's name; `hint` says what is allowed."""

    def __init__(self, detail: str, hint: str, node: Node | None = None) -> None:
        super().__init__(detail)
        self.detail, self.hint, self.node = detail, hint, node


_Reader = Callable[[Node, list[Problem]], Any]


def _as_mapping(node: Node) -> Node:
    """An empty document is an empty mapping: every field has its default."""
    empty = isinstance(node, Scalar) and node.text == "" and node.value is None
    return strict_yaml.Mapping(node.line, node.column, ()) if empty else node


def _read_fields(
    node: Node, readers: Mapping[str, _Reader], prefix: str, problems: list[Problem]
) -> Iterator[tuple[str, Any]]:
    """The values of the fields that are written and right; the rest becomes problems."""
    if not isinstance(node, strict_yaml.Mapping):
        where, allowed = prefix.rstrip(".") or "service.yaml", ", ".join(readers)
        problems.append(
            _problem(node, f"{where} is {_describe(node)}", f"write `key: value` lines; the keys are {allowed}")
        )
        return
    for key, value in node.entries:
        if key.text not in readers:
            problems.append(_unknown(key, prefix, readers))
            continue
        try:
            yield key.text, readers[key.text](value, problems)
        except _Wrong as wrong:
            detail = f"{prefix}{key.text} {wrong.detail}"
            problems.append(_problem(wrong.node or value, detail, wrong.hint))


def _check_name(node: Node, name: str | None, at_root: bool) -> Iterator[Problem]:
    place = locate(node, "name")
    if place is None and at_root:
        hint = "add a line `name: <name>`; only a service in a directory is named by its directory"
        yield Problem("schema-error", "the service at the repository's root has no name", line=1, column=1, hint=hint)
    if place is None or name is None:
        return
    line, column = place
    if not at_root:
        hint = "remove it: the directory's name is the service's"
        yield Problem(
            "schema-error", "name is only for a service at the repository's root", line=line, column=column, hint=hint
        )
    elif bad := names.name_problem(name):
        yield Problem(bad.slug, bad.detail, line=line, column=column, hint=bad.hint)


_LATER = {"runtime", "requirements", "requirements.txt", "secrets", "database", "schedule"}
_ELSEWHERE = {
    "memory": "it belongs under `resources:`",
    "cpu": "it belongs under `resources:`",
    "environment": "the key is `env`",
    "variables": "the key is `env`",
    "scale": "the key is `replicas`",
    "instances": "the key is `replicas`",
    "entrypoint": "the key is `handler`",
    "limits": "write memory and cpu directly under `resources:`",
    "requests": "write memory and cpu directly under `resources:`",
}


def _unknown(key: Scalar, prefix: str, readers: Mapping[str, _Reader]) -> Problem:
    shown = repr(prefix + key.text[:60])
    allowed = f"the keys here are {', '.join(readers)}"
    if not prefix and key.text in _LATER:
        return _problem(key, f"{shown} is unknown: it comes with a later version", allowed)
    near = difflib.get_close_matches(key.text[:40].lower(), readers, n=1)
    guess = f"did you mean `{near[0]}`?" if near else _ELSEWHERE.get(key.text)
    return _problem(key, f"unknown key {shown}", guess or allowed)


def _problem(node: Node, detail: str, hint: str) -> Problem:
    return Problem("schema-error", detail, line=node.line, column=node.column, hint=hint)


def _describe(node: Node) -> str:
    """What a value is, in words, for `is …`."""
    if not isinstance(node, Scalar):
        return "a list" if isinstance(node, strict_yaml.Sequence) else "a mapping"
    if node.value is None:
        return "empty"
    kind = {str: "the text", bool: "the truth value", int: "the number", float: "the number"}[type(node.value)]
    return f"{kind} {node.text[:40]!r}" if isinstance(node.value, str) else f"{kind} {node.text[:40]}"


# -- values -------------------------------------------------------------------------------------------------------


def _text(node: Node, hint: str) -> str:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node.value
    raise _Wrong(f"is {_describe(node)}", hint)


def _read_name(node: Node, _: list[Problem]) -> str:
    return _text(node, names.NAME_RULE)


_HANDLER_HINT = "the relative path of a .py file in the service, say `handler.py` or `src/handler.py`"
_HANDLER = re.compile(r"[^\x00-\x1f\x7f-\x9f\\:/]+(/[^\x00-\x1f\x7f-\x9f\\:/]+)*\.py")
MAX_HANDLER_BYTES = 255


def _read_handler(node: Node, _: list[Problem]) -> str:
    path = _text(node, _HANDLER_HINT)
    parts = path.split("/")
    if not _HANDLER.fullmatch(path) or any(part.startswith("..") or part in (".", ".py") for part in parts):
        raise _Wrong(f"is {path[:60]!r}", _HANDLER_HINT)
    if len(path.encode()) > MAX_HANDLER_BYTES:
        raise _Wrong(f"is longer than {MAX_HANDLER_BYTES} bytes", _HANDLER_HINT)
    return path


def _read_public(node: Node, _: list[Problem]) -> bool:
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    raise _Wrong(f"is {_describe(node)}", "write true or false")


def _read_replicas(node: Node, _: list[Problem]) -> int:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_REPLICAS:
        return value
    raise _Wrong(f"is {_describe(node)}", f"a whole number from 1 to {MAX_REPLICAS}, without quotes")


_TIMEOUT = re.compile(r"([1-9][0-9]{0,2})s")


def _read_timeout(node: Node, _: list[Problem]) -> int:
    match = _TIMEOUT.fullmatch(node.text) if isinstance(node, Scalar) else None
    if match and int(match[1]) <= MAX_TIMEOUT:
        return int(match[1])
    raise _Wrong(f"is {_describe(node)}", f"seconds from 1s to {MAX_TIMEOUT}s, say `30s`")


def _read_egress(node: Node, _: list[Problem]) -> str:
    text = _text(node, "write public or none")
    if text in ("public", "none"):
        return text
    raise _Wrong(f"is {_describe(node)}", "write public or none")


_AMOUNT = r"([0-9]{1,12})(?:\.([0-9]{1,3}))?"
_MEMORY = re.compile(_AMOUNT + r"(Ki|Mi|Gi|k|M|G)?")
_MEMORY_UNITS = {None: 1, "k": 1000, "Ki": _KI, "M": 1000**2, "Mi": _MI, "G": 1000**3, "Gi": 1024 * _MI}
_MEMORY_HINT = "from 32Mi to 2Gi, in Ki, Mi, Gi, k, M or G"


def _read_memory(node: Node, _: list[Problem]) -> int:
    match = _MEMORY.fullmatch(node.text) if isinstance(node, Scalar) else None
    thousandths = _thousandths(match) * _MEMORY_UNITS[match[3]] if match else 0
    if thousandths % 1000 == 0 and MIN_MEMORY <= thousandths // 1000 <= MAX_MEMORY:
        return thousandths // 1000
    raise _Wrong(f"is {_describe(node)}", _MEMORY_HINT)


_CPU = re.compile(_AMOUNT + r"(m)?")
_CPU_HINT = "from 10m (a hundredth of a core) to 1 (one core), say `100m` or `0.5`"


def _read_cpu(node: Node, _: list[Problem]) -> int:
    match = _CPU.fullmatch(node.text) if isinstance(node, Scalar) else None
    millionths = _thousandths(match) * (1 if match[3] else 1000) if match else 0
    if millionths % 1000 == 0 and MIN_CPU <= millionths // 1000 <= MAX_CPU:
        return millionths // 1000
    raise _Wrong(f"is {_describe(node)}", _CPU_HINT)


def _thousandths(match: re.Match[str]) -> int:
    return int(match[1]) * 1000 + int((match[2] or "0").ljust(3, "0"))


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED_VARIABLE = re.compile(r"PATH|(LD_|PYTHON|PAAKS_|KUBERNETES_).*")
_RESERVED_WORDS = "PATH, LD_*, PYTHON*, PAAKS_* or KUBERNETES_*"
_VARIABLE_HINT = "letters, digits and underscores, not starting with a digit"


def _read_env(node: Node, problems: list[Problem]) -> dict[str, str]:
    if not isinstance(node, strict_yaml.Mapping):
        raise _Wrong(f"is {_describe(node)}", "write `KEY: text` lines below it, or remove it")
    if len(node.entries) > MAX_VARIABLES:
        raise _Wrong(f"has {len(node.entries)} keys", f"{MAX_VARIABLES} are the most", node.entries[MAX_VARIABLES][0])
    return dict(_read_variables(node, problems))


def _read_variables(node: strict_yaml.Mapping, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    for key, value in node.entries:
        try:
            yield _read_variable_name(key), _read_variable(value)
        except _Wrong as wrong:
            problems.append(_problem(wrong.node or value, f"{'env.' + key.text[:60]!r} {wrong.detail}", wrong.hint))


def _read_variable_name(key: Scalar) -> str:
    if not _VARIABLE.fullmatch(key.text):
        raise _Wrong("cannot be the name of a variable", _VARIABLE_HINT, key)
    if _RESERVED_VARIABLE.fullmatch(key.text):
        raise _Wrong("is reserved", f"choose another; not {_RESERVED_WORDS}", key)
    return key.text


def _read_variable(node: Node) -> str:
    """The text as it is written: a variable is text, so `1.10`, `no` and `0755` mean themselves."""
    if not isinstance(node, Scalar) or node.value is None:
        raise _Wrong(f"is {_describe(node)}", 'write text; "" is the empty one')
    if "\0" in node.text:
        raise _Wrong("contains a NUL character", "no environment can hold it")
    if len(node.text.encode()) > MAX_VARIABLE_BYTES:
        raise _Wrong(f"is longer than {MAX_VARIABLE_BYTES:,} bytes", "put what is longer in a file beside the handler")
    return node.text


def _read_resources(node: Node, problems: list[Problem]) -> dict[str, int]:
    return dict(_read_fields(node, _RESOURCES, "resources.", problems))


_RESOURCES: dict[str, _Reader] = {"memory": _read_memory, "cpu": _read_cpu}
_FIELDS: dict[str, _Reader] = {
    "name": _read_name,
    "handler": _read_handler,
    "public": _read_public,
    "replicas": _read_replicas,
    "env": _read_env,
    "timeout": _read_timeout,
    "resources": _read_resources,
    "egress": _read_egress,
}


# -- the contract as JSON Schema ----------------------------------------------------------------------------------


def json_schema() -> dict[str, Any]:
    """The same contract as a JSON Schema (2020-12), for editors. `read` is stricter where a schema cannot say it:
    bytes, ranges of quantities, and that only a service at the root has a name."""
    defaults = Service()
    properties = {
        "name": _property("Only for a service at the repository's root: what it is called.", pattern=_NAME_PATTERN),
        "handler": _property(f"The file that is served: {_HANDLER_HINT}.", defaults.handler, pattern=r"\.py$"),
        "public": _property("May be visited without a token.", defaults.public, type="boolean"),
        "replicas": _property(
            "How many run at once.", defaults.replicas, type="integer", minimum=1, maximum=MAX_REPLICAS
        ),
        "env": _variables_schema(),
        "timeout": _property(
            f"How long the head of an answer may take, at most {MAX_TIMEOUT}s.",
            f"{defaults.timeout}s",
            pattern=f"^{_TIMEOUT.pattern}$",
        ),
        "resources": _closed(
            "What one replica may use.",
            memory=_property(
                f"Memory, {_MEMORY_HINT}.", "128Mi", type=["string", "integer"], pattern=f"^{_MEMORY.pattern}$"
            ),
            cpu=_property(
                f"Processor time, {_CPU_HINT}.", "100m", type=["string", "number"], pattern=f"^{_CPU.pattern}$"
            ),
        ),
        "egress": _property("What it may reach.", defaults.egress, enum=["public", "none"]),
    }
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "/schemas/service.json"}
    return schema | _closed("A PaaKS service.", **properties) | {"type": ["object", "null"], "title": "service.yaml"}


_NAME_PATTERN = "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$"


def _property(description: str, default: object = None, **rules: object) -> dict[str, Any]:
    found = {"type": "string", "description": description} | rules
    return found if default is None else found | {"default": default}


def _closed(description: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "description": description, "properties": properties, "additionalProperties": False}


def _variables_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": f"Environment variables; values are taken as they are written. Not {_RESERVED_WORDS}.",
        "maxProperties": MAX_VARIABLES,
        "propertyNames": {"pattern": f"^(?!({_RESERVED_VARIABLE.pattern})$){_VARIABLE.pattern}$"},
        "additionalProperties": {"type": ["string", "number", "boolean"], "maxLength": MAX_VARIABLE_BYTES},
    }
