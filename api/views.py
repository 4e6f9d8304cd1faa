"""How the API shows what a tenant has: services, the files of one, and what became of a commit. Pure.

What does not live here: commits (`core/history.py`), releases (`core/releases.py`), problems (`core/problems.py`).
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from typing import Any

from api.service_index import Tip
from core import names, releases
from core.errors import Sides
from core.history import format_time
from core.releases import Release

Shown = dict[str, Any]
_TEXT_SAMPLE = 8_000  # bytes: git looks at as many to tell text from binary


def show_service(
    tip: Tip,
    release: Release | None,
    live: Mapping[str, str] | None,
    url: str,
    drift: Mapping[str, Any] | None = None,
) -> Shown:
    """A service; `release` is that of its tip, `live` (commit, tree) the last revision that was live, `drift` what
    somebody else has changed of it last."""
    descriptor = tip.descriptor
    return {
        "name": tip.name,
        "path": tip.path,
        "tree": tip.tree,
        "commit": tip.commit,
        "subject": tip.subject,
        "author": dict(tip.author),
        "at": format_time(tip.at),
        "public": descriptor.public if descriptor else None,
        "replicas": descriptor.replicas if descriptor else None,
        "url": url,
        "status": show_status(release, tip.tree, live),
        "live": dict(live) if live else None,
        "release": releases.describe(release) if release else None,
        "drift": dict(drift) if drift else None,
    }


def show_status(release: Release | None, tree: str, live: Mapping[str, str] | None) -> Shown:
    """The state of a service's tip: what its release says, or what git alone can tell."""
    if release is not None:
        said = (release.state, release.reason, release.sentence, release.message)
    elif live is not None and live["tree"] == tree:
        said = ("live", None, None, None)
    else:
        said = ("unknown", None, "Nothing has been heard of this revision yet.", None)
    return dict(zip(("state", "reason", "sentence", "message"), said, strict=True))


def show_past_commit(commit: Shown, known: Collection[tuple[Release, float | None]]) -> Shown:
    """A commit with what became of it: its releases among those known, each with when its time was over."""
    of_it = [(release, ended) for release, ended in known if release.commit == commit["sha"]]
    shown = [releases.describe(r) | {"liveUntil": format_time(e) if e is not None else None} for r, e in of_it]
    return commit | {"releases": sorted(shown, key=lambda release: release["service"])}


def make_url(apps_url: str, slug: str, tip: Tip) -> str:
    """Where visitors find a service: public ones under the tenant's name, private ones with a token alone."""
    public = tip.descriptor is not None and tip.descriptor.public
    return names.service_url(apps_url, tip.name, slug if public else None)


def is_text(data: bytes) -> bool:
    """Is it UTF-8 text? As git judges it, a file with NUL bytes is not."""
    if b"\0" in data[:_TEXT_SAMPLE]:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def show_content(data: bytes, name: str = "content") -> Shown:
    """A file's bytes as a member of JSON: as text where it is text, else as base64 under `<name>Base64`."""
    if is_text(data):
        return {name: data.decode()}
    return {f"{name}Base64": base64.b64encode(data).decode()}


def show_sides(sides: Sides) -> Shown:
    """What could not be merged; a side that does not exist is null."""
    shown: Shown = {"path": sides.path, "theirsSha": sides.theirs_id}
    for name in ("base", "yours", "theirs", "merged"):
        data: bytes | None = getattr(sides, name)
        shown |= {name: None} if data is None else show_content(data, name)
    return shown
