"""A container's environment from its specification, with references between variables as Kubernetes has them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from runtime.node.kinds import Object

# `$$` is a dollar, `$(NAME)` what the variable is; any other dollar is one.
_REFERENCE = re.compile(r"\$(?:(\$)|\(([^()$]*)\))")


def build_environment(variables: Iterable[Object]) -> dict[str, str]:
    """Name → value of a container's `env`, in order: a variable may refer to those before it."""
    environment: dict[str, str] = {}
    for variable in variables:
        environment[variable["name"]] = expand(variable.get("value") or "", environment)
    return environment


def expand(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` replaced where the name is known and left as it is where not; `$$` becomes `$`."""

    def replace(match: re.Match[str]) -> str:
        return "$" if match[1] else known.get(match[2], match[0])

    return _REFERENCE.sub(replace, text)
