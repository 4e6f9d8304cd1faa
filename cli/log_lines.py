"""Lines of a service's log: fetched from the api, and as people read them.

What does not live here: following them (`commands/logs.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.client import Client
from cli.drawing import clean

Line = Mapping[str, Any]


def read_lines(client: Client, service: str, query: Mapping[str, Any]) -> list[str]:
    """The lines of one service, each as JSON."""
    return client.request("GET", client.service(service, "logs"), query=query).text.splitlines()


def format_line(line: Line) -> str:
    """`14:02:40 INFO text`; a line of no known form is its text alone."""
    text = clean(line["text"] + ("" if line.get("complete", True) else " …"))
    moment = (line["at"] or "").partition("T")[2][:8]
    return " ".join(part for part in (moment, line["level"], text) if part) if moment else text
