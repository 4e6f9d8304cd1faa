"""The files of a service in its workspace: the tree; renaming, deleting and uploading, by mouse and by keyboard alone.

Each is one commit with a way back. What is typed into files is in `test_editing.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from people import log_in, make_person
from playwright.sync_api import Locator, Page, expect
from started_platform import StartedPlatform
from test_accessibility import AXE, WCAG
from tested_platform import Clone
from visitor import Visitor, replace_text

HANDLER = "from lib import prices\n\n\nclass Handler:\n    def run(self, req):\n        return prices.PRICES\n"
PRICES = "PRICES = {'apple': 0.4}\n"
BYTES = bytes(range(256))


@pytest.fixture
def opened(platform: StartedPlatform, page: Page, service_name: str) -> Clone:
    """A service with directories, open in a workspace; a clone as it is there."""
    clone = platform.clone()
    files = {
        "handler.py": HANDLER,
        "service.yaml": "public: true\n",
        "lib/__init__.py": "",
        "lib/prices.py": PRICES,
        "lib/deep/logo.bin": BYTES,
        "words/greeting.txt": "good day\n",
    }
    clone.write({f"{service_name}/{path}": content for path, content in files.items()})
    (clone.path / service_name / "words" / "greeting.txt").chmod(0o755)
    clone.commit({}, f"Open {service_name}")
    clone.push()
    page.goto(f"{platform.api}/t/demo/s/{service_name}")
    page.get_by_role("textbox", name="handler.py").wait_for()
    return clone


def files(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Files")


def row(page: Page, name: str) -> Locator:
    """By its accessible name: with its marks."""
    return files(page).get_by_role("treeitem", name=name, exact=True)


def fault(page: Page, path: str) -> Locator:
    """What was said beside a row."""
    return files(page).locator(f"[data-path='{path}']").get_by_role("alert")


def notices(page: Page) -> Locator:
    return page.get_by_role("status", name="Notices")


def choose(page: Page, path: str, item: str) -> None:
    """From the menu of a row, by mouse."""
    files(page).get_by_title(path, exact=True).hover()
    files(page).get_by_role("button", name=f"Actions of {path.removesuffix('/')}", exact=True).click()
    page.get_by_role("menuitem", name=re.compile(f"^{re.escape(item)}")).click()


def undo(page: Page) -> None:
    notices(page).get_by_role("button", name="Undo").last.click()
    expect(notices(page)).to_contain_text("Undone")


def pull(clone: Clone) -> int:
    """The clone as main is; how many commits that are."""
    clone.git("pull", "--quiet")
    return int(clone.git("rev-list", "--count", "HEAD").stdout)


def test_the_tree_is_one_by_the_book(page: Page, opened: Clone) -> None:
    lib, words = row(page, "lib"), row(page, "words")
    expect(lib).to_have_attribute("aria-expanded", "false")
    expect(row(page, "handler.py")).to_have_attribute("aria-selected", "true")
    row(page, "handler.py").focus()

    page.keyboard.press("Home")
    expect(lib).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(lib).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowRight")
    expect(row(page, "deep")).to_be_focused()
    expect(row(page, "deep")).to_have_attribute("aria-level", "2")
    page.keyboard.press("End")
    expect(row(page, "service.yaml")).to_be_focused()
    page.keyboard.type("pri")
    expect(row(page, "prices.py")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(lib).to_be_focused()
    page.keyboard.press("w")
    expect(words).to_be_focused()
    page.keyboard.press("*")
    expect(words).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="words/greeting.txt")).to_contain_text("good day")
    expect(row(page, "greeting.txt")).to_have_attribute("aria-selected", "true")

    page.reload()
    expect(row(page, "prices.py")).to_be_visible()
    lib.click()
    expect(row(page, "prices.py")).to_be_hidden()
    page.reload()
    expect(lib).to_have_attribute("aria-expanded", "false")
    page.get_by_role("button", name="Upload files").focus()
    page.keyboard.press("Tab")
    expect(row(page, "words")).not_to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(files(page).locator(":focus")).to_have_count(0)  # one step to the row, one to its menu


def test_what_is_unsaved_or_wrong_is_marked_up_to_what_is_closed(page: Page, opened: Clone) -> None:
    row(page, "lib").click()
    row(page, "prices.py").click()
    page.get_by_role("textbox", name="lib/prices.py").click()
    replace_text(page, "PRICES = {\n")

    expect(row(page, "prices.py, unsaved, 1 problem")).to_be_visible()
    row(page, "lib").click()
    expect(row(page, "lib, unsaved, 1 problem")).to_be_visible()


def test_a_file_is_renamed_by_mouse(page: Page, opened: Clone, service_name: str) -> None:
    before = pull(opened)
    row(page, "words").click()
    row(page, "greeting.txt").click()
    choose(page, "words/greeting.txt", "Rename")
    field = page.get_by_label("New path of words/greeting.txt")
    expect(field).to_have_value("words/greeting.txt")
    field.fill("words/deep/welcome.txt")
    page.keyboard.press("Enter")

    expect(notices(page)).to_contain_text("words/greeting.txt is words/deep/welcome.txt now")
    expect(row(page, "welcome.txt")).to_be_visible()
    expect(page.get_by_role("textbox", name="words/deep/welcome.txt")).to_contain_text("good day")
    assert pull(opened) == before + 1
    moved = opened.path / service_name / "words" / "deep" / "welcome.txt"
    assert moved.stat().st_mode & 0o100
    undo(page)
    expect(row(page, "greeting.txt")).to_be_visible()
    expect(page.get_by_role("textbox", name="words/greeting.txt")).to_be_visible()
    assert pull(opened) == before + 2
    assert not moved.exists()


def test_a_draft_keeps_its_text_under_the_new_name(page: Page, opened: Clone, service_name: str) -> None:
    row(page, "words").click()
    row(page, "greeting.txt").click()
    page.get_by_role("textbox", name="words/greeting.txt").click()
    replace_text(page, "good evening\n")
    page.keyboard.press("Escape")
    row(page, "greeting.txt, unsaved").focus()

    page.keyboard.press("F2")
    page.get_by_label("New path of words/greeting.txt").wait_for()
    page.keyboard.type("evening")
    page.keyboard.press("Enter")

    expect(row(page, "evening.txt, unsaved")).to_be_focused()
    expect(page.get_by_role("textbox", name="words/evening.txt")).to_contain_text("good evening")
    pull(opened)
    assert (opened.path / service_name / "words" / "evening.txt").read_text() == "good day\n"
    page.reload()
    expect(page.get_by_role("textbox", name="words/evening.txt")).to_contain_text("good evening")
    page.keyboard.press("Control+s")
    expect(page.get_by_text(re.compile("^Committed "))).to_be_visible()
    pull(opened)
    assert (opened.path / service_name / "words" / "evening.txt").read_text() == "good evening\n"
    assert not (opened.path / service_name / "words" / "greeting.txt").exists()


def test_a_directory_is_renamed_from_the_palette(page: Page, opened: Clone, service_name: str) -> None:
    row(page, "words").focus()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name=re.compile("^Find")).fill("rename or move words")
    page.keyboard.press("Enter")
    page.get_by_label("New path of words").wait_for()
    page.keyboard.type("texts/german")
    page.keyboard.press("Enter")

    expect(notices(page)).to_contain_text("words is texts/german now")
    expect(row(page, "german")).to_be_focused()
    pull(opened)
    assert (opened.path / service_name / "texts" / "german" / "greeting.txt").is_file()


def test_a_directory_is_deleted_by_key_and_comes_back_as_it_was(page: Page, opened: Clone, service_name: str) -> None:
    before = opened.head()
    row(page, "words").focus()

    page.keyboard.press("Delete")

    expect(notices(page)).to_contain_text("Deleted words")
    expect(row(page, "words")).to_be_hidden()
    expect(row(page, "handler.py")).to_be_focused()
    undo(page)
    expect(row(page, "words")).to_be_visible()
    pull(opened)
    assert opened.head() != before
    assert opened.git("diff", before, "HEAD", "--", service_name).stdout == ""


def test_bytes_come_back_too(page: Page, opened: Clone, service_name: str) -> None:
    row(page, "lib").click()
    choose(page, "lib/deep/", "Delete")
    expect(notices(page)).to_contain_text("Deleted lib/deep")
    pull(opened)
    assert not (opened.path / service_name / "lib" / "deep").exists()
    undo(page)
    pull(opened)
    assert (opened.path / service_name / "lib" / "deep" / "logo.bin").read_bytes() == BYTES


def test_unsaved_text_is_not_deleted_unasked(page: Page, opened: Clone, service_name: str) -> None:
    row(page, "words").click()
    row(page, "greeting.txt").click()
    page.get_by_role("textbox", name="words/greeting.txt").click()
    replace_text(page, "good evening\n")
    row(page, "greeting.txt, unsaved").focus()

    page.keyboard.press("Delete")
    dialog = page.get_by_role("alertdialog", name="Delete words/greeting.txt?")
    expect(dialog).to_contain_text("unsaved text in words/greeting.txt")
    page.keyboard.press("Enter")  # Cancel has the focus
    expect(dialog).to_be_hidden()
    expect(row(page, "greeting.txt, unsaved")).to_be_focused()

    page.keyboard.press("Delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(row(page, "words")).to_be_hidden()
    undo(page)
    row(page, "greeting.txt, unsaved").click()
    expect(page.get_by_role("textbox", name="words/greeting.txt")).to_contain_text("good evening")
    pull(opened)
    assert (opened.path / service_name / "words" / "greeting.txt").read_text() == "good day\n"


def test_a_file_that_was_never_saved_is_renamed_and_deleted_too(page: Page, opened: Clone) -> None:
    before = pull(opened)
    choose(page, "lib/", "New file here")
    page.keyboard.type("new.py")
    page.keyboard.press("Enter")
    editor = page.get_by_role("textbox", name="lib/new.py")
    editor.click()
    page.keyboard.type("X = 1")
    choose(page, "lib/new.py", "Rename")
    page.get_by_label("New path of lib/new.py").fill("other.py")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="other.py")).to_contain_text("X = 1")
    notices(page).get_by_role("button", name="Undo").click()
    expect(editor).to_contain_text("X = 1")

    choose(page, "lib/new.py", "Delete")
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(row(page, "new.py, unsaved")).to_be_hidden()
    notices(page).get_by_role("button", name="Undo").click()
    row(page, "new.py, unsaved").click()
    expect(editor).to_contain_text("X = 1")
    assert pull(opened) == before


def test_what_a_service_needs_stays(page: Page, opened: Clone) -> None:
    before = pull(opened)
    choose(page, "handler.py", "Delete")

    said = fault(page, "handler.py")
    expect(said).to_contain_text("service.yaml needs it")
    expect(said).to_contain_text("there is no file 'handler.py' here")
    said.get_by_role("button", name="Dismiss").click()
    expect(row(page, "handler.py")).to_be_focused()
    page.keyboard.press("F2")
    field = page.get_by_label("New path of handler.py")
    field.fill("main.py")
    page.keyboard.press("Enter")
    expect(files(page).get_by_role("alert")).to_contain_text("service.yaml needs it")
    expect(field).to_have_value("main.py")
    page.keyboard.press("Escape")
    expect(row(page, "handler.py")).to_be_focused()
    assert pull(opened) == before


def test_without_its_service_yaml_a_service_ends(
    platform: StartedPlatform, page: Page, opened: Clone, service_name: str
) -> None:
    platform.wait_for(service_name, opened.head())
    replace_text(page, HANDLER + "# mine\n")
    expect(row(page, "handler.py, unsaved")).to_be_visible()
    choose(page, "service.yaml", "Delete")
    dialog = page.get_by_role("alertdialog", name="Delete service.yaml?")
    expect(dialog).to_contain_text(f"without it {service_name} ends")
    dialog.get_by_role("button", name="Delete").click()

    expect(notices(page)).to_contain_text("Deleted service.yaml")
    expect(page.get_by_role("heading", level=1, name=f"There is no service {service_name}")).to_be_visible()
    expect(row(page, "service.yaml")).to_be_hidden()
    pull(opened)
    assert not (opened.path / service_name / "service.yaml").exists()
    undo(page)
    expect(row(page, "service.yaml")).to_be_visible()
    pull(opened)
    assert (opened.path / service_name / "service.yaml").read_text() == "public: true\n"
    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("# mine")


def test_others_changes_are_not_deleted_unasked(page: Page, opened: Clone, service_name: str) -> None:
    replace_text(page, HANDLER + "# mine\n")
    expect(row(page, "handler.py, unsaved")).to_be_visible()
    opened.commit(
        {f"{service_name}/words/greeting.txt": "good night\n", f"{service_name}/lib/prices.py": "PRICES = {}\n"}
    )
    opened.push()

    choose(page, "words/", "Delete")
    dialog = page.get_by_role("alertdialog", name="Delete words all the same?")
    expect(dialog).to_contain_text("Somebody else has changed words")
    dialog.get_by_role("button", name="Cancel").click()
    expect(row(page, "words")).to_be_visible()
    choose(page, "words/", "Delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(row(page, "words")).to_be_hidden()
    undo(page)
    pull(opened)
    assert (opened.path / service_name / "words" / "greeting.txt").read_text() == "good night\n"
    expect(row(page, "handler.py, unsaved")).to_be_visible()
    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("# mine")


def test_others_changes_go_along_with_a_new_name(page: Page, opened: Clone, service_name: str) -> None:
    replace_text(page, HANDLER + "# mine\n")
    expect(row(page, "handler.py, unsaved")).to_be_visible()
    opened.commit({f"{service_name}/words/greeting.txt": "good night\n"})
    opened.push()

    choose(page, "words/", "Rename")
    page.get_by_label("New path of words").fill("texts")
    page.keyboard.press("Enter")

    expect(row(page, "texts")).to_be_visible()
    pull(opened)
    assert (opened.path / service_name / "texts" / "greeting.txt").read_text() == "good night\n"
    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("# mine")


def test_a_draft_of_what_others_have_changed_is_merged_first(page: Page, opened: Clone, service_name: str) -> None:
    replace_text(page, HANDLER + "# mine\n")
    expect(row(page, "handler.py, unsaved")).to_be_visible()
    opened.commit({f"{service_name}/handler.py": "# theirs\n" + HANDLER}, "Say whose it is")
    opened.push()
    expect(page.get_by_text("Say whose it is").first).to_be_visible()

    choose(page, "words/", "Rename")
    page.get_by_label("New path of words").fill("texts")
    page.keyboard.press("Enter")
    expect(files(page).get_by_role("alert")).to_contain_text("Others have changed handler.py")
    page.keyboard.press("Control+s")
    expect(page.get_by_text(re.compile("merged with others' changes"))).to_be_visible()
    page.get_by_label("New path of words").press("Enter")

    expect(row(page, "texts")).to_be_visible()
    pull(opened)
    assert (opened.path / service_name / "handler.py").read_text() == "# theirs\n" + HANDLER + "# mine\n"


def test_names_are_looked_at_while_they_are_typed(page: Page, opened: Clone) -> None:
    page.keyboard.press("Escape")
    row(page, "handler.py").focus()
    page.get_by_role("button", name="New file").click()
    field = page.get_by_label("Path of the new file")
    for typed, words in (
        ("lib/prices.py", "already"),
        ("lib", "directory lib already"),
        ("handler.py/x", "handler.py is a file"),
        ("new/", "no empty directory"),
        ("a/../b", "not the name of a file"),
        (".git/config", "one of git's own"),
        ("a\\b", "backslash"),
    ):
        field.fill(typed)
        page.keyboard.press("Enter")
        expect(files(page).get_by_role("alert")).to_contain_text(words)
        expect(field).to_have_value(typed)
    field.fill("lib/more/x.py")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="lib/more/x.py")).to_be_visible()
    expect(row(page, "x.py, unsaved")).to_have_attribute("aria-level", "3")


def test_files_are_uploaded_by_keyboard(page: Page, opened: Clone, service_name: str, tmp_path: Path) -> None:
    before = pull(opened)
    (tmp_path / "logo.png").write_bytes(BYTES)
    (tmp_path / "notes.txt").write_text("größer\n")
    upload = page.get_by_role("button", name="Upload files")
    with page.expect_file_chooser() as chooser:
        upload.focus()
        expect(upload).to_be_focused()
        page.keyboard.press("Enter")
    chooser.value.set_files([tmp_path / "logo.png", tmp_path / "notes.txt"])

    expect(notices(page)).to_contain_text("Uploaded 2 files")
    expect(row(page, "logo.png")).to_be_focused()
    assert pull(opened) == before + 1
    assert (opened.path / service_name / "logo.png").read_bytes() == BYTES
    assert (opened.path / service_name / "notes.txt").read_text() == "größer\n"
    undo(page)
    expect(row(page, "logo.png")).to_be_hidden()
    pull(opened)
    assert not (opened.path / service_name / "logo.png").exists()


def test_an_upload_replaces_and_its_undo_puts_back(
    page: Page, opened: Clone, service_name: str, tmp_path: Path
) -> None:
    (tmp_path / "greeting.txt").write_text("good night\n")
    row(page, "words").hover()
    with page.expect_file_chooser() as chooser:
        choose(page, "words/", "Upload files here")
    chooser.value.set_files(tmp_path / "greeting.txt")

    expect(notices(page)).to_contain_text("Uploaded words/greeting.txt")
    pull(opened)
    assert (opened.path / service_name / "words" / "greeting.txt").read_text() == "good night\n"
    undo(page)
    pull(opened)
    assert (opened.path / service_name / "words" / "greeting.txt").read_text() == "good day\n"


def test_a_directory_is_dropped(page: Page, opened: Clone, service_name: str, tmp_path: Path) -> None:
    (tmp_path / "pages" / "deep").mkdir(parents=True)
    (tmp_path / "pages" / "index.html").write_text("<h1>Day</h1>\n")
    (tmp_path / "pages" / "deep" / "logo.png").write_bytes(BYTES)
    drop(page, row(page, "words"), tmp_path / "pages")

    expect(notices(page)).to_contain_text("Uploaded 2 files")
    pull(opened)
    assert (opened.path / service_name / "words" / "pages" / "index.html").is_file()
    assert (opened.path / service_name / "words" / "pages" / "deep" / "logo.png").read_bytes() == BYTES


def drop(page: Page, target: Locator, path: Path) -> None:
    """From the desktop, as the browser is told of it."""
    box = target.bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"x": box["x"] + box["width"] / 3, "y": box["y"] + box["height"] / 2}
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})


def test_what_cannot_be_uploaded_is_said_beside_each(
    page: Page, opened: Clone, service_name: str, tmp_path: Path
) -> None:
    before = pull(opened)
    (tmp_path / "large.py").write_text("# " + "x" * 300_000)
    (tmp_path / "..odd").write_text("")
    (tmp_path / "wrong.py").write_text("def f(:\n")
    (tmp_path / "good.txt").write_text("good\n")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload files").click()
    chooser.value.set_files([tmp_path / name for name in ("large.py", "..odd", "wrong.py", "good.txt")])

    panel = page.get_by_role("alert").filter(has_text="Nothing was uploaded")
    expect(panel.get_by_role("listitem").filter(has_text="large.py")).to_contain_text("256 KiB are the most")
    expect(panel.get_by_role("listitem").filter(has_text="..odd")).to_contain_text("two dots")
    panel.get_by_role("button", name="Upload the other 2").click()
    expect(panel.get_by_role("listitem").filter(has_text="wrong.py")).to_contain_text("line 1")
    assert pull(opened) == before
    panel.get_by_role("button", name="Upload the other one").click()
    expect(notices(page)).to_contain_text("Uploaded good.txt")
    expect(panel).to_be_hidden()
    assert pull(opened) == before + 1


def test_the_service_has_to_hold_it(page: Page, opened: Clone, tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(bytes(950_000))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload files").click()
    chooser.value.set_files(tmp_path / "large.bin")
    expect(page.get_by_role("alert").filter(has_text="Nothing was uploaded")).to_contain_text("900 KiB are the most")


def test_the_menu_by_key(page: Page, opened: Clone) -> None:
    row(page, "lib").focus()
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem", name="New file here…")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row(page, "lib")).to_be_focused()
    row(page, "handler.py").click(button="right")
    page.get_by_role("menuitem", name="History of this file").click()
    expect(page).to_have_url(re.compile(r"/files/handler\.py\?view=history$"))


def find_objections(page: Page) -> list[str]:
    """What axe-core objects to in the tree and its menu."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("options => axe.run('nav[aria-label=Files]', options)", {"runOnly": WCAG})
    return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_objection(page: Page, opened: Clone, tmp_path: Path, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    choose(page, "handler.py", "Delete")
    expect(fault(page, "handler.py")).to_be_visible()
    row(page, "lib").click()
    (tmp_path / "..odd").write_text("")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload files").click()
    chooser.value.set_files(tmp_path / "..odd")
    row(page, "prices.py").focus()
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menu")).to_be_visible()

    assert find_objections(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("F2")
    expect(page.get_by_label("New path of lib/prices.py")).to_be_focused()
    assert find_objections(page) == []


def test_a_viewer_is_offered_what_a_viewer_may(
    platform: StartedPlatform, visit: Callable[..., Visitor], opened: Clone, service_name: str
) -> None:
    page = visit().context.new_page()
    log_in(platform, page, make_person(platform, "Vera", demo="viewer").email)
    page.goto(f"{platform.api}/t/demo/s/{service_name}")
    row(page, "handler.py").focus()
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem", name=re.compile("^Copy path"))).to_be_visible()
    expect(page.get_by_role("menuitem", name=re.compile("^Delete"))).to_have_count(0)
    expect(page.get_by_role("button", name="Upload files")).to_have_count(0)
