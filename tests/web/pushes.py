"""Services pushed from a terminal, while somebody looks at a page."""

from __future__ import annotations

from started_platform import StartedPlatform

ANSWER = 'class Handler:\n    def run(self, req):\n        return {"answer": %d}\n'
BROKEN = "import json\n\nimport missing_module\n"


def push(platform: StartedPlatform, service: str, text: str, subject: str) -> str:
    """A commit of one handler, live or failed when this returns; the commit."""
    clone = platform.clone()
    sha = clone.commit({f"{service}/handler.py": text, f"{service}/service.yaml": "public: true\n"}, subject)
    clone.push(check=False)
    return sha
