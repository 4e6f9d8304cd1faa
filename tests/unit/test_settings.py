"""One environment for all processes: what one of them reads, the others let pass."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest

import api.dispatcher.settings
import api.settings
import controller.settings
import runtime.node.settings
from core.process import KNOWN, SettingError, read_settings

CLASSES = (
    api.settings.Settings,
    api.dispatcher.settings.Settings,
    controller.settings.Settings,
    runtime.node.settings.Settings,
)
NAMES = {f"PAAKS_{field.name.upper()}" for cls in CLASSES for field in fields(cls)}


@dataclass(frozen=True)
class Nothing:
    """A process without settings."""


def test_every_process_knows_the_names_of_the_others() -> None:
    assert NAMES <= KNOWN


def test_a_process_lets_the_others_settings_pass_and_refuses_what_nobody_reads() -> None:
    assert read_settings(Nothing, dict.fromkeys(NAMES, "1")) == Nothing()
    with pytest.raises(SettingError, match="PAAKS_POLL_SECOND is not a setting"):
        read_settings(Nothing, {"PAAKS_POLL_SECOND": "1"})


def test_the_node_which_has_no_part_in_core_knows_them_too() -> None:
    own = {"DATA": "/d", "NODE_SOCKET": "/s", "RUNTIME_PYTHON": "/p", "NODE_TOKEN_FILE": "/t", "LOG_FORMAT": "json"}
    environment = dict.fromkeys(NAMES, "1") | {f"PAAKS_{k}": v for k, v in own.items()} | {"PAAKS_ISOLATION": "none"}

    assert runtime.node.settings.read_settings(environment).log_format == "json"
