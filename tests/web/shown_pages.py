"""Every page, once: what it is called, where it is, and what is there when it is ready.

A new page is a line of `PAGES`; the accessibility's tests and the pictures then know it. What does not live here: what
is done on a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Locator, Page
from started_platform import StartedPlatform

SHOP = '''import logging

log = logging.getLogger(__name__)
PRICES = {"apple": 0.40, "pear": 0.55}


class Handler:
    """What a basket costs: GET /shop/?apple=3&pear=1"""

    def run(self, req):
        basket = {name: int(count) for name, count in req.args.items()}
        log.info("a basket of %d kinds", len(basket))
        return {"total": round(sum(PRICES[name] * count for name, count in basket.items()), 2)}
'''


@dataclass(frozen=True)
class Shop:
    """A service with something to show: two commits of it."""

    first: str
    second: str


@dataclass(frozen=True)
class ShownPage:
    """`path` may name `{first}` and `{second}`, the commits of the shop; `who` is `demo`, `operator` or nobody ("")."""

    name: str
    path: str
    ready: Callable[[Page], Locator]
    who: str = "demo"
    keys: str = ""

    def open(self, platform: StartedPlatform, page: Page, shop: Shop) -> None:
        """Go there, and wait until it is all there."""
        page.goto(platform.api + self.path.format(first=shop.first, second=shop.second))
        if self.keys:
            page.get_by_role("heading", level=1).wait_for()
            page.keyboard.press(self.keys)
        self.ready(page).first.wait_for()


def _titled(name: str) -> Callable[[Page], Locator]:
    return lambda page: page.get_by_role("heading", level=1, name=name)


def _saying(text: str) -> Callable[[Page], Locator]:
    return lambda page: page.get_by_text(re.compile(text))


def _row(text: str) -> Callable[[Page], Locator]:
    return lambda page: page.get_by_role("row", name=re.compile(text))


def _with_editor(page: Page, role: Literal["table"], name: str) -> Locator:
    """The page once this is there and the editor too, which comes late and takes the focus."""
    editor = page.get_by_role("textbox", name="handler.py")
    return page.get_by_role("main").filter(has=page.get_by_role(role, name=name)).filter(has=editor)


PAGES = (
    ShownPage("login", "/login", lambda page: page.get_by_role("button", name="Login"), who=""),
    ShownPage("services", "/t/demo", _row("shop")),
    ShownPage("workspace", "/t/demo/s/shop", lambda page: page.get_by_role("textbox", name="handler.py")),
    ShownPage("resources", "/t/demo/s/shop?tab=resources", lambda page: _with_editor(page, "table", "Pods")),
    ShownPage("settings", "/t/demo/settings", _titled("Settings")),
    ShownPage("members", "/t/demo/settings/members", _row("demo")),
    ShownPage("tokens", "/t/demo/settings/tokens", _titled("Settings")),
    ShownPage("account", "/account", _titled("Account")),
    ShownPage("tenants", "/admin", _row("demo"), who="operator"),
    ShownPage("users", "/admin/users", _row("you"), who="operator"),
    ShownPage("roles", "/admin/roles", lambda page: page.get_by_role("table"), who="operator"),
    ShownPage("platform", "/admin/platform", _titled("Admin"), who="operator"),
    ShownPage("history", "/t/demo/history", lambda page: page.get_by_role("link", name="Sell apples and pears")),
    ShownPage("commit", "/t/demo/commit/{second}", _saying("Sell apples and pears")),
    ShownPage("compare", "/t/demo/compare/{first}...{second}", _saying("handler.py")),
    ShownPage("file", "/t/demo/s/shop/files/handler.py", _saying("PRICES")),
    ShownPage("sync", "/t/demo/sync", _saying("shop")),
    ShownPage("not-found", "/t/demo/nowhere", _saying("There is nothing here")),
    ShownPage(
        "palette", "/t/demo", lambda page: page.get_by_role("combobox", name=re.compile("^Find")), keys="Control+k"
    ),
    ShownPage("keys", "/t/demo", lambda page: page.get_by_role("heading", name="Keys of this page"), keys="?"),
)


def open_shop(platform: StartedPlatform) -> Shop:
    """Pushed from a terminal, and live."""
    clone = platform.clone()
    first = clone.commit({"shop/handler.py": SHOP.replace("0.40", "0.45"), "shop/service.yaml": ""}, "Open the shop")
    second = clone.commit({"shop/handler.py": SHOP}, "Sell apples and pears")
    clone.push()
    platform.wait_for("shop", second)
    return Shop(first, second)
