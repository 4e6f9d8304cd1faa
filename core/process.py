"""How every process of ours starts and ends: settings from `PAAKS_*`, the lifeline, SIGTERM, log lines, the collector.

What does not live here: what the settings of one process are (its own `settings.py`).
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import structlog

PREFIX = "PAAKS_"
# Variables with our prefix that are not settings of a server: the CLI's own, and how tests drive it.
NOT_SETTINGS = frozenset(
    f"{PREFIX}{name}"
    for name in ("SERVER", "TENANT", "TOKEN", "OUTPUT", "NO_COLOR", "DEBUG", "PASSWORD", "TEST_ROUNDS")
)
# `paaks up` gives all its processes one environment; each reads its own names and lets the others' pass.
KNOWN = frozenset(
    PREFIX + name
    for name in (
        *("DATA", "LIFELINE_FD", "LOG_FORMAT", "CLUSTER", "LINK", "ACCESS_STREAM", "LISTEN_FD", "METRICS_SOCKET"),
        *("DATABASE_URL", "PUBLIC_URL", "APPS_URL", "ISOLATION", "INSECURE_SINGLE_DOMAIN", "RUNTIME_PYTHON"),
        *("NODE_SOCKET", "NODE_TOKEN_FILE", "PORT", "DRAIN_SECONDS", "ACCESS_TOKEN_SECONDS", "SESSION_SECONDS"),
        *("SIGN_IN_LINK_SECONDS", "LOGIN_FAILURES", "LOGIN_WINDOW_SECONDS", "LOGIN_DELAY_SECONDS"),
        *("LOGIN_DELAY_LIMIT_SECONDS", "LOOK_SECONDS", "KEY_SECONDS", "MAINTENANCE_SECONDS", "POLL_SECONDS"),
        *("FULL_PASS_SECONDS", "RELIST_SECONDS", "MAX_APPLIES", "WORKERS", "RETRY_SECONDS", "HOLD_SECONDS"),
        *(
            "BIND",
            "LINK_PORT",
            "ACCESS_STREAM_PORT",
            "INTERNAL_TOKEN_FILE",
            "METRICS_PORT",
            "HEALTH_PORT",
            "NETWORK_CHECK",
        ),
        *("RUNTIME_IMAGE", "DISPATCHER_URL"),
    )
)
T = TypeVar("T")


class SettingError(Exception):
    """A setting that is unknown, mistyped or missing; the message names it."""


def read_settings(cls: type[T], environment: Mapping[str, str], known: frozenset[str] = KNOWN) -> T:
    """A frozen dataclass filled from `PAAKS_<FIELD>`; its field types are str, int, float, bool, Path, or one or None.

    Every `PAAKS_*` variable must be a field of `cls` or in `known` (the names that other processes read).
    Raises SettingError, which names the variable.
    """
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in fields(cls):  # type: ignore[arg-type]
        variable = PREFIX + field.name.upper()
        if variable in environment:
            values[field.name] = _convert(variable, environment[variable], hints[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise SettingError(f"{variable} is not set")
    names = {PREFIX + field.name.upper() for field in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(n for n in environment if n.startswith(PREFIX) and n not in names | known | NOT_SETTINGS)
    if unknown:
        raise SettingError(f"{unknown[0]} is not a setting")
    return cls(**values)


def _convert(variable: str, text: str, hint: Any) -> Any:
    kinds = [hint] if isinstance(hint, type) else [kind for kind in hint.__args__ if kind is not type(None)]
    kind = kinds[0]
    try:
        if kind is bool:
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}[
                text.lower()
            ]
        return Path(text) if kind is Path else kind(text)
    except (ValueError, KeyError):
        raise SettingError(f"{variable}: {text!r} is not a {kind.__name__}") from None


def watch_lifeline(fd: int | None) -> None:
    """End this process at once when the other end of the supervisor's pipe closes. Needs a running loop."""
    if fd is not None:
        asyncio.get_running_loop().add_reader(fd, os._exit, 1)


def quiet_collector() -> None:
    """Keep what is loaded out of the collector, and let it look less often: a request leaves few cycles."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def catch_sigterm() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets; a second one ends the process at once. Needs a running loop."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stop


def configure_logging(component: str, form: str = "json") -> structlog.stdlib.BoundLogger:
    """Log lines to stderr: JSON with `ts level event component …`, or for people where `form` is `text`."""
    renderer = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(component=component)
    return logger
