"""A repository's past: the commit of each service's revision, the log, what two commits differ in; live references.

What does not live here: today's trees (`repository.py`), how a change came to be live (`releases.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pygit2
from pygit2.enums import DeltaStatus

from core import names
from core.errors import RetryLater
from core.repository import Repository, sync_directories

_STATUS = {
    DeltaStatus.ADDED: "added",
    DeltaStatus.DELETED: "deleted",
    DeltaStatus.MODIFIED: "modified",
    DeltaStatus.RENAMED: "renamed",
    DeltaStatus.TYPECHANGE: "modified",
}
_MAX_PATCH = 1_000_000
_FAR = 2_000  # commits to look back for the one that removed a service


@dataclass(frozen=True)
class Past:
    """Where a walk has come to: at `head`, each service had a tree, and a commit in which it last changed."""

    head: str
    services: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Wanted:
    """Which commits somebody looks for: by part of the author's name or address, part of the message or how the id
    begins, what they changed, and those alone that are `among` some."""

    author: str = ""
    text: str = ""
    path: str | None = None
    among: Collection[str] | None = None

    def admits(self, repository: Repository, commit: pygit2.Commit) -> bool:
        """Is it one of them? Capitals and small letters are the same."""
        oid, text, author = str(commit.id), self.text.lower(), self.author.lower()
        return (
            (self.among is None or oid in self.among)
            and any(author in said.lower() for said in read_author(commit).values())
            and (oid.startswith(text) or text in _text(commit.raw_message).lower())
            and (self.path is None or has_changed(repository, commit, self.path))
        )


def first_parents(repository: Repository, head: str) -> Iterator[pygit2.Commit]:
    """The commits of main from `head` back, first parents only."""
    commit = repository.commit(head)
    while True:
        yield commit
        if not commit.parent_ids:
            return
        commit = repository.commit(str(commit.parent_ids[0]))


def trace_services(repository: Repository, head: str, known: Past | None = None) -> Past:
    """For each service at `head`, its tree and the first-parent commit in which that tree last changed.

    `known` is the outcome at an earlier head: the walk ends where it meets it.
    """
    wanted = repository.services(repository.root_of(head))
    found: dict[str, str] = {}
    younger: str | None = None
    for commit in first_parents(repository, head):
        here = str(commit.id)
        if known is not None and here == known.head:
            _settle_known(wanted, found, known, younger or here)
            break
        trees = repository.services(str(commit.tree_id)) if younger else wanted
        for service in [s for s in wanted if s not in found and trees.get(s) != wanted[s]]:
            found[service] = younger or here
        if len(found) == len(wanted):
            break
        younger = here
    oldest = younger or head
    return Past(head, {service: (tree, found.get(service, oldest)) for service, tree in wanted.items()})


def _settle_known(wanted: Mapping[str, str], found: dict[str, str], known: Past, younger: str) -> None:
    """Take over what was known for the services that have not changed since; the others changed in `younger`."""
    for service, tree in wanted.items():
        if service not in found:
            before = known.services.get(service)
            found[service] = before[1] if before and before[0] == tree else younger


def find_changes(repository: Repository, old: str | None, new: str) -> dict[str, tuple[str, str, str]]:
    """Service → what became of it between two tips of main ("created", "updated", "removed"), its tree ("" if removed)
    and the commit in which that happened."""
    before = repository.services(repository.root_of(old)) if old else {}
    known = Past(old, {service: (tree, old) for service, tree in before.items()}) if old else None
    after = trace_services(repository, new, known).services
    found = {
        service: ("updated" if service in before else "created", tree, commit)
        for service, (tree, commit) in after.items()
        if before.get(service) != tree
    }
    gone = [service for service in before if service not in after]
    return found | {service: ("removed", "", find_removal(repository, new, service)) for service in gone}


def find_removal(repository: Repository, head: str, service: str) -> str:
    """The first-parent commit in which a service went away; `head` where that was too long ago."""
    younger = head
    for walked, commit in enumerate(first_parents(repository, head)):
        if walked == _FAR or service in repository.services(str(commit.tree_id)):
            return younger
        younger = str(commit.id)
    return head


def changed_services(repository: Repository, old: str | None, new: str) -> dict[str, str]:
    """Service → "created", "updated" or "removed" between two commits of main."""
    before = repository.services(repository.root_of(old)) if old else {}
    return compare_services(before, repository.services(repository.root_of(new)))


def compare_services(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Service → "created", "updated" or "removed", from the trees of all services before and after."""
    changes = {s: "created" if s not in before else "updated" for s, tree in after.items() if before.get(s) != tree}
    return changes | {s: "removed" for s in before if s not in after}


def describe_commit(repository: Repository, oid: str) -> dict[str, Any]:
    """A commit as the API shows it; what is not UTF-8 is replaced."""
    commit = repository.commit(oid)
    message = commit.raw_message.decode(errors="replace")
    parents = [str(parent) for parent in commit.parent_ids]
    return {
        "sha": str(commit.id),
        "subject": read_subject(commit),
        "message": message[:65_536],
        "author": read_author(commit),
        "at": format_time(commit.commit_time),
        "parents": parents,
        "services": sorted(changed_services(repository, parents[0] if parents else None, oid)),
    }


def read_subject(commit: pygit2.Commit) -> str:
    """The first line of a commit's message, at most 200 characters; what is not UTF-8 is replaced."""
    return _text(commit.raw_message).strip().partition("\n")[0][:200]


def read_author(commit: pygit2.Commit) -> dict[str, str]:
    """Name and email of who wrote a commit, as it claims; what is not UTF-8 is replaced."""
    return {"name": _text(commit.author.raw_name), "email": _text(commit.author.raw_email)}


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="replace")


def format_time(seconds: float) -> str:
    """RFC 3339 in UTC, to the millisecond; a time that no calendar has is the epoch."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def list_commits(
    repository: Repository, head: str, *, service: str | None, limit: int, wanted: Wanted | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """The log from `head` back, at most `limit` entries, and the commit to go on from.

    Only those of one service, and only those that are wanted.
    """
    entries: list[dict[str, Any]] = []
    for walked, commit in enumerate(first_parents(repository, head)):
        if len(entries) == limit or walked == 10_000:
            return entries, str(commit.id)
        if wanted is not None and not wanted.admits(repository, commit):
            continue
        entry = describe_commit(repository, str(commit.id))
        if service is None or service in entry["services"]:
            entries.append(entry)
    return entries, None


def has_changed(repository: Repository, commit: pygit2.Commit, path: str) -> bool:
    """Is what lies at a path another than in the first parent?"""
    before = (
        repository.find(str(repository.commit(str(commit.parent_ids[0])).tree_id), path) if commit.parent_ids else None
    )
    return repository.find(str(commit.tree_id), path) != before


def _patches(repository: Repository, old: str | None, new: str) -> Iterator[pygit2.Patch]:
    _verify_differing(repository, repository.root_of(old) if old else None, repository.root_of(new))
    after = repository.commit(new).tree
    diff = repository.commit(old).tree.diff_to_tree(after) if old else after.diff_to_tree(swap=True)
    diff.find_similar()
    return (patch for patch in diff if patch is not None)


def _verify_differing(repository: Repository, old: str | None, new: str | None) -> None:
    """Whatever libgit2 reads to tell two trees apart: raises RetryLater where any of it is damaged."""
    sides = [{e.name: e for e in repository.tree(oid)} if oid else {} for oid in (old, new)]
    for oid in filter(None, (old, new)):
        repository.verify(oid)
    for name in sides[0].keys() | sides[1].keys():
        before, after = (side.get(name) for side in sides)
        if before == after:
            continue
        for entry in filter(None, (before, after)):
            repository.verify(entry.oid)
        trees = [entry.oid if entry and entry.kind == "tree" else None for entry in (before, after)]
        if any(trees):
            _verify_differing(repository, *trees)


def compare(repository: Repository, old: str | None, new: str) -> dict[str, Any]:
    """What two commits differ in: `files` with path, status, lines added and removed, and the patch of each."""
    files = []
    size = 0
    for patch in _patches(repository, old, new):
        text = _text(patch.data) if size < _MAX_PATCH else ""
        size += len(text)
        files.append(
            {
                "path": _text(patch.delta.new_file.raw_path),
                "oldPath": _text(patch.delta.old_file.raw_path),
                "status": _STATUS.get(patch.delta.status, "modified"),
                "added": patch.line_stats[1],
                "removed": patch.line_stats[2],
                "patch": text if size <= _MAX_PATCH else None,
            }
        )
    return {"base": old, "head": new, "files": files, "services": changed_services(repository, old, new)}


def write_patch(repository: Repository, old: str | None, new: str) -> Iterator[bytes]:
    """The unified diff between two commits, file by file."""
    return (patch.data for patch in _patches(repository, old, new))


def actor_of(repository: Repository, commit: str) -> str | None:
    """Who moved main to a commit, from the reflog: the e-mail, or None where it is not known."""
    with contextlib.suppress(KeyError, pygit2.GitError, OSError):
        for entry in repository.git.references[names.MAIN].log():
            if str(entry.oid_new) == commit:
                return str(entry.committer.email)
    return None


def set_live(repository: Repository, service: str, commit: str) -> None:
    """Write the hidden reference that keeps a service's live revision, durably. Raises RetryLater."""
    refs = repository.path / "refs"
    is_first = not (refs / "internal" / "live").is_dir()
    try:
        repository.git.references.create(names.live_ref(service), pygit2.Oid(hex=commit), force=True)
        if is_first:  # libgit2 syncs the directory of the reference, not those above it that it made
            sync_directories(refs / "internal", refs)
    except (pygit2.GitError, OSError) as error:
        raise RetryLater(f"the live reference could not be written: {error}", delay=1.0) from error


def forget_live(repository: Repository, service: str) -> None:
    """Remove the live reference of a service that is gone."""
    with contextlib.suppress(KeyError, pygit2.GitError, OSError):
        repository.git.references.delete(names.live_ref(service))
