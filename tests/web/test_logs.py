"""The log of a service in a real browser: as it comes, paused, narrowed by a link, in thousands of lines, by keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Locator, Page, expect
from started_platform import StartedPlatform
from talkers import TALKER, ask, start_talker
from test_accessibility import NARROW, find_violations
from visitor import Visitor, sign_in

MANY = 5_000


def open_log(platform: StartedPlatform, page: Page, service: str, query: str = "") -> Locator:
    """The workspace of a service; the list of lines."""
    page.goto(f"{platform.api}/t/demo/s/{service}?{query}")
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()
    expect(page.get_by_role("textbox", name="handler.py")).to_be_focused()
    return page.get_by_role("log", name="Lines")


def tools(page: Page) -> Locator:
    return page.get_by_role("group", name="Log", exact=True)


def row(page: Page, text: str) -> Locator:
    return page.get_by_role("log").get_by_role("button", name=text, exact=True)


def copied(page: Page) -> str:
    """What was copied last."""
    return str(page.evaluate("() => navigator.clipboard.readText()"))


def test_a_pause_counts_what_comes_and_loses_nothing(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name)
    ask(platform, service_name, "n=3&say=before")
    expect(row(page, "before 2")).to_be_visible()

    tools(page).get_by_role("button", name="Pause").click()
    ask(platform, service_name, "n=12&say=meanwhile&wait=0.05")

    expect(tools(page)).to_contain_text("12 new lines")
    expect(log).not_to_contain_text("meanwhile")
    tools(page).get_by_role("button", name="Resume").click()
    expect(row(page, "meanwhile 11")).to_be_in_viewport()
    expect(tools(page)).not_to_contain_text("new line")
    page.get_by_label("Filter", exact=True).fill("meanwhile")
    expect(row(page, "meanwhile 0")).to_be_attached()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tools(page).get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied 12 lines")).to_be_visible()
    assert [line.split(" ")[-1] for line in copied(page).splitlines()] == [str(number) for number in range(12)]


def test_thousands_of_lines(platform: StartedPlatform, page: Page, service_name: str, tmp_path: Path) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name)

    ask(platform, service_name, f"n={MANY}&say=tick")

    expect(row(page, f"tick {MANY - 1}")).to_be_in_viewport()
    assert log.get_by_role("button").count() < 60  # only those are there that are seen
    log.hover()
    page.mouse.wheel(0, -1_000_000)
    expect(tools(page).get_by_role("button", name="Jump to newest")).to_be_visible()
    expect(row(page, "tick 0")).to_be_attached()
    ask(platform, service_name, "n=2&say=more")
    expect(tools(page)).to_contain_text("2 new lines")
    assert log.evaluate("(list) => list.scrollTop") == 0
    tools(page).get_by_role("button", name="Jump to newest").click()
    expect(row(page, "more 1")).to_be_in_viewport()
    expect(tools(page).get_by_role("button", name="Jump to newest")).to_be_hidden()

    page.get_by_label("Filter", exact=True).fill("tick")
    expect(row(page, f"tick {MANY - 1}")).to_be_in_viewport()
    with page.expect_download() as download:
        tools(page).get_by_role("button", name="Download").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert saved.name.startswith(f"{service_name}-")
    texts = [line.split(" ", 3)[3] for line in saved.read_text().splitlines()]
    assert texts == [f"tick {number}" for number in range(MANY)]


def test_ten_thousand_lines_scroll_smoothly(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name)
    ask(platform, service_name, f"n={2 * MANY}&say=tick")
    expect(row(page, f"tick {2 * MANY - 1}")).to_be_in_viewport()

    slowest = log.evaluate(
        """async (list) => {
            const times = [];
            for (let step = 0; step < 60; step++) {
                list.scrollTop = list.scrollHeight * (step % 10) / 10;
                const began = performance.now();
                await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
                times.push(performance.now() - began);
            }
            return times.sort((a, b) => a - b)[45];
        }"""
    )

    assert slowest < 150  # milliseconds for two frames, three times in four, on a machine that does other things too


def test_a_link_shows_the_same(
    platform: StartedPlatform, page: Page, visit: Callable[..., Visitor], service_name: str
) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name)
    ask(platform, service_name, "n=3&say=apple&warn=a+rotten+apple")
    ask(platform, service_name, "n=3&say=pear&warn=a+rotten+pear")

    page.get_by_label("Filter", exact=True).press_sequentially("APPLE")
    page.get_by_label("Level").select_option("warning and worse")

    expect(log.get_by_role("button")).to_have_text(["a rotten apple"])
    expect(page).to_have_url(re.compile(r"\?log=APPLE&level=warning$"))
    page.get_by_role("navigation", name="Files").get_by_text("service.yaml").click()
    expect(page).to_have_url(re.compile("file=service.yaml"))
    expect(log.get_by_role("button")).to_have_text(["a rotten apple"])
    other = visit().context.new_page()
    sign_in(platform, other)
    other.goto(page.url)
    expect(other.get_by_role("log").get_by_role("button")).to_have_text(["a rotten apple"])
    expect(other.get_by_label("Filter", exact=True)).to_have_value("APPLE")
    expect(other.get_by_label("Level")).to_have_value("warning")
    other.get_by_label("Filter", exact=True).fill("nothing like it")
    expect(other.get_by_text("No line is like that.")).to_be_visible()


def test_what_is_typed_is_a_filter_for_what_comes_and_what_is_taken_along(
    platform: StartedPlatform, page: Page, service_name: str, tmp_path: Path
) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name, urlencode({"log": r"/tick [24]|tock \d/ -4"}))
    box = page.get_by_label("Filter", exact=True)
    expect(box).to_have_value(r"/tick [24]|tock \d/ -4")

    ask(platform, service_name, "n=5&say=tick&warn=tock+9")
    expect(log.get_by_role("button")).to_have_text(["tick 2", "tock 9"])
    ask(platform, service_name, "n=5&say=tock")

    expect(log.get_by_role("button")).to_have_text(["tick 2", "tock 9", "tock 0", "tock 1", "tock 2", "tock 3"])
    with page.expect_download() as download:
        tools(page).get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "log")
    texts = [line.split(" ", 3)[3] for line in (tmp_path / "log").read_text().splitlines()]
    assert texts == ["tick 2", "tock 9", "tock 0", "tock 1", "tock 2", "tock 3"]
    box.fill("since:1h level:warning")
    expect(log.get_by_role("button")).to_have_text(["tock 9"])
    assert parse_qs(urlsplit(page.url).query) == {"log": ["since:1h level:warning"]}


def test_an_expression_that_is_none_is_said_beside_the_box(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name)
    ask(platform, service_name, "n=3&say=tick")
    expect(row(page, "tick 2")).to_be_visible()
    box = page.get_by_label("Filter", exact=True)

    box.fill("/tick (/ -0")

    expect(tools(page).get_by_role("status")).to_have_text("/tick (/ is no expression: unterminated group")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_have_accessible_description("/tick (/ is no expression: unterminated group")
    expect(log.get_by_role("button")).to_have_text(["tick 1", "tick 2"])
    box.fill("/tick (1)/")
    expect(tools(page).get_by_role("status")).to_be_empty()
    expect(log.get_by_role("button")).to_have_text(["tick 1"])


def test_long_lines_go_on_below(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name)
    ask(platform, service_name, "n=1&say=top")
    for _ in range(4):
        ask(platform, service_name, "n=9&say=tick&long=1")
    wide = log.get_by_role("button", name=re.compile("^begin wide")).last
    expect(wide).to_be_in_viewport()
    wraps = tools(page).get_by_role("button", name="Wrap")
    expect(wraps).to_have_attribute("aria-pressed", "false")
    expect(wide).not_to_contain_text("end of it")
    flat = height_of(wide)

    wraps.click()

    expect(wraps).to_have_attribute("aria-pressed", "true")
    expect(wide).to_contain_text("end of it")
    assert height_of(wide) >= 2 * flat
    assert log.evaluate("(list) => list.scrollHeight - list.scrollTop - list.clientHeight") < flat
    assert log.evaluate("(list) => list.scrollWidth <= list.clientWidth")
    wide.focus()
    page.keyboard.press("Home")
    expect(row(page, "top 0")).to_be_in_viewport()
    page.keyboard.press("End")
    expect(wide).to_be_focused()
    expect(wide).to_be_in_viewport()
    page.reload()
    expect(wraps).to_have_attribute("aria-pressed", "true")
    expect(wide).to_contain_text("end of it")
    page.keyboard.press("ControlOrMeta+k")
    page.get_by_role("combobox", name=re.compile("^Find")).fill("Do not wrap lines of the log")
    page.keyboard.press("Enter")
    expect(wraps).to_have_attribute("aria-pressed", "false")


def height_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["height"]


def test_what_the_process_before_a_crash_has_said(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name)
    ask(platform, service_name, "n=2&say=before")
    expect(row(page, "before 1")).to_be_visible()
    platform.visit(f"{service_name}/?warn=dying&die=1", platform.token, timeout=60)
    expect(row(page, "dying")).to_be_visible()
    ask(platform, service_name, "n=2&say=after")
    expect(row(page, "after 1")).to_be_visible()
    tab = page.get_by_role("tabpanel", name="Logs")

    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")  # out of the editor, to where keys are not typed
    page.keyboard.press("p")

    expect(tab.get_by_text("From the previous instance")).to_be_visible()
    expect(row(page, "dying")).to_be_visible()
    expect(row(page, "before 1")).to_be_visible()
    expect(log).not_to_contain_text("after")
    expect(tools(page).get_by_role("button", name="Previous instance")).to_have_attribute("aria-pressed", "true")
    expect(tools(page).get_by_role("button", name="Pause")).to_be_hidden()
    page.get_by_label("Filter", exact=True).fill("-before")
    expect(row(page, "dying")).to_be_visible()
    expect(log).not_to_contain_text("before")
    page.reload()
    expect(row(page, "dying")).to_be_visible()
    page.get_by_label("Filter", exact=True).fill("")
    tab.get_by_role("link", name="Back to the running instance").click()
    expect(row(page, "after 1")).to_be_visible()
    expect(tab.get_by_text("From the previous instance")).to_be_hidden()
    expect(page).to_have_url(re.compile(f"/s/{service_name}$"))


def test_a_first_instance_has_none_before_it(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    open_log(platform, page, service_name)
    ask(platform, service_name, "n=1&say=first")
    expect(row(page, "first 0")).to_be_visible()
    tab = page.get_by_role("tabpanel", name="Logs")
    button = tools(page).get_by_role("button", name="Previous instance")

    button.click()

    expect(tab.get_by_text("No process before the running one is known")).to_be_visible()
    expect(button).to_be_focused()
    button.click()
    expect(row(page, "first 0")).to_be_visible()


def test_the_lines_of_one_request_and_back(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name)
    first = ask(platform, service_name, "n=2&say=first")
    ask(platform, service_name, "n=2&say=second")
    expect(row(page, "second 1")).to_be_visible()

    log.get_by_role("link", name=f"Only request {first[-6:]}").first.click()

    expect(log.get_by_role("button")).to_have_text(["first 0", "first 1"])
    expect(page).to_have_url(re.compile(f"request={first}"))
    page.get_by_role("tabpanel", name="Logs").get_by_role("link", name="All lines").click()
    expect(row(page, "second 1")).to_be_visible()
    page.go_back()
    expect(log.get_by_role("button")).to_have_text(["first 0", "first 1"])


def test_where_a_revision_begins(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name)
    ask(platform, service_name, "n=1&say=old")
    expect(row(page, "old 0")).to_be_visible()

    second = start_talker(platform, service_name, TALKER + "\n\n# more\n")
    ask(platform, service_name, "n=1&say=new")

    expect(row(page, "new 0")).to_be_visible()
    boundary = log.get_by_role("link", name=f"Revision {second[:7]} begins")
    expect(boundary).to_be_visible()
    boundary.click()
    expect(page).to_have_url(re.compile(second))


def test_what_is_said_out_of_sight_is_there_afterwards(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    start_talker(platform, service_name)
    open_log(platform, page, service_name)
    ask(platform, service_name, "n=3&say=seen")
    expect(row(page, "seen 2")).to_be_visible()
    page.get_by_role("tab", name="History").click()
    page.get_by_role("tabpanel", name="History").wait_for()
    ask(platform, service_name, "n=3&say=unseen")

    page.get_by_role("tab", name="Logs").click()

    expect(page.get_by_role("log").get_by_role("button")).to_have_text(
        [f"{word} {number}" for word in ("seen", "unseen") for number in range(3)]
    )


def test_by_keyboard_alone(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    log = open_log(platform, page, service_name)
    ask(platform, service_name, "n=40&say=tick&long=1")
    expect(log.get_by_role("button").last).to_have_text(re.compile("^begin wide"))
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")  # out of the editor, to where keys are not typed

    page.keyboard.press("Shift+P")
    expect(tools(page).get_by_role("button", name="Resume")).to_be_visible()
    page.keyboard.press("Shift+P")
    expect(tools(page).get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("l")
    page.keyboard.press("/")
    expect(page.get_by_label("Filter", exact=True)).to_be_focused()
    for _ in range(7):
        page.keyboard.press("Tab")
    expect(log.get_by_role("button").last).to_be_focused()
    page.keyboard.press("Enter")
    opened = log.get_by_role("group", name="Whole line")
    expect(opened).to_contain_text("end of it")
    page.keyboard.press("Tab")
    expect(opened.get_by_label("Text")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opened).to_be_hidden()
    expect(log.get_by_role("button").last).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(row(page, "tick 39")).to_be_focused()
    page.keyboard.press("Home")
    expect(row(page, "tick 0")).to_be_focused()
    expect(row(page, "tick 0")).to_be_in_viewport()
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("() => document.activeElement.textContent").startswith("tick ")
    page.keyboard.press("Shift+G")
    expect(log.get_by_role("button").last).to_have_text(re.compile("^begin wide"))
    page.keyboard.press("Enter")
    expect(opened).to_be_hidden()


def test_axe_has_no_objection(platform: StartedPlatform, page: Page, service_name: str) -> None:
    start_talker(platform, service_name)
    open_log(platform, page, service_name)
    ask(platform, service_name, "n=30&say=tick&warn=careful&long=1")
    page.get_by_role("log").get_by_role("button", name=re.compile("^begin wide")).click()
    page.get_by_role("log").get_by_role("group", name="Whole line").wait_for()

    light = find_violations(page)
    page.emulate_media(color_scheme="dark")
    dark = find_violations(page)
    page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})

    assert light + dark == [], "\n".join(light + dark)
    assert page.evaluate("() => document.getElementById('main').scrollWidth") <= NARROW["width"]
