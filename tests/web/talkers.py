"""A service that says much, slowly, or late: for tests of the log and of the console."""

from __future__ import annotations

from started_platform import StartedPlatform

TALKER = '''import contextvars
import logging
import os
import threading
import time


class Handler:
    """`?n=3&say=tick&wait=0.1`: so many lines, with a pause after each. `?late=said`: a line after the answer.

    `?die=1`: the process ends without one.
    """

    def run(self, req):
        said = req.args.get("say", "line")
        for number in range(int(req.args.get("n", "0"))):
            print(said, number)
            time.sleep(float(req.args.get("wait", "0")))
        if "warn" in req.args:
            logging.warning(req.args["warn"])
        if "long" in req.args:
            print("begin " + "wide " * 300 + "end of it")
        if "late" in req.args:
            later = lambda: (time.sleep(1), print(req_late))
            req_late = req.args["late"]
            threading.Thread(target=contextvars.copy_context().run, args=(later,)).start()
        if "die" in req.args:
            os._exit(3)
        return {"said": said}
'''


def start_talker(platform: StartedPlatform, service: str, text: str = TALKER) -> str:
    """The service, live; the commit."""
    clone = platform.clone()
    commit = clone.commit({f"{service}/handler.py": text, f"{service}/service.yaml": ""}, "Talk")
    clone.push()
    platform.wait_for(service, commit)
    return commit


def ask(platform: StartedPlatform, service: str, query: str = "") -> str:
    """Visit it, as anybody does who is not in this browser; the request's id."""
    answer = platform.visit(f"{service}/?{query}", platform.token, timeout=60)
    answer.raise_for_status()
    return str(answer.headers["PaaKS-Request-Id"])
