"""Which commits of a history somebody wants to see: what the query says, and the test of one commit.

What does not live here: walking the history (`core/history.py`), which commits have failed (`known_releases.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import pygit2
from pydantic import BaseModel, Field

from api.shapes.words import Via
from core import history
from core.repository import Repository


class Filter(BaseModel):
    """The query of a history; each filter that is there has to be met."""

    service: str | None = None
    author: str | None = Field(None, max_length=200, description="part of the name or the e-mail")
    via: Via | None = Field(None, description="how it came")
    failed: bool = Field(False, description="only what failed in some service")
    text: str | None = Field(None, max_length=200, description="part of the message, or how the id begins")
    path: str | None = Field(None, max_length=1000, description="only what changed this file or directory")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


def make_predicate(
    chosen: Filter, repository: Repository, released: Collection[str] | None
) -> Callable[[pygit2.Commit], bool] | None:
    """The test of a commit; `released` are those that its releases allow, None for all. None: nothing is asked for."""
    author, text, path = (chosen.author or "").lower(), (chosen.text or "").lower(), chosen.path

    def is_wanted(commit: pygit2.Commit) -> bool:
        return (
            (released is None or str(commit.id) in released)
            and (not author or any(author in said.lower() for said in history.read_author(commit).values()))
            and (
                not text
                or str(commit.id).startswith(text)
                or text in commit.raw_message.decode(errors="replace").lower()
            )
            and (path is None or history.has_changed(repository, commit, path))
        )

    asked = released is not None or author or text or path is not None
    return is_wanted if asked else None
