"""A person at the web: from the key that saves until the page says that it is live, in Debian's Chromium.

What does not live here: what the page has to do (`tests/web`).
"""

from __future__ import annotations

from chromium import find_program, launch
from playwright.sync_api import Page, sync_playwright
from started_platform import StartedPlatform

_SECONDS = 30.0
# The page's own clock, from the key to the change of the page: nothing of the driver's is in it.
_WATCH = """() => {
  const strip = document.querySelector('section[aria-label="Deployment"]');
  const commit = () => strip.querySelector('code').textContent;
  const before = commit();
  window.saved = new Promise((resolve) => {
    let began;
    const look = () => {
      if (began === undefined || commit() === before) return;
      if (!strip.querySelector('[role="status"]').textContent.startsWith('live')) return;
      observer.disconnect();
      resolve(performance.now() - began);
    };
    const observer = new MutationObserver(look);
    observer.observe(strip, { subtree: true, childList: true, characterData: true });
    addEventListener('keydown', (event) => { if (event.key === 's') began = performance.now(); }, { capture: true });
  });
}"""


def measure_saves(platform: StartedPlatform, service: str, rounds: int) -> list[float]:
    """Milliseconds of each save, after one that does not count; none where there is no browser."""
    program = find_program()
    if program is None:
        return []
    with sync_playwright() as playwright:
        browser = launch(playwright, program)
        page = browser.new_page()
        page.set_default_timeout(_SECONDS * 1000)
        _open_workspace(platform, page, service)
        took = [_save(page, number) for number in range(rounds + 1)]
        browser.close()
    return took[1:]


def _open_workspace(platform: StartedPlatform, page: Page, service: str) -> None:
    person = platform.login["demo"]
    page.goto(f"{platform.api}/login")
    page.get_by_label("Email").fill(person["email"])
    page.get_by_label("Password", exact=True).fill(person["password"])
    page.get_by_role("button", name="Login", exact=True).click()
    page.get_by_role("link", name=service, exact=True).click()
    page.get_by_role("textbox", name="handler.py").wait_for()


def _save(page: Page, number: int) -> float:
    page.get_by_role("textbox", name="handler.py").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(f"class Handler:\n    def run(self, req):\n        return {{'browser': {number}}}\n")
    page.get_by_text("1 unsaved").wait_for()
    page.evaluate(_WATCH)
    page.keyboard.press("Control+s")
    milliseconds: float = page.evaluate("() => window.saved")
    return milliseconds
