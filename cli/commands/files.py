"""`files`: the files of services without a clone; each change is a commit, and never over a newer one."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from cli.client import Client
from cli.commands.services import finish
from cli.completions import complete_places
from cli.drawing import clean
from cli.failure import Exit, Failure
from cli.options import Connection, Function, connected, styled, waiting
from cli.output import Column, Style, print_list, short
from core import paths

COLUMNS = (
    Column("MODE", lambda item: item["mode"]),
    Column("SIZE", lambda item: item["size"]),
    Column("BLOB", lambda item: item["sha"], wide=True),
    Column("PATH", lambda item: item["path"], free=True),
)


def changing(function: Function) -> Function:
    """The options of what changes a file: it makes a commit, with a message, and waits for it."""
    message = click.option("-m", "--message", metavar="TEXT", help="The commit's message.")
    return message(waiting("it is live")(connected(function)))


@click.group()
def files() -> None:
    """The files of services, without a clone."""


@files.command("ls")
@click.argument("place", metavar="SERVICE[/DIRECTORY]", shell_complete=complete_places)
@click.option("--ref", metavar="COMMIT", help="At a branch, a tag or a commit.")
@connected
@styled
def list_files(connection: Connection, style: Style, place: str, ref: str | None) -> None:
    """List them."""
    service, _, below = place.partition("/")
    with connection.open() as client:
        answer = client.read("GET", client.service(service, "files"), query={"ref": ref})
    prefix = below.rstrip("/") + "/" if below else ""
    answer = {**answer, "items": [item for item in answer["items"] if item["path"].startswith(prefix)]}
    print_list(answer, COLUMNS, style, name="path", empty="There are no files.")


@files.command()
@click.argument("place", metavar="SERVICE/PATH", shell_complete=complete_places)
@click.option("--ref", metavar="COMMIT", help="At a branch, a tag or a commit.")
@connected
def cat(connection: Connection, place: str, ref: str | None) -> None:
    """A file's bytes, on standard output."""
    with connection.open() as client:
        data = client.request("GET", address(client, place), query={"ref": ref}).content
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@files.command()
@click.argument("place", metavar="SERVICE/PATH", shell_complete=complete_places)
@click.argument("source", default="-", type=click.File("rb"), metavar="[FILE|-]")
@changing
def put(connection: Connection, place: str, source: Any, message: str | None, timeout: float | None) -> int:
    """Write a file from FILE or standard input."""
    data = source.read()
    with connection.open() as client:
        answer = write_file(client, place, data, find_tag(client, place), message)
        return _report(client, answer, timeout)


@files.command()
@click.argument("place", metavar="SERVICE/PATH", shell_complete=complete_places)
@changing
def rm(connection: Connection, place: str, message: str | None, timeout: float | None) -> int:
    """Delete a file."""
    with connection.open() as client:
        tag = client.request("GET", address(client, place)).headers["ETag"]
        query = {"message": message}
        answer = client.read("DELETE", address(client, place), headers={"If-Match": tag}, query=query)
        return _report(client, answer, timeout)


@files.command()
@click.argument("place", metavar="SERVICE/PATH", shell_complete=complete_places)
@changing
def edit(connection: Connection, place: str, message: str | None, timeout: float | None) -> int:
    """Open a file in $EDITOR, and commit what was saved."""
    with connection.open() as client:
        found = client.request("GET", address(client, place))
        try:
            text = found.content.decode()
        except UnicodeDecodeError:
            raise Failure(f"{place} is not text", hint=f"paaks files cat {place} > FILE") from None
        edited = click.edit(text, extension=Path(place).suffix or ".txt")
        if edited is None or edited == text:
            print("Nothing has changed.")
            return Exit.DONE
        try:
            answer = write_file(client, place, edited.encode(), found.headers["ETag"], message)
        except Failure as failure:
            failure.hint = f"your text is in {_keep(edited, place)}"
            raise
        return _report(client, answer, timeout)


def _keep(text: str, place: str) -> str:
    """What was typed is not lost when it could not be saved."""
    with tempfile.NamedTemporaryFile("w", prefix="paaks-", suffix=Path(place).suffix, delete=False) as file:
        file.write(text)
    return file.name


def address(client: Client, place: str) -> str:
    """Where a file is, from `SERVICE/PATH`. Raises Failure."""
    service, _, path = place.partition("/")
    if not service or not path:
        raise Failure(f"{place!r} names no file", hint="SERVICE/PATH, as in hello/handler.py", code=Exit.USAGE)
    problem = paths.path_problem(path)  # here, for what travels in an address is normalised on its way
    if problem is not None:
        raise Failure(f"{place!r} cannot be the path of a file", problem.detail, hint=problem.hint, code=Exit.REFUSED)
    return client.service(service, "files") + "/" + "/".join(quote(part, safe="") for part in path.split("/"))


def find_tag(client: Client, place: str) -> str | None:
    """The ETag of a file as it is now; None where there is none yet."""
    try:
        return str(client.request("GET", address(client, place)).headers["ETag"])
    except Failure as failure:
        if failure.code is not Exit.NOT_FOUND:
            raise
        client.read("GET", client.service(place.partition("/")[0]))  # the service itself must be there
        return None


def write_file(client: Client, place: str, data: bytes, tag: str | None, message: str | None) -> dict[str, Any]:
    """Write a file over the version that `tag` names, or make it. Raises Failure (5) where somebody was faster."""
    condition = {"If-Match": tag} if tag is not None else {"If-None-Match": "*"}
    return client.read("PUT", address(client, place), content=data, headers=condition, query={"message": message})


def _report(client: Client, answer: dict[str, Any], timeout: float | None) -> int:
    commit, release = answer["commit"], answer["release"]
    print(f"commit   {short(commit['sha'])}  {clean(commit['subject'])}")
    return finish(client, [release] if release else [], timeout)
