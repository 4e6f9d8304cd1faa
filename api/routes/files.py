"""The files of a service: list, read, write and delete them; a write names the version that it replaces.

What does not live here: several files as one commit (`changes.py`), what a path may be (`file_paths.py`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from api import landing, views
from api.access import Principal
from api.changes import Wish
from api.conditions import matches, read_condition
from api.deps import Committer, Platform, Reader, ThePlatform, wait_seconds
from api.file_paths import read_file_path
from api.operations import FILE, add_texts, answer, describe, refusal
from api.service_index import find_tree
from api.shapes import changes as shapes
from core import releases
from core.check import MAX_BLOB_BYTES
from core.commit import Delete, Operation, Put, object_id
from core.errors import NotFound, Problem, Refused
from core.repository import Entry, Repository
from core.tenants import Tenant

router = APIRouter()
_BASE = "/api/v1/tenants/{slug}/services/{service}/files"
_FILE = _BASE + "/{path:path}"
_TAGS = ("ETag", "PaaKS-Commit")
_SAVED = dict.fromkeys((200, 201, 202), answer(shapes.ReleaseLanding, *_TAGS, optional=("Location",)))
_DELETED = dict.fromkeys((200, 202), answer(shapes.ReleaseLanding, "PaaKS-Commit", optional=("Location",)))
_STALE = dict.fromkeys((409, 412), refusal(shapes.ConflictProblem))
_MAX_LISTED = 20_000
_MAX_MESSAGE = 65_536  # characters
# Whatever a file says, no browser runs it: it is text or a download, and has no origin.
_HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
Ref = Annotated[str | None, Query(description="a branch, a tag or a full commit id; main without it")]
Message = Annotated[str | None, Query(max_length=_MAX_MESSAGE, description="the commit's message")]


@dataclass(frozen=True)
class _Place:
    """A service's directory at one commit."""

    repository: Repository
    commit: str
    path: str
    tree: str


@router.get(_BASE, **describe("listFiles", "files", {200: answer(shapes.Files)}))
async def list_files(service: str, platform: ThePlatform, reader: Reader, ref: Ref = None) -> dict[str, Any]:
    """All files below the service, in the order of their paths; at most 20,000, which is all a tree may have."""
    place = await _locate(platform, reader[1], service, ref)
    return {"ref": place.commit, "items": await asyncio.to_thread(_list, place)}


@router.get(
    _FILE,
    response_class=Response,
    **describe(
        "readFile",
        "files",
        {
            200: add_texts(answer(shapes.FileContent, *_TAGS), "text/plain", "application/octet-stream"),
            304: answer(None, *_TAGS),
        },
        wishes=("If-None-Match",),
    ),
)
async def read_file(service: str, request: Request, platform: ThePlatform, reader: Reader, ref: Ref = None) -> Response:
    """A file's bytes; with `Accept: application/json`, its content and what it is."""
    path = read_file_path(request.scope["raw_path"])
    place = await _locate(platform, reader[1], service, ref)
    entry = await asyncio.to_thread(_find, place, path)
    headers = {"ETag": f'"{entry.oid}"', "PaaKS-Commit": place.commit, "Cache-Control": "private, no-cache"}
    headers |= {"Vary": "Accept"} | _HARMLESS
    as_json = _prefers_json(request.headers.get("accept", ""))
    if not as_json and matches(request.headers.getlist("if-none-match"), entry.oid):
        return Response(status_code=304, headers=headers)
    data = await asyncio.to_thread(place.repository.blob, entry.oid)
    if as_json:
        about = {"path": path, "sha": entry.oid, "mode": f"{entry.mode:o}", "size": len(data), "commit": place.commit}
        return JSONResponse(about | views.show_content(data), headers=headers)
    if views.is_text(data):
        return Response(data, headers=headers | {"Content-Type": "text/plain; charset=utf-8"})
    download = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
    return Response(data, headers=headers | download)


@router.put(
    _FILE,
    max_body_size=MAX_BLOB_BYTES + 2**20,
    **describe("saveFile", "files", _SAVED | _STALE, wishes=("If-Match", "If-None-Match", "Prefer"), body=FILE),
)
async def write_file(
    service: str, request: Request, platform: ThePlatform, committer: Committer, message: Message = None
) -> Response:
    """One commit that writes a file; the body is its bytes, whatever the Content-Type.

    `If-Match` names the blob that is replaced, `If-None-Match: *` creates. Bytes that are there already make no commit.
    """
    path = read_file_path(request.scope["raw_path"])
    expected = read_condition(request.headers.getlist("if-match"), request.headers.getlist("if-none-match"))
    tenant = committer[1]
    tip = (await platform.index.read(tenant)).find(service)
    data = await _read_body(request, path)
    operation = Put(tip.place(path), data)
    status = 201 if expected is None else 200
    tag = object_id("blob", data)
    return await _land(request, platform, committer, service, (operation, expected, message), status, tag)


@router.delete(_FILE, **describe("deleteFile", "files", _DELETED | _STALE, wishes=("If-Match", "Prefer")))
async def delete_file(
    service: str, request: Request, platform: ThePlatform, committer: Committer, message: Message = None
) -> Response:
    """One commit without a file. `If-Match` names the blob that is deleted."""
    path = read_file_path(request.scope["raw_path"])
    expected = read_condition(request.headers.getlist("if-match"), ())
    tip = (await platform.index.read(committer[1])).find(service)
    operation = Delete(tip.place(path))
    return await _land(request, platform, committer, service, (operation, expected, message), 200, None)


async def _land(
    request: Request,
    platform: Platform,
    committer: tuple[Principal, Tenant],
    service: str,
    asked: tuple[Operation, str | None, str | None],
    status: int,
    tag: str | None,
) -> Response:
    principal, tenant = committer
    operation, expected, message = asked
    wish = Wish([operation], landing.read_message(message), expected={operation.path: expected})
    actor = landing.make_actor(principal, request.headers.get("user-agent"))
    landed = await platform.changes.apply(tenant, actor, wish)
    answer = await landing.follow(platform.tenants, platform.live, tenant, landed, wait_seconds(request))
    release = next((found for found in answer.releases if found["service"] == service), None)
    if release is None and not landed.is_new:
        known = platform.live.latest(tenant.id).get(service)
        release = releases.describe(known) if known is not None else None
    headers = {"ETag": f'"{tag}"'} if tag is not None else {}
    if release is not None:
        headers["Location"] = landing.locate_release(tenant.slug, service, release["commit"])
    return answer.send({"release": release}, status if landed.is_new else 200, headers)


async def _locate(platform: Platform, tenant: Tenant, service: str, ref: str | None) -> _Place:
    """Where a service is at a reference. Raises NotFound, Refused for a reference that is none."""
    overview = await platform.index.read(tenant)
    place = await asyncio.to_thread(_look_up, platform.tenants.path_of(tenant), service, ref)
    # A service at the root gives itself its name; only today's is known.
    is_other = place is not None and not place.path and any(not tip.path for tip in overview.services.values())
    if place is None or (is_other and service not in overview.services):
        raise NotFound(Problem("not-found", f"there is no service {service[:60]!r} here"))
    return place


def _look_up(path: Path, service: str, ref: str | None) -> _Place | None:
    repository = Repository(path)
    commit = repository.resolve(ref if ref is not None else "main")
    found = find_tree(repository, service, commit)
    return _Place(repository, commit, *found) if found is not None else None


def _find(place: _Place, path: str) -> Entry:
    entry = place.repository.find(place.tree, path)
    if entry is None or entry.kind != "blob":
        hint = "it is a directory" if entry is not None and entry.kind == "tree" else None
        raise NotFound(Problem("not-found", "there is no such file", file=path, hint=hint))
    return entry


def _list(place: _Place) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    pending = [("", place.tree)]
    while pending and len(found) < _MAX_LISTED:
        below, tree = pending.pop()
        entries = place.repository.tree(tree)
        found += (_show(place.repository, below, entry) for entry in entries if entry.kind == "blob")
        pending += [(below + _read_name(e) + "/", e.oid) for e in reversed(entries) if e.kind == "tree"]
    return sorted(found, key=lambda item: str(item["path"]))[:_MAX_LISTED]


def _show(repository: Repository, below: str, entry: Entry) -> dict[str, Any]:
    size = repository.size(entry.oid)
    return {"path": below + _read_name(entry), "mode": f"{entry.mode:o}", "size": size, "sha": entry.oid}


def _read_name(entry: Entry) -> str:
    return entry.name.decode(errors="replace")


def _prefers_json(accept: str) -> bool:
    return any(part.partition(";")[0].strip().lower() == "application/json" for part in accept.split(","))


async def _read_body(request: Request, path: str) -> bytes:
    """All of it, never more than a file may have. Raises Refused (413)."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > MAX_BLOB_BYTES:
        raise _too_large(path)
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BLOB_BYTES:
            raise _too_large(path)
    return bytes(data)


def _too_large(path: str) -> Refused:
    detail = f"a file may have {MAX_BLOB_BYTES:,} bytes"
    return Refused(Problem("file-too-large", detail, file=path, hint="keep data out of git"))
