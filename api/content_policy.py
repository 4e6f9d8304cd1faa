"""What a page of ours may load and run, as its Content-Security-Policy (W3C CSP Level 3). Pure.

What does not live here: sending it (`envelope.py`, `pages.py`); what tenants wrote (`routes/files.py`).
"""

from __future__ import annotations

import base64
import hashlib
import re

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_REST = (
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def _write(style: str) -> str:
    return f"default-src 'none'; script-src 'self'; style-src {style}; {_REST}"


STRICT = _write("'self'")
"""Only our own files; nothing that is written into a page, and no frame around it."""


def allow_styles(page: str) -> str:
    """The same for a page with style sheets in it: exactly those, by their hashes."""
    digests = (hashlib.sha256(text.encode()).digest() for text in _STYLE.findall(page))
    return _write(" ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests))
