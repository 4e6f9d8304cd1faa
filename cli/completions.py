"""What a shell offers where a service, a file of one, a tenant or a login is to be typed.

Quick, and silent: where nobody answers within a second there is nothing to offer. What was answered is kept for ten
seconds, so that the second press of the key costs nothing. What does not live here: the shells' scripts
(`commands/about.py`), the words that need no server (Click knows them).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from cli import config, target
from cli.failure import Failure
from cli.target import Target, Wish

_SECONDS = 1.0
_KEPT_SECONDS = 10.0
_SILENT = (Failure, OSError, ValueError, KeyError, TypeError)  # no server, no login, a cache that is none


def complete_services(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The services of the tenant, without those that are on the line already."""
    said = ctx.params.get(param.name or "")
    return _choose(_quietly(lambda: _list_services(_find(ctx))), incomplete, said if isinstance(said, tuple) else ())


def complete_places(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """`SERVICE/PATH`: services, and the files of the one that is meant."""
    return _choose(_quietly(lambda: _list_places(_find(ctx), incomplete)), incomplete)


def complete_tenants(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The tenants that the server shows, and those that this machine is logged in to."""
    here = _quietly(lambda: _list_logins(_find(ctx, any_tenant=True)))
    return _choose([*here, *_quietly(lambda: _list_tenants(_find(ctx, any_tenant=True)))], incomplete)


def complete_contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The logins of this machine."""
    return _choose(_quietly(lambda: config.read_logins(config.config_path(os.environ)).contexts), incomplete)


def _choose(found: Iterable[str], incomplete: str, said: Iterable[str] = ()) -> list[str]:
    return sorted({name for name in found if name.startswith(incomplete)} - set(said))


def _quietly(ask: Callable[[], Iterable[str]]) -> list[str]:
    """What is answered; nothing where that fails: a prompt is no place for an error."""
    try:
        return [str(name) for name in ask()]
    except _SILENT:
        return []


def _find(ctx: click.Context, *, any_tenant: bool = False) -> Target:
    """Where the line that is being typed goes to."""
    tenant = None if any_tenant else ctx.params.get("tenant")
    wish = Wish(ctx.params.get("server"), tenant, ctx.params.get("context"))
    find = target.find_operator if any_tenant else target.find
    return find(wish, os.environ, Path.cwd())


def _list_services(chosen: Target) -> list[str]:
    return [item["name"] for item in _read(chosen, f"/tenants/{chosen.slug}/services")]


def _list_places(chosen: Target, incomplete: str) -> list[str]:
    service, slash, _ = incomplete.partition("/")
    if not slash:
        found = [name for name in _list_services(chosen) if name.startswith(service)]
        if len(found) != 1:
            return found
        service = found[0]  # a shell would put a space after the only one there is
    files = _read(chosen, f"/tenants/{chosen.slug}/services/{service}/files")
    return [f"{service}/{file['path']}" for file in files]


def _list_tenants(chosen: Target) -> list[str]:
    return [item["slug"] for item in _read(chosen, "/tenants")]


def _list_logins(chosen: Target) -> list[str]:
    found = config.read_logins(config.config_path(os.environ)).find(chosen.server)
    return [slug for slug in found[1].tokens if slug != config.OPERATOR] if found is not None else []


def _read(chosen: Target, path: str) -> Sequence[Mapping[str, Any]]:
    """The items of a list: those of the last ten seconds, else the server's. Raises Failure."""
    if chosen.token is None:
        return []
    key = json.dumps([chosen.server, chosen.token, path])
    kept = _cache_directory() / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    known = _read_kept(kept)
    if known is not None:
        return known
    from cli.client import API, Client  # takes longer to import than the rest together

    with Client(chosen, patience=_SECONDS) as client:
        items: list[Mapping[str, Any]] = client.read("GET", API + path)["items"]
    slim = [{name: item[name] for name in ("name", "slug", "path") if name in item} for item in items]
    _keep(kept, slim)
    return slim


def _cache_directory() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "paaks" / "completions"


def _read_kept(path: Path) -> list[dict[str, Any]] | None:
    try:
        is_fresh = 0 <= time.time() - path.stat().st_mtime < _KEPT_SECONDS
        found = json.loads(path.read_bytes()) if is_fresh else None
    except (OSError, ValueError):
        return None
    return found if isinstance(found, list) else None


def _keep(path: Path, items: list[dict[str, Any]]) -> None:
    """Only their owner can read it. Those that are too old are removed."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in path.parent.glob("*.json"):
            if time.time() - old.stat().st_mtime >= _KEPT_SECONDS:
                old.unlink(missing_ok=True)
        fresh = path.with_name(f"{path.stem}.{os.getpid()}.new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(items))
        fresh.replace(path)
    except OSError:
        return  # a full or foreign disk: it is asked again
