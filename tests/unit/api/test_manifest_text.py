"""How an object is written for people: YAML that says the same, without secrets, and two of them compared."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from api.manifest_text import write_manifest, write_patch

Object = dict[str, Any]


def make_map(**data: str) -> Object:
    return {"data": data, "metadata": {"name": "x"}, "kind": "ConfigMap", "apiVersion": "v1"}


def make_pod(name: str, value: str, part: str = "containers") -> Object:
    container = {"name": "c", "env": [{"name": name, "value": value}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {part: [container]}}


@given(st.text(max_size=300))
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    assert yaml.safe_load(write_manifest(make_map(f0001=text)))["data"]["f0001"] == text


def test_what_it_is_comes_first_and_lines_stay_lines() -> None:
    text = write_manifest(make_map(f0001="one\ntwo\n"))
    assert text == "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  f0001: |\n    one\n    two\n"


@pytest.mark.parametrize("part", ["containers", "initContainers", "ephemeralContainers"])
@pytest.mark.parametrize(
    "name",
    ["PASSWORD", "db_passwd", "GitHub_Token", "AWS_SECRET_ACCESS_KEY", "API_KEY", "KEY", "SENTRY_DSN", "DB_PASS"],
)
def test_a_variable_that_is_called_like_a_secret_is_hidden(name: str, part: str) -> None:
    text = write_manifest(make_pod(name, "swordfish", part))
    assert "swordfish" not in text
    assert yaml.safe_load(text)["spec"][part][0]["env"] == [{"name": name, "value": "(hidden)"}]


def test_an_address_with_a_password_is_hidden_and_one_without_is_not() -> None:
    assert "hunter2" not in write_manifest(make_pod("STORE", "postgresql://me:hunter2@db/x"))
    for name, value in (("STORE", "https://db:80/x"), ("MONKEY", "banana"), ("BYPASSED", "no"), ("EMPTY_TOKEN", "")):
        env = yaml.safe_load(write_manifest(make_pod(name, value)))["spec"]["containers"][0]["env"]
        assert env == [{"name": name, "value": value}]


def test_a_reference_to_a_secret_names_it() -> None:
    pod = make_pod("TOKEN", "")
    reference = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    pod["spec"]["containers"][0]["env"] = [reference]
    assert yaml.safe_load(write_manifest(pod))["spec"]["containers"][0]["env"] == [reference]


def test_writing_changes_nothing_of_the_object() -> None:
    pod = make_pod("TOKEN", "swordfish")
    write_manifest(pod)
    assert pod == make_pod("TOKEN", "swordfish")


def test_a_long_file_is_named_by_its_length_and_hash() -> None:
    long = "é" * 4097
    data = yaml.safe_load(write_manifest(make_map(f0001=long, f0002="short")))["data"]
    assert data["f0001"] == f"(8,194 bytes, SHA-256 {hashlib.sha256(long.encode()).hexdigest()})"
    assert data["f0002"] == "short"


def test_many_files_are_not_all_shown() -> None:
    files = {f"f{number:04}": "x" * 4000 for number in range(500)}
    assert len(write_manifest(make_map(**files))) < 150_000


def test_who_owns_what_only_where_it_is_asked_for() -> None:
    obj = make_map(a="b")
    obj["metadata"]["managedFields"] = [{"manager": "somebody"}]
    assert "somebody" not in write_manifest(obj)
    assert "somebody" in write_manifest(obj, managed_fields=True)


def test_a_patch_leads_from_one_to_the_other() -> None:
    assert (
        write_patch("a: 1\nb: 2\n", "a: 1\nb: 3\n") == "--- main\n+++ cluster\n@@ -1,2 +1,2 @@\n a: 1\n-b: 2\n+b: 3\n"
    )
    assert write_patch("a: 1\n", "a: 1\n") == ""
