"""`logs`: what services have said and are saying, in order of time, several of them side by side."""

from __future__ import annotations

import contextlib
import json
import queue
import sys
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import click

from cli.client import Broken, Client
from cli.commands.status import read_services
from cli.completions import complete_services
from cli.drawing import uses_colour
from cli.failure import Failure
from cli.log_lines import Line, format_line, read_lines
from cli.options import Connection, connected

_COLOURS = (32, 33, 34, 35, 36, 92, 93, 94, 95, 96)
_AGAIN_SECONDS = 0.5
_FOREVER = 3600.0 * 24


@click.command()
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@click.option("-p", "--previous", is_flag=True, help="Of the processes before the running ones.")
@click.option("--tail", type=click.IntRange(0, 10_000), default=500, show_default=True, help="The last lines.")
@click.option("--since", metavar="TIME", help="10m, 2h, or an RFC 3339 time.")
@click.option("--level", metavar="LEVEL", help="Only these, separated by commas.")
@click.option("--grep", metavar="TEXT", help="Only lines that have this in them.")
@click.option("--request-id", metavar="ID", help="Only those of one request.")
@click.option("-o", "--output", type=click.Choice(["table", "jsonl"]), default="table", help="Format.")
@click.option("--no-prefix", is_flag=True, help="No name of the service before each line.")
@connected
def logs(
    connection: Connection,
    services: tuple[str, ...],
    follow: bool,
    previous: bool,
    tail: int,
    since: str | None,
    level: str | None,
    grep: str | None,
    request_id: str | None,
    output: str,
    no_prefix: bool,
) -> None:
    """What services log: of those that are named, or of all."""
    query = {"tail": tail, "since": since, "level": level, "q": grep, "requestId": request_id}
    query["previous"] = "true" if previous else None
    with connection.open() as client:
        chosen = services or tuple(shown["name"] for shown in read_services(client, None))
        printer = Printer(output == "jsonl", prefixed=len(chosen) > 1 and not no_prefix)
        if follow:
            _follow_all(connection, chosen, query, printer)
            return
        said = [(name, json.loads(line)) for name in chosen for line in read_lines(client, name, query)]
    said.sort(key=lambda entry: entry[1]["at"] or "") if len(chosen) > 1 else None
    for name, line in said[-tail:] if tail else ():
        printer.show(name, line)


class Printer:
    """Prints lines: as JSON with the service's name, or for people, with a colour for each service."""

    def __init__(self, as_json: bool, *, prefixed: bool) -> None:
        self._as_json = as_json
        self._prefixed = prefixed
        self._coloured = uses_colour(sys.stdout)

    def show(self, service: str, line: Line) -> None:
        """Print one line."""
        if self._as_json:
            print(json.dumps({"service": service, **line}, separators=(",", ":"), ensure_ascii=False), flush=True)
            return
        prefix = f"{self._paint(service)} " if self._prefixed else ""
        print(prefix + format_line(line), flush=True)

    def _paint(self, service: str) -> str:
        if not self._coloured:
            return service
        return f"\033[{_COLOURS[zlib.crc32(service.encode()) % len(_COLOURS)]}m{service}\033[0m"


def _follow_all(connection: Connection, services: tuple[str, ...], query: Mapping[str, Any], printer: Printer) -> None:
    """All at once: a thread for each, which reads into one queue; it ends with the process."""
    lines: queue.SimpleQueue[tuple[str, Line] | Failure] = queue.SimpleQueue()
    for name in services:
        threading.Thread(target=_follow_into, args=(lines, connection, name, query), daemon=True).start()
    for _ in iter(int, 1):
        found = lines.get()
        if isinstance(found, Failure):
            raise found
        printer.show(*found)


def _follow_into(
    lines: queue.SimpleQueue[tuple[str, Line] | Failure], connection: Connection, name: str, query: Mapping[str, Any]
) -> None:
    try:
        with connection.open() as client:
            for line in _follow(client, name, query):
                lines.put((name, line))
    except Failure as failure:
        lines.put(failure)


def _follow(client: Client, name: str, query: Mapping[str, Any]) -> Iterator[Line]:
    """Lines without end; where the stream breaks, from the next line on."""
    path = client.service(name, "logs")
    asked = {**query, "follow": "true"}
    while True:
        with contextlib.suppress(Broken), client.stream(path, query=asked, silence=_FOREVER) as lines:
            for line in lines:
                if line:
                    yield json.loads(line)
        asked["tail"], asked["since"] = 0, None
        time.sleep(_AGAIN_SECONDS)
