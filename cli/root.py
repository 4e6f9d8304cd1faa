"""The command line's root: the group of all verbs, loaded when named; errors become words and an exit code.

What does not live here: what a command does (`up.py`, `commands/`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli import catalogue, config, drawing
from cli.failure import Exit, Failure


class Lazy(click.Group):
    """A group whose commands are imported when they are named: `paaks --help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Every verb, in the order of the help."""
        return [entry.name for entry in catalogue.ENTRIES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name, loaded; None where there is none."""
        entry = catalogue.find(cmd_name)
        return entry.load() if entry is not None else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The verbs under their headings, from the catalogue alone."""
        for heading in catalogue.HEADINGS:
            rows = [(e.name, e.summary) for e in catalogue.ENTRIES if e.heading == heading and not e.hidden]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


@click.group(cls=Lazy, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="paaks", prog_name="paaks", message="%(prog)s %(version)s")
@click.pass_context
def paaks(ctx: click.Context) -> int:
    """A commit on main is checked, live and reversible within a fraction of a second.

    \b
    paaks up                    run the platform on this machine
    paaks clone demo            get the repository; `git push` deploys it
    paaks call hello            ask a service
    """
    if ctx.invoked_subcommand is not None:
        return Exit.DONE
    place = config.read_clone(Path.cwd())
    status = catalogue.find("status")
    if place.server and place.tenant and status is not None:
        code: int = status.load().main([], prog_name="paaks status", standalone_mode=False)
        return code
    print(ctx.get_help())
    return Exit.DONE


def run(arguments: list[str]) -> int:
    """Run one command; the exit code."""
    try:
        result = paaks.main(arguments, prog_name="paaks", standalone_mode=False)
        sys.stdout.flush()
    except Failure as failure:
        drawing.print_failure(failure)
        return failure.code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader has enough (`| head`). Nothing may be flushed at exit.
        sys.stdout = None
        return Exit.FAILED
    return result if isinstance(result, int) else Exit.DONE
