"""`tokens`: personal access tokens for scripts and other machines."""

from __future__ import annotations

import click

from cli.client import API
from cli.failure import Exit
from cli.options import SPAN, Connection, connected, styled
from cli.output import Column, Style, age_column, print_item, print_list

COLUMNS = (
    Column("ID", lambda item: item["id"]),
    Column("TENANT", lambda item: item["tenant"]),
    Column("SCOPES", lambda item: ",".join(item["scopes"])),
    *age_column("createdAt"),
    *age_column("lastUsedAt", "USED"),
    Column("EXPIRES", lambda item: item["expiresAt"]),
    Column("NAME", lambda item: item["name"], free=True),
)
_SCOPES = ("read", "write", "invoke", "admin")


@click.group()
def tokens() -> None:
    """Personal access tokens."""


@tokens.command("list")
@connected
@styled
def list_command(connection: Connection, style: Style) -> None:
    """Your own tokens."""
    with connection.open() as client:
        print_list(client.read("GET", f"{API}/tokens"), COLUMNS, style, name="id", empty="There are no tokens.")


@tokens.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(_SCOPES), help="Again for more; all without it.")
@click.option("--expires-in", type=SPAN, metavar="TIME", help="720h; never without it.")
@connected
@styled
def create(connection: Connection, style: Style, name: str, scopes: tuple[str, ...], expires_in: float | None) -> None:
    """Make one for the tenant; it is shown this once."""
    with connection.open() as client:
        body: dict[str, object] = {"name": name, "tenant": client.target.slug}
        body |= {"scopes": list(scopes)} if scopes else {}
        body |= {"expiresIn": round(expires_in)} if expires_in else {}
        made = client.read("POST", f"{API}/tokens", body=body)
    print_item(made, style, lambda: [made["token"]], name="id")


@tokens.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@connected
def revoke(connection: Connection, ids: tuple[str, ...]) -> int:
    """End tokens; they are refused everywhere within 5 s."""
    with connection.open() as client:
        for identity in ids:
            client.request("DELETE", f"{API}/tokens/{identity}")
            print(f"token/{identity} revoked")
    return Exit.DONE
