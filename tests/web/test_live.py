"""What happens elsewhere is seen here, without asking: pushes, failures, what the service says, many tabs."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from started_platform import StartedPlatform
from visitor import create_service

BROKEN = 'import missing_module\n\n\nclass Handler:\n    def run(self, req):\n        return "never"\n'
TALKING = 'class Handler:\n    def run(self, req):\n        print("said while answering")\n        return "ok"\n'


def push(platform: StartedPlatform, service: str, text: str, subject: str) -> str:
    """From a terminal; the commit."""
    clone = platform.clone()
    sha = clone.commit({f"{service}/handler.py": text, f"{service}/service.yaml": "public: true\n"}, subject)
    clone.push()
    return sha


def test_a_push_from_a_terminal_is_seen_at_once(platform: StartedPlatform, page: Page, service_name: str) -> None:
    expect(page.get_by_role("link", name="hello", exact=True)).to_be_visible()

    push(platform, service_name, TALKING, "Talk")

    row = page.get_by_role("row", name=re.compile(service_name))
    expect(row).to_contain_text("Talk")
    expect(row).to_contain_text("Running: 1")


def test_a_failure_shows_its_traceback_and_the_way_to_the_line(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    create_service(page, service_name)
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()

    push(platform, service_name, BROKEN, "Break it")

    strip = page.get_by_role("region", name="Deployment")
    expect(strip.get_by_role("alert")).to_be_visible()
    strip.get_by_role("button", name="handler.py:1").click()
    expect(page).to_have_url(re.compile("#L1$"))
    expect(page.get_by_role("textbox", name="handler.py")).to_be_focused()
    expect(page.get_by_role("tab", name="Problems 1")).to_be_visible()
    expect(page.get_by_text("the version before still serves")).to_be_visible()
    expect(page).to_have_title(re.compile("Failed"))
    page.get_by_role("tab", name=re.compile("Problems")).click()
    expect(page.get_by_text("ModuleNotFoundError").first).to_be_visible()
    page.get_by_role("tabpanel").get_by_role("button", name="handler.py:1").click()
    expect(page.get_by_role("textbox", name="handler.py")).to_be_focused()
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name=re.compile("Roll back to this")).first.click()
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()


def test_the_log_is_there_as_it_is_written(platform: StartedPlatform, page: Page, service_name: str) -> None:
    push(platform, service_name, TALKING, "Talk")
    page.goto(f"{platform.api}/t/demo/s/{service_name}")
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()

    page.get_by_role("button", name="Send").click()

    expect(page.get_by_label("Log of this request")).to_contain_text("said while answering")
    expect(page.get_by_role("log")).to_contain_text("said while answering")


def test_seven_tabs_share_one_stream(platform: StartedPlatform, page: Page, service_name: str) -> None:
    tabs = [page, *(page.context.new_page() for _ in range(6))]
    for tab in tabs[1:]:
        tab.goto(page.url)
        expect(tab.get_by_role("link", name="hello", exact=True)).to_be_visible()

    push(platform, service_name, TALKING, "Talk")

    for tab in tabs:
        expect(tab.get_by_role("row", name=re.compile(service_name))).to_contain_text("Running: 1")


def test_a_name_that_is_markup_stays_a_name(platform: StartedPlatform, page: Page, service_name: str) -> None:
    name = "<img src=x onerror=alert(1)>.py"
    clone = platform.clone()
    markup = "# </script><script>alert(1)</script>\n"
    clone.commit(
        {f"{service_name}/handler.py": TALKING, f"{service_name}/service.yaml": "", f"{service_name}/{name}": markup}
    )
    clone.push()
    page.on("dialog", lambda dialog: (_ for _ in ()).throw(AssertionError(dialog.message)))

    page.goto(f"{platform.api}/t/demo/s/{service_name}")
    page.get_by_role("navigation", name="Files").get_by_role("treeitem", name=name).click()

    expect(page.get_by_role("textbox", name=name)).to_contain_text("</script><script>")
    assert page.locator("img[src=x]").count() == 0
