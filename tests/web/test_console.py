"""Trying a service in a real browser: what it says meanwhile and afterwards, requests that are kept, kinds of answers,
faults in JSON, and all of it by keys."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from started_platform import StartedPlatform
from talkers import start_talker
from test_accessibility import NARROW, find_violations
from visitor import Visitor, sign_in

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ANSWERS = f'''import base64

ANSWERS = {{
    "json": ('{{"a":[1,2]}}', "application/json"),
    "html": ("<h1>hello</h1><script>window.ran=1</script>", "text/html"),
    "png": (base64.b64decode("{PIXEL}"), "image/png"),
    "zip": (bytes(range(256)) * 8, "application/zip"),
}}


class Handler:
    def run(self, req):
        body, kind = ANSWERS[req.args["kind"]]
        return body, 200, {{"Content-Type": kind}}
'''


def open_console(platform: StartedPlatform, page: Page, service: str) -> Locator:
    """The workspace of a service; its console."""
    page.goto(f"{platform.api}/t/demo/s/{service}")
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()
    expect(page.get_by_role("textbox", name="handler.py")).to_be_focused()
    return page.get_by_role("region", name="Try it")


def open_details(console: Locator, name: str) -> None:
    """Open what is folded; it is `Saved 2`, `Sent 1`."""
    console.get_by_text(re.compile(rf"^{name}( \d+)?$")).click()


def save(console: Locator, name: str) -> None:
    console.get_by_label("Name of the request").fill(name)
    console.get_by_role("button", name="Save", exact=True).click()
    expect(console.get_by_role("button", name=f"Delete {name}")).to_be_visible()


def fill(console: Locator, path: str, method: str = "GET") -> None:
    console.get_by_label("Method").select_option(method)
    console.get_by_label("Path and query").fill(path)


def test_lines_come_while_it_runs_and_after_the_answer(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    start_talker(platform, service_name)
    console = open_console(platform, page, service_name)
    fill(console, "?n=20&wait=0.2&say=slow&late=said+too+late")

    console.get_by_role("button", name="Send").click()

    meanwhile = console.get_by_role("region", name="Log since it was sent")
    expect(meanwhile).to_contain_text("slow 2")
    expect(console.get_by_role("region", name="Response")).to_be_hidden()
    log = console.get_by_role("region", name="Log of this request")
    expect(console.get_by_role("region", name="Response")).to_be_visible()
    expect(log).to_contain_text("slow 19")
    expect(log).to_contain_text("said too late")
    log.get_by_role("link", name="Show in the log").click()
    lines = page.get_by_role("log").get_by_role("button")
    expect(lines.last).to_have_text("said too late")
    assert "line" not in " ".join(lines.all_inner_texts())


def test_its_own_lines_alone(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    console = open_console(platform, page, service_name)
    log = console.get_by_role("region", name="Log of this request")
    fill(console, "?n=1&say=first")
    console.get_by_role("button", name="Send").click()
    expect(log).to_contain_text("first 0")

    page.get_by_role("tab", name="History").click()
    fill(console, "?n=300&say=second")
    console.get_by_role("button", name="Send").click()

    expect(log).to_contain_text("second 299")
    expect(log).to_contain_text("100 lines before these are in the log.")
    expect(log).not_to_contain_text("first")


def test_what_was_typed_is_there_after_a_reload(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    console = open_console(platform, page, service_name)
    fill(console, "?n=1", "POST")
    console.get_by_label("Body").fill('{"kept": true}')
    open_details(console, "Headers")
    console.get_by_label("Headers").fill("X-Kept: yes")

    page.reload()

    expect(console.get_by_label("Method")).to_have_value("POST")
    expect(console.get_by_label("Path and query")).to_have_value("?n=1")
    expect(console.get_by_label("Body")).to_have_value('{"kept": true}')
    expect(console.get_by_label("Headers")).to_have_value("X-Kept: yes")


def test_requests_are_saved_renamed_deleted_and_back(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    console = open_console(platform, page, service_name)
    open_details(console, "Saved")
    fill(console, "?say=one")
    save(console, "First one")
    fill(console, "?say=two", "DELETE")
    save(console, "Second")
    page.reload()
    open_details(console, "Saved")
    saved = console.get_by_role("list", name="Saved requests")
    notices = page.get_by_role("status", name="Notices")

    saved.get_by_role("button", name=re.compile("^First one")).click()
    expect(console.get_by_label("Path and query")).to_have_value("?say=one")
    expect(console.get_by_label("Method")).to_have_value("GET")
    saved.get_by_role("button", name="Rename First one").click()
    saved.get_by_label("New name of First one").fill("Other")
    page.keyboard.press("Enter")
    expect(saved.get_by_role("button", name=re.compile("^Other"))).to_be_focused()
    saved.get_by_role("button", name="Delete Second").click()
    expect(saved.get_by_role("listitem")).to_have_count(1)
    notices.get_by_text("Deleted Second").get_by_role("button", name="Undo").click()
    expect(saved.get_by_role("listitem")).to_have_count(2)
    page.reload()

    open_details(console, "Saved")
    expect(saved.get_by_role("button", name=re.compile("^(Other|Second)"))).to_have_count(2)


def test_nothing_that_was_typed_is_lost_for_another_request(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    start_talker(platform, service_name)
    console = open_console(platform, page, service_name)
    fill(console, "?say=sent")
    console.get_by_role("button", name="Send").click()
    expect(console.get_by_role("region", name="Response")).to_be_visible()
    fill(console, "?say=typed")
    open_details(console, "Sent")

    console.get_by_role("list", name="Sent requests").get_by_role("button").first.click()
    expect(console.get_by_label("Path and query")).to_have_value("?say=sent")
    page.get_by_role("status", name="Notices").get_by_role("button", name="Undo").click()

    expect(console.get_by_label("Path and query")).to_have_value("?say=typed")


def test_signing_out_leaves_the_saved_ones_alone(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    console = open_console(platform, page, service_name)
    open_details(console, "Saved")
    fill(console, "?say=one")
    save(console, "Mine")
    console.get_by_role("button", name="Send").click()
    expect(console.get_by_role("region", name="Response")).to_be_visible()

    page.get_by_role("button", name="Logout").click()
    page.get_by_role("button", name="Login").wait_for()
    names = page.evaluate("() => Object.keys(localStorage).filter((name) => name.includes('/demo/'))")
    assert [name.split("/")[0].rpartition(".")[0] for name in names] == ["paaks.requests"]
    sign_in(platform, page, "operator")
    kept = page.evaluate("() => Object.keys(localStorage)")
    assert names[0] in kept
    sign_in(platform, page)
    open_console(platform, page, service_name)
    expect(console.get_by_label("Path and query")).to_have_value("")
    open_details(console, "Saved")
    expect(console.get_by_role("list", name="Saved requests").get_by_role("listitem")).to_have_count(1)


def test_json_is_checked_as_it_is_typed(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    console = open_console(platform, page, service_name)
    fill(console, "", "POST")
    body = console.get_by_label("Body")

    body.press_sequentially('{"a": 1,\n"b" 2}')

    expect(body).to_have_accessible_description("No JSON: line 2, column 5: expected :, found 2")
    console.get_by_role("button", name="Go there").click()
    expect(body).to_be_focused()
    page.keyboard.type(": 2")
    expect(console.get_by_text(re.compile("^No JSON"))).to_be_hidden()
    body.fill("no JSON at all")
    expect(console.get_by_text(re.compile("^No JSON"))).to_be_visible()
    open_details(console, "Headers")
    console.get_by_label("Headers").fill("Content-Type: text/plain")
    expect(console.get_by_text(re.compile("^No JSON"))).to_be_hidden()


@pytest.mark.parametrize("kind", ["json", "html", "png", "zip"])
def test_an_answer_is_shown_as_what_it_is(platform: StartedPlatform, page: Page, service_name: str, kind: str) -> None:
    start_talker(platform, service_name, ANSWERS)
    console = open_console(platform, page, service_name)
    fill(console, f"?kind={kind}")

    console.get_by_role("button", name="Send").click()

    response = console.get_by_role("region", name="Response")
    body = response.get_by_label("Response body")
    if kind == "json":
        expect(body).to_have_text('{\n  "a": [\n    1,\n    2\n  ]\n}')
        response.get_by_role("button", name="As it came").click()
        expect(body).to_have_text('{"a":[1,2]}')
    if kind == "html":
        expect(body).to_have_text("<h1>hello</h1><script>window.ran=1</script>")
        expect(response.get_by_text("HTML source")).to_be_visible()
        assert page.evaluate("() => window.ran") is None
    if kind == "png":
        picture = body.get_by_role("img", name="What the service has drawn")
        expect(picture).to_be_visible()
        assert picture.evaluate("(image) => image.naturalWidth") == 1
    if kind == "zip":
        expect(body).to_contain_text("2.0 kB of application/zip")
        with page.expect_download() as download:
            body.get_by_role("button", name="Download").click()
        assert download.value.path().read_bytes() == bytes(range(256)) * 8


def test_it_is_copied_without_a_token(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    console = open_console(platform, page, service_name)
    fill(console, "?say=hello", "POST")
    console.get_by_label("Body").fill('{"t": 1}')
    open_details(console, "Headers")
    console.get_by_label("Headers").fill("Authorization: Bearer secret\nX-A: b")
    expect(console.get_by_text("Authorization: not sent from here")).to_be_visible()

    texts = {}
    for name in ("curl", "paaks", "python"):
        console.get_by_text("Copy as", exact=True).click()
        console.get_by_role("button", name=re.compile(f"^{name}")).click()
        expect(page.get_by_text(f"Copied for {name}")).to_be_visible()
        texts[name] = page.evaluate("() => navigator.clipboard.readText()")

    assert all("secret" not in text and "say=hello" in text for text in texts.values())
    compile(texts["python"], "copied", "exec")
    assert "os.environ['PAAKS_TOKEN']" in texts["python"]


def test_f6_leads_through_the_panes(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    console = open_console(platform, page, service_name)
    editor = page.get_by_role("textbox", name="handler.py")

    page.keyboard.press("F6")
    expect(console.get_by_label("Path and query")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("F6")
    expect(page.get_by_role("tab", name="Logs")).to_be_focused()
    page.keyboard.press("F6")
    files = page.get_by_role("navigation", name="Files")
    assert files.evaluate("(pane) => pane.contains(document.activeElement)")
    page.keyboard.press("F6")
    expect(editor).to_be_focused()
    page.keyboard.press("F6")
    expect(console.get_by_label("Method")).to_be_focused()
    page.keyboard.press("Shift+F6")
    expect(editor).to_be_focused()


def test_by_keyboard_alone(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    console = open_console(platform, page, service_name)
    page.keyboard.press("F6")
    page.keyboard.type("?n=1&say=typed")
    page.keyboard.press("Control+Enter")
    expect(console.get_by_role("region", name="Log of this request")).to_contain_text("typed 0")

    for _ in range(4):
        page.keyboard.press("Tab")
    expect(console.get_by_text("Saved 0")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(console.get_by_label("Name of the request")).to_be_focused()
    page.keyboard.type("By keys")
    page.keyboard.press("Enter")
    expect(console.get_by_role("button", name="Delete By keys")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(console.get_by_role("button", name="Rename By keys")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("Renamed")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(console.get_by_role("button", name="Delete Renamed")).to_be_focused()
    page.keyboard.press("Enter")
    expect(console.get_by_role("list", name="Saved requests").get_by_role("listitem")).to_have_count(0)
    expect(console.get_by_text("Saved 0")).to_be_focused()


def test_axe_has_no_objection(platform: StartedPlatform, visit: Callable[..., Visitor], service_name: str) -> None:
    start_talker(platform, service_name)
    page = visit(reduced_motion="reduce").context.new_page()
    sign_in(platform, page)
    console = open_console(platform, page, service_name)
    fill(console, "?n=40&say=tick", "POST")
    console.get_by_label("Body").fill("{no JSON")
    open_details(console, "Headers")
    open_details(console, "Saved")
    save(console, "A request")
    console.get_by_role("button", name="Send").click()
    expect(console.get_by_role("region", name="Log of this request")).to_contain_text("tick 39")
    open_details(console, "Sent")

    light = find_violations(page)
    page.emulate_media(color_scheme="dark")
    dark = find_violations(page)
    page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})

    assert light + dark == [], "\n".join(light + dark)
    assert page.evaluate("() => document.getElementById('main').scrollWidth") <= NARROW["width"]
