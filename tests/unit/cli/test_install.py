"""`paaks install`: the same objects as `manifests/base`, complete, with what was chosen and a token of its own."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cli import manifests
from cli.commands.install import install
from cli.failure import Failure
from cli.manifests import Choices

Objects = dict[tuple[str, str], dict[str, Any]]


def by_name(text: str) -> Objects:
    """Objects by kind and name."""
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in yaml.load_all(text, yaml.CSafeLoader)}


def print_install(*options: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(install, options)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_run_draws_another_token() -> None:
    tokens = [base64.b64decode(by_name(print_install())["Secret", "paaks-internal"]["data"]["token"]) for _ in range(2)]
    assert tokens[0] != tokens[1]
    assert all(len(token) >= 32 for token in tokens)


def test_what_is_chosen_is_in_it() -> None:
    objects = by_name(
        print_install(
            *("--image", "r.example/paaks@sha256:0", "--runtime-image", "r.example/run@sha256:1"),
            *("--storage-class", "fast", "--public-url", "https://p.example", "--apps-url", "https://a.example"),
            "--insecure-single-domain",
        )
    )
    images = set()
    for kind, name in (("StatefulSet", "control"), ("Deployment", "dispatcher")):
        pod = objects[kind, name]["spec"]["template"]["spec"]
        images |= {container["image"] for container in [*pod.get("initContainers", ()), *pod["containers"]]}
    assert images == {"r.example/paaks@sha256:0"}
    assert objects["ConfigMap", "paaks-settings"]["data"] == {
        "PAAKS_PUBLIC_URL": "https://p.example",
        "PAAKS_APPS_URL": "https://a.example",
        "PAAKS_RUNTIME_IMAGE": "r.example/run@sha256:1",
        "PAAKS_INSECURE_SINGLE_DOMAIN": "1",
    }
    claim = objects["StatefulSet", "control"]["spec"]["volumeClaimTemplates"][0]
    assert claim["spec"]["storageClassName"] == "fast"


def test_the_namespace_comes_first_and_nothing_is_an_alias() -> None:
    text = print_install()
    assert yaml.safe_load_all(text).__next__()["kind"] == "Namespace"
    assert "&id" not in text


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl")
def test_it_is_what_kustomize_makes(tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(manifests.BASE, base)
    (base / "internal-token").write_text("0" * 40)
    made = subprocess.run(["kubectl", "kustomize", str(base)], capture_output=True, text=True, check=True).stdout

    assert by_name(manifests.write(manifests.compose(Choices("0" * 40)))) == by_name(made)


def test_without_the_manifests_it_says_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="is not there"):
        manifests.compose(Choices("0" * 40), tmp_path)
