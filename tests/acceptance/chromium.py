"""Debian's Chromium, for the browser's tests and for the benchmark of a save."""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import Browser, Playwright

_NAMES = ("chromium-headless-shell", "chromium")


def find_program() -> str | None:
    """Where it is installed, if it is."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright, program: str) -> Browser:
    """Start it; whoever is root has no sandbox."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=program, args=sandbox)
