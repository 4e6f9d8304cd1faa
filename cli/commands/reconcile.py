"""`reconcile`: look now. By the controller that runs, or in this process where none does (`--local`)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import commit_names, data_directory, progress
from cli.client import Client
from cli.completions import complete_services
from cli.failure import Exit, Failure
from cli.options import Connection, connected, waiting
from cli.output import short

if TYPE_CHECKING:
    from cli.local_pass import Ask


@click.command()
@click.argument("service", required=False, shell_complete=complete_services)
@click.option("--allow-prune", metavar="COMMIT", help="That commit may remove as many services as it does.")
@waiting("the result is there")
@click.option("--local", is_flag=True, help="One pass in this process; needs `paaks up --no-controller`.")
@click.option("--data", type=click.Path(path_type=Path), help="With --local: the data directory (PAAKS_DATA).")
@click.option("--kubeconfig", type=click.Path(path_type=Path, exists=True), help="With --local: another cluster.")
@connected
def reconcile(
    connection: Connection,
    service: str | None,
    allow_prune: str | None,
    timeout: float | None,
    local: bool,
    data: Path | None,
    kubeconfig: Path | None,
) -> int:
    """Make the cluster hold what main says, now."""
    if local:
        ask = _read_ask(connection, data, kubeconfig, allow_prune)
        return _run_local(ask)
    with connection.open() as client:
        if allow_prune is not None:
            commit = commit_names.resolve(client, allow_prune)
            client.read("POST", f"{client.tenant}/prune", body={"commit": commit})
            print(f"► prune of {short(commit)} confirmed")
        return _ask_controller(client, service, timeout)


def _ask_controller(client: Client, service: str | None, timeout: float | None) -> int:
    path = client.service(service, "reconcile") if service else f"{client.tenant}/reconcile"
    answer = client.read("POST", path)
    print(f"► reconcile requested   main is at {short(answer['head'])}")
    if timeout is None:
        return Exit.DONE
    print("◎ waiting for the controller", flush=True)
    ended = progress.follow(client, answer["releases"], timeout, quiet=True)
    for release in ended:
        sign = "✔" if release["state"] in ("live", "removed") else "✗"
        print("\n".join([f"{sign} {_describe(release)}", *progress.message_lines(release)]))
    return progress.judge(ended)


def _describe(release: Any) -> str:
    why = f"   {release['reason']}: {release['sentence']}" if release.get("reason") else ""
    return f"{release['service']}   {release['state']}   {short(release['commit'])}{why}"


def _read_ask(connection: Connection, data: Path | None, kubeconfig: Path | None, allow_prune: str | None) -> Ask:
    from cli.local_pass import Ask

    directory = data or data_directory.default_path(os.environ)
    tenant = connection.wish.tenant or os.environ.get("PAAKS_TENANT")
    return Ask(directory, tenant, kubeconfig, allow_prune)


def _run_local(ask: Ask) -> int:
    from cli import local_pass  # imports the controller, which nothing else here does

    code = Exit.DONE
    try:
        for is_good, line in local_pass.run(ask):
            print(f"✔ {line}" if is_good else f"✗ {line}", file=sys.stdout if is_good else sys.stderr)
            code = code if is_good else Exit.FAILED
    except BlockingIOError as error:
        hint = "it reconciles already: paaks reconcile, without --local"
        raise Failure("a controller is running", str(error), hint=hint, code=Exit.CONFLICT) from None
    return code
