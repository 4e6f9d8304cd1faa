"""What dispatchers may know, and that deltas lead from any picture to any other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access_stream import AccessStream, Picture, draw, write_delta, write_snapshot
from api.directory import Directory, Snapshot, Token, User
from api.tokens import KeyRing
from core import sockets
from core.store import open_engine
from core.tenants import Tenants

NOW = datetime(2026, 11, 24, tzinfo=UTC)
names = st.text("abc", min_size=1, max_size=2)
tokens = st.fixed_dictionaries(
    {"tenant": names, "user": names, "scopes": st.lists(names, max_size=2), "expires": st.none()}
)
pictures = st.builds(
    Picture,
    issuer=st.just("paaks:x"),
    keys=st.lists(st.fixed_dictionaries({"kid": names}), max_size=2).map(tuple),
    tenants=st.dictionaries(names, names, max_size=4),
    tokens=st.dictionaries(names, tokens, max_size=4),
    revoked=st.frozensets(names, max_size=4),
)


def apply(snapshot: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """What a dispatcher does, written anew."""
    after = {**snapshot, "version": delta["version"], "keys": delta.get("keys", snapshot["keys"])}
    for name in ("tenants", "tokens"):
        kept = {k: v for k, v in snapshot[name].items() if k not in delta.get(name, {}).get("removed", ())}
        after[name] = kept | delta.get(name, {}).get("set", {})
    changed = delta.get("revoked", {"set": (), "removed": ()})
    after["revoked"] = sorted(set(snapshot["revoked"]) - set(changed["removed"]) | set(changed["set"]))
    return after


@given(pictures, pictures)
def test_a_delta_leads_from_one_picture_to_another(before: Picture, after: Picture) -> None:
    delta = write_delta(before, after, 2)
    start, end = write_snapshot(before, 1), write_snapshot(after, 2)
    assert (delta is None) == (before == after)
    if delta is not None:
        through_the_wire = json.loads(json.dumps(delta))
        assert apply(json.loads(json.dumps(start)), through_the_wire) == json.loads(json.dumps(end))


@given(pictures, pictures)
def test_a_delta_says_only_what_has_changed(before: Picture, after: Picture) -> None:
    delta = write_delta(before, after, 2) or {}
    for name in ("keys", "tenants", "tokens", "revoked"):
        assert (name in delta) == (getattr(before, name) != getattr(after, name))


def make_snapshot(**changes: Any) -> Snapshot:
    user = User("u", "u@example.org", "Ada", False, False, NOW)
    token = Token("k", "u", "t", "ci", ("read", "invoke"), NOW, None, None)
    return replace(Snapshot(1, {"u": user}, {"u": {"t": "viewer"}}, {"hash": token}, frozenset({"s"})), **changes)


def shown(now: Snapshot) -> Mapping[str, Any]:
    return draw(now, {"demo": "t"}, "paaks:x", [], NOW.timestamp()).tokens


def test_a_live_token_is_shown_with_what_it_is_good_for() -> None:
    told = {"tenant": "t", "user": "u@example.org", "scopes": ["read", "invoke"], "expires": None}

    assert shown(make_snapshot()) == {"hash": told}


def test_tokens_that_nobody_may_use_are_not_shown() -> None:
    now = make_snapshot()
    user, token = now.users["u"], now.tokens["hash"]
    for changed in (
        {"users": {}},
        {"users": {"u": replace(user, disabled=True)}},
        {"roles": {}},
        {"roles": {"u": {"other": "admin"}}},
        {"tokens": {"hash": replace(token, expires_at=NOW)}},
        {"tokens": {"hash": replace(token, tenant_id=None)}},
        {"tokens": {}},
    ):
        assert shown(replace(now, **changed)) == {}, changed


@pytest.fixture
def stream(tmp_path: Path) -> AccessStream:
    directory = Directory(open_engine("postgresql+psycopg://nobody@/none"), remember=900)
    directory.now, directory.loaded = make_snapshot(), True
    keys = KeyRing(tmp_path / "keys", lifetime=900, now=NOW.timestamp())
    found = AccessStream(directory, Tenants(tmp_path), keys)
    found.directory = directory  # type: ignore[attr-defined]
    return found


async def test_a_reader_that_does_not_read_is_dropped(stream: AccessStream, tmp_path: Path) -> None:
    await stream.serve(tmp_path / "access.sock")
    reader, writer = await sockets.open_unix(tmp_path / "access.sock", limit=2**26)
    assert json.loads(await reader.readline())["tokens"]
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    directory: Directory = stream.directory  # type: ignore[attr-defined]
    user = make_snapshot().users["u"]
    for number in range(40):
        directory.now = make_snapshot(users={"u": replace(user, email=f"{number}@{'x' * 2**20}")})
        stream.look()
        await asyncio.sleep(0)
        if not stream._readers:
            break

    assert not stream._readers
    writer.close()
    await stream.close()


async def test_nothing_is_told_before_the_directory_is_read(stream: AccessStream, tmp_path: Path) -> None:
    directory: Directory = stream.directory  # type: ignore[attr-defined]
    directory.loaded = False
    await stream.serve(tmp_path / "access.sock")
    reader, writer = await sockets.open_unix(tmp_path / "access.sock")
    first = json.loads(await reader.readline())
    directory.loaded = True
    stream.look()
    second = json.loads(await reader.readline())
    writer.close()
    await stream.close()

    assert (first["type"], first["tokens"], second["type"], len(second["tokens"]["set"])) == (
        "snapshot",
        {},
        "delta",
        1,
    )
