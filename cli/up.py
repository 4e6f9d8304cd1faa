"""`paaks up`: the whole platform on this machine, from one command. The command line; `platform.py` acts."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from cli import data_directory, endpoints, machine, welcome
from cli.data_directory import DataDirectory
from cli.platform import Platform, Settings, Started


@click.command()
@click.option("--data", type=click.Path(path_type=Path), envvar="PAAKS_DATA", help="Where everything is kept.")
@click.option("--api-port", default=3000, envvar="PAAKS_API_PORT", help="UI, API and git; 0 is a free port.")
@click.option("--dispatcher-port", default=8080, envvar="PAAKS_DISPATCHER_PORT", help="Visitors; 0 is a free port.")
@click.option("--node-port", default=0, envvar="PAAKS_NODE_PORT", help="For kubectl, on 127.0.0.1 only.")
@click.option("--bind", default="127.0.0.1", envvar="PAAKS_BIND", help="The address that api and dispatcher listen on.")
@click.option("--no-controller", is_flag=True, help="Leave the controller out, for `paaks reconcile --local`.")
@click.option(
    "--insecure-single-domain",
    is_flag=True,
    envvar="PAAKS_INSECURE_SINGLE_DOMAIN",
    help="Allow several tenants although nothing isolates their handlers.",
)
@click.option("-v", "--verbose", is_flag=True, envvar="PAAKS_VERBOSE", help="Logs to stderr instead of files.")
def up(
    data: Path | None,
    api_port: int,
    dispatcher_port: int,
    node_port: int,
    bind: str,
    no_controller: bool,
    insecure_single_domain: bool,
    verbose: bool,
) -> int:
    """Run the platform on this machine."""
    machine.check_git()
    python = machine.find_runtime_python(os.environ)
    directory = DataDirectory(data or data_directory.default_path(os.environ))
    directory.create()
    return run(
        Settings(
            data=directory,
            lock=directory.acquire(),
            api=endpoints.bind(bind, api_port, "--api-port"),
            dispatcher=endpoints.bind(bind, dispatcher_port, "--dispatcher-port"),
            node=endpoints.bind("127.0.0.1", node_port, "--node-port"),
            runtime_python=python,
            controller=not no_controller,
            insecure_single_domain=insecure_single_domain,
            verbose=verbose,
            environment=dict(os.environ),
        )
    )


def run(settings: Settings) -> int:
    """Run the platform until it is told to stop; the exit code."""

    def greet(started: Started) -> None:
        for line in welcome.lines(settings, started):
            print(line)
        sys.stdout.flush()

    async def supervise() -> int:
        return await Platform(settings, greet).run()

    return asyncio.run(supervise())
