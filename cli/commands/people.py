"""`tenants` and `users`: who there is on the platform. Making them is the operator's."""

from __future__ import annotations

import click

from cli.client import API
from cli.failure import Exit
from cli.options import Connection, connected, styled
from cli.output import Column, Style, age_column, print_item, print_list

TENANT_COLUMNS = (
    Column("TENANT", lambda item: item["slug"]),
    Column("ROLE", lambda item: item["role"]),
    *age_column("createdAt"),
    Column("ID", lambda item: item["id"], wide=True),
    Column("CLONE-URL", lambda item: item["cloneUrl"]),
)
USER_COLUMNS = (
    Column("EMAIL", lambda item: item["email"]),
    Column("ROLES", lambda item: ",".join(f"{slug}={role}" for slug, role in sorted(item["roles"].items()))),
    Column("OPERATOR", lambda item: "yes" if item["operator"] else "no"),
    Column("STATE", lambda item: "disabled" if item["disabled"] else "enabled"),
    *age_column("createdAt"),
    Column("ID", lambda item: item["id"], wide=True),
    Column("NAME", lambda item: item["name"], free=True),
)
_ROLES = ("viewer", "developer", "admin")


@click.group()
def tenants() -> None:
    """Tenants: each has one repository, and its own services."""


@tenants.command("list")
@connected
@styled
def list_tenants(connection: Connection, style: Style) -> None:
    """Those that you may know of; an operator sees all."""
    with connection.open_operator() as client:
        answer = client.read("GET", f"{API}/tenants")
    print_list(answer, TENANT_COLUMNS, style, name="slug", empty="There are no tenants.")


@tenants.command("create")
@click.argument("slug")
@click.option("--owner", metavar="EMAIL", help="A user who becomes its admin.")
@connected
@styled
def create_tenant(connection: Connection, style: Style, slug: str, owner: str | None) -> None:
    """Make one, with the template's repository."""
    with connection.open_operator() as client:
        made = client.read("POST", f"{API}/tenants", body={"slug": slug} | ({"owner": owner} if owner else {}))
    lines = [f"tenant/{slug} created   {made['cloneUrl']}", f"next: paaks users create EMAIL --role {slug}=admin"]
    print_item(made, style, lambda: lines, name="slug")


@click.group()
def users() -> None:
    """Users, and their roles in tenants."""


@users.command("list")
@connected
@styled
def list_users(connection: Connection, style: Style) -> None:
    """All users of the platform."""
    with connection.open_operator() as client:
        answer = client.read("GET", f"{API}/users")
    print_list(answer, USER_COLUMNS, style, name="email", empty="There are no users.")


@users.command("create")
@click.argument("email")
@click.option("--name", metavar="TEXT", help="What they are called; the address without it.")
@click.option(
    "--role", "roles", multiple=True, metavar="TENANT=ROLE", help="viewer, developer or admin; again for more."
)
@click.option("--operator", is_flag=True, help="May make tenants and users.")
@connected
@styled
def create_user(
    connection: Connection, style: Style, email: str, name: str | None, roles: tuple[str, ...], operator: bool
) -> int:
    """Make one; the password is made up and shown this once."""
    body = {"email": email, "name": name or email, "operator": operator, "roles": dict(map(_split_role, roles))}
    with connection.open_operator() as client:
        made = client.read("POST", f"{API}/users", body=body)
        server = client.target.server
    lines = [f"user/{email} created", f"password {made.get('password', '-')}", f"next: paaks login {server}"]
    print_item(made, style, lambda: lines, name="email")
    return Exit.DONE


def _split_role(text: str) -> tuple[str, str]:
    slug, _, role = text.partition("=")
    if not slug or role not in _ROLES:
        raise click.UsageError(f"--role {text!r}: say TENANT=ROLE, with a role of {', '.join(_ROLES)}")
    return slug, role
