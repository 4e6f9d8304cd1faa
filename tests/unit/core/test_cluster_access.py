"""Credentials for each call, which are asked for once a second."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cluster_access import keep_fresh, load_access
from core.errors import RetryLater


def write_kubeconfig(path: Path, token: str) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": "https://127.0.0.1:6443/"}}],
        "users": [{"name": "me", "user": {"token": token}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    }
    path.write_text(json.dumps(config))


def test_a_kubeconfig_says_where_and_as_whom(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, "secret")
    access = load_access("load_kube_config", config_file=str(path), persist_config=False)
    assert access.base == "https://127.0.0.1:6443"
    assert access.authorize() == {"Authorization": "Bearer secret"}
    assert access.authorize() == {"Authorization": "Bearer secret"}


def test_a_kubeconfig_that_is_none_is_the_worlds_fault(tmp_path: Path) -> None:
    with pytest.raises(RetryLater):
        load_access("load_kube_config", config_file=str(tmp_path / "missing"), persist_config=False)


def test_credentials_are_asked_for_once_a_second() -> None:
    now = 0.0
    asked: list[float] = []

    def authorize() -> dict[str, str]:
        asked.append(now)
        return {"Authorization": f"Bearer {len(asked)}"}

    ask = keep_fresh(authorize, lambda: now)
    assert [ask()["Authorization"] for _ in range(3)] == ["Bearer 1"] * 3
    now = 0.9
    assert ask()["Authorization"] == "Bearer 1"
    now = 1.1
    assert ask()["Authorization"] == "Bearer 2"
    assert asked == [0.0, 1.1]
