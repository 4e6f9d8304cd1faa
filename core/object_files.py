"""The files of an object directory, read with suspicion: libgit2 spins for ever on a loose object that was cut short.

So loose objects are read here, whole or not at all, and what libgit2 cannot find is looked for among damaged packs.
What does not live here: what the objects mean (`repository.py`).
"""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path

from core import names

_HASH = 20  # bytes of a SHA-1, with which packs and their indices end


class Damaged(Exception):
    """A file of the object directory that is not what it was; the message names it."""


def read_loose(directory: str, oid: str) -> tuple[bytes, bytes] | None:
    """Kind and bytes of a loose object, or None where it is not loose (gitformat-loose, zlib of `<kind> <size>\\0…`).

    Raises Damaged where the file is not the whole object of this id, OSError where it cannot be read.
    """
    if not names.is_sha(oid):
        return None
    try:
        with open(f"{directory}/{oid[:2]}/{oid[2:]}", "rb", buffering=0) as file:
            raw = file.readall()
    except FileNotFoundError:
        return None
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(raw)
    except zlib.error as error:
        raise Damaged(f"object {oid[:12]} is damaged: {error}") from error
    if not inflater.eof or inflater.unused_data or hashlib.sha1(data, usedforsecurity=False).hexdigest() != oid:
        raise Damaged(f"object {oid[:12]} is damaged: {len(raw):,} bytes of it are left, or they are not its own")
    head, _, body = data.partition(b"\0")
    return head.partition(b" ")[0], body


def find_damaged_pack(directory: str) -> str | None:
    """The name of a pack whose index or contents are not whole, or None. Reads indices, and of packs both ends."""
    # A pack without an index is one that never arrived: git does not see it either.
    return next((index.stem for index in Path(directory, "pack").glob("*.idx") if not _is_whole(index)), None)


def _is_whole(index: Path) -> bool:
    """Does the index end with its own hash, and the pack with the one that its index has of it (gitformat-pack)?"""
    try:
        listed = index.read_bytes()
        with index.with_suffix(".pack").open("rb") as pack:
            begins = pack.read(4)
            pack.seek(max(0, os.fstat(pack.fileno()).st_size - _HASH))
            ends = pack.read(_HASH)
    except FileNotFoundError:
        return not index.exists()  # maintenance has just removed both
    except OSError:
        return False
    is_index = hashlib.sha1(listed[:-_HASH], usedforsecurity=False).digest() == listed[-_HASH:]
    return is_index and begins == b"PACK" and ends == listed[-2 * _HASH : -_HASH]
