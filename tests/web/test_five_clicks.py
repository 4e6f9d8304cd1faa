"""The whole job on one page: make a service, change it, see it live, call it, roll it back; by mouse, then by keys."""

from __future__ import annotations

import re

import httpx2
from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from visitor import create_service, replace_text

TEXT = 'class Handler:\n    def run(self, req):\n        return {"sum": 2}\n'


def read_live_time(page: Page) -> float:
    """The seconds that the deploy strip gives for the newest release."""
    said = page.get_by_text(re.compile(r"^live in ")).inner_text()
    number, unit = said.removeprefix("live in ").split()
    return float(number) / (1000 if unit == "ms" else 1)


def test_with_the_mouse(platform: StartedPlatform, page: Page, service_name: str) -> None:
    page.get_by_label("Create new service:").fill(service_name)
    page.get_by_role("button", name="Create").click()
    editor = page.get_by_role("textbox", name="handler.py")
    expect(editor).to_be_focused()
    expect(page.get_by_text(re.compile(r"^live in "))).to_be_visible()

    replace_text(page, TEXT)
    page.get_by_role("button", name="Commit & deploy").click()
    expect(page.get_by_text(re.compile(r"^Committed [0-9a-f]{7}"))).to_be_visible()
    strip = page.get_by_role("region", name="Deployment")
    expect(strip.get_by_text(page.get_by_text(re.compile("^Committed ")).inner_text().split()[1])).to_be_visible()
    expect(strip.get_by_text(re.compile(r"^live in "))).to_be_visible()
    assert 0 < read_live_time(page) < 10
    page.get_by_role("button", name="Send").click()
    response = page.get_by_role("region", name="Response")
    expect(response.get_by_text("200", exact=True)).to_be_visible()
    expect(response.get_by_label("Response body")).to_contain_text('"sum": 2')
    answered = response.get_by_text(re.compile("answered by")).inner_text().split()[-1]
    assert answered in strip.inner_text()

    page.get_by_role("button", name="Roll back").click()
    expect(strip.get_by_text(answered)).to_be_hidden()
    expect(editor).to_contain_text("hello")
    expect(strip.get_by_text(re.compile(r"^live in "))).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(response.get_by_label("Response body")).to_contain_text("hello")


def test_with_the_keyboard_alone(platform: StartedPlatform, page: Page, service_name: str) -> None:
    expect(page.get_by_label("Create new service:")).to_be_visible()
    page.keyboard.press("c")
    page.keyboard.type(service_name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="handler.py")).to_be_focused()
    strip = page.get_by_role("region", name="Deployment")
    expect(strip.get_by_text(re.compile(r"^live in "))).to_be_visible()

    replace_text(page, TEXT)
    page.keyboard.press("Control+s")
    committed = page.get_by_text(re.compile(r"^Committed [0-9a-f]{7}"))
    expect(committed).to_be_visible()
    expect(strip.get_by_text(committed.inner_text().split()[1])).to_be_visible()
    expect(strip.get_by_text(re.compile(r"^live in "))).to_be_visible()
    page.keyboard.press("Control+Enter")
    body = page.get_by_label("Response body")
    expect(body).to_contain_text('"sum": 2')

    page.keyboard.press("Control+Alt+z")
    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("hello")
    expect(strip.get_by_text(re.compile(r"^live in "))).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(body).to_contain_text("hello")


def test_what_was_saved_is_in_git(platform: StartedPlatform, page: Page, service_name: str) -> None:
    create_service(page, service_name)
    replace_text(page, TEXT)
    page.keyboard.press("Control+Shift+s")
    page.get_by_label("Commit message").fill("Add two numbers")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"^Committed "))).to_be_visible()

    clone = platform.clone()

    assert clone.git("log", "-1", "--format=%s").stdout.strip() == "Add two numbers"
    assert (clone.path / service_name / "handler.py").read_text() == TEXT
    assert platform.wait_for(service_name, clone.head()).json() == {"sum": 2}


def test_a_page_asks_nobody_else(platform: StartedPlatform) -> None:
    answer = httpx2.get(f"{platform.api}/t/demo")

    assert answer.status_code == 200
    assert "://" not in answer.text
