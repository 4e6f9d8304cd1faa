"""The operators' pages: a tenant with its owner's way in, users, roles, and how the platform is."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from people import PASSWORD, log_in, make_person
from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from visitor import Visitor, sign_in


@pytest.fixture
def office(platform: StartedPlatform, visit: Callable[..., Visitor]) -> Page:
    """A page of the operator's."""
    page = visit().context.new_page()
    sign_in(platform, page, "operator")
    page.get_by_role("link", name="Admin").click()
    page.get_by_role("tab", name="Tenants", selected=True).wait_for()
    return page


def test_a_new_tenant_ends_on_all_that_its_owner_needs(
    platform: StartedPlatform, office: Page, visit: Callable[..., Visitor]
) -> None:
    form = office.get_by_role("form", name="New tenant")
    form.get_by_label("Name", exact=True).fill("Acme")
    expect(form.get_by_role("alert").first).to_contain_text("Small letters")
    form.get_by_label("Name", exact=True).fill("acme")
    form.get_by_label("Owner's email address").fill("ana@acme.example")
    form.get_by_label("Owner's full name").fill("Ana Owner")
    form.get_by_role("button", name="Create tenant").click()

    expect(office.get_by_role("heading", name="acme is ready")).to_be_visible()
    steps = office.get_by_role("group", name="the first five minutes").inner_text()
    assert f"paaks login {platform.api} --email ana@acme.example" in steps
    assert "paaks clone acme" in steps
    link = office.get_by_role("group", name="the sign-in link").inner_text()
    office.get_by_role("button", name="Done").click()
    row = office.get_by_role("table", name="Tenants").get_by_role("row", name="acme")
    expect(row.get_by_role("cell").first).to_have_text("1")
    expect(office.get_by_text(link)).to_have_count(0)

    page = visit().open(link)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Choose it and sign in").click()
    page.wait_for_url("**/t/acme")
    expect(page.get_by_role("link", name="hello", exact=True)).to_be_visible()
    page.get_by_role("button", name="Logout").click()
    log_in(platform, page, "ana@acme.example")
    page.wait_for_url("**/t/acme")

    again = visit().open(link)
    again.get_by_label("New password").fill(PASSWORD)
    again.get_by_role("button", name="Choose it and sign in").click()
    expect(again.get_by_role("alert")).to_contain_text("this sign-in link has been used")


def test_an_owner_who_is_here_needs_no_link(platform: StartedPlatform, office: Page) -> None:
    person = make_person(platform, "Otto Owner")
    office.reload()
    form = office.get_by_role("form", name="New tenant")
    form.get_by_label("Name", exact=True).fill("other")
    form.get_by_label("Owner's email address").fill(person.email)
    expect(form.get_by_text("Otto Owner becomes its admin.")).to_be_visible()
    form.get_by_role("button", name="Create tenant").click()

    expect(office.get_by_role("heading", name="other is ready")).to_be_visible()
    expect(office.get_by_role("region", name="Sign-in link")).to_have_count(0)


def test_a_name_that_is_taken_costs_nothing_that_was_typed(platform: StartedPlatform, office: Page) -> None:
    form = office.get_by_role("form", name="New tenant")
    form.get_by_label("Name", exact=True).fill("admin")
    form.get_by_label("Owner's email address").fill(platform.login["demo"]["email"])
    form.get_by_role("button", name="Create tenant").click()

    expect(form.get_by_role("alert").filter(has_text="reserved")).to_be_visible()
    expect(form.get_by_label("Name", exact=True)).to_have_value("admin")


def test_users_are_made_reset_and_disabled(
    platform: StartedPlatform, office: Page, visit: Callable[..., Visitor]
) -> None:
    office.get_by_role("tab", name="Users").click()
    form = office.get_by_role("form", name="New user")
    form.get_by_label("Email address").fill("uwe@example.org")
    form.get_by_label("Full name").fill("Uwe User")
    form.get_by_role("button", name="Create user").click()
    first = read_link(office)
    row = office.get_by_role("row", name="uwe@example.org")
    row.get_by_role("button", name="Reset password").click()
    expect(office.get_by_role("group", name="the sign-in link")).not_to_have_text(first)
    second = read_link(office)

    page = visit().open(first)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Choose it and sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("this sign-in link has been used, or its time is over")
    page.goto(second)
    page.reload()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Choose it and sign in").click()
    expect(page.get_by_role("heading", name="No tenant yet")).to_be_visible()

    row.get_by_role("button", name="Disable").click()
    expect(row).to_contain_text("disabled")
    page.goto(f"{platform.api}/account")
    page.wait_for_url("**/login?next=%2Faccount")
    row.get_by_role("button", name="Enable").click()
    expect(row).to_contain_text("active")
    row.get_by_role("checkbox").click()
    expect(row.get_by_role("checkbox")).to_be_checked()
    log_in(platform, page, "uwe@example.org")
    expect(page.get_by_role("link", name="Admin")).to_be_visible()


def read_link(page: Page) -> str:
    return page.get_by_role("group", name="the sign-in link").inner_text()


def test_roles_are_shown_as_the_server_judges(office: Page) -> None:
    office.get_by_role("tab", name="Roles").click()
    row = office.get_by_role("table", name="In a tenant").get_by_role("row", name=re.compile("^commit "))

    expect(row.get_by_role("cell")).to_have_text(["– no", "✓ yes", "✓ yes", "– no", "write"])


def test_how_the_platform_is(platform: StartedPlatform, office: Page) -> None:
    office.get_by_role("tab", name="Platform").click()

    expect(office.get_by_text("Everything answers.")).to_be_visible()
    for part in ("database", "node", "controller"):
        expect(office.get_by_role("table", name="Parts").get_by_role("row", name=part)).to_contain_text("✓ ok")
    expect(office.get_by_text(platform.dispatcher)).to_be_visible()


def test_who_is_no_operator_is_told_so(platform: StartedPlatform, page: Page) -> None:
    expect(page.get_by_role("link", name="Admin")).to_have_count(0)
    page.goto(f"{platform.api}/admin/users")
    expect(page.get_by_role("heading", name="This is for operators")).to_be_visible()
