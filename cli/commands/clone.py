"""`clone`: a tenant's repository, ready for `git push`: the credential helper, and a name where git has none.

What does not live here: answering git's question for a credential (`cli/git_credential.py`).
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.client import API
from cli.completions import complete_tenants
from cli.failure import Exit, Failure
from cli.git_credential import helper_command
from cli.options import Connection, connected
from cli.target import Target, Wish
from core import names

if TYPE_CHECKING:
    import git

_NO_PROMPT = {"GIT_TERMINAL_PROMPT": "0"}


@click.command()
@click.argument("tenant_name", metavar="[TENANT]", required=False, shell_complete=complete_tenants)
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@connected
def clone(connection: Connection, tenant_name: str | None, directory: Path | None) -> None:
    """Clone a tenant's repository; `git push` there deploys."""
    wish = connection.wish
    connection = Connection(Wish(wish.server, tenant_name or wish.tenant, wish.context), connection.debug)
    with connection.open() as client:
        client.read("GET", client.tenant)  # says better than git what is wrong
        user = client.read("GET", f"{API}/session")["user"]
        target = client.target
    place = directory or Path(target.slug)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise Failure(
            f"{place} is there already", hint=f"paaks clone {target.slug} OTHER-DIRECTORY", code=Exit.CONFLICT
        )
    with _clone(target, place) as repository:
        introduce(repository, user["name"], user["email"])
    print(f"Cloned {target.slug} into {place}")
    print(f"next: cd {shlex.quote(str(place))}; after a change: git commit -am MESSAGE && git push")


def _clone(target: Target, place: Path) -> git.Repo:
    import git  # 0.2 s

    settings = [
        f"--config={name}={value}"
        for name, value in (
            # The empty one first: git forgets the helpers that it has from elsewhere.
            (f"credential.{target.server}.helper", ""),
            (f"credential.{target.server}.helper", helper_command()),
            (f"credential.{target.server}.useHttpPath", "true"),
            ("paaks.server", target.server),
            ("paaks.tenant", target.slug),
        )
    ]
    url = names.clone_url(target.server, target.slug)
    try:
        return git.Repo.clone_from(
            url, place, env=_NO_PROMPT, multi_options=[shlex.quote(s) for s in settings], allow_unsafe_options=True
        )
    except git.GitCommandError as error:
        raise Failure(f"git could not clone {url}", str(error.stderr).strip()) from None


def introduce(repository: git.Repo, name: str, email: str) -> None:
    """Give git a name and an address for this repository, where it has none at all."""
    import git

    for key, value in (("user.name", name or email), ("user.email", email)):
        try:
            repository.git.config("--get", key)
        except git.GitCommandError:
            repository.git.config("--local", key, value)
