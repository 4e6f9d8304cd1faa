"""A new service as files in a clone, to be edited before anybody sees it.

What does not live here: what the files say (`core/service_templates.py`), a new service as a commit (the api).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cli import config
from cli.failure import Exit, Failure
from core import names
from core.service_templates import TEMPLATES


def find_place() -> Path | None:
    """The top of the clone that we are in, if it is one of a tenant; else None."""
    here = Path.cwd()
    return config.find_clone(here) if config.read_clone(here).tenant or config.read_project(here).tenant else None


def write(place: Path, name: str, template: str) -> Iterator[Path]:
    """Write the files of a new service below `place`; each path. Raises Failure where the name is taken or no name."""
    problem = names.name_problem(name)
    if problem is not None:
        raise Failure(problem.detail, hint=problem.hint, code=Exit.REFUSED)
    directory = place / name
    if directory.exists():
        raise Failure(f"there is already something called {name!r}", code=Exit.CONFLICT)
    directory.mkdir()
    for file, data in TEMPLATES[template].items():
        (directory / file).write_bytes(data)
        yield Path(name) / file
