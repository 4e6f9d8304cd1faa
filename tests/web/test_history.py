"""The past: what became of each commit, the way back, what differs, files as they were; by mouse and key."""

from __future__ import annotations

import re
import shlex

import pytest
from playwright.sync_api import Locator, Page, expect
from pushes import ANSWER, BROKEN, push
from started_platform import StartedPlatform


def find_row(page: Page, sha: str) -> Locator:
    """The commit's row in a history."""
    return (
        page.get_by_role("main")
        .get_by_role("listitem")
        .filter(has=page.get_by_role("checkbox", name=f"Compare {sha[:7]}"))
    )


@pytest.fixture
def commits(platform: StartedPlatform, service_name: str) -> list[str]:
    """Two revisions of a service; the second is live."""
    made = [push(platform, service_name, ANSWER % number, f"Answer {number}") for number in (1, 2)]
    platform.wait_for(service_name, made[-1])
    return made


def test_a_push_from_a_terminal_is_there_without_a_reload(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    page.goto(f"{platform.api}/t/demo/history")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("listitem").first).to_be_visible()

    sha = push(platform, service_name, ANSWER % 7, "Answer seven")

    row = find_row(page, sha)
    expect(row).to_contain_text("Answer seven")
    expect(row).to_contain_text("live now")
    expect(row).to_contain_text("via git")
    expect(row).to_contain_text(re.compile(r"live in [\d.]+ m?s"))


def test_a_failure_leads_to_its_line(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    page.goto(f"{platform.api}/t/demo/history?service={service_name}")
    expect(find_row(page, commits[1])).to_contain_text("live now")

    broken = push(platform, service_name, BROKEN, "Break it")

    expect(find_row(page, broken)).to_contain_text("failed")
    expect(find_row(page, commits[1])).to_contain_text("live now")
    page.get_by_role("link", name="Break it").click()
    page.get_by_role("link", name=re.compile(r"handler\.py.*line 3")).click()
    expect(page.get_by_role("textbox", name="handler.py")).to_be_visible()
    assert page.url.endswith("?file=handler.py#L3")


def test_a_past_failure_leads_to_the_file_as_it_was(platform: StartedPlatform, page: Page, service_name: str) -> None:
    broken = push(platform, service_name, BROKEN, "Break it")
    mended = push(platform, service_name, ANSWER % 3, "Mend it")
    platform.wait_for(service_name, mended)
    page.goto(f"{platform.api}/t/demo/commit/{broken}")

    page.get_by_role("link", name=re.compile(r"handler\.py.*line 3")).click()

    expect(page.get_by_role("row", name="import missing_module")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("note")).to_contain_text(broken[:7])


def test_going_back_is_a_click_and_so_is_undoing_it(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    page.goto(f"{platform.api}/t/demo/history?service={service_name}")
    expect(find_row(page, commits[0])).to_contain_text("was live")
    expect(find_row(page, commits[1]).get_by_role("button", name="Roll back")).to_have_count(0)

    find_row(page, commits[0]).get_by_role("button", name="Roll back to this").click()
    back = page.get_by_role("listitem").filter(has_text=f"Roll back {service_name} to {commits[0][:7]}")
    expect(back).to_contain_text("live now")
    expect(back).to_contain_text("via rollback")
    assert platform.visit_public(service_name).json() == {"answer": 1}
    page.get_by_role("status", name="Notices").get_by_role("button", name="Undo").click()
    undone = page.get_by_role("listitem").filter(has_text=f"Roll back {service_name} to {commits[1][:7]}")

    expect(undone).to_contain_text("live now")
    expect(back).to_contain_text("was live")
    assert platform.visit_public(service_name).json() == {"answer": 2}


def test_one_commit_is_taken_back_and_that_too(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    page.goto(f"{platform.api}/t/demo/commit/{commits[1]}")
    page.get_by_role("button", name="Revert this commit").click()

    notices = page.get_by_role("status", name="Notices")
    expect(notices).to_contain_text('Revert "Answer 2"')
    expect(page.get_by_role("heading", name='Revert "Answer 2"')).to_be_visible()
    expect(page.get_by_role("region", name="Deployment")).to_contain_text("live now")
    assert platform.visit_public(service_name).json() == {"answer": 1}

    notices.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name='Revert "Revert "Answer 2""')).to_be_visible()
    expect(page.get_by_role("region", name="Deployment")).to_contain_text("live now")
    assert platform.visit_public(service_name).json() == {"answer": 2}


def test_what_has_changed_since_is_not_taken_back_by_itself(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    push(platform, service_name, ANSWER % 3, "Answer 3")
    page.goto(f"{platform.api}/t/demo/commit/{commits[1]}")
    page.get_by_role("button", name="Revert this commit").click()

    notices = page.get_by_role("status", name="Notices")
    expect(notices).to_contain_text(f"has to be done by hand: {service_name}/handler.py")
    notices.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("3")


def test_the_past_is_marked_wherever_one_is_in_it(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    here = page.get_by_role("navigation", name="Tenant").locator("[aria-current=page]")
    old, new = commits
    for path, place in (
        ("history", "History"),
        (f"commit/{new}", "History"),
        (f"compare/{old}...{new}", "History"),
        (f"s/{service_name}/files/handler.py@{old}", "History"),
        (f"s/{service_name}/files/handler.py", "Services"),
        (f"s/{service_name}", "Services"),
    ):
        page.goto(f"{platform.api}/t/demo/{path}")
        expect(here).to_have_text(re.compile(place))


def test_by_keys_alone_one_goes_back_and_compares(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    page.goto(f"{platform.api}/t/demo/history?service={service_name}")
    expect(find_row(page, commits[0])).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Answer 2")).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_text("Choose a second commit")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Answer 1")).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{commits[0][:7]} with {commits[1][:7]}")
    expect(page.get_by_role("region", name="Changes")).to_contain_text('return {"answer": 2}')
    page.go_back()
    expect(find_row(page, commits[0]).get_by_role("button", name="Roll back to this")).to_be_visible()

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+r")

    expect(page.get_by_role("status", name="Notices")).to_contain_text(f"Roll back {service_name} to {commits[0][:7]}")
    newest = page.get_by_role("main").get_by_role("listitem").first
    expect(newest).to_contain_text(f"Roll back {service_name}")
    expect(newest).to_contain_text("live now")
    page.keyboard.press("k")
    expect(page.get_by_role("link", name="Answer 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Answer 2")).to_be_visible()
    expect(page.get_by_role("button", name="Roll back to this")).to_be_visible()
    page.keyboard.press("Shift+r")
    expect(page.get_by_role("status", name="Notices")).to_contain_text(f"Roll back {service_name} to {commits[1][:7]}")


def test_what_differs_is_shown_in_one_column_or_two(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    page.goto(f"{platform.api}/t/demo/commit/{commits[1]}")
    changes = page.get_by_role("group", name=f"Changes of {service_name}/handler.py")
    expect(changes.get_by_role("row").filter(has_text='"answer": 1')).to_have_count(1)
    expect(changes.get_by_role("row").filter(has_text='"answer": 1')).not_to_contain_text('"answer": 2')

    page.get_by_role("button", name="Split").click()

    both = changes.get_by_role("row").filter(has_text='"answer": 1')
    expect(both).to_contain_text('"answer": 2')
    page.reload()
    expect(page.get_by_role("button", name="Split")).to_have_attribute("aria-pressed", "true")


def test_the_first_commit_is_all_of_itself(platform: StartedPlatform, page: Page) -> None:
    clone = platform.clone()
    first = clone.git("rev-list", "--max-parents=0", "HEAD").stdout.strip()

    page.goto(f"{platform.api}/t/demo/commit/{first}")

    expect(page.get_by_role("region", name="Changes")).to_contain_text("hello/handler.py")


def test_what_is_looked_for_is_in_the_address(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    broken = push(platform, service_name, BROKEN, "Break it")
    page.goto(f"{platform.api}/t/demo/history")
    page.get_by_label("Service").select_option(service_name)
    expect(find_row(page, commits[0])).to_be_visible()
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(3)

    page.get_by_role("button", name="Failed").click()
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    expect(find_row(page, broken)).to_be_visible()
    page.reload()
    expect(find_row(page, broken)).to_be_visible()
    expect(page.get_by_role("button", name="Failed")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Failed").click()
    page.keyboard.press("/")
    page.keyboard.type("answer 1")
    expect(find_row(page, commits[0])).to_be_visible()
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    page.get_by_label("Via").select_option("rollback")
    expect(page.get_by_role("heading", name="No commit is like that")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(find_row(page, broken)).to_be_visible()


def test_saves_in_a_row_are_one_until_they_are_opened(platform: StartedPlatform, page: Page, service_name: str) -> None:
    page.get_by_label("Create new service:").fill(service_name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="handler.py")).to_be_focused()
    for number in range(3):
        page.keyboard.press("Control+End")
        page.keyboard.insert_text(f"# {number}\n")
        page.keyboard.press("Control+s")
        expect(page.get_by_text("No changes").or_(page.get_by_text(re.compile("^Committed ")))).to_be_visible()
        expect(page.get_by_text("1 unsaved")).to_be_hidden()
    page.goto(f"{platform.api}/t/demo/history?service={service_name}")
    page.get_by_role("button", name="Show 2 saves before it").click()

    expect(page.get_by_role("link", name=f"Update {service_name}/handler.py")).to_have_count(3)


def test_the_workspace_has_the_history_of_its_service(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    page.goto(f"{platform.api}/t/demo/s/{service_name}")
    page.get_by_role("tab", name="History").click()

    page.get_by_role("button", name=f"Roll back to this {commits[0][:7]}").click()

    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text('"answer": 1')


def test_an_address_names_lines_of_a_file(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    file = f"{platform.api}/t/demo/s/{service_name}/files/handler.py"
    page.goto(f"{file}#L2-L3")
    expect(page.locator("tr[aria-current=true]")).to_have_count(2)
    page.get_by_role("link", name="Line 1", exact=True).click()
    # Of several, an expectation of one fails at once: first until it is one.
    expect(page.locator("tr[aria-current=true]")).to_have_count(1)
    expect(page.locator("tr[aria-current=true]")).to_contain_text("class Handler")
    page.get_by_role("link", name="Line 3", exact=True).click(modifiers=["Shift"])
    page.wait_for_url(f"{file}#L1-L3")
    expect(page.locator("tr[aria-current=true]")).to_have_count(3)

    page.keyboard.press("y")
    page.wait_for_url(re.compile(r"/files/handler\.py@[0-9a-f]{40}#L1-L3$"))
    expect(page.get_by_text("The file is the same now.")).to_be_visible()
    page.keyboard.press("e")

    expect(page.get_by_role("textbox", name="handler.py")).to_be_visible()


def test_a_file_as_it_was_is_restored(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    page.goto(f"{platform.api}/t/demo/s/{service_name}/files/handler.py")
    expect(page.get_by_role("group", name="Text of handler.py")).to_contain_text('"answer": 2')
    page.keyboard.press("h")
    page.get_by_role("link", name="Answer 1").click()
    expect(page.get_by_role("note")).to_contain_text("not at the file as it is now")

    page.get_by_role("button", name="Restore this version of the file").click()

    expect(page.get_by_role("note")).to_be_hidden()
    expect(page.get_by_role("group", name="Text of handler.py")).to_contain_text('"answer": 1')
    clone = platform.clone()
    assert clone.git("log", "-1", "--format=%s").stdout.strip() == f"Restore handler.py as of {commits[0][:7]}"
    assert (clone.path / service_name / "handler.py").read_text() == ANSWER % 1
    page.get_by_role("status", name="Notices").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("group", name="Text of handler.py")).to_contain_text('"answer": 2')


def test_a_directory_is_walked(platform: StartedPlatform, page: Page, service_name: str) -> None:
    clone = platform.clone()
    clone.commit(
        {
            f"{service_name}/handler.py": ANSWER % 1,
            f"{service_name}/service.yaml": "",
            f"{service_name}/lib/tax.py": "RATE = 19\n",
        }
    )
    clone.push()
    page.goto(f"{platform.api}/t/demo/s/{service_name}/files/")
    page.get_by_role("link", name="lib/").click()
    page.get_by_role("link", name="tax.py").click()
    expect(page.get_by_role("group", name="Text of lib/tax.py")).to_contain_text("RATE = 19")
    page.get_by_role("navigation", name="Path").get_by_role("link", name="lib").click()
    expect(page.get_by_role("link", name="tax.py")).to_be_visible()

    page.goto(f"{platform.api}/t/demo/s/{service_name}/files/nothing.py")

    expect(page.get_by_role("heading", name=re.compile("There is no nothing.py"))).to_be_visible()


def test_copy_as_has_what_the_click_does(
    platform: StartedPlatform, page: Page, commits: list[str], service_name: str
) -> None:
    page.goto(f"{platform.api}/t/demo/commit/{commits[0]}")
    outcome = page.get_by_role("article", name=service_name)
    outcome.get_by_text("Copy as").click()
    line = outcome.get_by_role("button", name=re.compile("^paaks")).locator("code").inner_text()

    platform.paaks(*shlex.split(line)[1:])

    assert platform.visit_public(service_name).json() == {"answer": 1}
    page.keyboard.press("Escape")
    expect(outcome.get_by_role("button", name=re.compile("^paaks"))).to_be_hidden()
