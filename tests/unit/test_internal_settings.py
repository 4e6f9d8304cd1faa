"""Settings of what is between the processes on Kubernetes: what cannot work is refused, and named."""

from __future__ import annotations

from pathlib import Path

import pytest

import api.dispatcher.settings as dispatcher
import api.settings as api
import controller.settings as controller
from core.process import SettingError, read_settings

DATABASE = {"PAAKS_DATA": "/data", "PAAKS_CLUSTER": "in-cluster", "PAAKS_DATABASE_URL": "postgresql+psycopg://x@/y"}
URLS = {"PAAKS_PUBLIC_URL": "http://a", "PAAKS_APPS_URL": "http://b", "PAAKS_ACCESS_STREAM": "unix:/run/access"}
LINK = {"PAAKS_LINK": "unix:/run/link"}
TOKEN = {"PAAKS_INTERNAL_TOKEN_FILE": "/token"}
REMOTE = {"PAAKS_LINK": "tcp:control:3001", "PAAKS_ACCESS_STREAM": "tcp:control:3002"}
DOOR = {"PAAKS_DATA": "/data", "PAAKS_CLUSTER": "in-cluster"}


def test_the_three_processes_take_ports_with_a_token() -> None:
    made = read_settings(api.Settings, DATABASE | URLS | LINK | TOKEN | {"PAAKS_ACCESS_STREAM_PORT": "3002"})
    assert (made.access_stream_port, made.internal_token_file, made.bind) == (3002, Path("/token"), "127.0.0.1")
    run = read_settings(controller.Settings, DATABASE | LINK | TOKEN | {"PAAKS_LINK_PORT": "1", "PAAKS_BIND": "::"})
    assert (run.link_port, run.bind, run.runtime_image, run.health_port) == (1, "::", "paaks-runtime", None)
    door = read_settings(dispatcher.Settings, DOOR | REMOTE | TOKEN | {"PAAKS_METRICS_PORT": "9090"})
    assert (door.link, door.metrics_port) == ("tcp:control:3001", 9090)


def test_each_lets_the_others_settings_pass() -> None:
    others = TOKEN | {"PAAKS_LINK_PORT": "1", "PAAKS_ACCESS_STREAM_PORT": "2", "PAAKS_METRICS_PORT": "3"}
    others |= {"PAAKS_HEALTH_PORT": "4", "PAAKS_RUNTIME_IMAGE": "x", "PAAKS_DISPATCHER_URL": "http://d"}
    read_settings(api.Settings, DATABASE | URLS | LINK | others)
    read_settings(controller.Settings, DATABASE | URLS | LINK | others)
    read_settings(dispatcher.Settings, DATABASE | URLS | LINK | others)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"PAAKS_ACCESS_STREAM_PORT": "3002"}, "PAAKS_INTERNAL_TOKEN_FILE"),
        ({"PAAKS_LINK": "tcp:control:3001"}, "PAAKS_LINK"),
        ({"PAAKS_DISPATCHER_URL": "dispatcher:8080"}, "PAAKS_DISPATCHER_URL"),
        ({"PAAKS_ACCESS_STREAM_PORT": "many"}, "PAAKS_ACCESS_STREAM_PORT"),
    ],
)
def test_the_api_refuses(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        read_settings(api.Settings, DATABASE | URLS | LINK | given)


def test_the_controller_refuses_a_port_without_a_token() -> None:
    with pytest.raises(SettingError, match="PAAKS_LINK_PORT needs PAAKS_INTERNAL_TOKEN_FILE"):
        read_settings(controller.Settings, DATABASE | LINK | {"PAAKS_LINK_PORT": "3001"})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (REMOTE, "PAAKS_LINK needs PAAKS_INTERNAL_TOKEN_FILE"),
        (REMOTE | TOKEN | {"PAAKS_LINK": "control:3001"}, "PAAKS_LINK: "),
        (REMOTE | TOKEN | {"PAAKS_ACCESS_STREAM": "tcp:control"}, "PAAKS_ACCESS_STREAM: "),
        (REMOTE | TOKEN | {"PAAKS_METRICS_SOCKET": "tcp:x:1"}, "PAAKS_METRICS_SOCKET"),
    ],
)
def test_the_dispatcher_refuses(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        read_settings(dispatcher.Settings, DOOR | given)
