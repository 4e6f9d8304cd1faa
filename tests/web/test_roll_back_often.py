"""Going back twenty times: each is a commit of its own, each goes live, and nothing has to be switched off or on."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from visitor import create_service, replace_text

TEXT = 'class Handler:\n    def run(self, req):\n        return {"sum": 2}\n'


def test_roll_back_again_and_again(
    platform: StartedPlatform, page: Page, service_name: str, rounds: Callable[[int], int]
) -> None:
    create_service(page, service_name)
    strip = page.get_by_role("region", name="Deployment")
    expect(strip.get_by_text(re.compile(r"^live in "))).to_be_visible()
    replace_text(page, TEXT)
    page.keyboard.press("Control+s")
    committed = page.get_by_text(re.compile(r"^Committed [0-9a-f]{7}"))
    expect(strip.get_by_text(committed.inner_text().split()[1])).to_be_visible()
    expect(strip.get_by_text(re.compile(r"^live in "))).to_be_visible()
    before = count_commits(platform)

    times = rounds(20)
    for number in range(times):
        page.get_by_role("button", name="Roll back", exact=True).click()
        text = "hello" if number % 2 == 0 else '"sum": 2'
        expect(page.get_by_role("textbox", name="handler.py")).to_contain_text(text)
        expect(strip.get_by_text(re.compile(r"^live in "))).to_be_visible()
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_label("Response body")).to_contain_text(text)

    assert count_commits(platform) == before + times
    with platform.client() as client:
        releases = client.get(f"/api/v1/tenants/demo/releases?service={service_name}&limit=100").json()["items"]
    back = [release for release in releases if release["via"] == "rollback"]
    assert len(back) == times
    assert {release["stages"].keys() >= {"live"} for release in back} == {True}


def count_commits(platform: StartedPlatform) -> int:
    return int(platform.clone().git("rev-list", "--count", "HEAD").stdout)
