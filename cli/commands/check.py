"""`check` and `render`: what a push would be refused for, and which objects it would become. Both need no server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from cli import config, offline, working_tree
from cli.completions import complete_services
from cli.failure import Exit, Failure
from cli.working_tree import Snapshots
from core import problems
from core.errors import Problem
from core.render import Owner

_SOMEBODY = Owner("00000000-0000-0000-0000-000000000000", "tenant")


@click.command()
@click.argument("path", required=False, default=".", type=click.Path(path_type=Path))
@click.option("--revision", metavar="COMMIT", help="Of a commit, not of the files as they lie here.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Format.")
@click.option("-q", "--quiet", is_flag=True, help="Only the exit code.")
def check(path: Path, revision: str | None, output: str, quiet: bool) -> int:
    """What a push would be refused for: 0 nothing, 1 something, 2 it could not be checked."""
    with working_tree.open_snapshots(path) as trees:
        tree = trees.of_commit(revision) if revision else trees.of_files()
        found = offline.check(trees.repository, tree)
        services = sorted(offline.find_services(trees.repository, tree))
    below = _name_below(path, trees)
    found = [problem for problem in found if not below or (problem.file or "").startswith(below + "/")]
    if output == "json":
        print(json.dumps({"problems": [problems.describe_entry(p) for p in found], "services": services}, indent=2))
    elif not quiet:
        print_problems(found, services)
    return Exit.FAILED if found else Exit.DONE


def _name_below(path: Path, trees: Snapshots) -> str:
    """The directory that was asked for, as problems name it; "" for all."""
    below = path.resolve().relative_to(trees.work_tree)
    return below.as_posix() if below.parts else ""


def print_problems(found: Sequence[Problem], services: Sequence[str]) -> None:
    """Each problem with its line and caret, and how many there are."""
    for problem in found:
        print("\n".join(problems.draw(problem)))
    names = ", ".join(services) or "no service"
    print(f"{len(found)} problem{'s' if len(found) != 1 else ''}" if found else f"no problem: {names}")


@click.command()
@click.argument("service", required=False, shell_complete=complete_services)
@click.option("--revision", metavar="COMMIT", help="Of a commit, not of the files as they lie here.")
@click.option("-C", "--directory", default=".", type=click.Path(path_type=Path), help="Of another directory.")
@click.option("--tenant-id", metavar="UUID", help="Whose namespace; a made-up one without it.")
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", help="Format.")
def render(service: str | None, revision: str | None, directory: Path, tenant_id: str | None, output: str) -> int:
    """The Kubernetes objects that services become; 2 where a service.yaml is not right."""
    with working_tree.open_snapshots(directory) as trees:
        objects = render_tree(trees, trees.of_commit(revision) if revision else trees.of_files(), service, tenant_id)
    print(write_objects(objects, output), end="")
    return Exit.DONE


def render_tree(trees: Snapshots, tree: str, service: str | None, tenant_id: str | None = None) -> list[dict[str, Any]]:
    """The objects of one service of a tree, or of all. Raises Failure (2) where the tree is not right."""
    found = offline.find_services(trees.repository, tree)
    if service is not None and service not in found:
        hint = f"there are: {', '.join(sorted(found)) or 'none'}; paaks check says more"
        raise Failure(f"there is no service {service!r} that can be read", hint=hint, code=Exit.USAGE)
    chosen = {service: found[service]} if service is not None else found
    slug = config.read_clone(trees.work_tree).tenant or _SOMEBODY.slug
    return list(offline.render(trees.repository, chosen, Owner(tenant_id or _SOMEBODY.id, slug), {}))


def write_objects(objects: Iterable[dict[str, Any]], output: str) -> str:
    """The objects as YAML documents or as one JSON list, as `kubectl apply -f -` reads both."""
    if output == "json":
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}, indent=2) + "\n"
    import yaml

    return str(yaml.safe_dump_all(objects, sort_keys=False, allow_unicode=True))
