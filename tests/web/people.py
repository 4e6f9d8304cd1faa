"""Users of the platform for tests of the pages, made over HTTP; their browsers are visitors of the test's own."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from playwright.sync_api import Page
from started_platform import StartedPlatform

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """A user with a password."""

    id: str
    email: str
    name: str


def make_person(platform: StartedPlatform, name: str, **roles: str) -> Person:
    """A new user with roles by slug."""
    email = f"{name.lower().replace(' ', '.')}{next(_numbers)}@example.org"
    with platform.operator() as client:
        answer = client.post("/api/v1/users", json={"email": email, "name": name, "password": PASSWORD, "roles": roles})
    answer.raise_for_status()
    return Person(answer.json()["id"], email, name)


def log_in(platform: StartedPlatform, page: Page, email: str, password: str = PASSWORD) -> None:
    """Through the login page, from wherever it is; to wherever it leads."""
    if not page.url.startswith(f"{platform.api}/login"):
        page.goto(f"{platform.api}/login")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Login").click()
    page.get_by_role("button", name="Logout").wait_for()
