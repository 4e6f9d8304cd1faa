"""The settings of a tenant: what it is, who is in it, and tokens that let git in."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from people import log_in, make_person
from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from tested_platform import run_command
from visitor import Visitor, sign_in


def test_what_a_tenant_is(platform: StartedPlatform, page: Page) -> None:
    page.get_by_role("link", name="Settings").click()
    page.wait_for_url("**/t/demo/settings")

    main = page.get_by_role("main")
    expect(main.get_by_text(platform.tenant_id)).to_be_visible()
    expect(main.get_by_text(f"{platform.api}/git/demo.git")).to_be_visible()
    expect(main.get_by_text("main", exact=True)).to_be_visible()
    page.get_by_role("tab", name="General").press("ArrowRight")
    expect(page.get_by_role("tab", name="Members")).to_be_focused()
    page.wait_for_url("**/t/demo/settings/members")
    page.reload()
    expect(page.get_by_role("tab", name="Members", selected=True)).to_be_visible()


def test_an_admin_adds_changes_and_removes_members(platform: StartedPlatform, page: Page) -> None:
    person = make_person(platform, "Mia Member")
    page.goto(f"{platform.api}/t/demo/settings/members")
    form = page.get_by_role("form", name="Add a member")

    form.get_by_label("Email address").fill("nobody@example.org")
    form.get_by_role("button", name="Add member").click()
    expect(form.get_by_role("alert")).to_contain_text("nobody here has the address")
    expect(form.get_by_label("Email address")).to_have_value("nobody@example.org")

    form.get_by_label("Email address").fill(person.email)
    form.get_by_role("button", name="Add member").click()
    row = page.get_by_role("row", name=person.email)
    expect(row.get_by_role("combobox")).to_have_value("viewer")
    row.get_by_role("combobox").select_option("developer")
    expect(page.get_by_role("status", name="Notices")).to_contain_text(f"{person.email} is developer now")
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    page.get_by_role("status", name="Notices").get_by_role("button", name="Undo").last.click()
    expect(row.get_by_role("combobox")).to_have_value("developer")


def test_the_last_admin_of_a_tenant_stays_one(platform: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    person = make_person(platform, "Lea Last")
    with platform.operator() as client:
        client.post("/api/v1/tenants", json={"slug": "lonely", "owner": person.email}).raise_for_status()
    page = visit().context.new_page()
    log_in(platform, page, person.email)
    page.goto(f"{platform.api}/t/lonely/settings/members")

    own = page.get_by_role("row", name=person.email)
    own.get_by_role("combobox").select_option("viewer")
    expect(page.get_by_role("status", name="Notices")).to_contain_text("this is the tenant's last admin")
    expect(own.get_by_role("combobox")).to_have_value("admin")


def test_a_viewer_sees_members_and_changes_nothing(platform: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    person = make_person(platform, "Vera Viewer", demo="viewer")
    page = visit().context.new_page()
    log_in(platform, page, person.email)
    page.goto(f"{platform.api}/t/demo/settings/members")

    row = page.get_by_role("row", name=person.email)
    expect(row).to_contain_text("viewer")
    note = page.get_by_text("Only an admin changes this list")
    expect(note).to_contain_text(platform.login["demo"]["email"])
    expect(page.get_by_role("form", name="Add a member")).to_have_count(0)
    expect(page.get_by_role("main").get_by_role("combobox")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)

    csrf = page.evaluate("fetch('/api/v1/session').then((answer) => answer.json()).then(({ csrf }) => csrf)")
    refusal = page.evaluate(
        """([path, csrf]) => fetch(path, {method: "PUT", body: '{"role": "admin"}',
            headers: {"Content-Type": "application/json", "X-PaaKS-CSRF": csrf}}).then((answer) => answer.json())""",
        [f"/api/v1/tenants/demo/members/{person.id}", csrf],
    )
    assert refusal["status"] == 403
    assert "this takes admin or operator" in refusal["hint"]
    assert platform.login["demo"]["email"] in refusal["hint"]


def test_a_token_is_shown_once_and_git_clones_with_it(platform: StartedPlatform, page: Page, tmp_path: Path) -> None:
    page.goto(f"{platform.api}/t/demo/settings/tokens")
    form = page.get_by_role("form", name="New token")
    form.get_by_label("Name").fill("laptop")
    form.get_by_role("button", name="Create token").click()

    panel = page.get_by_role("region", name="The token laptop is made")
    token = panel.get_by_role("group", name="the token").inner_text()
    line = panel.get_by_role("group", name="the line for git").inner_text()
    assert token.startswith("paaks_pat_")
    assert token not in line
    clone(platform, line, token, tmp_path)
    assert (tmp_path / "demo" / "hello" / "handler.py").exists()

    panel.get_by_role("button", name="Done").click()
    expect(page.get_by_text(token)).to_have_count(0)
    row = page.get_by_role("row", name="laptop")
    expect(row).to_contain_text("invoke")
    row.get_by_role("button", name="Revoke laptop").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    expect(row).to_be_visible()
    row.get_by_role("button", name="Revoke laptop").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    with platform.client(token) as client:
        assert client.get("/api/v1/session").status_code == 401


def clone(platform: StartedPlatform, line: str, token: str, folder: Path) -> None:
    """What the panel says to type, and the token when git asks for the password."""
    askpass = folder / "askpass"
    askpass.write_text(f'#!/bin/sh\ncase "$1" in Password*) echo {token};; esac\n')
    askpass.chmod(askpass.stat().st_mode | stat.S_IXUSR)
    environment = platform.bare_environment() | {"GIT_ASKPASS": str(askpass)}
    run_command(line.split(), environment, folder)


def test_a_token_that_may_do_nothing_is_not_made(platform: StartedPlatform, page: Page) -> None:
    page.goto(f"{platform.api}/t/demo/settings/tokens")
    form = page.get_by_role("form", name="New token")
    form.get_by_label("Name").fill("nothing")
    for scope in ("read", "write", "invoke"):
        form.get_by_role("checkbox", name=scope).uncheck()
    form.get_by_role("button", name="Create token").click()

    expect(form.get_by_role("alert")).to_be_visible()
    expect(form.get_by_label("Name")).to_have_value("nothing")


def test_what_is_not_there_is_told_with_what_may_be_meant(platform: StartedPlatform, page: Page) -> None:
    page.goto(f"{platform.api}/t/dmeo")
    expect(page.get_by_role("heading", name="There is no tenant dmeo")).to_be_visible()
    page.get_by_role("link", name="demo", exact=True).click()
    expect(page.get_by_role("heading", name="Services")).to_be_visible()

    page.goto(f"{platform.api}/t/demo/setings")
    page.get_by_role("link", name="/t/demo/settings", exact=True).click()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()

    page.goto(f"{platform.api}/t/demo/s/helo")
    expect(page.get_by_role("heading", name="There is no service helo in demo")).to_be_visible()
    page.get_by_role("link", name="hello", exact=True).click()
    expect(page.get_by_role("textbox", name="handler.py")).to_be_visible()


def test_who_is_not_signed_in_comes_back_to_where_they_wanted_to_be(
    platform: StartedPlatform, visit: Callable[..., Visitor]
) -> None:
    page = visit().open(f"{platform.api}/t/demo/settings/members")
    expect(page.get_by_role("button", name="Login")).to_be_visible()
    log_in(platform, page, platform.login["demo"]["email"], platform.login["demo"]["password"])

    page.wait_for_url("**/t/demo/settings/members")
    expect(page.get_by_role("tab", name="Members", selected=True)).to_be_visible()


def test_somebody_of_several_tenants_switches_between_them(
    platform: StartedPlatform, visit: Callable[..., Visitor]
) -> None:
    person = make_person(platform, "Olga Owner", demo="viewer")
    with platform.operator() as client:
        client.post("/api/v1/tenants", json={"slug": "switchto", "owner": person.email}).raise_for_status()
    page = visit().context.new_page()
    log_in(platform, page, person.email)
    page.goto(f"{platform.api}/t/demo")
    page.get_by_role("combobox", name="Tenant").select_option("switchto")

    page.wait_for_url("**/t/switchto")
    expect(page.get_by_role("link", name="hello", exact=True)).to_be_visible()


def test_one_is_told_to_be_offline(platform: StartedPlatform, page: Page) -> None:
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("You are offline")).to_have_count(0)


def test_the_operator_sees_every_tenant_without_a_role(
    platform: StartedPlatform, visit: Callable[..., Visitor]
) -> None:
    page = visit().context.new_page()
    sign_in(platform, page, "operator")
    page.goto(f"{platform.api}/t/demo/settings")
    expect(page.get_by_text("none: you see it as an operator")).to_be_visible()
