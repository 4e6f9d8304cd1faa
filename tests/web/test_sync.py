"""What main wants beside what is live: looking again, what failed, and removals that wait for a word."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from pushes import ANSWER, BROKEN, push
from started_platform import StartedPlatform


def test_what_is_wanted_and_what_is_live_are_told_apart(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    live = push(platform, service_name, ANSWER % 1, "Answer")
    platform.wait_for(service_name, live)
    page.goto(f"{platform.api}/t/demo/sync")
    row = page.get_by_role("table", name="Services").get_by_role("row", name=re.compile(f"^{service_name} "))
    expect(row).to_contain_text("Running: 1")

    broken = push(platform, service_name, BROKEN, "Break it")

    expect(row).to_contain_text("Failed")
    expect(row.get_by_role("link", name=broken[:7])).to_be_visible()
    expect(row.get_by_role("link", name=live[:7])).to_be_visible()
    expect(page.get_by_role("table", name="Latest releases")).to_contain_text("Break it")
    row.get_by_role("button", name=f"Try again {service_name}").click()
    expect(page.get_by_role("status", name="Notices")).to_contain_text(f"Looking at {service_name} again")


def test_one_key_makes_the_platform_look_again(platform: StartedPlatform, page: Page) -> None:
    page.goto(f"{platform.api}/t/demo")
    expect(page.get_by_role("heading", name="Services")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("y")
    expect(page.get_by_role("heading", name="Sync", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Reconcile now")).to_be_visible()

    page.keyboard.press("r")

    expect(page.get_by_role("status", name="Notices")).to_contain_text("Looking at every service again")


def test_many_removals_wait_for_a_word(platform: StartedPlatform, page: Page, service_name: str) -> None:
    names = [f"{service_name}-{number}" for number in range(6)]
    clone = platform.clone()
    clone.commit(
        {f"{name}/{file}": text for name in names for file, text in (("handler.py", ANSWER % 1), ("service.yaml", ""))}
    )
    clone.push()
    platform.wait_for(names[-1], clone.head())
    clone.git("rm", "-rq", *names)
    clone.commit({}, "Clear away")
    clone.push(check=False)
    page.goto(f"{platform.api}/t/demo/sync")
    held = page.get_by_role("region", name="Held removals")
    expect(held).to_contain_text(f"6 services are gone from main and still run: {names[0]}")

    held.get_by_role("button", name="Remove 6 services…").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    expect(held).to_be_visible()
    held.get_by_role("button", name="Remove 6 services…").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove them").click()

    expect(held).to_be_hidden()
    assert platform.visit_public(names[0]).status_code == 404
