"""`services`: list and describe what there is, create and delete, each a commit; and `new`, which does it in a clone.

What does not live here: how one is doing (`status.py`), its files (`files.py`).
"""

from __future__ import annotations

import click

from cli import progress, scaffold
from cli.client import Client
from cli.completions import complete_services
from cli.failure import Exit
from cli.options import Connection, connected, styled, waiting
from cli.output import Column, Style, age_column, print_item, print_list, short
from cli.service_lines import describe_lines, describe_ready

READY = {"ready": "true"}  # asks the server to count pods
COLUMNS = (
    Column("NAME", lambda item: item["name"]),
    Column("STATUS", lambda item: item["status"]["state"]),
    Column("READY", describe_ready),
    Column("LIVE", lambda item: short((item.get("live") or {}).get("commit"))),
    Column("COMMIT", lambda item: short(item["commit"])),
    *age_column("at"),
    Column("AUTHOR", lambda item: item["author"]["email"], wide=True),
    Column("URL", lambda item: item["url"], wide=True),
    Column("MESSAGE", lambda item: item["status"]["sentence"] or item["subject"], free=True),
)
EMPTY = "No services yet. Make one: paaks services create NAME"


@click.group(invoke_without_command=True)
@connected
@styled
@click.option("--status", "state", metavar="STATE", help="Only those that are live, failed, pending, held…")
@click.pass_context
def services(ctx: click.Context, connection: Connection, style: Style, state: str | None) -> None:
    """The services of a tenant."""
    if ctx.invoked_subcommand is None:
        with connection.open() as client:
            list_services(client, style, state)


@services.command("list")
@connected
@styled
@click.option("--status", "state", metavar="STATE", help="Only those that are live, failed, pending, held…")
def list_command(connection: Connection, style: Style, state: str | None) -> None:
    """List them."""
    with connection.open() as client:
        list_services(client, style, state)


def list_services(client: Client, style: Style, state: str | None = None) -> None:
    """Print the services of the client's tenant."""
    answer = client.read("GET", f"{client.tenant}/services", query=READY)
    if state is not None:
        answer = {**answer, "items": [item for item in answer["items"] if item["status"]["state"] == state]}
    print_list(answer, COLUMNS, style, name="name", empty=EMPTY if state is None else f"None is {state}.")


@services.command()
@click.argument("name", shell_complete=complete_services)
@connected
@styled
def describe(connection: Connection, style: Style, name: str) -> None:
    """Everything about one: where, who, since when, and its last five releases."""
    with connection.open() as client:
        service = client.read("GET", client.service(name), query=READY)
        releases = client.read("GET", f"{client.tenant}/releases", query={"service": name, "limit": 5})["items"]
    print_item(service, style, lambda: describe_lines(service, releases), name="name")


@services.command()
@click.argument("name")
@click.option("--template", type=click.Choice(["blank", "api"]), default="blank", show_default=True)
@waiting("it is live")
@connected
def create(connection: Connection, name: str, template: str, timeout: float | None) -> int:
    """Make one, as a commit, and wait until it is live."""
    with connection.open() as client:
        answer = client.read("POST", f"{client.tenant}/services", body={"name": name, "template": template})
        print(f"service/{name} created   {short(answer['commit']['sha'])}")
        return finish(client, answer["releases"], timeout)


@services.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_services)
@waiting("it is gone")
@connected
def delete(connection: Connection, names: tuple[str, ...], timeout: float | None) -> int:
    """Delete services, each as a commit; the history keeps them."""
    code = Exit.DONE
    with connection.open() as client:
        for name in names:
            before = client.read("GET", client.service(name))["commit"]
            answer = client.read("DELETE", client.service(name))
            print(f"service/{name} deleted   {short(answer['commit']['sha'])}")
            code = max(code, finish(client, answer["releases"], timeout))
            print(f"undo: paaks rollback {name} {short(before)}")
    return code


def finish(client: Client, releases: list[progress.Release], timeout: float | None) -> Exit:
    """Wait for the releases of a change and say how they ended, unless `timeout` is None; the exit code."""
    if timeout is None or not releases:
        return Exit.DONE
    ended = progress.follow(client, releases, timeout)
    for release in ended:
        for line in progress.end_lines(release):
            print(line)
    return progress.judge(ended)


@click.command()
@click.argument("name")
@click.option("--template", type=click.Choice(["blank", "api"]), default="blank", show_default=True)
@connected
def new(connection: Connection, name: str, template: str) -> int:
    """Begin a service: in a clone as files to be edited, elsewhere as a commit."""
    place = scaffold.find_place()
    if place is not None:
        for path in scaffold.write(place, name, template):
            print(path)
        print(f"next: edit {name}/handler.py, then: paaks deploy {name}")
        return Exit.DONE
    with connection.open() as client:
        answer = client.read("POST", f"{client.tenant}/services", body={"name": name, "template": template})
        print(f"service/{name} created   {short(answer['commit']['sha'])}")
        return finish(client, answer["releases"], 60.0)
