"""The node's settings, from `PAAKS_*`. Other variables with that prefix are for the platform's other processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "PAAKS_"
# `paaks up` gives all of its processes one environment; these names the node does not read.
_OTHERS = frozenset(
    {
        *("CLUSTER", "LINK", "ACCESS_STREAM", "METRICS_SOCKET", "DATABASE_URL", "PUBLIC_URL", "APPS_URL"),
        *("INSECURE_SINGLE_DOMAIN", "POLL_SECONDS", "MAINTENANCE_SECONDS", "HOLD_SECONDS"),
        *("SERVER", "TENANT", "TOKEN", "OUTPUT", "NO_COLOR", "DEBUG"),
        *("PASSWORD", "API_PORT", "DISPATCHER_PORT", "NODE_PORT", "BIND", "NO_CONTROLLER", "VERBOSE"),
        *("PORT", "DRAIN_SECONDS", "ACCESS_TOKEN_SECONDS", "SESSION_SECONDS", "SIGN_IN_LINK_SECONDS"),
        *("LOGIN_FAILURES", "LOGIN_WINDOW_SECONDS", "LOGIN_DELAY_SECONDS", "LOGIN_DELAY_LIMIT_SECONDS"),
        *("LOOK_SECONDS", "KEY_SECONDS", "FULL_PASS_SECONDS", "RELIST_SECONDS", "MAX_APPLIES", "WORKERS"),
        "RETRY_SECONDS",
        *("LINK_PORT", "ACCESS_STREAM_PORT", "INTERNAL_TOKEN_FILE", "METRICS_PORT", "HEALTH_PORT", "NETWORK_CHECK"),
        *("DISPATCHER_URL", "RUNTIME_IMAGE"),
    }
)
_TESTS = "TEST_"  # what chooses how tests run is nobody's setting
_ISOLATIONS = ("none",)
_LOG_FORMATS = ("json", "text")


class SettingError(Exception):
    """A setting that is unknown, mistyped or missing; the message names it."""


@dataclass(frozen=True)
class Settings:
    """`data` is the platform's directory, `node_socket` where the unix socket is made, `runtime_python` the
    interpreter that handlers run with; `listen_fd` an inherited TCP listener, for which `node_token_file` holds the
    token; `lifeline_fd` a pipe whose end is the end of the node.
    """

    data: Path
    node_socket: Path
    runtime_python: Path
    node_token_file: Path | None = None
    listen_fd: int | None = None
    lifeline_fd: int | None = None
    log_format: str = "json"
    isolation: str = "none"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings. Raises SettingError, which names the variable."""
    given = {name[len(PREFIX) :]: text for name, text in environment.items() if name.startswith(PREFIX)}
    own = {"DATA", "NODE_SOCKET", "RUNTIME_PYTHON", "NODE_TOKEN_FILE", "LISTEN_FD", "LIFELINE_FD"}
    own |= {"LOG_FORMAT", "ISOLATION"}
    unknown = sorted(name for name in given if name not in own | _OTHERS and not name.startswith(_TESTS))
    if unknown:
        raise SettingError(f"{PREFIX}{unknown[0]} is not a setting")
    settings = Settings(
        data=Path(_require(given, "DATA")).absolute(),
        node_socket=Path(_require(given, "NODE_SOCKET")).absolute(),
        runtime_python=Path(_require(given, "RUNTIME_PYTHON")),
        node_token_file=Path(given["NODE_TOKEN_FILE"]) if "NODE_TOKEN_FILE" in given else None,
        listen_fd=_read_number(given, "LISTEN_FD"),
        lifeline_fd=_read_number(given, "LIFELINE_FD"),
        log_format=_read_choice(given, "LOG_FORMAT", _LOG_FORMATS),
        isolation=_read_choice(given, "ISOLATION", _ISOLATIONS),
    )
    if settings.listen_fd is not None and settings.node_token_file is None:
        raise SettingError(f"{PREFIX}LISTEN_FD needs {PREFIX}NODE_TOKEN_FILE")
    return settings


def _require(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        raise SettingError(f"{PREFIX}{name} is not set")
    return given[name]


def _read_number(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise SettingError(f"{PREFIX}{name}: {text!r} is not an int")
    return int(text)


def _read_choice(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = given.get(name, choices[0])
    if text not in choices:
        raise SettingError(f"{PREFIX}{name}: {text!r} is not one of {', '.join(choices)}")
    return text
