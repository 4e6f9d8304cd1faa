"""The addresses that people of the original have kept lead to where their things are now."""

from __future__ import annotations

import httpx2
import pytest
from playwright.sync_api import Page, expect
from started_platform import StartedPlatform


@pytest.mark.parametrize(
    ("old", "file"),
    [
        ("/filesystem/hello/", "handler.py"),
        ("/fileview/hello/service.yaml", "service.yaml"),
        ("/fileedit/hello/handler.py", "handler.py"),
    ],
)
def test_a_file(platform: StartedPlatform, page: Page, old: str, file: str) -> None:
    page.goto(platform.api + old)

    expect(page.get_by_role("textbox", name=file)).to_be_visible()


@pytest.mark.parametrize("path", ["/t/demo/nowhere", "/nowhere", "/services/hello"])
def test_there_is_nothing_at_other_addresses(platform: StartedPlatform, page: Page, path: str) -> None:
    page.goto(platform.api + path)

    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_the_health_check(platform: StartedPlatform) -> None:
    assert httpx2.get(f"{platform.api}/health_check").json() == {"status": "ok"}
