"""What is said before a push: the references that there are, and what a push may ask for.

Formats: gitprotocol-pack, gitprotocol-http. What does not live here: who is asked (`git_http.py`), references in files
(`core/references.py`).
"""

from __future__ import annotations

import os
from pathlib import Path

from api.packets import FLUSH, write_packet
from api.push_request import CAPABILITIES
from core.reference_updates import ZERO
from core.references import list_references
from core.repository import Repository

_MANY = 500  # references, above which libgit2 is as fast


def advertise(repository: Path) -> bytes:
    """The references of a repository as packets, as `git receive-pack` says them. Raises RetryLater."""
    found = list_references(repository, _MANY)
    if found is None:
        found = Repository(repository).visible_refs()
    listed = [f"{oid} {ref}" for ref, oid in found.items()] or [f"{ZERO} capabilities^{{}}"]
    lines = [os.fsencode(line) for line in listed]
    lines[0] += b"\0" + CAPABILITIES.encode()
    return b"".join(write_packet(line + b"\n") for line in lines) + FLUSH
