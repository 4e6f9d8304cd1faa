"""`deploy`: what lies here goes live: in a clone by a commit and `git push`, elsewhere as one commit by the api."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from cli import config, progress, pushing, upload
from cli.client import Client
from cli.drawing import draw
from cli.failure import Exit, Failure
from cli.options import Connection, connected, waiting
from cli.output import short, write_line
from cli.pushing import Push


@dataclass(frozen=True)
class Wish:
    """What the command line says of a deploy."""

    message: str | None
    wait: bool
    dry_run: bool
    timeout: float
    as_json: bool
    unchanged: Exit


@click.command()
@click.argument("path", required=False, default=".", metavar="[PATH|SERVICE]")
@click.option("-m", "--message", metavar="TEXT", help="The commit's message.")
@click.option("--dry-run", is_flag=True, help="Check it and show the plan; nothing is committed.")
@waiting("it is live")
@click.option("--error-unchanged", is_flag=True, help="End with 3 where there is nothing to deploy.")
@click.option("-o", "--output", type=click.Choice(["table", "jsonl"]), default="table", help="Format.")
@connected
def deploy(
    connection: Connection,
    path: str,
    message: str | None,
    dry_run: bool,
    timeout: float | None,
    error_unchanged: bool,
    output: str,
) -> int:
    """Commit what lies here and see it go live: 8 where it is refused, 7 where it does not come up."""
    unchanged = Exit.UNCHANGED if error_unchanged else Exit.DONE
    wish = Wish(message, timeout is not None, dry_run, timeout or 0.0, output == "jsonl", unchanged)
    clone = config.find_clone(Path.cwd())
    with connection.open() as client:
        remote = find_remote(clone, client.target.server) if clone is not None else None
        if clone is not None and remote is not None:
            return deploy_clone(client, clone, remote, find_path(clone, path), wish)
        return deploy_directory(client, Path(path), wish)


# -- in a clone


def find_remote(clone: Path, server: str) -> str | None:
    """The remote of a clone that is a repository of the server; None where it has none."""
    for line in _git(clone, "remote", "-v").splitlines():
        name, _, url = line.partition("\t")
        if url.startswith(f"{server}/git/"):
            return name
    return None


def find_path(clone: Path, text: str) -> Path:
    """A path as it is typed, or the name of a service; relative to the clone. Raises Failure."""
    for place in (Path(text), clone / text):
        if place.exists() and place.resolve().is_relative_to(clone.resolve()):
            return place.resolve().relative_to(clone.resolve())
    raise Failure(f"there is no {text!r} in this clone", code=Exit.NOT_FOUND)


def deploy_clone(client: Client, clone: Path, remote: str, path: Path, wish: Wish) -> int:
    """Commit a path of the clone and push main; the exit code."""
    branch = _git(clone, "symbolic-ref", "--short", "--quiet", "HEAD", check=False)
    if branch != "main":
        hint = f"git switch main, or: git push {remote} HEAD:main"
        raise Failure(f"only main deploys, and this is {branch or 'no branch'}", hint=hint, code=Exit.USAGE)
    began, before = time.monotonic(), _git(clone, "rev-parse", "--verify", "--quiet", f"{remote}/main", check=False)
    commit = _draft_commit(clone, path, wish) if wish.dry_run else _commit(clone, path, wish)
    options = ["dry-run"] if wish.dry_run else [] if wish.wait else ["no-wait"]
    options += [f"timeout={max(1, round(wish.timeout))}"] if wish.wait and not wish.dry_run else []
    pushing.push_main(Push(clone, remote, commit, client.target.server, options))
    if wish.dry_run:
        return Exit.DONE
    if commit == before and wish.unchanged is not Exit.DONE:
        return wish.unchanged
    # The server has told the stages; what it did not wait for is told here.
    left = wish.timeout - (time.monotonic() - began)
    return finish(client, find_releases(client, before or None, commit, path), left, wish, was_told=True)


def _commit(clone: Path, path: Path, wish: Wish) -> str:
    """Commit what has changed below a path, if anything has; the head."""
    where = path.as_posix()
    _git(clone, "add", "--all", "--", where)
    changed = _git(clone, "diff", "--cached", "--name-only", "--", where)
    if changed:
        _git(clone, "commit", "--quiet", "--message", wish.message or _default_message(path), "--", where)
        print(f"commit   {_git(clone, 'log', '-1', '--format=%h  %s')}", file=sys.stderr)
    return _git(clone, "rev-parse", "HEAD")


def _draft_commit(clone: Path, path: Path, wish: Wish) -> str:
    """The commit that a deploy would make, which no branch names; the index and the files stay as they are."""
    with tempfile.TemporaryDirectory(prefix="paaks-") as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        _git(clone, "read-tree", "HEAD", environment=index)
        _git(clone, "add", "--all", "--", path.as_posix(), environment=index)
        tree = _git(clone, "write-tree", environment=index)
    return _git(clone, "commit-tree", tree, "-p", "HEAD", "-m", wish.message or _default_message(path))


def _default_message(path: Path) -> str:
    return f"Deploy {path.as_posix()}" if path.parts else "Deploy"


def _git(clone: Path, *arguments: str, check: bool = True, environment: Mapping[str, str] | None = None) -> str:
    full = {**os.environ, **(environment or {})}
    done = subprocess.run(["git", *arguments], cwd=clone, env=full, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise Failure(f"git {arguments[0]} failed", (done.stderr or done.stdout).strip())
    return done.stdout.strip() if done.returncode == 0 else ""


# -- elsewhere


def deploy_directory(client: Client, directory: Path, wish: Wish) -> int:
    """Upload the services of a directory as one commit; the exit code."""
    if not directory.is_dir():
        raise Failure(f"{directory} is not a directory", code=Exit.USAGE)
    listed = client.read("GET", f"{client.tenant}/services")
    known = {item["name"] for item in listed["items"]}
    operations = [
        operation
        for name, place in upload.find_services(directory).items()
        for operation in upload.list_operations(
            name, place, _read_files(client, name, listed["head"]) if name in known else {}
        )
    ]
    if not operations:
        print("Nothing has changed.")
        return wish.unchanged
    body = {"base": listed["head"], "message": wish.message or f"Deploy {directory.resolve().name}", "ops": operations}
    if wish.dry_run:
        return _print_judgement(client.read("POST", f"{client.tenant}/check", body=body))
    answer = client.read("POST", f"{client.tenant}/changes", body=body)
    print(f"commit   {short(answer['commit']['sha'])}  {answer['commit']['subject']}", file=sys.stderr)
    return finish(client, answer["releases"], wish.timeout, wish, was_told=False)


def _read_files(client: Client, name: str, ref: str) -> dict[str, tuple[str, str]]:
    found = client.read("GET", client.service(name, "files"), query={"ref": ref})
    return {item["path"]: (item["sha"], item["mode"]) for item in found["items"]}


def _print_judgement(answer: Mapping[str, Any]) -> int:
    for name, verb in answer["plan"].items():
        print(f"plan     {name or '(root)'}  {verb}")
    if not answer["problems"]:
        print("It would be accepted. Nothing was committed.")
        return Exit.DONE
    for problem in answer["problems"]:
        print("\n".join(draw(problem)))
    return Exit.REFUSED


# -- what comes of it


def find_releases(client: Client, before: str | None, after: str, path: Path) -> list[progress.Release]:
    """The releases that a push began: those of the services that differ between two commits of main.

    Where nothing has changed: those of what was to be deployed, as they are.
    """
    services = client.read("GET", f"{client.tenant}/services")["items"] if before is not None else []
    if before == after:
        names = {item["name"] for item in services if not path.parts or path.parts[0] in (item["path"], item["name"])}
    elif before is not None:
        names = set(client.read("GET", f"{client.tenant}/compare/{before}...{after}")["services"])
    else:
        names = set()
    found = []
    for item in services:
        if (item["path"] if item["path"] in names else item["name"]) in names:
            pending = {"service": item["name"], "commit": item["commit"], "state": "pending", "stages": {}}
            found.append(item["release"] or {"id": f"{item['name']}@{item['commit']}", **pending})
    return found


def finish(client: Client, begun: Sequence[progress.Release], seconds: float, wish: Wish, *, was_told: bool) -> int:
    """Wait for releases and say how they ended; the exit code."""
    if not wish.wait:
        return Exit.DONE
    waiting = [release for release in begun if not progress.is_final(release)]
    ended = [release for release in begun if progress.is_final(release)]
    ended += progress.follow(client, waiting, max(1.0, seconds), quiet=wish.as_json) if waiting else []
    for release in ended:
        if wish.as_json:
            print(write_line(release))
        elif not was_told or release["service"] in {late["service"] for late in waiting}:
            print("\n".join(progress.end_lines(release)))
    live = [str(release["service"]) for release in ended if release["state"] == "live"]
    if len(live) == 1 and not wish.as_json:
        print(f"next     paaks call {live[0]} · paaks logs {live[0]} -f")
    return progress.judge(ended)
