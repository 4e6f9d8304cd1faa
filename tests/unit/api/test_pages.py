"""What browsers get: the built pages and nothing beside them, or a page that says where things are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from api.pages import Pages

DOCUMENT = {"paths": {"/api/v1/things": {"get": {"summary": "Things", "description": "All <things>."}}}}


async def ask(pages: Pages, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()  # the client stays

    scope = {"type": "http", "method": method, "path": path, "headers": [], "extensions": {}}
    await pages(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("not ours to show")
    found = tmp_path / "dist"
    (found / "assets").mkdir(parents=True)
    (found / "index.html").write_text("<title>built</title>")
    (found / "assets" / "app-1f2e.js").write_text("run()")
    (found / "link.txt").symlink_to(tmp_path / "secret.txt")
    return found


@pytest.mark.parametrize("path", ["/", "/t/demo", "/t/demo/services/hello", "/sign-in"])
async def test_the_pages_own_addresses_are_the_page(dist: Path, path: str) -> None:
    status, headers, body = await ask(Pages(dist, DOCUMENT), path)

    assert (status, body) == (200, b"<title>built</title>")
    assert headers["cache-control"] == "no-cache"


async def test_assets_are_kept_for_ever(dist: Path) -> None:
    status, headers, body = await ask(Pages(dist, DOCUMENT), "/assets/app-1f2e.js")

    assert (status, body) == (200, b"run()")
    assert "immutable" in headers["cache-control"]
    assert headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/assets/../../secret.txt", "/link.txt", "/nope.js", "/api/v2/x", "/git/x", "/a\0.b"]
)
async def test_nothing_beside_the_pages_is_served(dist: Path, path: str) -> None:
    with pytest.raises(HTTPException) as caught:
        await ask(Pages(dist, DOCUMENT), path)

    assert caught.value.status_code == 404


async def test_without_pages_one_says_where_things_are(tmp_path: Path) -> None:
    pages = Pages(tmp_path / "none", DOCUMENT)

    assert b"/api/v1" in (await ask(pages, "/"))[2]
    assert b"/docs" in (await ask(pages, "/sign-in"))[2]
    with pytest.raises(HTTPException):
        await ask(pages, "/t/demo")


async def test_the_operations_are_listed_without_anything_from_elsewhere(tmp_path: Path) -> None:
    _, headers, body = await ask(Pages(tmp_path, DOCUMENT), "/docs")

    assert headers["content-type"].startswith("text/html")
    assert b"All &lt;things&gt;." in body
    assert b"<script" not in body
    assert b"http" not in body


async def test_pages_are_only_read(tmp_path: Path) -> None:
    with pytest.raises(HTTPException) as caught:
        await ask(Pages(tmp_path, DOCUMENT), "/", "POST")

    assert (caught.value.status_code, caught.value.headers) == (405, {"Allow": "GET, HEAD"})
