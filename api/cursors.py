"""Cursors: where a page ended, as a text that means nothing to the caller. Pure.

What does not live here: reading pages (`core/history.py`, `core/releases.py`).
"""

from __future__ import annotations

import base64
import binascii

from core import names
from core.errors import Problem, Refused
from core.releases import Place

_LONGEST = 200  # characters
_LATEST = 2.0**36  # seconds: no calendar of ours goes further


def write_commit_cursor(commit: str) -> str:
    """The cursor of a page of commits that goes on at `commit`."""
    return _encode(f"c{commit}")


def read_commit_cursor(text: str) -> str:
    """The commit to go on at. Raises Refused (`bad-request`) for what `write_commit_cursor` did not make."""
    commit = _decode(text, "c")
    if not names.is_sha(commit):
        raise _refuse()
    return commit


def write_release_cursor(place: Place) -> str:
    """The cursor of a page of releases that goes on after `place`."""
    created, service, commit = place
    return _encode(f"r{created!r} {names.release_id(service, commit)}")


def read_release_cursor(text: str) -> Place:
    """The place to go on after. Raises Refused (`bad-request`) for what `write_release_cursor` did not make."""
    created, _, release = _decode(text, "r").partition(" ")
    parsed = names.parse_release_id(release)
    try:
        seconds = float(created)
    except ValueError as error:
        raise _refuse() from error
    if parsed is None or not 0 <= seconds < _LATEST:
        raise _refuse()
    return (seconds, *parsed)


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _decode(text: str, kind: str) -> str:
    try:
        if len(text) > _LONGEST:
            raise _refuse()
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _refuse() from error
    if not decoded.startswith(kind):
        raise _refuse()
    return decoded[1:]


def _refuse() -> Refused:
    return Refused(Problem("bad-request", "this cursor is none of ours", hint="take `next` as it was answered"))
