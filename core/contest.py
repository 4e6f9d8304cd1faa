"""How often an object has been put back, and how long to wait before it is again: a fight is not answered at once.
Pure; the clock is passed in.

What does not live here: what is put back, and who is told (`controller/drift.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

LIMIT = 5  # corrections within WINDOW that make a fight
WINDOW = 60.0  # seconds
FIRST_PAUSE = 2.0
LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Contest:
    """The corrections of one object: when (epoch seconds), the oldest first, and the pause after the last."""

    times: tuple[float, ...] = ()
    pause: float = 0.0

    def correct(self, now: float) -> Contest:
        """One more correction. In a fight each doubles the pause; the fight is over when it has been quiet."""
        recent = (*(at for at in self.times[-LIMIT:] if now - at < WINDOW), now)
        if self.is_fought(now):
            return Contest(recent, min(LONGEST_PAUSE, self.pause * 2))
        return Contest(recent, FIRST_PAUSE if len(recent) >= LIMIT else 0.0)

    def is_fought(self, now: float) -> bool:
        """Has it been put back too often, and not been left alone since for a pause and a window?"""
        return self.pause > 0 and now - self.times[-1] < self.pause + WINDOW

    def wait(self, now: float) -> float:
        """Seconds until it may be put back again."""
        return max(0.0, self.times[-1] + self.pause - now) if self.pause else 0.0
