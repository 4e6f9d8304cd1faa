"""What the node reads from its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.process import KNOWN
from runtime.node.settings import SettingError, read_settings

NEEDED = {"PAAKS_DATA": "/d", "PAAKS_NODE_SOCKET": "/d/run/node.sock", "PAAKS_RUNTIME_PYTHON": "/venv/bin/python"}


def test_what_must_be_there() -> None:
    settings = read_settings({**NEEDED, "HOME": "/"})
    assert (settings.data, settings.node_socket) == (Path("/d"), Path("/d/run/node.sock"))
    assert (settings.listen_fd, settings.lifeline_fd, settings.log_format) == (None, None, "json")
    for name in NEEDED:
        with pytest.raises(SettingError, match=f"{name} is not set"):
            read_settings({key: text for key, text in NEEDED.items() if key != name})


@pytest.mark.parametrize(
    ("name", "text"),
    [("LISTEN_FD", "three"), ("LIFELINE_FD", "-1"), ("LOG_FORMAT", "xml"), ("ISOLATION", "root"), ("NONSENSE", "1")],
)
def test_what_is_wrong_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=f"PAAKS_{name}"):
        read_settings({**NEEDED, f"PAAKS_{name}": text})


def test_a_tcp_listener_needs_a_token() -> None:
    with pytest.raises(SettingError, match="PAAKS_NODE_TOKEN_FILE"):
        read_settings({**NEEDED, "PAAKS_LISTEN_FD": "5"})
    settings = read_settings({**NEEDED, "PAAKS_LISTEN_FD": "5", "PAAKS_NODE_TOKEN_FILE": "/t"})
    assert settings.listen_fd == 5


def test_the_settings_of_the_other_processes_may_be_there() -> None:
    others = {name: "1" for name in KNOWN if name not in NEEDED}
    given = {**others, **NEEDED, "PAAKS_LOG_FORMAT": "text", "PAAKS_ISOLATION": "none"}
    assert read_settings(given).log_format == "text"
