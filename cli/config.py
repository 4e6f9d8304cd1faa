"""Which server, tenant and token a command uses, and where logins are kept.

A flag wins over the environment, then `./.paaks.yaml`, the clone's own git configuration, the chosen context of
`$XDG_CONFIG_HOME/paaks/config.yaml` (0600), and last the `paaks up` on this machine with its `first-login.json`.
What does not live here: choosing between them (`target.py`), talking to the server (`client.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli import data_directory
from cli.data_directory import DataDirectory
from cli.failure import Exit, Failure

PROJECT_FILE = ".paaks.yaml"
OPERATOR = ""  # where a context keeps the token that belongs to no tenant


@dataclass
class Context:
    """One login: `tokens` maps a tenant's slug to a personal access token, and "" to an operator's; `ids` to its id."""

    server: str
    tenant: str | None = None
    email: str | None = None
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


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
    """The logins of a file; none where there is no file. Raises Failure where it cannot be understood."""
    document = _read_yaml(path)
    try:
        contexts = {name: Context(**_known(entry)) for name, entry in (document.get("contexts") or {}).items()}
    except (TypeError, AttributeError) as error:
        raise Failure(f"{path} is not what `paaks login` wrote", str(error), hint=f"rm {path}, and log in") from None
    return Logins(document.get("current"), contexts)


def _known(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name in Context.__dataclass_fields__ and value is not None}


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path} cannot be read", str(error)) from None
    import yaml  # 50 ms that most calls on this machine do not need

    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Failure(f"{path} is not YAML", str(error), code=Exit.USAGE) from None
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
class Place:
    """What a directory says of itself: a server, a tenant, or neither."""

    server: str | None = None
    tenant: str | None = None


def read_project(directory: Path) -> Place:
    """What the `.paaks.yaml` says that is nearest: in the directory or above it, not above the clone."""
    for place in (directory, *directory.parents):
        if (place / PROJECT_FILE).is_file():
            document = _read_yaml(place / PROJECT_FILE)
            return Place(_text(document.get("server")), _text(document.get("tenant")))
        if (place / ".git").exists():
            break
    return Place()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def find_clone(directory: Path) -> Path | None:
    """The top of the git work tree that a directory is in, or None."""
    return next((place for place in (directory, *directory.parents) if (place / ".git").exists()), None)


def read_clone(directory: Path) -> Place:
    """What `paaks clone` wrote into the clone's own git configuration."""
    top = find_clone(directory)
    if top is None:
        return Place()
    command = ["git", "-C", str(top), "config", "--local", "--null", "--get-regexp", r"^paaks\."]
    try:
        said = subprocess.run(command, capture_output=True, text=True).stdout
    except OSError:
        return Place()
    values = dict(entry.partition("\n")[::2] for entry in said.split("\0") if entry)
    return Place(values.get("paaks.server"), values.get("paaks.tenant"))


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
