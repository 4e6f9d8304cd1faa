"""The objects that install PaaKS on a Kubernetes: `manifests/base` as kustomize makes them, with what one chooses.

What does not live here: what the objects say (`manifests/`), handing them over (`kubectl apply`).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli.failure import Failure

BASE = Path(__file__).resolve().parent.parent / "manifests" / "base"
Object = dict[str, Any]


@dataclass(frozen=True)
class Choices:
    """What an installation chooses; None leaves what the manifests have. `token` is for the internal ports."""

    token: str
    image: str | None = None
    runtime_image: str | None = None
    storage_class: str | None = None
    public_url: str | None = None
    apps_url: str | None = None
    insecure_single_domain: bool = False


class _Plain(yaml.SafeDumper):
    """Writes everything out: a reader of it need not know aliases."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def draw_token() -> str:
    """A new internal token."""
    return secrets.token_hex(32)


def compose(choices: Choices, base: Path = BASE) -> list[Object]:
    """All objects, in the order in which they are applied. Raises Failure where the manifests are not beside us."""
    try:
        kustomization = yaml.safe_load((base / "kustomization.yaml").read_text())
        found = [obj for name in kustomization["resources"] for obj in yaml.safe_load_all((base / name).read_text())]
    except FileNotFoundError as error:
        raise Failure(f"{error.filename} is not there", hint="run it from a checkout or from the image") from None
    found[1:1] = _make_secrets(kustomization, choices.token)
    image = choices.image or _default_image(kustomization)
    for obj in found:
        for container in _containers_of(obj):
            container["image"] = image
        _choose(obj, choices)
    return found


def write(objects: list[Object]) -> str:
    """As `kubectl apply -f -` reads them."""
    return yaml.dump_all(objects, Dumper=_Plain, sort_keys=False, width=120)


def _default_image(kustomization: Object) -> str:
    chosen = kustomization["images"][0]
    return f"{chosen['newName']}:{chosen['newTag']}"


def _make_secrets(kustomization: Object, token: str) -> Iterator[Object]:
    for generator in kustomization["secretGenerator"]:
        keys = [file.partition("=")[0] for file in generator["files"]]
        yield {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": generator["name"], "namespace": generator["namespace"]},
            "type": "Opaque",
            "data": {key: base64.b64encode(token.encode()).decode() for key in keys},
        }


def _containers_of(obj: Object) -> Iterator[Object]:
    spec = obj.get("spec", {}).get("template", {}).get("spec", {})
    for kind in ("initContainers", "containers"):
        yield from spec.get(kind, ())


def _choose(obj: Object, choices: Choices) -> None:
    if obj["kind"] == "ConfigMap":
        chosen = {
            "PAAKS_PUBLIC_URL": choices.public_url,
            "PAAKS_APPS_URL": choices.apps_url,
            "PAAKS_RUNTIME_IMAGE": choices.runtime_image,
            "PAAKS_INSECURE_SINGLE_DOMAIN": "1" if choices.insecure_single_domain else None,
        }
        obj["data"] |= {name: value for name, value in chosen.items() if value is not None}
    if obj["kind"] == "StatefulSet" and choices.storage_class is not None:
        for claim in obj["spec"]["volumeClaimTemplates"]:
            claim["spec"]["storageClassName"] = choices.storage_class
