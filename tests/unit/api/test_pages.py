"""What browsers get: the built pages and nothing beside them, or a page that says where things are."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from api.pages import Pages

DOCUMENT = {"paths": {"/api/v1/things": {"get": {"summary": "Things", "description": "All <things>."}}}}


def describe() -> dict[str, Any]:
    return DOCUMENT


async def ask(
    pages: Pages, path: str, method: str = "GET", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()  # the client stays

    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw, "extensions": {}}
    await pages(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("not ours to show")
    found = tmp_path / "dist"
    (found / "assets").mkdir(parents=True)
    (found / "index.html").write_text("<title>built</title>")
    (found / "assets" / "app-1f2e.js").write_text("run()")
    (found / "assets" / "app-1f2e.js.gz").write_bytes(gzip.compress(b"run()"))
    (found / "assets" / "notes").write_text("not a part of the pages")
    (found / "link.txt").symlink_to(tmp_path / "secret.txt")
    return found


@pytest.mark.parametrize(
    "path", ["/", "/t/demo", "/t/demo/s/hello/files/a.py", "/sign-in", "/login", "/fileedit/hello/handler.py"]
)
async def test_the_pages_own_addresses_are_the_page(dist: Path, path: str) -> None:
    status, headers, body = await ask(Pages(dist, describe), path)

    assert (status, body) == (200, b"<title>built</title>")
    assert headers["cache-control"] == "no-cache"


async def test_assets_are_kept_for_ever(dist: Path) -> None:
    status, headers, body = await ask(Pages(dist, describe), "/assets/app-1f2e.js")

    assert (status, body) == (200, b"run()")
    assert "immutable" in headers["cache-control"]
    assert headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("gzip;q=0", False),
        ("br, gzip;q=0.0", False),
        ("", False),
    ],
)
async def test_assets_are_sent_as_the_build_compressed_them(dist: Path, accepted: str, is_compressed: bool) -> None:
    _, headers, body = await ask(Pages(dist, describe), "/assets/app-1f2e.js", headers={"accept-encoding": accepted})

    assert headers["vary"] == "Accept-Encoding"
    assert headers.get("content-encoding") == ("gzip" if is_compressed else None)
    assert (gzip.decompress(body) if is_compressed else body) == b"run()"


async def test_what_a_browser_has_is_not_sent_again(dist: Path) -> None:
    _, headers, _ = await ask(Pages(dist, describe), "/")

    status, again, body = await ask(Pages(dist, describe), "/t/demo", headers={"if-none-match": headers["etag"]})

    assert (status, body, again["etag"]) == (304, b"", headers["etag"])


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/link.txt",
        "/nope.js",
        "/api/v2/x",
        "/git/x",
        "/a\0.b",
        "/assets/notes",
        "/assets",
        "/nowhere",
    ],
)
async def test_nothing_beside_the_pages_is_served(dist: Path, path: str) -> None:
    with pytest.raises(HTTPException) as caught:
        await ask(Pages(dist, describe), path)

    assert caught.value.status_code == 404


BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/nowhere", "/services/hello", "/assetsof", "/a/b/"])
async def test_to_a_browser_the_page_says_that_nothing_is_there(dist: Path, path: str) -> None:
    status, headers, body = await ask(Pages(dist, describe), path, headers=BROWSER)

    assert (status, body, headers["vary"]) == (404, b"<title>built</title>", "Accept")


@pytest.mark.parametrize(
    "path", ["/api/v2/x", "/api", "/git/x", "/assets/gone.js", "/nope.js", "/favicon.ico", "/livez/x", "/a\0b", "/.env"]
)
async def test_what_programs_ask_for_is_no_page_to_anybody(dist: Path, path: str) -> None:
    with pytest.raises(HTTPException) as caught:
        await ask(Pages(dist, describe), path, headers=BROWSER)

    assert caught.value.status_code == 404


@pytest.mark.parametrize("path", ["/", "/sign-in", "/t/demo"])
async def test_until_the_pages_are_built_the_page_says_so_and_comes_back(tmp_path: Path, path: str) -> None:
    (tmp_path / "package.json").write_text("{}")
    dist = tmp_path / "dist"
    pages = Pages(dist, describe)

    before = (await ask(pages, path))[2]
    dist.mkdir()
    (dist / "index.html").write_text("built")
    after = (await ask(pages, path))[2]

    assert b"being built" in before
    assert b"http-equiv=refresh" in before
    assert after == b"built"


async def test_without_sources_nobody_waits_for_pages(tmp_path: Path) -> None:
    body = (await ask(Pages(tmp_path / "dist", describe), "/"))[2]

    assert b"without the web" in body
    assert b"refresh" not in body


async def test_the_operations_are_listed_without_anything_from_elsewhere(tmp_path: Path) -> None:
    _, headers, body = await ask(Pages(tmp_path, describe), "/docs")

    assert headers["content-type"].startswith("text/html")
    assert b"All &lt;things&gt;." in body
    assert b"<script" not in body
    assert b"http" not in body


async def test_a_page_of_ours_may_use_its_own_style_and_no_other(tmp_path: Path) -> None:
    _, headers, body = await ask(Pages(tmp_path, describe), "/docs")

    style = re.search(rb"<style>(.*)</style>", body)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1]).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]


async def test_pages_are_only_read(tmp_path: Path) -> None:
    with pytest.raises(HTTPException) as caught:
        await ask(Pages(tmp_path, describe), "/", "POST")

    assert (caught.value.status_code, caught.value.headers) == (405, {"Allow": "GET, HEAD"})
