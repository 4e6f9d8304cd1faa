"""`history` and `rollback`: the releases there were, and going back to one as a new commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from cli import commit_names
from cli.client import Client
from cli.commands.services import finish
from cli.completions import complete_services
from cli.drawing import clean
from cli.failure import Exit, Failure
from cli.options import Connection, connected, styled, waiting
from cli.output import Column, Style, age_column, describe_ms, print_list, short
from cli.service_lines import describe_stages

COLUMNS = (
    Column("COMMIT", lambda item: short(item["commit"])),
    Column("SERVICE", lambda item: item["service"]),
    Column("STATE", lambda item: item["state"]),
    Column("VIA", lambda item: item["via"]),
    Column("LIVE-IN", lambda item: describe_ms(item.get("liveMs"))),
    *age_column("createdAt"),
    Column("AUTHOR", lambda item: item["actor"]),
    Column("STAGES", lambda item: describe_stages(item).replace("  ", ",").replace(" ", "="), wide=True),
    Column("SUBJECT", lambda item: item["subject"], free=True),
)
_LOOK_BACK = 1000


@click.command()
@click.argument("service", required=False, shell_complete=complete_services)
@click.option("--limit", type=click.IntRange(1, 10_000), default=30, show_default=True)
@click.option("--failed", is_flag=True, help="Only those that failed, whatever came after them.")
@click.option("--author", metavar="TEXT", help="Only those of somebody whose address has this in it.")
@connected
@styled
def history(
    connection: Connection, style: Style, service: str | None, limit: int, failed: bool, author: str | None
) -> None:
    """The releases of a tenant or of one service, the newest first."""
    chosen = failed or author is not None
    with connection.open() as client:
        path, query = f"{client.tenant}/releases", {"service": service}
        answer = client.read_pages(path, _LOOK_BACK if chosen else limit, query)
    if chosen:
        kept = [item for item in answer["items"] if _matches(item, failed, author)]
        answer = {"items": kept[:limit], "next": None}
    print_list(answer, COLUMNS, style, name="id", empty="There is no release like that.")


def _matches(item: Mapping[str, Any], failed: bool, author: str | None) -> bool:
    return (not failed or _has_failed(item)) and (author is None or author.lower() in item["actor"].lower())


def _has_failed(item: Mapping[str, Any]) -> bool:
    """Also before another one took its place: it keeps the reason (as `core.releases.Release.has_failed` judges)."""
    state, reason = item["state"], item["reason"]
    return state == "failed" or (state == "superseded" and reason not in (None, "PruneHeld"))


@click.command()
@click.argument("service", shell_complete=complete_services)
@click.argument("commit", required=False)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@waiting("it is live")
@connected
def rollback(connection: Connection, service: str, commit: str | None, dry_run: bool, timeout: float | None) -> int:
    """Go back to an earlier revision, as a new commit: to COMMIT, or to what was live before."""
    with connection.open() as client:
        target = commit_names.resolve(client, commit, service) if commit else None
        if dry_run:
            return show_difference(client, service, target or find_earlier(client, service))
        before = _find_live(client, service)
        answer = client.read("POST", client.service(service, "rollback"), body={"to": target} if target else {})
        landed, release = answer["commit"], answer["release"]
        print(f"rollback {service}  {short(landed['sha'])}  {clean(landed['subject'])}")
        code = finish(client, [release] if release else [], timeout)
    if before and before != landed["sha"]:
        print(f"undo: paaks rollback {service} {short(before)}")
    return code


def _find_live(client: Client, service: str) -> str | None:
    """The commit that is live now; None where nothing is, or the service is gone from main."""
    try:
        live = client.read("GET", client.service(service))["live"]
    except Failure as failure:
        if failure.code is not Exit.NOT_FOUND:
            raise
        return None
    return str(live["commit"]) if live else None


def find_earlier(client: Client, service: str) -> str:
    """The commit whose revision was live before the present one. Raises Failure where there is none."""
    now = client.read("GET", client.service(service))["tree"]
    for release in client.read_pages(f"{client.tenant}/releases", _LOOK_BACK, {"service": service})["items"]:
        if "live" in release["stages"] and release["tree"] != now:
            return str(release["commit"])
    raise Failure(f"{service} has no earlier revision that was live", code=Exit.NOT_FOUND)


def show_difference(client: Client, service: str, target: str) -> int:
    """Print what a service would be changed by, from main as it is to a commit."""
    path = client.read("GET", client.service(service))["path"]
    found = client.read("GET", f"{client.tenant}/compare/main...{target}")
    for file in found["files"]:
        names = (file["path"], file["oldPath"])
        if not path or any(name.startswith(path + "/") for name in names):
            print("\n".join(clean(line) for line in (file["patch"] or "").splitlines()))
    return Exit.DONE
