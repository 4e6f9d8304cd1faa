"""Several tabs at once: what one does the others see within a second, and no number of them is too much."""

from __future__ import annotations

import itertools
import re

from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from visitor import create_service, replace_text

TEXT = 'class Handler:\n    def run(self, req):\n        return {"sum": 2}\n'
AT_MOST = 5_000  # milliseconds: on a machine that does nothing else it is a fiftieth of a second
TABS = 8

# When the page first shows a text, by its own clock; all tabs of a machine have the same one.
WATCH = """text => {
    window.seen = new Promise((resolve) => {
        const look = () => document.body.innerText.includes(text)
            && resolve(performance.timeOrigin + performance.now());
        new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
        look();
    });
}"""


def test_a_commit_in_one_tab_is_seen_in_the_other(platform: StartedPlatform, page: Page, service_name: str) -> None:
    create_service(page, service_name)
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("textbox", name="handler.py")).to_contain_text("hello")
    replace_text(page, TEXT)
    other.evaluate(WATCH, '"sum": 2')
    page.evaluate(WATCH, "Committed ")

    page.keyboard.press("Control+s")

    seen = other.evaluate("() => window.seen")
    committed = page.evaluate("() => window.seen")
    print(f"\nseen in the other tab {seen - committed:+.0f} ms after the first says that it is committed")
    assert seen - committed < AT_MOST


# Without a screen every tab says that it is looked at.
HIDE = """() => {
    Object.defineProperty(document, 'visibilityState', {configurable: true, get: () => 'hidden'});
    document.dispatchEvent(new Event('visibilitychange'));
}"""


def test_many_tabs_load_over_http_1(platform: StartedPlatform, page: Page, service_name: str) -> None:
    create_service(page, service_name)
    tabs = [page, *(page.context.new_page() for _ in range(TABS - 1))]
    for before, tab in itertools.pairwise(tabs):
        before.evaluate(HIDE)
        tab.goto(page.url)
        expect(tab.get_by_role("textbox", name="handler.py")).to_be_visible()
        expect(tab.get_by_role("status").get_by_text("Receiving updates")).to_be_attached()

    replace_text(tabs[-1], TEXT)
    tabs[-1].keyboard.press("Control+s")

    for tab in tabs:
        expect(tab.get_by_role("textbox", name="handler.py")).to_contain_text('"sum": 2')
        tab.get_by_role("button", name="Send").click()
        expect(tab.get_by_label("Response body")).to_contain_text('"sum": 2')
