"""What a new service begins with. Pure: name of a template → its files.

What does not live here: the repository that a new tenant begins with (`repo-template/`).
"""

from __future__ import annotations

from collections.abc import Mapping

_DESCRIPTOR = b"""\
# Every field has a default. `public: true` lets everybody in without a token.
public: false
"""
_BLANK = b"""\
class Handler:
    def run(self, req):
        return {"hello": req.args.get("name", "world")}
"""
_API = b"""\
import logging

log = logging.getLogger(__name__)


class Handler:
    \"\"\"A small JSON API. One Handler serves all requests of a process, in several threads.\"\"\"

    def __init__(self):
        self.notes = {}

    def run(self, req):
        match req.method, req.path.strip("/"):
            case "GET", "":
                return {"notes": sorted(self.notes)}
            case "PUT", name if name:
                self.notes[name] = req.get_json()
                log.info("noted %s", name)
                return {"name": name}, 201
            case "GET", name if name in self.notes:
                return {"name": name, "note": self.notes[name]}
            case _:
                return {"error": "there is no such note"}, 404
"""
TEMPLATES: Mapping[str, Mapping[str, bytes]] = {
    "blank": {"service.yaml": _DESCRIPTOR, "handler.py": _BLANK},
    "api": {"service.yaml": _DESCRIPTOR, "handler.py": _API},
}
