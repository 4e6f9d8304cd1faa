"""WCAG 2.2 AA as far as a machine can tell, on every page, light and dark; and what axe-core cannot see: keys, zoom,
motion, where the focus is, what is read out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from shown_pages import PAGES, ShownPage
from visitor import create_service, replace_text

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALLEST = 12  # pixels
NARROW = {"width": 320, "height": 640}  # pixels: a window of 1280 at 400 %
BY_NAME = [pytest.param(page, id=page.name) for page in PAGES]


def find_violations(page: Page) -> list[str]:
    """What axe-core objects to, each with the elements that it means."""
    page.evaluate(AXE.read_text())
    options: dict[str, Any] = {"runOnly": WCAG, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:200]} {node.get('failureSummary', '')}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def find_small_text(page: Page) -> list[str]:
    """Text that is smaller than anybody should have to read."""
    found: list[str] = page.evaluate(
        """smallest => {
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            const found = [];
            for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
                const size = parseFloat(getComputedStyle(text.parentElement).fontSize);
                const isSeen = text.data.trim() !== '' && text.parentElement.checkVisibility();
                if (isSeen && size < smallest) found.push(`${size}px: ${text.data.trim().slice(0, 60)}`);
            }
            return found;
        }""",
        SMALLEST,
    )
    return found


@pytest.mark.parametrize("shown", BY_NAME)
def test_axe_has_no_objection_and_no_text_is_too_small(show: Callable[..., Page], shown: ShownPage) -> None:
    page = show(shown)
    assert find_small_text(page) == []
    light = find_violations(page)
    page.emulate_media(color_scheme="dark")
    dark = [f"dark: {each}" for each in find_violations(page)]

    assert light + dark == [], "\n".join(light + dark)


@pytest.mark.parametrize("shown", BY_NAME)
def test_it_fits_at_400_percent(show: Callable[..., Page], shown: ShownPage) -> None:
    page = show(shown, viewport=NARROW)

    widths = page.evaluate(
        "() => [document.documentElement, document.getElementById('main')].filter(Boolean).map((e) => e.scrollWidth)"
    )
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter((e) => {
            const box = e.getBoundingClientRect();
            return box.width > 0 && box.right > innerWidth + 1 && e.closest('.hidden') === null;
        }).slice(0, 5).map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert max(widths) <= NARROW["width"], too_wide


@pytest.mark.parametrize("shown", BY_NAME)
def test_the_focus_is_always_seen(show: Callable[..., Page], shown: ShownPage) -> None:
    page = show(shown)
    seen: list[str] = []
    for _ in range(25):
        page.keyboard.press("Tab")
        said = page.evaluate(
            """() => {
                const element = document.activeElement;
                if (element === document.body) return 'body';
                const style = getComputedStyle(element);
                const box = element.getBoundingClientRect();
                const isDrawn = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
                const isEditor = element.closest('.cm-focused') !== null;
                const isInside = box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
                return (isDrawn || isEditor) && isInside ? '' : element.outerHTML.slice(0, 160);
            }"""
        )
        seen.append(said)
        if said == "body":  # around, once
            break
    assert [each for each in seen if each not in ("", "body")] == []


def test_nothing_moves_for_who_asks_for_that(show: Callable[..., Page]) -> None:
    page = show(next(shown for shown in PAGES if shown.name == "workspace"))

    moving = page.evaluate("() => document.getAnimations().map((animation) => animation.animationName ?? 'transition')")

    assert moving == []


def test_results_are_read_out(page: Page, service_name: str) -> None:
    create_service(page, service_name)
    strip = page.get_by_role("region", name="Deployment")
    status = strip.get_by_role("status")
    expect(status).to_have_text(re.compile("^live in "))

    replace_text(page, "import nothing_of_that_name\n\n\nclass Handler:\n    def run(self, req):\n        return 1\n")
    page.keyboard.press("Control+s")

    expect(strip.get_by_role("alert")).to_contain_text("nothing_of_that_name")
    page.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_role("status", name="Notices")).to_contain_text("Roll back")
    expect(status).to_have_text(re.compile("^live in "))


def test_the_skip_link_leads_to_the_page(page: Page) -> None:
    expect(page.get_by_role("heading", level=1, name="Services")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("() => document.getElementById('main').contains(document.activeElement)")


def test_one_gets_out_of_the_editor_by_key(page: Page, service_name: str) -> None:
    create_service(page, service_name)
    editor = page.get_by_role("textbox", name="handler.py")
    expect(editor).to_be_focused()
    expect(editor).to_have_accessible_description(re.compile("Escape, then Tab"))

    page.keyboard.press("Escape")
    page.keyboard.press("Tab")

    expect(editor).not_to_be_focused()
    assert page.evaluate("() => document.activeElement !== document.body")


def test_each_page_has_its_landmarks(show: Callable[..., Page]) -> None:
    page = show(next(shown for shown in PAGES if shown.name == "services"))

    for role in ("banner", "main"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("navigation", name="Tenant")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.evaluate("() => document.documentElement.lang") == "en"
