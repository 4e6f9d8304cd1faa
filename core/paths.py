"""What a path in a repository may be: one rule for what git brings and for what the editor writes. Pure.

What does not live here: what is at the path (`check.py`), and the names of services (`names.py`).
"""

from __future__ import annotations

import re

from core.errors import Problem

MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 4096
# Code points that HFS+ leaves out when it compares names (git's utf8.c: is_hfs_dotgit); and those that turn text round.
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_DOT_GIT = re.compile(r"(\.git|git~[0-9]+)(modules)?|gitmod~[0-9]+|gi7eba~[0-9]+")


def name_fault(name: bytes) -> str | None:
    """What is wrong with the name of one entry of a tree, to follow "the name …"; None where nothing is."""
    if not name or name in (b".", b"..") or b"/" in name:
        return "is not that of a file"
    if len(name) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes"
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    if _UNPRINTABLE.search(text):
        return "has control characters"
    if text.startswith(".."):
        return "starts with two dots"
    if _looks_like_git(text):
        return "looks like one of git's own (.git, .gitmodules)"
    return None


def _looks_like_git(text: str) -> bool:
    """Would a file system that ignores case, code points, trailing dots or streams take it for .git or .gitmodules?"""
    base = re.split(r"[:\\]", _IGNORED.sub("", text), maxsplit=1)[0]
    return _DOT_GIT.fullmatch(base.rstrip(". ").lower()) is not None


def path_problem(path: str) -> Problem | None:
    """What is wrong with a path that a caller wants to write, relative to the repository; None where nothing is."""
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        return _refuse(path, "it is not text")
    if not encoded or len(encoded) > MAX_PATH_BYTES:
        return _refuse(path, "it is empty" if not encoded else f"it is longer than {MAX_PATH_BYTES} bytes")
    if "\\" in path:
        return _refuse(path, "it has a backslash")
    for part in encoded.split(b"/"):
        fault = name_fault(part) if part else "is empty"
        if fault is not None:
            return _refuse(path, f"the name {part.decode(errors='replace')[:60]!r} {fault}")
    return None


def _refuse(path: str, why: str) -> Problem:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in path[:200])
    return Problem("path-not-allowed", why, file=shown, hint="use names separated by `/`, relative to the repository")
