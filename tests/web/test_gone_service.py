"""A service that ends while it is open: the page says so, offers it anew, and loses nothing that was typed."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from visitor import create_service, replace_text

TYPED = 'class Handler:\n    def run(self, req):\n        return "typed"\n'


def expect_gone(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=1, name=f"There is no service {name} in demo")).to_be_visible()
    expect(page.get_by_role("region", name="Editor")).to_be_hidden()
    expect(page).to_have_title("Not found — PaaKS")


def test_a_push_that_ends_it_is_seen_and_nothing_typed_is_lost(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    create_service(page, service_name)
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()
    replace_text(page, TYPED)
    expect(page.get_by_text("1 unsaved")).to_be_visible()
    clone = platform.clone()
    clone.git("rm", "--quiet", f"{service_name}/service.yaml")
    clone.commit({}, f"End {service_name}")
    clone.push()

    expect_gone(page, service_name)
    expect(page.get_by_text("What you have not saved in handler.py is kept in this browser")).to_be_visible()
    page.keyboard.press("Control+s")  # the keys of the workspace rest
    page.reload()
    expect_gone(page, service_name)
    expect(page.get_by_text("What you have not saved in handler.py is kept in this browser")).to_be_visible()
    page.get_by_role("button", name="Create it").click()

    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text('return "typed"')
    expect(page.get_by_text("1 unsaved")).to_be_visible()
    page.get_by_role("button", name="Commit & deploy").click()
    expect(page.get_by_text(re.compile("^Committed "))).to_be_visible()
    clone.git("pull", "--quiet")
    assert (clone.path / service_name / "handler.py").read_text() == TYPED
    assert (clone.path / service_name / "service.yaml").read_text() == "public: false\n"


def test_it_comes_back_as_it_was_left(platform: StartedPlatform, page: Page, service_name: str) -> None:
    create_service(page, service_name)
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()
    replace_text(page, TYPED)
    expect(page.get_by_text("1 unsaved")).to_be_visible()
    clone = platform.clone()
    clone.git("rm", "--quiet", "-r", service_name)
    clone.commit({}, f"End {service_name}")
    clone.push()
    expect_gone(page, service_name)

    clone.git("revert", "--no-edit", "HEAD")
    clone.push()

    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text('return "typed"')
    expect(page.get_by_text("1 unsaved")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name=service_name, exact=True)).to_be_visible()


def test_one_that_never_was_is_created_from_its_address(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    page.goto(f"{platform.api}/t/demo/s/{service_name}")
    expect_gone(page, service_name)

    page.get_by_role("button", name="Create it").click()

    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("hello")
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()
