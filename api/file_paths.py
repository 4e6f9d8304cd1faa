"""The path of a file in a request's address, read from the bytes that came over the wire. Pure.

An address is decoded once, here, and nothing is normalised: what would be read in two ways is refused. What does not
live here: what a path in a repository may be (`core/paths.py`), and the files (`routes/files.py`).
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from core import paths
from core.errors import Problem, Refused

_BEFORE = 8  # segments of /api/v1/tenants/{slug}/services/{service}/files/ before the file's path
_HEX = frozenset(b"0123456789abcdefABCDEF")


def read_file_path(raw_path: bytes) -> str:
    """The file's path below its service, from the raw path of the address (ASGI `raw_path`).

    Raises Refused (`path-not-allowed`) for an escaped slash, a broken escape, and whatever `core.paths` refuses.
    """
    parts = raw_path.partition(b"?")[0].split(b"/")
    if parts[1:4] != [b"api", b"v1", b"tenants"] or parts[5:6] != [b"services"] or parts[7:8] != [b"files"]:
        raise _refuse(raw_path, "the address has escaped slashes")
    path = "/".join(_decode(part) for part in parts[_BEFORE:])
    problem = paths.path_problem(path)
    if problem is not None:
        raise Refused(problem)
    return path


def _decode(part: bytes) -> str:
    """One segment, unescaped once (RFC 3986 §2.1)."""
    for escape in part.split(b"%")[1:]:
        if len(escape) < 2 or not _HEX.issuperset(escape[:2]):
            raise _refuse(part, "it has a `%` that starts no escape: write `%25`")
    raw = unquote_to_bytes(part)
    if b"/" in raw:
        raise _refuse(part, "it has an escaped slash")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise _refuse(part, "it is not UTF-8") from error


def _refuse(shown: bytes, why: str) -> Refused:
    text = "".join(chr(byte) if 32 <= byte < 127 else "\N{REPLACEMENT CHARACTER}" for byte in shown[:200])
    return Refused(Problem("path-not-allowed", why, file=text, hint="use names separated by `/`, each escaped once"))
