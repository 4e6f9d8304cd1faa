"""What runs of a service, in the drawer of its workspace: kept current by events, and as commands for kubectl."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx2
from people import log_in, make_person
from playwright.sync_api import Locator, Page, expect
from pushes import ANSWER, BROKEN, push
from started_platform import StartedPlatform
from test_accessibility import find_violations
from visitor import Visitor, sign_in

DYING = """import os


class Handler:
    def run(self, req):
        if req.path == "/die":
            os._exit(3)
        return "ok"
"""


def open_resources(platform: StartedPlatform, page: Page, service: str) -> Locator:
    """The tab of the drawer, by its address."""
    page.goto(f"{platform.api}/t/demo/s/{service}?tab=resources")
    tab = page.get_by_role("tabpanel", name="Resources")
    expect(tab.get_by_role("region", name="Deployment of the cluster")).to_be_visible()
    return tab


def find_pods(tab: Locator) -> Locator:
    """The rows of the pods, without the head."""
    return tab.get_by_role("table", name="Pods").get_by_role("row").filter(has=tab.page.get_by_role("rowheader"))


def change_by_hand(platform: StartedPlatform, service: str) -> None:
    """As `kubectl edit` does it."""
    namespace = f"tnt-{platform.tenant_id[:8]}"
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{service}?fieldManager=kubectl-edit"
    transport = httpx2.HTTPTransport(uds=str(platform.data / "run" / "node.sock"))
    with httpx2.Client(transport=transport, base_url="http://node", timeout=30) as node:
        headers = {"Content-Type": "application/merge-patch+json"}
        node.patch(path, content='{"spec": {"replicas": 3}}', headers=headers).raise_for_status()


def test_a_push_replaces_the_pods_before_ones_eyes(platform: StartedPlatform, page: Page, service_name: str) -> None:
    first = push(platform, service_name, ANSWER % 1, "Answer")
    platform.wait_for(service_name, first)
    tab = open_resources(platform, page, service_name)
    expect(find_pods(tab)).to_have_count(1)
    expect(find_pods(tab)).to_contain_text("Ready")
    expect(find_pods(tab).get_by_role("link", name=first[:7])).to_be_visible()
    expect(tab).to_contain_text("1 of 1 ready")

    second = push(platform, service_name, ANSWER % 2, "Answer better")

    expect(find_pods(tab).filter(has_text="Ready").get_by_role("link", name=second[:7])).to_be_visible()
    expect(find_pods(tab)).to_have_count(1)


def test_a_pod_that_is_not_ready_says_why(platform: StartedPlatform, page: Page, service_name: str) -> None:
    live = push(platform, service_name, ANSWER % 1, "Answer")
    platform.wait_for(service_name, live)
    tab = open_resources(platform, page, service_name)

    push(platform, service_name, BROKEN, "Break it")

    failed = find_pods(tab).filter(has_text="Failed")
    expect(failed).to_contain_text("ModuleNotFoundError: No module named 'missing_module'")
    expect(find_pods(tab).filter(has_text="Ready").get_by_role("link", name=live[:7])).to_be_visible()
    failed.get_by_role("button", name="handler.py:3").click()
    expect(page.get_by_role("textbox", name="handler.py")).to_be_focused()


def test_restarts_are_counted_and_explained(platform: StartedPlatform, page: Page, service_name: str) -> None:
    platform.wait_for(service_name, push(platform, service_name, DYING, "Die on demand"))
    platform.visit(f"{service_name}/die", platform.token)
    assert platform.visit(f"{service_name}/", platform.token).text == "ok"

    tab = open_resources(platform, page, service_name)

    expect(find_pods(tab)).to_contain_text("1ended with status 3")


def test_what_others_change_is_told_as_it_is_put_back(platform: StartedPlatform, page: Page, service_name: str) -> None:
    platform.wait_for(service_name, push(platform, service_name, ANSWER % 1, "Answer"))
    tab = open_resources(platform, page, service_name)
    expect(find_pods(tab)).to_contain_text("Ready")
    expect(tab.get_by_role("region", name="Changed by others")).to_have_count(0)

    change_by_hand(platform, service_name)

    note = tab.get_by_role("region", name="Changed by others")
    expect(note).to_contain_text(re.compile("kubectl-edit changed .*replicas of .*; put back"))


def find_row(tab: Locator, kind: str, name: str = "") -> Locator:
    """An object of the tree, what it has made included."""
    toggle = tab.page.get_by_role("button", name=re.compile(f"^{kind} {name}"))
    return tab.get_by_role("region", name="Objects of the cluster").get_by_role("listitem").filter(has=toggle)


def test_each_object_is_shown_as_it_is_and_as_main_says_it(
    platform: StartedPlatform, visit: Callable[..., Visitor], service_name: str
) -> None:
    platform.wait_for(service_name, push(platform, service_name, ANSWER % 1, "Answer"))
    page = visit(permissions=["clipboard-read", "clipboard-write"]).context.new_page()
    sign_in(platform, page)
    tab = open_resources(platform, page, service_name)
    deployment = find_row(tab, "Deployment", service_name)
    expect(deployment).to_contain_text("1 of 1 running")
    expect(deployment.get_by_role("listitem").filter(has_text=re.compile("Pod"))).to_have_count(1)  # it made that
    for kind in ("Service", "ConfigMap"):
        expect(find_row(tab, kind, service_name)).to_contain_text("it is there")

    deployment.get_by_role("button", name=f"Deployment {service_name}").focus()
    page.keyboard.press("Enter")
    tabs = deployment.get_by_role("tablist", name=f"Deployment {service_name}")
    expect(tabs.get_by_role("tab", name="Live")).to_have_attribute("aria-selected", "true")
    live = deployment.get_by_role("group", name=f"live manifest of Deployment {service_name}")
    expect(live).to_contain_text("readyReplicas: 1")
    expect(live).not_to_contain_text("managedFields")
    assert find_violations(page) == []
    tabs.get_by_role("tab", name="Live").focus()
    page.keyboard.press("ArrowRight")
    expect(deployment).to_contain_text("Nothing differs: the cluster holds what main says.")
    page.keyboard.press("ArrowRight")
    desired = deployment.get_by_role("group", name=f"desired manifest of Deployment {service_name}")
    expect(desired).to_contain_text("replicas: 1")
    expect(desired).not_to_contain_text("status:")
    deployment.get_by_role("button", name="Copy the desired manifest").click()
    expect(page.get_by_role("status", name="Notices")).to_contain_text("Copied the desired manifest")
    assert str(page.evaluate("() => navigator.clipboard.readText()")).startswith("apiVersion: apps/v1\n")


def test_what_differs_says_by_whom_and_is_put_back(platform: StartedPlatform, page: Page, service_name: str) -> None:
    platform.wait_for(service_name, push(platform, service_name, ANSWER % 1, "Answer"))
    tab = open_resources(platform, page, service_name)
    deployment = find_row(tab, "Deployment", service_name)
    expect(deployment).to_contain_text("1 of 1 running")
    expect(deployment.get_by_role("button", name="Put back")).to_have_count(0)

    with platform.pause("controller"):  # it would put it back at once
        change_by_hand(platform, service_name)
        tab.get_by_role("button", name="Look again").click()
        expect(deployment).to_contain_text("changed by kubectl-edit")
        deployment.get_by_role("button", name=f"Deployment {service_name}", exact=True).click()
        row = deployment.get_by_role("table", name="What differs").get_by_role("row", name="spec.replicas")
        expect(row).to_contain_text("kubectl-edit")
        changes = deployment.get_by_role("group", name=f"Changes of Deployment {service_name}")
        expect(changes).to_contain_text("−  replicas: 1")
        expect(changes).to_contain_text("+  replicas: 3")
        assert find_violations(page) == []
        deployment.get_by_role("button", name="Put back").click()

    expect(page.get_by_role("status", name="Notices")).to_contain_text(f"Looking at {service_name} again")
    expect(deployment).to_contain_text("Nothing differs: the cluster holds what main says.")
    expect(deployment.get_by_role("button", name="Put back")).to_have_count(0)


def test_commands_for_kubectl(platform: StartedPlatform, visit: Callable[..., Visitor]) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).context.new_page()
    sign_in(platform, page)
    tab = open_resources(platform, page, "hello")
    expect(find_pods(tab)).to_have_count(1)
    name = find_pods(tab).get_by_role("rowheader").inner_text()
    kubectl = f"kubectl -n tnt-{platform.tenant_id[:8]}"

    def choose(menu: str, item: str) -> str:
        """By keys alone."""
        tab.get_by_role("button", name=menu).focus()
        page.keyboard.press("Enter")
        found = page.get_by_role("menuitem", name=re.compile(item))
        for _ in range(8):
            if found.evaluate("(element) => element === document.activeElement"):
                break
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_role("menu")).to_have_count(0)
        return str(page.evaluate("() => navigator.clipboard.readText()"))

    assert choose("Copy as", "get deployments,pods") == f"{kubectl} get deployments,pods -l paaks.dev/service=hello"
    assert choose("Copy as", "describe") == f"{kubectl} describe deployments,pods -l paaks.dev/service=hello"
    assert choose(f"Actions of {name}", "kubectl logs") == f"{kubectl} logs -f {name}"
    assert choose(f"Actions of {name}", "kubectl describe") == f"{kubectl} describe pod {name}"
    page.locator("header").get_by_text("Copy as", exact=True).click()
    expect(page.get_by_role("region", name="Resources of this service")).to_contain_text(
        f"{kubectl} get deployments,pods"
    )
    expect(page.get_by_role("region", name="Logs", exact=True)).to_contain_text(f"{kubectl} logs -f -l")


def test_a_viewer_sees_it_by_keys_and_it_is_accessible(
    platform: StartedPlatform, visit: Callable[..., Visitor]
) -> None:
    person = make_person(platform, "Vera Viewer", demo="viewer")
    page = visit(reduced_motion="reduce").context.new_page()
    log_in(platform, page, person.email)
    page.goto(f"{platform.api}/t/demo/s/hello")
    page.get_by_role("tab", name="Logs").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Resources")).to_be_focused()
    tab = page.get_by_role("tabpanel", name="Resources")
    expect(find_pods(tab)).to_contain_text("Ready")
    expect(page.get_by_role("textbox", name="handler.py")).to_be_visible()  # it comes late, and takes no focus
    expect(page.get_by_role("tab", name="Resources")).to_be_focused()
    find_row(tab, "Service").get_by_role("button").click()
    expect(tab.get_by_role("group", name="live manifest of Service hello")).to_contain_text("kind: Service")
    tab.get_by_role("button", name=re.compile("^Actions of")).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    assert find_violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem")).to_have_count(0)
    expect(tab.get_by_role("button", name=re.compile("^Actions of"))).to_be_focused()

    assert find_violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert find_violations(page) == []
