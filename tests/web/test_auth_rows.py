"""AUTH-19, AUTH-20 and AUTH-21 of the threat model with a browser's session, seen in its pages.

What other sites' pages try in a browser is in `test_policy.py`; the wire alone, with the api's tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from people import PASSWORD, log_in, make_person
from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from visitor import Visitor

PRESET = "11111111-1111-4111-8111-111111111111"


def read_cookies(page: Page) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}


def test_auth_19_a_login_makes_a_new_session_in_cookies_that_no_script_reads(
    platform: StartedPlatform, visit: Callable[..., Visitor]
) -> None:
    page = visit().context.new_page()
    planted = {"paaks_session": PRESET, "paaks_refresh": f"{PRESET}.x"}
    page.context.add_cookies([{"name": name, "value": value, "url": platform.api} for name, value in planted.items()])
    person = make_person(platform, "Sam Session", demo="viewer")
    log_in(platform, page, person.email)

    first = read_cookies(page)
    for cookie in page.context.cookies():
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
        assert PRESET not in cookie["value"]
    assert page.evaluate("document.cookie") == ""
    assert len(first["paaks_refresh"].partition(".")[2]) >= 22  # 128 bits

    page.get_by_role("button", name="Logout").click()
    page.wait_for_url("**/login")
    assert read_cookies(page) == {}
    log_in(platform, page, person.email)
    second = read_cookies(page)
    assert first["paaks_refresh"].partition(".")[0] != second["paaks_refresh"].partition(".")[0]


def test_auth_19_a_new_password_changes_the_session_too(
    platform: StartedPlatform, visit: Callable[..., Visitor]
) -> None:
    page = visit().context.new_page()
    log_in(platform, page, make_person(platform, "Paul Password", demo="viewer").email)
    before = read_cookies(page)
    page.goto(f"{platform.api}/account")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill("a better password")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status", name="Notices")).to_contain_text("Your password is changed")

    after = read_cookies(page)
    assert before["paaks_refresh"].partition(".")[0] != after["paaks_refresh"].partition(".")[0]


def test_auth_20_what_another_site_can_send_with_our_cookies_changes_nothing(
    platform: StartedPlatform, visit: Callable[..., Visitor]
) -> None:
    person = make_person(platform, "Target Person", demo="admin")
    page = visit().context.new_page()
    log_in(platform, page, person.email)
    csrf = page.request.get(f"{platform.api}/api/v1/session").json()["csrf"]
    good = {"Content-Type": "application/json", "X-PaaKS-CSRF": csrf}
    bodies = {
        "/api/v1/tokens": {"name": "stolen", "tenant": "demo"},
        "/api/v1/tenants/demo/members": {"email": platform.login["operator"]["email"], "role": "admin"},
    }
    forgeries: list[dict[str, str]] = [
        good | {"Sec-Fetch-Site": "cross-site"},
        good | {"Origin": "http://evil.example"},
        good | {"Origin": "null"},
        good | {"Content-Type": "text/plain"},
        good | {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json"},
    ]
    for path, body in bodies.items():
        for headers in forgeries:
            answer = page.request.post(platform.api + path, data=json.dumps(body), headers=headers)
            assert answer.status in (403, 415), (path, headers)
    assert page.request.get(f"{platform.api}/api/v1/tenants/demo/changes").status == 405

    page.goto(f"{platform.api}/account")
    expect(page.get_by_role("heading", name="No tokens yet")).to_be_visible()
    page.goto(f"{platform.api}/t/demo/settings/members")
    expect(page.get_by_role("row", name=person.email)).to_be_visible()
    expect(page.get_by_role("row", name=platform.login["operator"]["email"])).to_have_count(0)


def test_auth_20_a_page_of_ours_without_the_proof_changes_nothing(platform: StartedPlatform, page: Page) -> None:
    statuses = page.evaluate(
        """() => Promise.all([
            ["PATCH", "/api/v1/session", '{"name": "Eve"}', "application/json"],
            ["POST", "/api/v1/tokens", '{"name": "x", "tenant": "demo"}', "application/json"],
            ["POST", "/api/v1/tokens", '{"name": "x", "tenant": "demo"}', "text/plain"],
            ["PUT", "/api/v1/session", "{}", "application/json"],
        ].map(([method, path, body, type]) =>
            fetch(path, {method, body, headers: {"Content-Type": type}}).then((answer) => answer.status)))"""
    )
    assert set(statuses) <= {403, 405, 415}
    page.reload()
    expect(page.get_by_role("banner").get_by_role("link", name="Demo")).to_be_visible()


def test_auth_21_another_site_reads_nothing(platform: StartedPlatform, page: Page) -> None:
    for origin in ("http://evil.example", "null", f"{platform.api}.evil.example"):
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-paaks-csrf",
        }
        preflight = page.request.fetch(f"{platform.api}/api/v1/session", method="OPTIONS", headers=asked)
        answer = page.request.get(f"{platform.api}/api/v1/session", headers={"Origin": origin})
        for headers in (preflight.headers, answer.headers):
            assert not [name for name in headers if name.startswith("access-control-")]
