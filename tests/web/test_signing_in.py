"""Who is let in, and what happens to a page whose visitor is not signed in any more."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import httpx2
import pytest
from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from visitor import Visitor, create_service, sign_in


@pytest.fixture
def just_started() -> Iterator[StartedPlatform]:
    """A platform whose link is not ten minutes old yet, however long the others' tests have taken."""
    with contextlib.closing(StartedPlatform()) as started:
        started.start()
        yield started


def test_the_printed_link_signs_in_once(just_started: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    printed = re.search(r"http\S+/sign-in#code=\S+", just_started.output())
    assert printed is not None
    page = visit().open(printed[0])

    expect(page.get_by_role("heading", name="Services")).to_be_visible()
    assert "code" not in page.url

    again = visit().open(printed[0])
    expect(again.get_by_role("alert")).to_contain_text("has been used")
    again.get_by_role("link", name="Log in with a password").click()
    expect(again.get_by_role("button", name="Login")).to_be_visible()


def test_after_a_login_one_is_where_one_wanted_to_be(platform: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    page = visit().open(f"{platform.api}/fileedit/hello/service.yaml")
    page.get_by_label("Email address").fill(platform.login["demo"]["email"])
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Email or password is wrong")
    expect(page.get_by_label("Password")).to_be_focused()

    page.get_by_label("Password").fill(platform.login["demo"]["password"])
    page.keyboard.press("Enter")

    expect(page.get_by_role("textbox", name="service.yaml")).to_be_visible()
    expect(page).to_have_url(f"{platform.api}/t/demo/s/hello?file=service.yaml")


@pytest.mark.parametrize("path", ["/t/demo/history?service=hello#x", "/t/demo/nowhere", "/nowhere/at/all", "/admin"])
def test_every_address_leads_to_the_login_and_back(
    platform: StartedPlatform, visit: Callable[..., Visitor], path: str
) -> None:
    page = visit().open(platform.api + path)

    expect(page.get_by_role("button", name="Login")).to_be_visible()
    expect(page).to_have_url(f"{platform.api}/login?{urlencode({'next': path})}")
    page.get_by_label("Email address").fill(platform.login["operator"]["email"])
    page.get_by_label("Password").fill(platform.login["operator"]["password"])
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(re.escape(platform.api + path)))


def test_the_api_says_how_to_sign_in(platform: StartedPlatform) -> None:
    for path in ("/api/v1/session", "/api/v1/tenants/demo/services"):
        answer = httpx2.get(platform.api + path)

        assert answer.status_code == 401
        assert f"sign in at {platform.api}/login" in answer.json()["hint"]
        assert "paaks login" in answer.json()["hint"]


def test_logging_out_ends_it_and_leaves_no_draft(platform: StartedPlatform, page: Page, service_name: str) -> None:
    create_service(page, service_name)
    page.keyboard.type("# secret")
    expect(page.get_by_text("1 unsaved")).to_be_visible()

    page.get_by_role("button", name="Logout").click()
    expect(page.get_by_role("button", name="Login")).to_be_visible()

    assert page.evaluate("() => indexedDB.databases()") == []
    page.goto(f"{platform.api}/t/demo")
    expect(page.get_by_role("button", name="Login")).to_be_visible()


def test_a_session_that_ends_is_renewed_in_place_and_nothing_is_lost(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    create_service(page, service_name)
    page.keyboard.press("Control+End")
    page.keyboard.type("# kept")
    page.context.clear_cookies()
    page.keyboard.press("Control+s")

    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Email address").fill(platform.login["demo"]["email"])
    dialog.get_by_label("Password").fill(platform.login["demo"]["password"])
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Commit & deploy").click()

    expect(page.get_by_text(re.compile("^Committed "))).to_be_visible()
    assert (platform.clone().path / service_name / "handler.py").read_text().endswith("# kept")


def test_an_access_token_that_is_too_old_is_renewed_unseen(platform: StartedPlatform, page: Page) -> None:
    page.context.clear_cookies(name="paaks_session")

    page.reload()

    expect(page.get_by_role("link", name="hello", exact=True)).to_be_visible()
    kept = json.dumps(page.context.cookies())
    assert "paaks_session" in kept


def test_no_script_can_read_the_cookies(platform: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.context.new_page()
    sign_in(platform, page)

    assert page.evaluate("() => document.cookie") == ""
    assert all(cookie["httpOnly"] and cookie["sameSite"] == "Strict" for cookie in visitor.context.cookies())


def test_too_many_wrong_passwords_say_when_to_try_again(
    platform: StartedPlatform, visit: Callable[..., Visitor]
) -> None:
    page = visit().open(f"{platform.api}/login")
    page.get_by_label("Email address").fill("nobody@example.org")
    for number in range(5):
        page.get_by_label("Password").fill(f"wrong {number}")
        with page.expect_response("**/api/v1/session") as answer:
            page.keyboard.press("Enter")
        assert answer.value.status == 401
        expect(page.get_by_role("button", name="Login")).to_be_enabled()
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_have_text("too many failed logins")
    said = page.get_by_text(re.compile(r"^Try again in \d+ s$"))
    expect(said).to_be_visible()
    first = said.inner_text()
    expect(said).not_to_have_text(first)
    expect(page.get_by_label("Password")).to_have_value("wrong 4")
    page.get_by_role("checkbox", name="Show it").check()
    expect(page.get_by_label("Password")).to_have_attribute("type", "text")
