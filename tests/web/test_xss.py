"""What tenants write is shown and never run, wherever it comes from: names, messages, logs, answers, addresses.

A payload that runs opens a dialog or sets `window.ran`; one that only the policy stops is a complaint of the browser.
All three fail the test, and so does an element that the payload made. EDIT-09 and GIT-24 of the threat model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from visitor import Visitor, create_service, replace_text

IMAGE = "<img src=x onerror=alert(1)>"
MARKUP = f"\"'>{IMAGE}<svg onload=ran=1></script><script>alert(2);ran=1</script><a href=javascript:alert(3)>x</a>"
HANDLER = 'class Handler:\n    def run(self, req):\n        return "ok"\n'
SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="ran=1"><script>ran=1;alert(4)</script></svg>'
HTML = "<!doctype html><title>theirs</title><script>ran=1;document.title='ran';alert(5)</script>"


def push(platform: StartedPlatform, service: str, subject: str = "Change it", **files: str) -> str:
    """A commit of a service from a terminal; its id. Names of files have `__` for their dot."""
    clone = platform.clone()
    contents = {"handler.py": HANDLER, "service.yaml": ""} | {
        name.replace("__", "."): text for name, text in files.items()
    }
    commit = clone.commit({f"{service}/{name}": text for name, text in contents.items()}, subject)
    clone.push()
    return commit


def assert_harmless(page: Page, text: str = IMAGE) -> None:
    """It is there, as text, and nothing has come of it."""
    expect(page.get_by_text(text).or_(page.get_by_title(text)).first).to_be_attached()
    assert_nothing_ran(page)


def assert_nothing_ran(page: Page) -> None:
    made = page.locator("img[src=x], svg[onload], a[href^='javascript:'], iframe, object, embed, main script")
    assert made.count() == 0
    assert page.evaluate("() => window.ran") is None


def test_edit_09_a_files_name(platform: StartedPlatform, page: Page, service_name: str) -> None:
    clone = platform.clone()
    name = f"{IMAGE}.py"
    text = "TEXT = '</script><script>alert(1);ran=1</script>'\n"
    clone.commit(
        {f"{service_name}/handler.py": HANDLER, f"{service_name}/service.yaml": "", f"{service_name}/{name}": text}
    )
    clone.push()

    page.goto(f"{platform.api}/t/demo/s/{service_name}")
    page.get_by_role("navigation", name="Files").get_by_role("treeitem", name=name).click()
    expect(page.get_by_role("textbox", name=name)).to_contain_text("</script><script>")
    assert_harmless(page, name)
    page.goto(f"{platform.api}/t/demo/s/{service_name}/files/{quote(name)}")
    expect(page.get_by_role("group", name=f"Text of {name}")).to_contain_text("</script><script>")
    assert_harmless(page, name)
    page.goto(f"{platform.api}/t/demo/commit/{clone.head()}")
    expect(page.get_by_text("</script><script>").first).to_be_visible()
    assert_harmless(page, name)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name=re.compile("^Find")).fill(service_name + " onerror")
    expect(page.get_by_role("dialog", name="Palette").get_by_role("option").first).to_contain_text(IMAGE)
    assert_nothing_ran(page)


@pytest.mark.parametrize(
    ("name", "text"), [("x.html", HTML), ("x.svg", SVG), ("x.xml", SVG), ("x.js", "ran=1;alert(6)")]
)
def test_edit_09_a_raw_file(platform: StartedPlatform, page: Page, service_name: str, name: str, text: str) -> None:
    push(platform, service_name, **{name.replace(".", "__"): text})
    address = f"{platform.api}/api/v1/tenants/demo/services/{service_name}/files/{name}"

    answer = page.goto(address)

    assert answer is not None
    headers = answer.all_headers()
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert page.title() != "ran"
    assert text in page.locator("pre").inner_text()


def test_git_24_a_commits_message(platform: StartedPlatform, page: Page, service_name: str) -> None:
    commit = push(platform, service_name, f"{MARKUP}\n\n{MARKUP}\x1b[31m")
    platform.wait_for(service_name, commit)

    for path in ("/t/demo", f"/t/demo/s/{service_name}", "/t/demo/history", f"/t/demo/commit/{commit}"):
        page.goto(platform.api + path)
        assert_harmless(page)
    page.goto(f"{platform.api}/t/demo/s/{service_name}")
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_role("tabpanel", name="History").get_by_text(IMAGE).first).to_be_visible()
    assert_nothing_ran(page)


def test_git_24_a_message_in_a_notice_and_in_the_palette(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    create_service(page, service_name)
    replace_text(page, HANDLER)
    page.keyboard.press("Control+Shift+s")
    page.get_by_label("Commit message").fill(MARKUP)
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^Committed "))).to_be_visible()
    page.goto(f"{platform.api}/t/demo")
    assert_harmless(page)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name=re.compile("^Find")).fill("onerror alert")
    expect(page.get_by_role("dialog", name="Palette").get_by_role("option").first).to_contain_text(IMAGE)
    assert_nothing_ran(page)


def test_a_persons_name(
    platform: StartedPlatform, page: Page, visit: Callable[..., Visitor], service_name: str
) -> None:
    """It becomes an author's in git, so it may have no `<`; quotes it may have."""
    name, password = 'Mallory" onmouseover="alert(1)', "correct horse battery"
    email = f"{service_name}@example.org"
    draft = {"email": email, "name": name, "password": password, "roles": {"demo": "developer"}}
    with platform.operator() as client:
        assert client.post("/api/v1/users", json=draft | {"name": IMAGE}).status_code == 400
        client.post("/api/v1/users", json=draft).raise_for_status()
    theirs = visit().open(f"{platform.api}/login")
    theirs.get_by_label("Email address").fill(email)
    theirs.get_by_label("Password").fill(password)
    theirs.get_by_role("button", name="Login").click()
    expect(theirs.get_by_role("heading", level=1, name="Services")).to_be_visible()
    create_service(theirs, service_name)
    expect(theirs.get_by_text(re.compile("^live in "))).to_be_visible()

    for path in ("/t/demo/settings/members", "/t/demo", "/t/demo/history", f"/t/demo/s/{service_name}"):
        page.goto(platform.api + path)
        expect(page.get_by_text(name).first).to_be_visible()
        assert page.locator("[onmouseover]").count() == 0
        assert_nothing_ran(page)


def test_log_lines(platform: StartedPlatform, page: Page, service_name: str) -> None:
    lines = [f"print({MARKUP!r})", f"logging.error({MARKUP!r})", "return 1"]
    noisy = "import logging\n\n\nclass Handler:\n    def run(self, req):\n" + "".join(
        f"        {line}\n" for line in lines
    )
    platform.wait_for(service_name, push(platform, service_name, handler__py=noisy))
    page.goto(f"{platform.api}/t/demo/s/{service_name}")
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()

    page.get_by_role("button", name="Send").click()

    expect(page.get_by_label("Log of this request")).to_contain_text(IMAGE)
    expect(page.get_by_role("log")).to_contain_text(IMAGE)
    assert_nothing_ran(page)


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/json", "text/plain"])
def test_a_services_answer(platform: StartedPlatform, page: Page, service_name: str, kind: str) -> None:
    headers = {"Content-Type": kind, "X-Said": IMAGE}
    says = f"class Handler:\n    def run(self, req):\n        return {HTML + MARKUP!r}, 200, {headers!r}\n"
    platform.wait_for(service_name, push(platform, service_name, handler__py=says))
    page.goto(f"{platform.api}/t/demo/s/{service_name}")
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()

    page.get_by_role("button", name="Send").click()

    response = page.get_by_role("region", name="Response")
    expect(response.get_by_label("Response body")).to_contain_text(IMAGE)
    response.get_by_text(re.compile("^Headers ")).click()
    expect(response.get_by_text(f"x-said: {IMAGE}")).to_be_visible()
    assert_nothing_ran(page)


def test_problems_while_one_types(page: Page, service_name: str) -> None:
    create_service(page, service_name)
    page.get_by_role("navigation", name="Files").get_by_role("treeitem", name="service.yaml").click()
    page.get_by_role("textbox", name="service.yaml").click()
    replace_text(page, f'"{IMAGE}": 1\n')

    page.get_by_role("tab", name=re.compile("Problems [1-9]")).click()
    expect(page.get_by_role("tabpanel").get_by_text(IMAGE)).to_be_visible()
    page.get_by_role("button", name="Commit & deploy").click()
    expect(page.get_by_role("region", name="Editor").get_by_role("alert")).to_contain_text(IMAGE)
    page.locator(".cm-lint-marker-error").hover()
    expect(page.locator(".cm-tooltip-lint")).to_contain_text(IMAGE)
    assert_nothing_ran(page)


def test_what_a_handler_fails_with(platform: StartedPlatform, page: Page, service_name: str) -> None:
    commit = push(platform, service_name, handler__py=f"raise RuntimeError({MARKUP!r})\n{HANDLER}")
    page.goto(f"{platform.api}/t/demo/s/{service_name}")

    expect(page.get_by_role("region", name="Deployment").get_by_role("alert")).to_be_visible()
    page.get_by_role("tab", name=re.compile("Problems")).click()
    expect(page.get_by_role("tabpanel").get_by_text(IMAGE).first).to_be_visible()
    assert_nothing_ran(page)
    page.goto(f"{platform.api}/t/demo/commit/{commit}")
    expect(page.get_by_text(IMAGE).first).to_be_visible()
    assert_nothing_ran(page)


def test_a_tokens_name(platform: StartedPlatform, page: Page) -> None:
    with platform.client() as client:
        made = client.post("/api/v1/tokens", json={"name": IMAGE, "tenant": "demo"})
    made.raise_for_status()

    page.goto(f"{platform.api}/account")

    assert_harmless(page)


@pytest.mark.parametrize(
    "path",
    [
        "/t/{}",
        "/t/demo/s/{}",
        "/t/demo/s/hello?file={}",
        "/t/demo/history?text={}",
        "/t/demo/history?author={}",
        "/t/demo/commit/{}",
        "/t/demo/compare/{}...{}",
        "/t/demo/s/hello/files/{}",
        "/t/demo/settings/{}",
        "/admin/{}",
        "/sign-in?code={}",
        "/t/demo/{}/{}",
    ],
)
def test_an_address(platform: StartedPlatform, page: Page, path: str) -> None:
    page.goto(platform.api + path.replace("{}", quote(MARKUP, safe="")))

    expect(page.locator("#root > *").first).to_be_visible()
    page.wait_for_load_state("networkidle") if "sign-in" in path else page.get_by_role("banner").first.wait_for()
    assert_nothing_ran(page)


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "//evil.example/", "/\\evil.example", "https://evil.example", "data:text/html,x"]
)
def test_where_a_login_leads(platform: StartedPlatform, visit: Callable[..., Visitor], target: str) -> None:
    page = visit().open(f"{platform.api}/login?next={quote(target, safe='')}")
    page.get_by_label("Email address").fill(platform.login["demo"]["email"])
    page.get_by_label("Password").fill(platform.login["demo"]["password"])
    page.get_by_role("button", name="Login").click()

    expect(page.get_by_role("heading", level=1, name="Services")).to_be_visible()
    assert page.url.startswith(f"{platform.api}/")
    assert_nothing_ran(page)


@pytest.mark.parametrize("path", ["/api/v1/tenants/{}", "/api/v1/problems/{}", "/problems/{}", "/git/{}.git/info/refs"])
def test_an_error_of_the_api_opened_as_a_page(platform: StartedPlatform, page: Page, path: str) -> None:
    address = platform.api + path.replace("{}", quote(MARKUP, safe=""))
    answer = page.goto(address)

    assert answer is not None
    assert answer.status >= 400
    assert "html" not in answer.headers.get("content-type", "")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert page.evaluate("() => window.ran") is None
    assert httpx2.get(address).headers["content-security-policy"]


def test_an_address_that_is_nowhere(platform: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    """The web's own page, the same for all of them: nothing of the address is in what is sent."""
    address = f"{platform.api}/{quote(MARKUP, safe='')}"
    page = visit().context.new_page()
    answer = page.goto(address)

    assert answer is not None
    assert answer.status == 404
    assert answer.text() == httpx2.get(f"{platform.api}/login").text
    page.locator("#root > *").first.wait_for()
    assert_nothing_ran(page)
    assert httpx2.get(address).headers["content-security-policy"]
