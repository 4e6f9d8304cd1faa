"""Which version of a file a request replaces: `If-Match` and `If-None-Match` (RFC 9110 §13). Pure.

A write is strict: it names the blob that it has seen, or says that there was none. What does not live here: comparing
with what is there (`changes.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import Problem, Refused

_STRONG = re.compile(r'"([\x21\x23-\x7e]{1,200})"')


def read_condition(if_match: Sequence[str], if_none_match: Sequence[str]) -> str | None:
    """The blob id that has to be there, None where nothing may be; from all values of the two headers.

    Raises Refused: `precondition-required` without a condition that names one version, `bad-request` for one that
    cannot be read (weak tags, several tags, both headers).
    """
    given = [*if_match, *if_none_match]
    if len(given) > 1:
        raise Refused(Problem("bad-request", "send either one If-Match or one If-None-Match"))
    if if_match and if_match[0].strip() != "*":
        return read_tag(if_match)
    if if_none_match and if_none_match[0].strip() == "*":
        return None
    raise Refused(Problem("precondition-required", 'send `If-Match: "<blob id>"`, or `If-None-Match: *` to create'))


def read_tag(if_match: Sequence[str]) -> str:
    """The one strong tag of `If-Match`, which compares strongly (RFC 9110 §13.1.1). Raises Refused (`bad-request`)."""
    match = _STRONG.fullmatch(if_match[0].strip()) if len(if_match) == 1 else None
    if match is None:
        hint = "send the ETag as it was answered"
        raise Refused(Problem("bad-request", f"If-Match is not one strong ETag: {if_match[0][:80]!r}", hint=hint))
    return match[1]


def matches(if_none_match: Sequence[str], tag: str) -> bool:
    """Has the caller this version already? The weak comparison, for reads (RFC 9110 §13.1.2)."""
    tags = [item.strip().removeprefix("W/") for value in if_none_match for item in value.split(",")]
    return "*" in tags or f'"{tag}"' in tags
