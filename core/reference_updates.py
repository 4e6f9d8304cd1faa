"""The door for moving references: compare and swap, each by itself or all together, with who did it in the reflog.

What does not live here: reading them (`references.py`, `repository.py`), and whether they may be moved. Their files are
durable when a move returns, the directories of those are the caller's (`repository.sync_directories`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pygit2

ZERO = "0" * 40
_STALE, _FAILED = "fetch first", "failed to update ref"  # in git's words
_WITH_ANOTHER = "another one could not be moved"
_PAUSES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)  # seconds; git too waits 0.1 for a lock (core.filesRefLockTimeout)


@dataclass(frozen=True)
class Update:
    """One reference that is to be moved; `ZERO` stands for one that is not there, or shall not be."""

    old: str
    new: str
    ref: str


class StaleError(Exception):
    """References that are elsewhere by now; `refs` are their names."""

    def __init__(self, refs: Sequence[str]) -> None:
        super().__init__(*refs)
        self.refs = refs


def move_together(git: pygit2.Repository, updates: Sequence[Update], message: str) -> None:
    """Move all of the references, or none. The reflog names whom `git.set_ident` was told.

    Raises StaleError where one is not where its update says; pygit2.GitError, OSError.
    """
    with git.transaction() as transaction:
        for update in updates:
            _lock(transaction, update.ref)
        # Under the locks: libgit2's transaction does not compare.
        stale = [update.ref for update in updates if _read(git, update.ref) != update.old]
        if stale:
            raise StaleError(stale)
        for update in updates:
            if update.new != ZERO:
                transaction.set_target(update.ref, update.new, message=message)
            elif update.old != ZERO:
                transaction.remove(update.ref)


def move_each(
    git: pygit2.Repository, updates: Sequence[Update], message: str, *, atomic: bool = False
) -> dict[str, str]:
    """Move each reference that is where its update says; `atomic`: all or none. By reference, why one was not moved."""
    refused: dict[str, str] = {}
    for group in [list(updates)] if atomic else [[update] for update in updates]:
        try:
            move_together(git, group, message)
        except StaleError as error:
            refused |= {u.ref: _STALE if u.ref in error.refs else _WITH_ANOTHER for u in group}
        except (pygit2.GitError, OSError, ValueError):
            refused |= dict.fromkeys((update.ref for update in group), _FAILED)
    return refused


def _lock(transaction: pygit2.transaction.ReferenceTransaction, ref: str) -> None:
    """Another writer holds a lock for a moment only."""
    for pause in _PAUSES:
        try:
            return transaction.lock_ref(ref)
        except (pygit2.GitError, OSError):
            time.sleep(pause)
    return transaction.lock_ref(ref)


def _read(git: pygit2.Repository, ref: str) -> str:
    try:
        return str(git.references[ref].target)
    except KeyError:
        return ZERO
