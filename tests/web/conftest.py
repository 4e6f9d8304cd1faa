"""What the browser's tests share: one real platform, Debian's Chromium, and a page that somebody is signed in to.

A page that breaks a rule of the policy, throws, or logs an error fails its test. Find things by role and name.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator

import pytest
from chromium import find_program, launch
from playwright.sync_api import Browser, Page, expect, sync_playwright
from shown_pages import Shop, ShownPage, open_shop
from started_platform import StartedPlatform
from visitor import TIMEOUT, Visitor, sign_in

expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="session")
def platform() -> Iterator[StartedPlatform]:
    """A running platform for the session."""
    with contextlib.closing(StartedPlatform("--insecure-single-domain")) as started:
        started.start()
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module: no longer, for a loop of its own runs in this thread until it ends."""
    program = find_program()
    if program is None:
        pytest.skip("no chromium: apt-get install chromium-headless-shell fonts-liberation")
    with sync_playwright() as playwright:
        opened = launch(playwright, program)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def shop(platform: StartedPlatform) -> Shop:
    """A service with something to show."""
    return open_shop(platform)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Browsers of one's own, as many as one likes: `visit(color_scheme="dark")`."""
    visitors = []

    def begin(**options: object) -> Visitor:
        visitors.append(Visitor(browser.new_context(**{"viewport": {"width": 1360, "height": 850}, **options})))  # type: ignore[arg-type]
        return visitors[-1]

    yield begin
    for visitor in visitors:
        visitor.context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


@pytest.fixture
def page(platform: StartedPlatform, visit: Callable[..., Visitor]) -> Page:
    """A page on the services of the demo tenant, signed in."""
    page = visit().context.new_page()
    sign_in(platform, page)
    return page


@pytest.fixture
def show(platform: StartedPlatform, visit: Callable[..., Visitor], shop: Shop) -> Callable[..., Page]:
    """A browser of one's own with one of the pages, as whoever may see it."""

    def begin(shown: ShownPage, **options: object) -> Page:
        page = visit(reduced_motion="reduce", **options).context.new_page()
        if shown.who:
            sign_in(platform, page, shown.who)
        shown.open(platform, page, shop)
        return page

    return begin


@pytest.fixture
def service_name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return f"svc-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]}"
