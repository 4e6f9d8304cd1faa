"""A service's settings: a form over service.yaml, which shows what it changes of the text, and commits that."""

from __future__ import annotations

from collections.abc import Callable

from people import log_in, make_person
from playwright.sync_api import Locator, Page, expect
from started_platform import StartedPlatform
from visitor import Visitor

YAML = """# What a greeting needs.
public: true  # for everybody

env:
  # What it says.
  GREETING: "hello"   # first
"""
HANDLER = 'import os\n\n\nclass Handler:\n    def run(self, req):\n        return os.environ["GREETING"]\n'


def open_settings(platform: StartedPlatform, page: Page, name: str, text: str = YAML) -> Locator:
    """The settings of a new service with this descriptor."""
    clone = platform.clone()
    clone.commit({f"{name}/service.yaml": text, f"{name}/handler.py": HANDLER})
    clone.push()
    page.goto(f"{platform.api}/t/demo/s/{name}")
    page.get_by_role("tab", name="Settings").click()
    panel = page.get_by_role("tabpanel", name="Settings")
    expect(panel.get_by_label("Replicas")).to_be_visible()
    return panel


def read_descriptor(platform: StartedPlatform, name: str) -> str:
    with platform.client() as client:
        return str(client.get(f"/api/v1/tenants/demo/services/{name}/files/service.yaml").text)


def test_a_change_is_shown_in_the_text_and_is_a_commit(
    platform: StartedPlatform, page: Page, service_name: str
) -> None:
    panel = open_settings(platform, page, service_name)
    expect(panel.get_by_label("Public")).to_have_value("true")
    expect(panel.get_by_label("Timeout")).to_have_value("")
    panel.get_by_label("GREETING", exact=True).fill("good day")
    panel.get_by_label("Timeout").fill("9s")
    panel.get_by_label("New variable").fill("MOOD")
    panel.get_by_label("New variable").press("Enter")
    panel.get_by_label("MOOD", exact=True).fill("fine")

    change = panel.get_by_role("region", name="Change of service.yaml")
    for line in (
        '−   GREETING: "hello"   # first',
        "+   GREETING: good day   # first",
        "+   MOOD: fine",
        "+ timeout: 9s",
    ):
        expect(change.get_by_text(line, exact=True)).to_be_visible()
    change.get_by_role("button", name="Commit & deploy").click()
    notices = page.get_by_role("status", name="Notices")
    expect(notices).to_contain_text(f"Configure {service_name}: env, timeout")

    expected = YAML.replace('"hello"', "good day") + "  MOOD: fine\ntimeout: 9s\n"
    expect(change).to_have_count(0)
    expect(panel.get_by_label("Timeout")).to_have_value("9s")
    assert read_descriptor(platform, service_name) == expected
    clone = platform.clone()
    assert clone.git("log", "-1", "--format=%s").stdout.strip() == f"Configure {service_name}: env, timeout"
    assert clone.git("show", "--format=", "--name-only").stdout.split() == [f"{service_name}/service.yaml"]


def test_what_may_not_be_is_told_before_the_commit(platform: StartedPlatform, page: Page, service_name: str) -> None:
    panel = open_settings(platform, page, service_name)
    panel.get_by_label("Replicas").fill("11")

    problems = panel.get_by_role("alert", name="Problems")
    expect(problems).to_contain_text(f"{service_name}/service.yaml:")
    expect(problems).to_contain_text("a whole number from 1 to 10")
    expect(panel.get_by_role("button", name="Commit & deploy")).to_be_disabled()
    panel.get_by_label("Replicas").fill("2")
    expect(problems).to_have_count(0)
    expect(panel.get_by_role("button", name="Commit & deploy")).to_be_enabled()
    panel.get_by_role("button", name="Discard").click()
    expect(panel.get_by_label("Replicas")).to_have_value("")
    panel.get_by_label("New variable").fill("PYTHONPATH")
    expect(panel.get_by_text("PYTHONPATH is reserved.")).to_be_visible()
    assert read_descriptor(platform, service_name) == YAML


def test_a_service_with_every_default(platform: StartedPlatform, page: Page, service_name: str) -> None:
    panel = open_settings(platform, page, service_name, "")
    panel.get_by_label("Memory").fill("64Mi")
    panel.get_by_label("Egress").select_option("none")
    panel.get_by_role("button", name="Commit & deploy").click()

    expect(page.get_by_role("status", name="Notices")).to_contain_text("memory, egress")
    assert read_descriptor(platform, service_name) == "resources:\n  memory: 64Mi\negress: none\n"


def test_a_viewer_changes_nothing(platform: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    person = make_person(platform, "Victor Viewer", demo="viewer")
    page = visit().context.new_page()
    log_in(platform, page, person.email)
    page.goto(f"{platform.api}/t/demo/s/hello")
    page.get_by_role("tab", name="Settings").click()

    panel = page.get_by_role("tabpanel", name="Settings")
    expect(panel.get_by_text("It takes the role developer or admin")).to_be_visible()
    expect(panel.get_by_label("Replicas")).to_be_disabled()
