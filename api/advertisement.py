"""What `git receive-pack` says before a push, said without it: its references, and what it has shown that it can.

Formats: gitprotocol-pack, gitprotocol-http. What does not live here: who is asked (`git_http.py`), references in files
(`core/references.py`).
"""

from __future__ import annotations

import os
from pathlib import Path

from core.references import list_references

_NOTHING = "0" * 40
_MANY = 500  # references, above which git is as fast


class Advertisement:
    """`learn` what git's own says of itself, then `make` others; one for a process, for one git."""

    def __init__(self) -> None:
        self._capabilities: bytes | None = None

    def learn(self, said: bytes) -> None:
        """Take the capabilities from the beginning of what git has said: `<length><id> <ref>\\0<capabilities>\\n`."""
        line = said.partition(b"\n")[0]
        _, nul, capabilities = line.partition(b"\0")
        if nul and line.startswith(b"%04x" % (len(line) + 1)):
            self._capabilities = capabilities

    def make(self, repository: Path) -> bytes | None:
        """What git would say of a repository; None where it has to be asked."""
        if self._capabilities is None:
            return None
        found = list_references(repository, _MANY)
        if found is None:
            return None
        listed = [f"{oid} {ref}" for ref, oid in found.items()] or [f"{_NOTHING} capabilities^{{}}"]
        lines = [os.fsencode(line) for line in listed]
        lines[0] += b"\0" + self._capabilities
        return b"".join(b"%04x%b\n" % (len(line) + 5, line) for line in lines) + b"0000"
