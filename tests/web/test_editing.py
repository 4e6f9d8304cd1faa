"""Editing: what the check says while one types, several at once, and that nothing typed is ever lost."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect
from started_platform import StartedPlatform
from visitor import Visitor, create_service, replace_text, sign_in

TWO = '''def first():
    return 1


def apart():
    """Far enough from either that both merge."""


def second():
    return 2


class Handler:
    def run(self, req):
        return {"first": first(), "second": second()}
'''


def save(page: Page) -> None:
    page.keyboard.press("Control+s")
    expect(page.get_by_text(re.compile("^Committed "))).to_be_visible()


def open_beside(platform: StartedPlatform, visit: Callable[..., Visitor], page: Page) -> Page:
    """The same workspace in another browser."""
    other = visit().context.new_page()
    sign_in(platform, other)
    other.goto(page.url)
    other.get_by_role("textbox", name="handler.py").wait_for()
    return other


def begin(platform: StartedPlatform, page: Page, name: str) -> None:
    """A service with two functions, open in a workspace, and live."""
    create_service(page, name)
    replace_text(page, TWO)
    save(page)
    expect(page.get_by_role("region", name="Deployment").get_by_text(re.compile("^live in "))).to_be_visible()


def test_the_check_of_a_push_speaks_while_one_types(page: Page, service_name: str) -> None:
    create_service(page, service_name)

    replace_text(page, "class Handler:\n    def run(self, req)\n        return 1\n")

    expect(page.get_by_role("tab", name="Problems 1")).to_be_visible()
    page.get_by_role("tab", name="Problems 1").click()
    problem = page.get_by_role("button", name="handler.py:2")
    expect(problem).to_be_visible()
    expect(page.locator(".cm-lint-marker-error")).to_be_visible()
    page.get_by_role("button", name="Commit & deploy").click()
    expect(page.get_by_role("region", name="Editor").get_by_role("alert")).to_contain_text("handler.py")
    expect(page.get_by_text("1 unsaved")).to_be_visible()
    problem.click()
    expect(page.get_by_role("textbox", name="handler.py")).to_be_focused()


def test_several_files_are_one_commit(platform: StartedPlatform, page: Page, service_name: str) -> None:
    begin(platform, page, service_name)
    before = platform.clone().git("rev-list", "--count", "HEAD").stdout
    page.keyboard.press("Control+End")
    page.keyboard.type("# one")
    page.get_by_role("button", name="New file").click()
    page.get_by_label("Path of the new file").fill("words/greeting.txt")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="words/greeting.txt").click()
    page.keyboard.type("good day")
    expect(page.get_by_text("2 unsaved")).to_be_visible()

    save(page)

    clone = platform.clone()
    assert (clone.path / service_name / "words" / "greeting.txt").read_text() == "good day"
    assert (clone.path / service_name / "handler.py").read_text() == TWO + "# one"
    assert int(clone.git("rev-list", "--count", "HEAD").stdout) == int(before) + 1


def test_two_people_in_one_file_both_land_where_they_do_not_overlap(
    platform: StartedPlatform, visit: Callable[..., Visitor], page: Page, service_name: str
) -> None:
    begin(platform, page, service_name)
    other = open_beside(platform, visit, page)
    replace_text(other, TWO.replace("return 2", "return 22"))

    replace_text(page, TWO.replace("return 1", "return 11"))
    save(page)
    other.keyboard.press("Control+s")

    expect(other.get_by_text(re.compile("merged with others' changes"))).to_be_visible()
    expect(other.get_by_role("textbox", name="handler.py")).to_contain_text("return 11")
    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("return 22")
    text = (platform.clone().path / service_name / "handler.py").read_text()
    assert "return 11" in text
    assert "return 22" in text


def merge_dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Merge")


def file_of(page: Page, path: str) -> Locator:
    """One file of the merge."""
    return merge_dialog(page).get_by_role("region", name=path)


def push_theirs(platform: StartedPlatform, texts: dict[str, str]) -> None:
    clone = platform.clone()
    clone.commit(texts)
    clone.push()


def test_who_changes_the_same_line_second_is_asked(
    platform: StartedPlatform, visit: Callable[..., Visitor], page: Page, service_name: str
) -> None:
    begin(platform, page, service_name)
    other = open_beside(platform, visit, page)
    replace_text(other, TWO.replace("return 1", "return 'theirs'"))
    replace_text(page, TWO.replace("return 1", "return 'mine'"))
    save(page)

    other.keyboard.press("Control+s")
    dialog = merge_dialog(other)
    expect(dialog).to_contain_text("return 'mine'")
    expect(dialog.get_by_role("button", name="Commit & deploy")).to_be_disabled()
    dialog.get_by_role("radio", name="Keep mine").check()
    dialog.get_by_role("button", name="Commit & deploy").click()

    expect(dialog).to_be_hidden()
    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("return 'theirs'")
    text = (platform.clone().path / service_name / "handler.py").read_text()
    assert text == TWO.replace("return 1", "return 'theirs'")


def test_a_message_outlives_a_merge_that_is_put_off(platform: StartedPlatform, page: Page, service_name: str) -> None:
    begin(platform, page, service_name)
    replace_text(page, TWO.replace("return 1", "return 'mine'"))
    push_theirs(platform, {f"{service_name}/handler.py": TWO.replace("return 1", "return 'theirs'")})
    page.keyboard.press("Control+Shift+s")
    page.keyboard.type("Say whose it is")
    page.keyboard.press("Enter")
    merge_dialog(page).get_by_role("button", name="Cancel").click()
    expect(merge_dialog(page)).to_be_hidden()

    page.keyboard.press("Control+Shift+s")
    message = page.get_by_label("Commit message")
    expect(message).to_have_value("Say whose it is")
    page.keyboard.press("Enter")
    merge_dialog(page).get_by_role("radio", name="Keep mine").check()
    merge_dialog(page).get_by_role("button", name="Commit & deploy").click()

    expect(page.get_by_text(re.compile("^Committed "))).to_be_visible()
    assert platform.clone().git("log", "-1", "--format=%s").stdout.strip() == "Say whose it is"
    page.keyboard.press("Control+Shift+s")
    expect(message).to_have_value("")


def test_theirs_can_be_taken_and_mine_had_back(platform: StartedPlatform, page: Page, service_name: str) -> None:
    begin(platform, page, service_name)
    replace_text(page, TWO.replace("return 1", "return 'mine'"))
    push_theirs(platform, {f"{service_name}/handler.py": TWO.replace("return 1", "return 'theirs'")})

    page.keyboard.press("Control+s")
    merge_dialog(page).get_by_role("radio", name="Take theirs").check()
    merge_dialog(page).get_by_role("button", name="Drop mine").click()

    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("return 'theirs'")
    expect(page.get_by_text("No changes")).to_be_visible()
    page.get_by_role("status", name="Notices").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("return 'mine'")
    save(page)
    text = (platform.clone().path / service_name / "handler.py").read_text()
    assert text == TWO.replace("return 1", "return 'mine'")


def test_each_file_is_decided_by_itself_and_all_is_one_commit_by_keys_alone(
    platform: StartedPlatform, visit: Callable[..., Visitor], page: Page, service_name: str
) -> None:
    begin(platform, page, service_name)
    names = ("apart.txt", "one.txt", "two.txt")
    lines = "".join(f"line {number}\n" for number in range(9))
    push_theirs(platform, {f"{service_name}/{name}": lines for name in names})
    other = open_beside(platform, visit, page)
    for person, word in ((page, "theirs"), (other, "mine")):
        for name in names:
            person.get_by_role("treeitem", name=name).or_(person.get_by_role("button", name=name)).first.click()
            expect(person.get_by_role("textbox", name=name)).to_contain_text("line 8")
            line = "line 8" if (name, person) == ("apart.txt", other) else "line 0"
            person.get_by_role("textbox", name=name).focus()
            replace_text(person, lines.replace(line, f"{word} in {name}"))
        expect(person.get_by_text("3 unsaved")).to_be_visible()
    save(page)
    before = platform.clone().head()

    other.keyboard.press("Control+s")
    dialog = merge_dialog(other)
    expect(dialog.get_by_role("status")).to_have_text("2 of 2 files left to decide")
    expect(dialog.get_by_role("region")).to_have_count(2)
    expect(file_of(other, "one.txt").get_by_role("radio", name="Keep mine")).to_be_focused()
    other.keyboard.press("Space")
    expect(dialog.get_by_role("status")).to_have_text("1 of 2 files left to decide")
    other.keyboard.press("Escape")  # nothing of what was decided is lost
    expect(dialog).to_be_hidden()
    other.keyboard.press("Control+Shift+s")
    other.keyboard.type("Agree with the others")
    other.keyboard.press("Enter")
    expect(file_of(other, "one.txt").get_by_role("radio", name="Keep mine")).to_be_checked()
    expect(file_of(other, "two.txt").get_by_role("radio", name="Keep mine")).to_be_focused()
    other.keyboard.press("ArrowDown")
    expect(file_of(other, "two.txt").get_by_role("radio", name="Take theirs")).to_be_checked()
    expect(dialog.get_by_role("status")).to_have_text("All 2 files are decided")
    other.keyboard.press("Enter")

    expect(dialog).to_be_hidden()
    clone = platform.clone()
    assert clone.git("log", "--format=%s", f"{before}..HEAD").stdout.splitlines() == ["Agree with the others"]
    read = {name: (clone.path / service_name / name).read_text() for name in names}
    assert read["one.txt"] == lines.replace("line 0", "mine in one.txt")
    assert read["two.txt"] == lines.replace("line 0", "theirs in two.txt")
    assert read["apart.txt"] == lines.replace("line 0", "theirs in apart.txt").replace("line 8", "mine in apart.txt")


def test_theirs_may_move_while_one_decides(platform: StartedPlatform, page: Page, service_name: str) -> None:
    begin(platform, page, service_name)
    replace_text(page, TWO.replace("return 1", "return 'mine'"))
    push_theirs(platform, {f"{service_name}/handler.py": TWO.replace("return 1", "return 'theirs'")})
    page.keyboard.press("Control+s")
    handler = file_of(page, "handler.py")
    handler.get_by_role("radio", name="Merge").check()
    merged = handler.get_by_role("textbox", name="handler.py, merged")
    expect(merged).to_contain_text("return 'mine'")
    merged.focus()
    replace_text(page, TWO.replace("return 1", "return 'both'"))

    push_theirs(platform, {f"{service_name}/handler.py": TWO.replace("return 1", "return 'moved'")})
    merge_dialog(page).get_by_role("button", name="Commit & deploy").click()

    expect(handler.get_by_role("status")).to_contain_text("It has changed on main once more")
    expect(handler.get_by_role("textbox", name="handler.py on main")).to_contain_text("return 'moved'")
    expect(handler.get_by_role("radio", name="Keep mine")).to_be_focused()
    handler.get_by_role("radio", name="Merge").check()
    expect(merged).to_contain_text("return 'both'")
    merge_dialog(page).get_by_role("button", name="Commit & deploy").click()
    expect(merge_dialog(page)).to_be_hidden()
    text = (platform.clone().path / service_name / "handler.py").read_text()
    assert text == TWO.replace("return 1", "return 'both'")


def test_a_tab_that_dies_loses_nothing_typed(page: Page, service_name: str) -> None:
    create_service(page, service_name)
    replace_text(page, TWO)
    expect(page.get_by_text("1 unsaved")).to_be_visible()
    address, context = page.url, page.context
    page.close()

    again = context.new_page()
    again.goto(address)

    expect(again.get_by_text(re.compile("^Your draft from .* is back"))).to_be_visible()
    expect(again.get_by_role("textbox", name="handler.py")).to_contain_text("def second():")
    again.get_by_role("button", name="Discard it").click()
    expect(again.get_by_role("textbox", name="handler.py")).to_contain_text("hello")


def test_who_comes_back_may_discard_the_draft_and_have_it_back(page: Page, service_name: str) -> None:
    create_service(page, service_name)
    replace_text(page, TWO)
    expect(page.get_by_text("1 unsaved")).to_be_visible()
    page.get_by_role("link", name="Services", exact=True).first.click()
    page.get_by_role("link", name=service_name, exact=True).click()
    note = page.get_by_text(re.compile("^Your draft from .* is back"))
    editor = page.get_by_role("textbox", name="handler.py")
    expect(note).to_be_visible()
    expect(editor).to_contain_text("def second():")

    page.get_by_role("button", name="Discard it").click()
    expect(note).to_be_hidden()
    expect(editor).to_contain_text("hello")
    page.get_by_role("status", name="Notices").get_by_role("button", name="Undo").click()
    expect(editor).to_contain_text("def second():")
    save(page)
    editor.focus()
    page.keyboard.type("# new")
    expect(page.get_by_text("1 unsaved")).to_be_visible()
    expect(note).to_be_hidden()


def test_the_api_killed_while_somebody_edits(platform: StartedPlatform, page: Page, service_name: str) -> None:
    begin(platform, page, service_name)
    replace_text(page, TWO.replace("return 1", "return 11"))

    platform.kill("api")
    page.keyboard.press("Control+s")
    page.keyboard.press("Control+End")
    page.keyboard.type("# more")
    expect(page.get_by_role("button", name="Commit & deploy")).to_be_enabled()
    page.wait_for_function("() => fetch('/readyz').then((answer) => answer.ok, () => false)")
    save(page)

    text = (platform.clone().path / service_name / "handler.py").read_text()
    assert text == TWO.replace("return 1", "return 11") + "# more"
    clone = platform.clone()
    clone.commit({f"{service_name}/handler.py": TWO + "# from a terminal\n"})
    clone.push()
    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("# from a terminal")
