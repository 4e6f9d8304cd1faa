"""Every verb of `paaks`: its heading and its line in the help, and where it is defined. Imports none of them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import cast

import click


@dataclass(frozen=True)
class Entry:
    """One verb: `target` is `module:attribute` under `cli`."""

    name: str
    heading: str
    summary: str
    target: str
    hidden: bool = False

    def load(self) -> click.Command:
        """Import the command."""
        module, _, attribute = self.target.partition(":")
        return cast(click.Command, getattr(importlib.import_module(f"cli.{module}"), attribute))


RUN, START, WORK, LOOK, PEOPLE, MORE = "Platform", "Start", "Change", "Look", "People", "More"
HEADINGS = (RUN, START, WORK, LOOK, PEOPLE, MORE)

ENTRIES = (Entry("up", RUN, "Run the platform on this machine.", "up:up"),)
_BY_NAME = {entry.name: entry for entry in ENTRIES}


def find(name: str) -> Entry | None:
    """The entry of a verb, or None."""
    return _BY_NAME.get(name)
