"""When what happened to one request, and what is told of it. What does not live here: limits on it (`proxy.py`)."""

from __future__ import annotations

import time


class Times:
    """When what happened, in seconds of the monotonic clock."""

    __slots__ = ("began", "head", "held", "sent", "since")

    def __init__(self, began: float) -> None:
        self.began = began
        self.since = self.held = self.sent = self.head = 0.0

    def begin_hold(self) -> float:
        """Since when it waits."""
        self.since = self.since or time.monotonic()
        return self.since

    def end_hold(self) -> None:
        if self.since:
            self.held += time.monotonic() - self.since
            self.since = 0.0

    def describe(self) -> bytes:
        """`Server-Timing`, in milliseconds: the handler's part, ours, and what was spent waiting for a pod."""
        handler = (self.head - self.sent) * 1000
        held = self.held * 1000
        dispatch = max(0.0, (self.sent - self.began) * 1000 - held)
        timing = b"Server-Timing: handler;dur=%.1f, dispatch;dur=%.1f" % (handler, dispatch)
        return timing + b", hold;dur=%.1f" % held if held else timing
