"""Pictures of each page, light and dark: for the README, and for whoever changes how something looks.

They go to PAAKS_TEST_SCREENSHOTS (`make screenshots`: docs/screenshots), else nowhere anybody looks.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from people import make_person
from playwright.sync_api import Page, expect
from pushes import push
from shown_pages import PAGES, SHOP, Shop, ShownPage, open_shop
from started_platform import StartedPlatform
from visitor import Visitor, sign_in


@pytest.fixture(scope="module")
def platform() -> Iterator[StartedPlatform]:
    """One of its own: what other tests leave behind is in no picture."""
    with contextlib.closing(StartedPlatform("--insecure-single-domain")) as started:
        started.start()
        yield started


@pytest.fixture(scope="module")
def shop(platform: StartedPlatform) -> Shop:
    return open_shop(platform)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("PAAKS_TEST_SCREENSHOTS")
    found = Path(named).absolute() if named else tmp_path_factory.mktemp("screenshots")
    found.mkdir(exist_ok=True)
    return found


@pytest.mark.parametrize("shown", [pytest.param(shown, id=shown.name) for shown in PAGES])
def test_a_picture_of_each_page(show: Callable[..., Page], folder: Path, shown: ShownPage) -> None:
    page = show(shown)
    if shown.name == "workspace":
        ask_for_a_price(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        take(page, folder, shown.name, scheme)


def ask_for_a_price(page: Page) -> None:
    expect(page.get_by_text(re.compile("^live in "))).to_be_visible()
    page.get_by_label("Path and query").fill("?apple=3&pear=1")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Response body")).to_contain_text("1.75")
    expect(page.get_by_label("Log of this request")).to_contain_text("a basket of 2 kinds")


def take(page: Page, folder: Path, name: str, scheme: str) -> None:
    """A picture. The caret is left as it is: hiding it would need a style that the policy refuses."""
    page.screenshot(path=folder / f"{name}-{scheme}.png", caret="initial")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_a_tenants_settings(
    platform: StartedPlatform, visit: Callable[..., Visitor], folder: Path, scheme: str
) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce").context.new_page()
    sign_in(platform, page)
    page.goto(f"{platform.api}/t/demo/settings")
    expect(page.get_by_text("Default branch")).to_be_visible()
    take(page, folder, "settings", scheme)
    make_person(platform, "Ben Baker", demo="developer")
    page.goto(f"{platform.api}/t/demo/settings/members")
    expect(page.get_by_role("row", name="Ben Baker").first).to_be_visible()
    take(page, folder, "members", scheme)
    page.get_by_role("tab", name="Tokens").click()
    page.get_by_role("form", name="New token").get_by_label("Name").fill(f"laptop-{scheme}")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("group", name="the line for git")).to_be_visible()
    expect(page.get_by_role("row", name=f"laptop-{scheme}")).to_be_visible()
    take(page, folder, "tokens", scheme)
    page.goto(f"{platform.api}/account")
    expect(page.get_by_role("row", name=f"laptop-{scheme}")).to_be_visible()
    take(page, folder, "account", scheme)
    page.goto(f"{platform.api}/t/demo/s/hello")
    page.get_by_role("tab", name="Settings").click()
    page.get_by_label("Replicas").fill("2")
    page.get_by_label("Memory").fill("64Mi")
    expect(page.get_by_role("region", name="Change of service.yaml")).to_be_visible()
    take(page, folder, "service-settings", scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_the_operators_pages(
    platform: StartedPlatform, visit: Callable[..., Visitor], folder: Path, scheme: str
) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce").context.new_page()
    sign_in(platform, page, "operator")
    page.goto(f"{platform.api}/admin")
    form = page.get_by_role("form", name="New tenant")
    form.get_by_label("Name", exact=True).fill(f"acme-{scheme}")
    form.get_by_label("Owner's email address").fill(f"ana.{scheme}@acme.example")
    form.get_by_label("Owner's full name").fill("Ana Owner")
    expect(page.get_by_role("row", name="demo")).to_be_visible()
    take(page, folder, "tenants", scheme)
    form.get_by_role("button", name="Create tenant").click()
    expect(page.get_by_role("heading", name=f"acme-{scheme} is ready")).to_be_visible()
    take(page, folder, "tenant-ready", scheme)
    link = page.get_by_role("group", name="the sign-in link").inner_text()
    page.get_by_role("button", name="Done").click()
    for tab, there in (("Users", "Ana Owner"), ("Roles", "commit"), ("Platform", "controller")):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("row", name=there).first).to_be_visible()
        take(page, folder, tab.lower(), scheme)
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_label("New password")).to_be_visible()
    take(page, folder, "choose-password", scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_the_past(
    platform: StartedPlatform, visit: Callable[..., Visitor], folder: Path, shop: Shop, scheme: str
) -> None:
    broken = push(platform, "shop", SHOP.replace("import logging", "import logging\n\nimport prices"), "Read prices")
    platform.paaks("rollback", "shop", shop.first)
    page = visit(color_scheme=scheme, reduced_motion="reduce").context.new_page()
    sign_in(platform, page)
    page.goto(f"{platform.api}/t/demo/history")
    expect(page.get_by_text("ModuleNotFoundError").first).to_be_visible()
    expect(page.get_by_text("live now").first).to_be_visible()
    take(page, folder, "history", scheme)
    page.goto(f"{platform.api}/t/demo/commit/{broken}")
    expect(page.get_by_role("link", name=re.compile(r"handler\.py.*line 3"))).to_be_visible()
    expect(page.get_by_role("region", name="Changes")).to_contain_text("import prices")
    take(page, folder, "commit-failed", scheme)
    page.get_by_role("button", name="Split").click()
    take(page, folder, "commit-split", scheme)
    page.goto(f"{platform.api}/t/demo/s/shop/files/handler.py@{broken}#L3-L6")
    expect(page.get_by_role("note")).to_be_visible()
    expect(page.locator(".tok-keyword").first).to_be_visible()
    take(page, folder, "file-old", scheme)
    page.goto(f"{platform.api}/t/demo/sync")
    expect(page.get_by_role("table", name="Latest releases")).to_contain_text("Read prices")
    take(page, folder, "sync", scheme)
    page.goto(f"{platform.api}/t/demo/s/shop")
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_role("button", name=re.compile("Roll back to this")).first).to_be_visible()
    expect(page.get_by_role("textbox", name="handler.py")).to_contain_text("PRICES")
    take(page, folder, "workspace-history", scheme)
