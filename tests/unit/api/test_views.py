from __future__ import annotations

import base64
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from api import views
from api.service_index import Tip
from core import descriptor, strict_yaml
from core.descriptor import Service
from core.errors import Sides
from core.releases import Release
from core.service_templates import TEMPLATES

TIP = Tip("a", "a", "t" * 40, "c" * 40, "Subject", {"name": "Ana", "email": "a@b"}, 0, Service(public=True, replicas=3))


def test_a_service_shows_what_its_descriptor_says() -> None:
    shown = views.show_service(TIP, None, None, "http://x/")
    assert (shown["public"], shown["replicas"], shown["at"]) == (True, 3, "1970-01-01T00:00:00.000Z")
    assert (shown["live"], shown["release"]) == (None, None)


def test_a_release_says_how_a_service_is_doing() -> None:
    release = Release("tenant", "a", TIP.commit, TIP.tree, "failed", reason="R", sentence="S.", message="M")
    live = {"commit": TIP.commit, "tree": TIP.tree}
    wanted = {"state": "failed", "reason": "R", "sentence": "S.", "message": "M"}
    assert views.show_status(release, TIP.tree, live) == wanted
    assert views.show_status(None, TIP.tree, live)["state"] == "live"
    assert views.show_status(None, "other", live)["state"] == "unknown"
    assert views.show_status(None, TIP.tree, None)["state"] == "unknown"


def test_a_private_service_is_found_without_the_tenants_name() -> None:
    private, unreadable = replace(TIP, descriptor=Service()), replace(TIP, descriptor=None)
    assert views.make_url("http://apps", "demo", TIP) == "http://apps/~demo/a/"
    assert views.make_url("http://apps", "demo", private) == "http://apps/a/"
    assert views.make_url("http://apps", "demo", unreadable) == "http://apps/a/"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_can_be_got_back_from_json(data: bytes) -> None:
    shown = json.loads(json.dumps(views.show_content(data)))
    assert len(shown) == 1
    text = shown.get("content")
    assert (text.encode() if text is not None else base64.b64decode(shown["contentBase64"])) == data


def test_sides_show_what_there_is() -> None:
    shown = views.show_sides(Sides("a.py", b"x", b"\xff", None, None, None))
    assert shown == {
        "path": "a.py",
        "theirsSha": None,
        "base": "x",
        "yoursBase64": "/w==",
        "theirs": None,
        "merged": None,
    }


def test_templates_are_python_that_compiles_and_descriptors_that_are_right() -> None:
    for files in TEMPLATES.values():
        compile(files["handler.py"], "handler.py", "exec")
        node = strict_yaml.load(files["service.yaml"])
        service, problems = descriptor.read(node, at_root=False)
        assert problems == []
        assert service is not None
        assert service.handler == "handler.py"
