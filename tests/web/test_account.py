"""One's own account: name, password, tokens, and how the pages behave in this browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from people import PASSWORD, Person, log_in, make_person
from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from visitor import Visitor, create_service, replace_text

NEW = "a better password"


@pytest.fixture
def person(platform: StartedPlatform) -> Person:
    return make_person(platform, "Paula Person", demo="developer")


@pytest.fixture
def own_page(platform: StartedPlatform, person: Person, visit: Callable[..., Visitor]) -> Page:
    """The account of that person."""
    page = visit().context.new_page()
    log_in(platform, page, person.email)
    page.goto(f"{platform.api}/account")
    return page


def test_a_new_name_is_everywhere(own_page: Page) -> None:
    own_page.get_by_label("Full name").fill("Paula Programmer")
    own_page.get_by_role("button", name="Change name").click()

    expect(own_page.get_by_role("banner").get_by_role("link", name="Paula Programmer")).to_be_visible()
    own_page.reload()
    expect(own_page.get_by_label("Full name")).to_have_value("Paula Programmer")


def test_a_new_password_signs_out_everywhere_else(
    platform: StartedPlatform, person: Person, own_page: Page, visit: Callable[..., Visitor]
) -> None:
    elsewhere = visit().context.new_page()
    log_in(platform, elsewhere, person.email)
    form = own_page.get_by_role("region", name="Password")

    form.get_by_label("Current password").fill("not this one, no")
    form.get_by_label("New password").fill(NEW)
    form.get_by_role("button", name="Change password").click()
    expect(form.get_by_role("alert")).to_contain_text("this is not your password")
    form.get_by_label("Current password").fill(PASSWORD)
    form.get_by_role("button", name="Change password").click()
    expect(own_page.get_by_role("status", name="Notices")).to_contain_text("Your password is changed")
    expect(form.get_by_label("New password")).to_have_value("")

    own_page.get_by_label("Full name").fill("Still Here")
    own_page.get_by_role("button", name="Change name").click()
    expect(own_page.get_by_role("banner").get_by_role("link", name="Still Here")).to_be_visible()
    elsewhere.goto(f"{platform.api}/account")
    elsewhere.wait_for_url("**/login?**")
    log_in(platform, elsewhere, person.email, NEW)
    elsewhere.wait_for_url("**/account")


def test_sessions_elsewhere_are_seen_and_ended(
    platform: StartedPlatform, person: Person, own_page: Page, visit: Callable[..., Visitor]
) -> None:
    phone = visit(user_agent="Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0").context.new_page()
    desk = visit(user_agent="Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0").context.new_page()
    for elsewhere in (phone, desk):
        log_in(platform, elsewhere, person.email)
    own_page.reload()
    table = own_page.get_by_role("table", name="Sessions")
    expect(table.get_by_role("row")).to_have_count(4)  # and its head
    here = table.get_by_role("row", name=re.compile("this one"))
    expect(here).to_contain_text("just now")
    expect(here.get_by_role("button")).to_have_count(0)

    table.get_by_role("button", name="Sign out Firefox on Android").click()
    expect(table.get_by_role("row", name=re.compile("Android"))).to_have_count(0)
    phone.goto(f"{platform.api}/account")
    phone.wait_for_url("**/login?**")
    own_page.get_by_role("button", name="Sign out everywhere else").click()
    own_page.get_by_role("alertdialog").get_by_role("button", name="Sign out").click()
    expect(own_page.get_by_role("status", name="Notices")).to_contain_text("Signed out everywhere else")
    expect(table.get_by_role("row")).to_have_count(2)
    expect(own_page.get_by_role("button", name="Sign out everywhere else")).to_have_count(0)

    desk.goto(f"{platform.api}/account")
    desk.wait_for_url("**/login?**")
    own_page.reload()
    expect(here).to_be_visible()


def test_tokens_of_every_tenant_are_here(own_page: Page) -> None:
    form = own_page.get_by_role("form", name="New token")
    form.get_by_label("Name").fill("build")
    expect(form.get_by_label("For", exact=True)).to_have_value("demo")
    form.get_by_role("button", name="Create token").click()
    own_page.get_by_role("button", name="Done").click()

    expect(own_page.get_by_role("row", name="build")).to_contain_text("demo")


def test_the_theme_is_the_same_in_the_switch_and_in_all_tabs(own_page: Page) -> None:
    other = own_page.context.new_page()
    other.goto(own_page.url)
    own_page.get_by_role("radio", name="Dark").check()

    assert own_page.evaluate("document.documentElement.dataset.theme") == "dark"
    expect(own_page.get_by_role("button", name="Theme: dark")).to_be_visible()
    expect(other.get_by_role("radio", name="Dark")).to_be_checked()
    assert other.evaluate("document.documentElement.dataset.theme") == "dark"
    own_page.reload()
    expect(own_page.get_by_role("radio", name="Dark")).to_be_checked()


def test_shortcuts_of_one_key_can_be_switched_off(platform: StartedPlatform, own_page: Page) -> None:
    own_page.get_by_role("checkbox", name="Shortcuts of a single key").uncheck()
    own_page.goto(f"{platform.api}/t/demo")
    name = own_page.get_by_label("Create new service:")
    expect(name).to_be_visible()
    own_page.keyboard.press("c")
    expect(name).not_to_be_focused()

    own_page.goto(f"{platform.api}/account")
    own_page.get_by_role("checkbox", name="Shortcuts of a single key").check()
    own_page.goto(f"{platform.api}/t/demo")
    expect(name).to_be_visible()
    own_page.keyboard.press("c")
    expect(name).to_be_focused()


def test_a_save_can_ask_for_a_message(platform: StartedPlatform, own_page: Page, service_name: str) -> None:
    own_page.get_by_role("checkbox", name="asks for a message").check()
    own_page.goto(f"{platform.api}/t/demo")
    create_service(own_page, service_name)
    replace_text(own_page, "class Handler:\n    def run(self, req):\n        return 'asked'\n")
    own_page.keyboard.press("Control+s")
    message = own_page.get_by_label("Commit message")
    expect(message).to_be_focused()
    message.fill("Answer when asked")
    message.press("Enter")
    expect(own_page.get_by_text(re.compile("^Committed "))).to_be_visible()

    assert platform.clone().git("log", "-1", "--format=%s").stdout.strip() == "Answer when asked"
