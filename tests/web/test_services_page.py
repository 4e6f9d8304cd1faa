"""The page of services: sorted and filtered by its address, and what can be done with each, by keys alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from people import log_in, make_person
from playwright.sync_api import Locator, Page, expect
from pushes import ANSWER, BROKEN, push
from started_platform import StartedPlatform
from test_accessibility import find_violations
from visitor import Visitor, sign_in


def find_links(page: Page, among: str) -> Locator:
    """The services whose names begin so, from top to bottom."""
    return page.get_by_role("table", name="Services").get_by_role("link").filter(has_text=re.compile(f"^{among}"))


def make_services(platform: StartedPlatform, name: str) -> list[str]:
    """Three: the middle one changed last, the last one failing."""
    names = [f"{name}-{letter}" for letter in "abc"]
    push(platform, names[2], BROKEN, "Break it")
    push(platform, names[0], ANSWER % 1, "Answer quickly")
    platform.wait_for(names[1], push(platform, names[1], ANSWER % 2, "Answer slowly"))
    return names


def open_menu(page: Page, service: str) -> Locator:
    """By keys: the row's menu, with its first item chosen."""
    page.get_by_role("button", name=f"Actions of {service}", exact=True).focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("menu", name=f"Actions of {service}", exact=True)
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    return menu


def choose(page: Page, item: str) -> None:
    """An item of the menu that is open, by arrows."""
    found = page.get_by_role("menuitem", name=item, exact=True)
    expect(found).to_have_count(1)
    for _ in range(page.get_by_role("menuitem").count()):
        if found.evaluate("(element) => element === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    expect(found).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem")).to_have_count(0)


def test_order_and_filters_are_in_the_address(platform: StartedPlatform, page: Page, service_name: str) -> None:
    a, b, c = make_services(platform, service_name)
    links = find_links(page, service_name)
    page.goto(f"{platform.api}/t/demo")
    expect(page.get_by_role("row", name=re.compile(c))).to_contain_text("Failed")
    expect(links).to_have_text([a, b, c])
    head = page.get_by_role("columnheader", name="Service")
    expect(head).to_have_attribute("aria-sort", "ascending")

    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(links).to_have_text([c, b, a])
    page.get_by_role("button", name="Status", exact=True).press("Enter")
    expect(page).to_have_url(re.compile(r"\?sort=status$"))
    expect(links.first).to_have_text(c)
    page.get_by_role("button", name="Changed", exact=True).press("Enter")
    expect(page.get_by_role("columnheader", name="Changed")).to_have_attribute("aria-sort", "descending")
    expect(links.last).to_have_text(c)

    page.keyboard.press("/")
    page.keyboard.type(f"{service_name} ")
    page.keyboard.press("Control+a")
    page.keyboard.type("answer")
    expect(page).to_have_url(re.compile("text=answer"))
    expect(links).to_have_count(2)
    assert sorted(links.all_inner_texts()) == [a, b]
    expect(page.get_by_role("searchbox", name="Filter services")).to_be_focused()
    page.reload()
    expect(page.get_by_role("searchbox", name="Filter services")).to_have_value("answer")
    expect(page.get_by_role("link", name=a)).to_be_visible()
    expect(links).to_have_count(2)
    assert sorted(links.all_inner_texts()) == [a, b]

    page.get_by_role("button", name=re.compile("^Failing")).click()
    expect(page.get_by_text("No service is like that")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page).to_have_url(f"{platform.api}/t/demo")
    expect(page.get_by_role("searchbox", name="Filter services")).to_have_value("")
    expect(links).to_have_text([a, b, c])


def test_a_service_goes_and_comes_back_by_keys(platform: StartedPlatform, page: Page, service_name: str) -> None:
    platform.wait_for(service_name, push(platform, service_name, ANSWER % 1, "Answer"))
    page.goto(f"{platform.api}/t/demo")
    open_menu(page, service_name)
    page.keyboard.press("c")  # finds an item; the page's own keys rest
    expect(page.get_by_role("menuitem", name=re.compile("^Copy URL"))).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=f"Actions of {service_name}")).to_be_focused()

    open_menu(page, service_name)
    choose(page, "Delete")
    expect(page.get_by_role("link", name=service_name, exact=True)).to_have_count(0)
    undo = page.get_by_role("status", name="Notices").get_by_role("button", name="Undo")
    undo.press("Enter")

    expect(page.get_by_role("row", name=re.compile(service_name))).to_contain_text("Running: 1")
    assert platform.wait_for(service_name, platform.clone().head()).json() == {"answer": 1}


def test_back_to_what_was_live_and_where_else_a_menu_leads(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    platform.wait_for(service_name, push(platform, service_name, ANSWER % 1, "Answer"))
    platform.wait_for(service_name, push(platform, service_name, ANSWER % 2, "Answer more"))
    page.goto(f"{platform.api}/t/demo")
    open_menu(page, service_name)
    choose(page, "Roll back")
    expect(page.get_by_role("status", name="Notices")).to_contain_text(f"Roll back {service_name}")
    assert platform.wait_for(service_name, platform.clone().head()).json() == {"answer": 1}

    for item, tab in (("Logs", "Logs"), ("Resources", "Resources")):
        page.goto(f"{platform.api}/t/demo")
        open_menu(page, service_name)
        choose(page, item)
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
    page.goto(f"{platform.api}/t/demo")
    open_menu(page, service_name)
    choose(page, "History")
    expect(page.get_by_role("heading", level=1, name="History")).to_be_visible()
    expect(page.get_by_role("link", name="Answer more")).to_be_visible()


def test_what_is_copied(platform: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).context.new_page()
    sign_in(platform, page)
    namespace = f"tnt-{platform.tenant_id[:8]}"
    expect(page.get_by_role("link", name="hello", exact=True)).to_be_visible()
    for begin, expected in (
        ("Copy URL", f"{platform.dispatcher}/~demo/hello/"),
        ("Copy as paaks", "paaks status -t demo hello"),
        ("Copy as kubectl", f"kubectl -n {namespace} get deployments,pods -l paaks.dev/service=hello"),
    ):
        open_menu(page, "hello")
        page.get_by_role("menuitem", name=re.compile(f"^{begin}")).press("Enter")
        expect(page.get_by_role("menuitem")).to_have_count(0)
        expect(page.get_by_role("status", name="Notices").get_by_text(re.compile("^Copied")).last).to_be_visible()
        assert page.evaluate("() => navigator.clipboard.readText()") == expected


def test_a_viewer_is_offered_nothing_that_changes(platform: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    person = make_person(platform, "Viktor Viewer", demo="viewer")
    page = visit(reduced_motion="reduce").context.new_page()
    log_in(platform, page, person.email)
    page.goto(f"{platform.api}/t/demo?sort=changed")
    menu = open_menu(page, "hello")
    expect(menu.get_by_role("menuitem", name="Open", exact=True)).to_be_visible()
    expect(menu.get_by_role("menuitem", name="Delete")).to_have_count(0)
    expect(menu.get_by_role("menuitem", name="Roll back")).to_have_count(0)
    assert find_violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert find_violations(page) == []


def test_a_menu_fits_into_a_narrow_window(platform: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    page = visit(viewport={"width": 320, "height": 640}).context.new_page()
    sign_in(platform, page)
    menu = open_menu(page, "hello")
    box = menu.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 640
