"""`help`, `version`, `completion`, `open`: the small ones that change nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import webbrowser

import click
from click.shell_completion import get_completion_class

from cli import catalogue, root, topics
from cli.completions import complete_services
from cli.failure import Exit, Failure
from cli.options import Connection, connected

_COMPLETE = "_PAAKS_COMPLETE"  # what Click's completion scripts set
_SHELLS = ("bash", "zsh", "fish")


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND|TOPIC]")
@click.pass_context
def help_command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Say more of a command or of a topic."""
    above = ctx.parent or ctx
    if not words:
        print(above.get_help())
        print(f"\nTopics: {', '.join(topics.TOPICS)}, problems/<name>")
        return
    text = topics.find(" ".join(words))
    entry = catalogue.find(words[0])
    if text is not None:
        print(text)
    elif entry is not None:
        print(_help_of(entry.load(), words, above))
    else:
        known = ", ".join(topics.TOPICS)
        raise Failure(
            f"there is no help on {' '.join(words)!r}", f"topics: {known}", hint="paaks --help", code=Exit.USAGE
        )


def _help_of(command: click.Command, words: tuple[str, ...], above: click.Context) -> str:
    """The help of a command, and of one below it."""
    ctx = click.Context(command, info_name=words[0], parent=above)
    for word in words[1:]:
        below = command.get_command(ctx, word) if isinstance(command, click.Group) else None
        if below is None:
            break
        command, ctx = below, click.Context(below, info_name=word, parent=ctx)
    return command.get_help(ctx)


@click.command()
def version() -> None:
    """The version, and what it runs on."""
    print(f"paaks {importlib.metadata.version('paaks')}   Python {platform.python_version()}   {sys.executable}")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    """What makes a shell complete our words: `eval "$(paaks completion bash)"`."""
    completer = get_completion_class(shell)
    if completer is None:
        raise Failure(f"there is no completion for {shell}", code=Exit.USAGE)
    # The version check of Click's bash class asks bash itself; the script is the same without it.
    source = completer(root.paaks, {}, "paaks", _COMPLETE)
    print(source.source_template % source.source_vars())


@click.command("open")
@click.argument("service", required=False, shell_complete=complete_services)
@connected
def open_command(connection: Connection, service: str | None) -> None:
    """Open a service in a browser, or the server; where there is none, print the address."""
    if service is None:
        url = connection.find_target().server
    else:
        with connection.open() as client:
            url = client.read("GET", client.service(service))["url"]
    print(url)
    if sys.stdout.isatty() and (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")
    ):
        webbrowser.open(url)
