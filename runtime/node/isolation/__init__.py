"""How handlers are kept apart from each other and from the platform. What does not live here: starting them.

So far there is one level, `none`: every handler on the machine is in one trust domain.
"""

from __future__ import annotations


def level() -> str:
    """How strongly handlers are kept apart on this machine: `none` (plain processes of one user)."""
    return "none"
