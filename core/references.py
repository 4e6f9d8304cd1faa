"""References as the files of a repository say them (gitrepository-layout), read without opening it.

For what is asked with every push and every pass. Whatever is unusual is left to git: None, never a guess.
What does not live here: writing references, and everything else of a repository (`repository.py`, `history.py`).
"""

from __future__ import annotations

import os
from pathlib import Path

from core import names


def read_reference(path: Path, ref: str) -> str | None:
    """The object id in the file of a reference, or None where it has no file of its own, or another form."""
    try:
        text = (path / ref).read_text("ascii").removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return text if names.is_sha(text) else None


def list_references(path: Path, most: int) -> dict[str, str] | None:
    """Name → object id of every reference that clients see, in git's order.

    None where one cannot be read so, or where there are more than `most`: then not all of them are looked at.
    """
    found: dict[str, str] = {}
    # Files first: what is packed meanwhile is in `packed-refs` before its file goes.
    for directory, folders, files in os.walk(path / "refs"):
        below = os.path.relpath(directory, path)
        folders[:] = [folder for folder in folders if f"{below}/{folder}" != names.INTERNAL_REFS]
        for name in files:
            ref = f"{below}/{name}"
            if name.endswith(".lock"):
                continue
            oid = read_reference(path, ref)
            if oid is None and (path / ref).exists():
                return None
            if oid is not None:
                found[ref] = oid
        if len(found) > most:
            return None
    try:
        packed = (path / "packed-refs").read_text("utf-8")
    except FileNotFoundError:
        packed = ""
    except (OSError, UnicodeDecodeError):
        return None
    for line in packed.splitlines():
        oid, _, ref = line.partition(" ")
        if names.is_sha(oid) and ref.startswith("refs/") and not ref.startswith(names.INTERNAL_REFS + "/"):
            found.setdefault(ref, oid)
    if len(found) > most:
        return None
    return {ref: found[ref] for ref in sorted(found, key=os.fsencode)}
