"""`status`: how services are doing, now, as it changes (`-w`), or once they are as one wants them (`--for`)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import click

from cli import progress
from cli.client import Broken, Client
from cli.commands.services import COLUMNS, READY, list_services
from cli.completions import complete_services
from cli.failure import Exit, Failure
from cli.options import Connection, connected, styled, timed
from cli.output import Style, print_item, table_lines, write_line
from cli.service_lines import status_lines

_WATCH_SECONDS = 3600.0
Shown = Mapping[str, Any]


@click.command()
@click.argument("service", required=False, shell_complete=complete_services)
@click.option("--for", "wanted", type=click.Choice(["live", "synced"]), help="Wait until it is; 7 where it cannot.")
@timed(120.0, "How long to wait, with --for.")
@click.option("-w", "--watch", is_flag=True, help="Go on: a line for each change.")
@connected
@styled
def status(
    connection: Connection, style: Style, service: str | None, wanted: str | None, timeout: float, watch: bool
) -> int:
    """How the services are doing, or one of them."""
    with connection.open() as client:
        if wanted is not None:
            return wait(client, service, timeout) if wanted == "live" else wait_synced(client, service, timeout)
        if watch:
            keep_watching(client, service, style)
        elif service is None:
            list_services(client, style)
        else:
            shown = client.read("GET", client.service(service))
            print_item(shown, style, lambda: status_lines(shown), name="name")
    return Exit.DONE


def wait(client: Client, service: str | None, timeout: float) -> int:
    """Wait until what is at the head of main is live; 0, 7 where something failed."""
    found = read_services(client, service)
    begun = [_release_of(shown) for shown in found if shown["status"]["state"] != "live"]
    ended = progress.follow(client, begun, timeout) if begun else []
    for release in ended:
        for line in progress.end_lines(release):
            print(line)
    if not begun:
        print("live" if len(found) == 1 else f"all {len(found)} are live")
    return progress.judge(ended)


def wait_synced(client: Client, service: str | None, timeout: float) -> int:
    """Wait until the cluster holds what is at the head of main, whether or not it runs; 0, 7 where it does not."""
    asked = [_release_of(shown) for shown in read_services(client, service) if shown["status"]["state"] != "live"]
    ended = progress.follow(client, asked, timeout, quiet=True, is_done=progress.is_synced) if asked else []
    stuck = [
        release for release in ended if release["state"] in ("held", "failed") and "apply" not in release["stages"]
    ]
    for release in stuck:
        print("\n".join(progress.end_lines(release)))
    if not stuck:
        print("synced")
    return Exit.NOT_LIVE if stuck else Exit.DONE


def _release_of(shown: Shown) -> Shown:
    """The release of a service's tip; one that the server knows nothing of yet is on its way."""
    release: Shown | None = shown.get("release")
    if release is not None:
        return release
    service, commit = shown["name"], shown["commit"]
    return {"id": f"{service}@{commit}", "service": service, "commit": commit, "state": "pending", "stages": {}}


def read_services(client: Client, service: str | None) -> list[Shown]:
    """One service, or all."""
    if service is not None:
        return [client.read("GET", client.service(service), query=READY)]
    return list(client.read("GET", f"{client.tenant}/services", query=READY)["items"])


def keep_watching(client: Client, service: str | None, style: Style) -> None:
    """The table, then a row for each service that changes, until Ctrl-C."""
    seen: dict[str, Shown] = {}
    headings = style.headings
    last_id: str | None = None
    while True:
        give_up = time.monotonic() + _WATCH_SECONDS
        with contextlib.suppress(Broken), progress.open_events(client, last_id, give_up, topics="") as events:
            while True:
                changed = [
                    item for item in _read_known(client, service, seen) if _differs(seen.get(item["name"]), item)
                ]
                seen.update({item["name"]: item for item in changed})
                _print_rows(changed, Style(style.format, headings))
                headings = headings and not changed
                event = next(events, None)
                if event is None:
                    break
                last_id = event[0]
        time.sleep(0.2)  # a server that ends its streams at once is not to be asked without pause


def _read_known(client: Client, service: str | None, seen: Mapping[str, Shown]) -> list[Shown]:
    """What there is; a service that has gone while we looked is told as removed."""
    try:
        found = read_services(client, service)
    except Failure as failure:
        if failure.code is not Exit.NOT_FOUND or not seen:
            raise
        found = []
    there = {item["name"] for item in found}
    gone = {"state": "removed", "reason": None, "sentence": None, "message": None}
    nothing = {"status": gone, "live": None, "ready": None}
    return found + [{**item, **nothing} for name, item in seen.items() if name not in there]


def _differs(before: Shown | None, now: Shown) -> bool:
    if before is None:
        return True
    return any(before.get(member) != now.get(member) for member in ("status", "commit", "live", "url"))


def _print_rows(items: list[Shown], style: Style) -> None:
    if style.is_table:
        for line in table_lines(items, COLUMNS, style) if items else ():
            print(line, flush=True)
    else:
        for item in items:
            print(item["name"] if style.format == "name" else write_line(item), flush=True)
