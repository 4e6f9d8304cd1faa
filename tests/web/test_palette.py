"""The palette, the keys of each page, and actions as commands to copy: from one list of what can be done."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route, expect
from shown_pages import Shop
from started_platform import StartedPlatform
from tested_platform import run_command
from visitor import Visitor, create_service, replace_text, sign_in

TEXT = 'class Handler:\n    def run(self, req):\n        return {"sum": 2}\n'


def open_palette(page: Page) -> Locator:
    """By key; the field that one types into."""
    page.get_by_role("button", name="Find or do something").wait_for()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name=re.compile("^Find"))
    expect(field).to_be_focused()
    return field


def options(page: Page) -> Locator:
    """What it found."""
    return page.get_by_role("dialog", name="Palette").get_by_role("option")


def selected(page: Page) -> Locator:
    """What Enter would do."""
    return options(page).and_(page.get_by_role("option", selected=True))


def test_a_service_is_three_keys_away(platform: StartedPlatform, page: Page, shop: Shop) -> None:
    expect(page.get_by_role("row", name=re.compile("shop"))).to_be_visible()
    field = open_palette(page)
    expect(page.get_by_role("dialog", name="Palette").get_by_role("status")).to_have_text(re.compile(r"^\d+ results$"))

    page.keyboard.type("shop")
    expect(selected(page)).to_have_count(1)
    expect(field).to_have_attribute("aria-activedescendant", selected(page).get_attribute("id") or "")
    expect(selected(page)).to_contain_text("Service")
    expect(field).to_have_accessible_description(f"paaks status -t {platform.slug} shop")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1, name="shop")).to_be_visible()
    page.goto(f"{platform.api}/t/demo")
    open_palette(page)
    expect(selected(page)).to_contain_text("shop")  # the latest comes first


def test_files_commits_and_pages_are_found(platform: StartedPlatform, page: Page, shop: Shop) -> None:
    expect(page.get_by_role("row", name=re.compile("shop"))).to_be_visible()
    clone = platform.clone()
    # Of the session's many commits the palette knows the newest.
    commit = clone.commit({"shop/NOTES.md": "Cherries are out.\n"}, "Sell plums")
    clone.push()
    for typed, name in (
        ("shop handler", "shop/handler.py"),
        (commit[:7], "Sell plums"),
        ("sell plums", "Sell plums"),
        ("go settings", "Go to Settings"),
        ("account", "Go to Account"),
    ):
        field = open_palette(page)
        field.fill(typed)
        expect(options(page).first).to_contain_text(name)
        page.keyboard.press("Escape")
        expect(field).to_be_hidden()
    open_palette(page).fill("shop handler")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="handler.py")).to_be_visible()


def test_a_commit_of_long_ago_is_found_on_the_server(platform: StartedPlatform, page: Page) -> None:
    clone = platform.clone()
    old = clone.commit({"notes/plan.txt": "Quinces next year.\n"}, "Plan\n\nFor next year: sell quinces")
    for number in range(45):  # more than the palette knows by itself
        clone.commit({"notes/count.txt": f"{number}\n"}, f"Count to {number}")
    clone.push()
    waiting: list[Route] = []
    page.route(re.compile(r"/commits\?.*text="), lambda route: waiting.append(route), times=1)
    dialog = page.get_by_role("dialog", name="Palette")
    field = open_palette(page)
    field.fill("Count to 44")
    expect(options(page).filter(has_text="Count to 44")).to_be_visible()

    with page.expect_request(re.compile(r"/commits\?.*text=sell")):
        field.fill("sell quinces")
    expect(dialog.get_by_text("Looking through all commits…")).to_be_visible()
    expect(dialog.get_by_role("status")).to_have_text("0 results, searching…")
    waiting.pop().continue_()
    expect(selected(page)).to_contain_text(f"{old[:7]} Plan")
    expect(dialog.get_by_role("status")).to_have_text("1 result")
    field.fill("nothing is called so")
    expect(dialog.get_by_text("Nothing is called so, and no commit says it.")).to_be_visible()
    field.fill(old[:12])
    expect(selected(page)).to_contain_text(f"{old[:7]} Plan")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1, name="Plan")).to_be_visible()


def test_an_action_with_its_argument(platform: StartedPlatform, page: Page, service_name: str) -> None:
    create_service(page, service_name)
    strip = page.get_by_role("region", name="Deployment")
    expect(strip.get_by_text(re.compile(r"^live in "))).to_be_visible()
    replace_text(page, TEXT)
    page.keyboard.press("Control+s")
    expect(page.get_by_text(re.compile(r"^Committed "))).to_be_visible()
    page.goto(f"{platform.api}/t/demo")
    expect(page.get_by_role("row", name=re.compile(service_name))).to_contain_text("Running: 1")

    field = open_palette(page)
    field.fill(f"roll back {service_name}")
    expect(selected(page)).to_contain_text(f"Roll back {service_name}")
    expect(field).to_have_accessible_description(f"paaks rollback -t demo {service_name}")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status", name="Notices")).to_contain_text(f"Roll back {service_name}")
    assert "hello" in platform.wait_for(service_name, platform.clone().head()).text


def test_the_focus_is_where_an_action_puts_it(platform: StartedPlatform, page: Page, service_name: str) -> None:
    def do(name: str) -> None:
        open_palette(page).fill(name)
        expect(selected(page)).to_contain_text(name)
        page.keyboard.press("Enter")

    do("Filter services")
    expect(page.get_by_role("searchbox", name=re.compile("^Filter"))).to_be_focused()
    do("Create service")
    expect(page.get_by_label("Create new service:")).to_be_focused()
    create_service(page, service_name)
    handler = page.get_by_role("textbox", name="handler.py")
    expect(handler).to_be_focused()

    do("Next pane")
    expect(page.get_by_label("Path and query")).to_be_focused()
    do("Pane before")
    expect(handler).to_be_focused()
    do("Filter the log")
    expect(page.get_by_role("region", name="Drawer").get_by_role("searchbox")).to_be_focused()
    do("New file")
    expect(page.get_by_label("Path of the new file")).to_be_focused()
    page.keyboard.press("Escape")
    do(f"{service_name}/service.yaml")
    expect(page.get_by_role("textbox", name="service.yaml")).to_be_focused()


def test_the_palette_is_a_combobox(page: Page) -> None:
    expect(page.get_by_role("heading", level=1, name="Services")).to_be_visible()
    before = page.get_by_role("button", name="Find or do something")
    before.click()
    field = page.get_by_role("combobox", name=re.compile("^Find"))
    expect(field).to_have_attribute("aria-expanded", "true")
    field.fill("go to")
    expect(options(page)).to_have_count(5)
    first = selected(page).inner_text()
    page.keyboard.press("ArrowDown")
    expect(selected(page)).not_to_have_text(first)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(options(page).last).to_have_attribute("aria-selected", "true")
    field.fill("nothing is called so")
    expect(page.get_by_role("dialog", name="Palette").get_by_role("status")).to_have_text("0 results")
    expect(field).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("Escape")

    expect(field).to_be_hidden()
    expect(before).to_be_focused()


def test_keys_of_a_page_and_where_they_rest(page: Page) -> None:
    expect(page.get_by_label("Create new service:")).to_be_visible()
    page.keyboard.press("?")
    help = page.get_by_role("dialog", name="Keys of this page")
    for name in ("Create service", "Go to Settings", "Find anything"):
        expect(help.get_by_text(name, exact=True)).to_be_visible()
    page.keyboard.press("c")  # the page behind it rests
    expect(help).to_be_visible()
    page.keyboard.press("Escape")
    expect(help).to_be_hidden()

    page.keyboard.press("c")
    expect(page.get_by_label("Create new service:")).to_be_focused()
    page.keyboard.type("gs?/c")
    expect(page.get_by_label("Create new service:")).to_have_value("gs?/c")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("g")
    page.keyboard.press(",")
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", level=1, name="Services")).to_be_visible()


def test_single_keys_can_be_switched_off(platform: StartedPlatform, page: Page) -> None:
    page.goto(f"{platform.api}/account")
    page.get_by_label(re.compile("^Shortcuts of a single key")).uncheck()
    page.goto(f"{platform.api}/t/demo")
    field = page.get_by_label("Create new service:")
    expect(field).to_be_visible()

    page.keyboard.press("c")
    page.keyboard.press("?")

    expect(field).not_to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    open_palette(page)


def test_what_is_copied_runs(platform: StartedPlatform, visit: Callable[..., Visitor], service_name: str) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.context.new_page()
    sign_in(platform, page)
    create_service(page, service_name)
    expect(page.get_by_text(re.compile(r"^live in "))).to_be_visible()
    page.get_by_label("Path and query").fill("greet?name=it's me")

    def copy(kind: str) -> str:
        console = page.get_by_role("region", name="Try it")
        console.get_by_text("Copy as", exact=True).click()
        console.get_by_role("button", name=re.compile(f"^{kind}")).click()
        expect(page.get_by_role("status", name="Notices")).to_contain_text(f"Copied for {kind}")
        return str(page.evaluate("() => navigator.clipboard.readText()"))

    clone = platform.clone()
    for kind in ("paaks", "curl"):
        line = copy(kind)
        environment = dict(clone.environment) | {"PAAKS_TOKEN": platform.token}
        said = run_command(["bash", "-ec", line], environment, clone.path)
        assert "hello" in said.stdout, (line, said.stdout, said.stderr)


def test_everything_that_can_be_done_is_a_command_too(page: Page, service_name: str) -> None:
    create_service(page, service_name)
    replace_text(page, TEXT)
    page.get_by_role("main").get_by_role("banner").get_by_text("Copy as", exact=True).or_(
        page.locator("header").get_by_text("Copy as", exact=True)
    ).first.click()

    back = page.get_by_role("region", name="Roll back", exact=True)
    expect(back.get_by_role("button", name=re.compile("^paaks"))).to_contain_text(
        f"paaks rollback -t demo {service_name}"
    )
    commit = page.get_by_role("region", name="Commit & deploy")
    expect(commit.get_by_role("button", name=re.compile("^git"))).to_contain_text(f"git add {service_name}/handler.py")
    page.keyboard.press("Escape")
    expect(back).to_be_hidden()
