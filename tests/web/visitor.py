"""Somebody with a browser, and what they do on many pages."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page
from started_platform import StartedPlatform

TIMEOUT = 20_000  # milliseconds: the machine may have much to do


class Visitor:
    """A browser of one's own, with its cookies; `complaints` is what its pages have complained of."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints: list[str] = []
        context.set_default_timeout(TIMEOUT)
        context.on("page", self._listen)

    def open(self, address: str) -> Page:
        """A new tab."""
        page = self.context.new_page()
        page.goto(address)
        return page

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)
        page.on("dialog", self._refuse)

    def _refuse(self, dialog: Dialog) -> None:
        # No page of ours opens one: a script of somebody else's ran.
        self.complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _note(self, message: ConsoleMessage) -> None:
        # What the network refused is the pages' to handle, and asserted where it matters.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


def sign_in(platform: StartedPlatform, page: Page, who: str = "demo") -> None:
    """Through the login page, as a person does it; who: `demo` or `operator`."""
    page.goto(f"{platform.api}/login")
    page.get_by_label("Email address").fill(platform.login[who]["email"])
    page.get_by_label("Password").fill(platform.login[who]["password"])
    page.get_by_role("button", name="Login").click()
    page.wait_for_url("**/t/**")


def replace_text(page: Page, text: str) -> None:
    """A new text in place of all that is in the editor that has the focus."""
    page.keyboard.press("Control+a")
    # By a key first: for a text in place of a selection, Chromium itself writes styles, which the policy refuses.
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def create_service(page: Page, name: str) -> None:
    """From the list of services into the new one's workspace."""
    page.get_by_label("Create new service:").fill(name)
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="handler.py").wait_for()
