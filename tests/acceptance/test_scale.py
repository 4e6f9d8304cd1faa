"""Five hundred services in one push: all go live, the push says so in a few lines, others are not held up."""

from __future__ import annotations

import os
import threading
import time

from tested_platform import Platform

COUNT = 500 if os.environ.get("SOAK") else 60
HANDLER = "class Handler:\n    def run(self, req):\n        return {!r}\n"
SMALL = "public: true\nresources:\n  cpu: 10m\n"  # a node has place for a few that ask for no less than usual


def test_many_services_in_one_push(fresh_platform: Platform) -> None:
    platform = fresh_platform
    clone = platform.clone()
    for number in range(COUNT):
        clone.write({f"s{number}/service.yaml": SMALL, f"s{number}/handler.py": HANDLER.format(str(number))})
    clone.commit({}, "Many")
    stop, hello = threading.Event(), list[int]()

    def visit() -> None:
        while not stop.wait(0.05):
            hello.append(platform.visit_public("hello", timeout=30).status_code)

    visiting = threading.Thread(target=visit)
    visiting.start()
    pushed = clone.push("-o", "timeout=300", "origin", "main")
    stop.set()
    visiting.join()

    lines = [line.removeprefix("remote: ").strip() for line in pushed.stderr.splitlines() if line.startswith("remote")]
    assert f"{COUNT} live" in lines, pushed.stderr
    assert len(lines) < 40
    assert set(hello) == {200}
    for number in range(0, COUNT, 17):
        assert platform.visit_public(f"s{number}").text == str(number)

    began = time.monotonic()
    clone.commit({"s1/handler.py": HANDLER.format("one")})
    clone.push()
    assert platform.visit_public("s1").text == "one"
    assert time.monotonic() - began < 15
