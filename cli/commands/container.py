"""`prepare` and `database`: what containers of the pod `control` run. `paaks up` does the same in its own way.

What does not live here: which container runs which, and when (`manifests/`).
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from cli import database as embedded
from cli.data_directory import DataDirectory

_data = click.option(
    "--data", type=click.Path(path_type=Path), envvar="PAAKS_DATA", required=True, help="The data directory."
)


@click.command()
@_data
def prepare(data: Path) -> None:
    """Make the data directory, or refuse where it must not be."""
    directory = DataDirectory(data)
    directory.create()
    if directory.postgres.is_dir():
        lock = directory.acquire()
        directory.postgres.chmod(0o700)  # a volume that was mounted elsewhere may have been opened to a group
        embedded.find(directory).remove_stale()  # else the probe of the next server finds what the last one wrote
        os.close(lock)


@click.command()
@_data
def database(data: Path) -> None:
    """Become the embedded PostgreSQL of a data directory, and make its files if there are none."""
    directory = DataDirectory(data)
    directory.create()
    os.set_inheritable(directory.acquire(), True)
    found = embedded.find(directory)
    found.initialise()
    command = found.program() if os.geteuid() else found.command(os.getppid())
    os.execv(command[0], command)
