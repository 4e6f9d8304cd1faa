"""Which server, tenant and token a command uses, and where logins are kept.

A flag wins over the environment, then `./.paaks.yaml`, the clone's own git configuration, the chosen context of
`$XDG_CONFIG_HOME/paaks/config.yaml` (0600), and last the `paaks up` on this machine with its `first-login.json`.
What does not live here: talking to the server (`client.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli import data_directory
from cli.data_directory import DataDirectory


@dataclass
class Context:
    """One login: `tokens` maps a tenant's slug to a personal access token; `refresh` is an operator's session."""

    server: str
    tenant: str | None = None
    email: str | None = None
    tokens: dict[str, str] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)


@dataclass
class Logins:
    """What `config.yaml` holds: contexts by name, and which is used where none is named."""

    current: str | None = None
    contexts: dict[str, Context] = field(default_factory=dict)

    def find(self, server: str) -> tuple[str, Context] | None:
        """The context of a server, the current one first."""
        ordered = sorted(self.contexts.items(), key=lambda item: item[0] != self.current)
        return next(((name, context) for name, context in ordered if context.server == server), None)


def config_path(environment: Mapping[str, str]) -> Path:
    """Where logins are kept."""
    home = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "paaks" / "config.yaml"


def read_logins(path: Path) -> Logins:
    """The logins of a file; none where there is no file."""
    document = _read_yaml(path)
    contexts = {name: Context(**_known(entry)) for name, entry in (document.get("contexts") or {}).items()}
    return Logins(document.get("current"), contexts)


def _known(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name in Context.__dataclass_fields__ and value is not None}


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text()
    except OSError:
        return {}
    import yaml  # 50 ms that most calls on this machine do not need

    loaded = yaml.safe_load(text)
    return loaded if isinstance(loaded, dict) else {}


def write_logins(path: Path, logins: Logins) -> None:
    """Replace the file; only its owner can read it."""
    import yaml

    contexts = {name: {k: v for k, v in vars(context).items() if v} for name, context in logins.contexts.items()}
    text = yaml.safe_dump({"current": logins.current, "contexts": contexts}, sort_keys=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(fd, "w") as file:
        file.write(text)
    fresh.replace(path)


@dataclass(frozen=True)
class Local:
    """The `paaks up` of this machine: its addresses, and the first login where that may be read."""

    data: Path
    api: str
    dispatcher: str
    demo: Mapping[str, str]
    operator: Mapping[str, str]


def find_local(environment: Mapping[str, str]) -> Local | None:
    """The `paaks up` that runs on this machine's data directory; None where none does."""
    directory = DataDirectory(data_directory.default_path(environment))
    with contextlib.suppress(OSError, ValueError, KeyError):
        addresses = json.loads(directory.endpoints.read_text())
        login = _read_first_login(directory.first_login)
        return Local(
            directory.path, addresses["api"], addresses["dispatcher"], login.get("demo", {}), login.get("operator", {})
        )
    return None


def _read_first_login(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        document = json.loads(path.read_text())
        return document if isinstance(document, dict) else {}
    return {}
