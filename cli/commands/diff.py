"""`diff`: what differs in the services, between two commits, or between what lies here and what is live.

0: nothing, 1: something, 2: it could not be compared.
"""

from __future__ import annotations

import difflib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from cli import config, working_tree
from cli.client import Client
from cli.commands.check import render_tree, write_objects
from cli.commands.status import read_services
from cli.completions import complete_services
from cli.drawing import clean
from cli.failure import Exit, Failure
from cli.options import Connection, connected
from cli.service_lines import drift_lines, is_fought
from cli.working_tree import EMPTY_TREE, Snapshots
from core.repository import Repository

_MARKS = {"created": "+", "updated": "~", "removed": "-"}
Trees = Mapping[str, str]


@click.command()
@click.argument("service", required=False, shell_complete=complete_services)
@click.option(
    "--revision", "span", metavar="A..B", help="Between two commits; B is what lies here where it is left out."
)
@click.option("--rendered", is_flag=True, help="The Kubernetes objects instead of the files.")
@connected
def diff(connection: Connection, service: str | None, span: str | None, rendered: bool) -> int:
    """What differs: `diff` compares with what is live, `diff A..B` two commits, without a server."""
    if service is not None and ".." in service and span is None:
        service, span = None, service
    try:
        return _compare(connection, service, span, rendered)
    except Failure as failure:
        failure.code = Exit.USAGE
        raise


def _compare(connection: Connection, service: str | None, span: str | None, rendered: bool) -> int:
    here = Path.cwd()
    if span is None and config.find_clone(here) is None:
        with connection.open() as client:
            return _compare_on_server(client, service)
    with working_tree.open_snapshots(here) as trees:
        old, dots, new = (span or "").partition("..")
        after = trees.of_commit(new.lstrip(".")) if new.lstrip(".") else trees.of_files()
        if dots and rendered:
            return _print_rendered(trees, trees.of_commit(old), after, service)
        is_fought = False
        if dots:
            before = _list_services(trees, trees.of_commit(old))
        else:
            with connection.open() as client:
                shown = [item for item in read_services(client, None) if service in (None, item["name"])]
                before = _find_live(shown, trees)
                is_fought = _print_contests(shown)
        there = _list_services(trees, after)
        if service is not None and not {service, ""} & {*before, *there}:
            raise Failure(f"there is no service {service!r}, neither here nor live", code=Exit.NOT_FOUND)
        code = _print_all(trees, before, there, service)
        return Exit.FAILED if is_fought else code


def _list_services(trees: Snapshots, tree: str) -> Trees:
    """Service → tree; "" is the one at the root."""
    return Repository(trees.repository).services(tree)


def _find_live(shown: Sequence[Mapping[str, Any]], trees: Snapshots) -> Trees:
    """Directory of each live service → its tree, fetched where this clone does not have it."""
    live = {str(item["path"]): str(item["live"]["tree"]) for item in shown if item.get("live")}
    missing = [tree for tree in live.values() if not _has(trees, tree)]
    if missing and trees.clone is not None:
        subprocess.run(["git", "-C", str(trees.clone), "fetch", "--quiet"], capture_output=True)
    if any(not _has(trees, tree) for tree in missing):
        raise Failure("this clone does not have what is live", hint="git fetch")
    return live


def _print_contests(shown: Sequence[Mapping[str, Any]]) -> bool:
    """What runs otherwise than git says because somebody else keeps changing it: is there any?"""
    fought = [item for item in shown if is_fought(item)]
    for item in fought:
        print("\n".join(f"# ! {item['name']}  {said}" for said in drift_lines(item)))
    return bool(fought)


def _has(trees: Snapshots, tree: str) -> bool:
    command = ["git", "-C", str(trees.repository), "cat-file", "-e", tree]
    return subprocess.run(command, capture_output=True).returncode == 0


def _print_all(trees: Snapshots, before: Trees, after: Trees, service: str | None) -> int:
    differs = False
    for path in sorted({*before, *after}):
        if before.get(path) == after.get(path) or (service is not None and path not in (service, "")):
            continue
        differs = True
        verb = "created" if path not in before else "removed" if path not in after else "updated"
        print(f"# {_MARKS[verb]} {path or '(root)'}  {verb}")
        text = trees.difference(before.get(path, EMPTY_TREE), after.get(path, EMPTY_TREE), path)
        print("\n".join(clean(line) for line in text.splitlines()))
    return Exit.FAILED if differs else Exit.DONE


def _print_rendered(trees: Snapshots, old: str, new: str, service: str | None) -> int:
    before, after = (_render(trees, tree, service).splitlines() for tree in (old, new))
    lines = list(difflib.unified_diff(before, after, "a/rendered.yaml", "b/rendered.yaml", lineterm=""))
    for line in lines:
        print(clean(line))
    return Exit.FAILED if lines else Exit.DONE


def _render(trees: Snapshots, tree: str, service: str | None) -> str:
    """The objects as text; a service that is not in this tree has none."""
    names = _list_services(trees, tree)
    if service is not None and service not in names and "" not in names:
        return ""
    return write_objects(render_tree(trees, tree, service), "yaml")


def _compare_on_server(client: Client, service: str | None) -> int:
    """Outside of a clone: the head of main against what is live, by the api."""
    found = read_services(client, service)
    differs = _print_contests(found)
    for item in found:
        live = item.get("live")
        if live is not None and live["tree"] == item["tree"]:
            continue
        differs = True
        print(f"# ~ {item['name']}  {item['status']['state']}")
        if live is not None:
            print("\n".join(_patches(client, str(live["commit"]), str(item["commit"]), str(item["path"]))))
    return Exit.FAILED if differs else Exit.DONE


def _patches(client: Client, old: str, new: str, path: str) -> Iterator[str]:
    for file in client.read("GET", f"{client.tenant}/compare/{old}...{new}")["files"]:
        if not path or any(str(file[name]).startswith(path + "/") for name in ("path", "oldPath")):
            yield from (clean(line) for line in (file["patch"] or "").splitlines())
