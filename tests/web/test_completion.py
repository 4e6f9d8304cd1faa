"""service.yaml in the editor: keys and values are completed and explained, by keys alone."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect
from started_platform import StartedPlatform
from test_accessibility import find_violations
from visitor import create_service, replace_text


def open_descriptor(platform: StartedPlatform, page: Page, service: str, text: str = "") -> Locator:
    """The editor of a new service's service.yaml, with this text."""
    create_service(page, service)
    page.goto(f"{platform.api}/t/demo/s/{service}?file=service.yaml")
    editor = page.get_by_role("textbox", name="service.yaml")
    expect(editor).to_be_focused()
    replace_text(page, text)
    return editor


def find_offers(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Completions").get_by_role("option")


def read_text(editor: Locator) -> str:
    return "\n".join(editor.locator(".cm-line").all_inner_texts()).replace("\n\n", "\n")


def accept(page: Page, offer: str) -> None:
    """The offer of this name, once it is the chosen one."""
    chosen = find_offers(page).and_(page.get_by_role("option", selected=True))
    expect(find_offers(page).filter(has_text=offer).first).to_be_visible()
    page.keyboard.press("Shift", delay=150)  # for their first 75 ms offers take no key: it was meant for the text
    for _ in range(find_offers(page).count()):
        if offer in chosen.inner_text():
            break
        page.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text(offer)
    page.keyboard.press("Enter")


def test_keys_and_their_values_are_completed(platform: StartedPlatform, page: Page, service_name: str) -> None:
    editor = open_descriptor(platform, page, service_name)
    page.keyboard.press("Control+Space")
    expect(find_offers(page)).to_have_count(8)
    expect(find_offers(page).last).to_contain_text("name")  # only for a service at the repository's root
    page.keyboard.press("Escape")

    page.keyboard.type("egr")
    accept(page, "egress")
    accept(page, "none")
    expect(editor).to_have_text("egress: none")
    page.keyboard.press("Enter")
    page.keyboard.type("reso")
    accept(page, "resources")
    accept(page, "memory")
    page.keyboard.press("Control+Space")
    accept(page, "128Mi")
    expect(editor).to_contain_text("memory: 128Mi")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Space")
    expect(find_offers(page)).to_have_count(1)  # what is there is not offered again
    expect(find_offers(page)).to_contain_text("cpu")
    page.keyboard.press("Escape")
    page.keyboard.type("cpu: 50m")

    page.keyboard.press("Control+s")
    expect(page.get_by_text(re.compile("^Committed "))).to_be_visible()
    text = (platform.clone().path / service_name / "service.yaml").read_text()
    assert text == "egress: none\nresources:\n  memory: 128Mi\n  cpu: 50m"


def test_what_a_key_means_is_said(platform: StartedPlatform, page: Page, service_name: str) -> None:
    editor = open_descriptor(platform, page, service_name, "replicas: 2\n# replicas\n")
    page.keyboard.press("Control+Space")
    page.keyboard.type("tim")
    expect(find_offers(page)).to_have_count(1)
    expect(page.locator(".cm-completionInfo")).to_contain_text("How long the head of an answer may take")
    expect(page.locator(".cm-completionInfo")).to_contain_text("By default 30s.")
    assert find_violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert find_violations(page) == []
    page.keyboard.press("Escape")

    editor.get_by_text("replicas", exact=True).first.hover()
    expect(page.get_by_text("How many run at once. 1 to 10. By default 1.")).to_be_visible()


def test_other_files_and_comments_are_left_alone(platform: StartedPlatform, page: Page, service_name: str) -> None:
    editor = open_descriptor(platform, page, service_name)
    page.keyboard.type("# pub")
    page.keyboard.press("Control+Space")
    page.keyboard.type("l")
    expect(editor).to_have_text("# publ")
    expect(find_offers(page)).to_have_count(0)
