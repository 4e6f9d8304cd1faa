"""`doctor`: what is wrong between here and a service, and what to do about it."""

from __future__ import annotations

import dataclasses
import json

import click

from cli import doctor as examination
from cli.drawing import clean
from cli.options import Connection, connected


@click.command()
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Format.")
@connected
def doctor(connection: Connection, output: str) -> int:
    """Look at client, server, git, database, node and dispatcher, one after the other."""
    found = []
    for finding in examination.examine(connection):
        found.append(finding)
        if output == "table":
            print(clean(f"{'PASSED' if finding.ok else 'FAILED'}   {finding.name:<12} {finding.detail}"), flush=True)
            if not finding.ok and finding.advice:
                print(f"         {'':<12} → {finding.advice}", flush=True)
    if output == "json":
        print(json.dumps({"items": [dataclasses.asdict(finding) for finding in found]}, indent=2))
    return examination.judge(found)
