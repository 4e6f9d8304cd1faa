"""Pure. How many calls a server gets at a time, and until when it gets none: learnt from what became of each call.

The number grows by one for each window of answers and is halved when the server is overloaded, at most once a round
trip: additive increase, multiplicative decrease, by which clients that know nothing of each other come to share a
server evenly and stay near its capacity (Chiu and Jain, Computer Networks and ISDN Systems 17, 1989; as TCP does,
RFC 5681, sections 3.1 and 4.3). The waits are "full jitter" (M. Brooker, Exponential Backoff And Jitter, AWS
Architecture Blog, 2015). What does not live here: waiting, and a clock (`in_flight.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST, SMALLEST, LARGEST = 32.0, 1.0, 128.0
AWAY_AFTER = 5  # calls in a row without an answer: with every fifth call failing, once in 3,000 calls
FIRST_WAIT, LONGEST_WAIT = 0.1, 1.0  # seconds between attempts while there is no answer: also how late a return is seen
SPREAD = 0.2  # of what a server has asked for: clients that were told the same come at different times


@dataclass(frozen=True)
class Pace:
    """What a server has taught us so far. All times are seconds of one steady clock."""

    allowed: float = FIRST
    """Calls at a time."""
    unanswered: int = 0
    """Calls in a row to which no answer came."""
    asked_until: float = 0.0
    """The server has asked for no call before this time."""
    away_until: float = 0.0
    """It does not answer; the next attempt is not before this time."""
    lowered_at: float = float("-inf")

    @property
    def is_away(self) -> bool:
        """Is the server taken for one that is not there?"""
        return self.unanswered >= AWAY_AFTER

    def wait(self, now: float) -> float:
        """Seconds for which there must be no call."""
        return max(0.0, self.asked_until - now, self.away_until - now)

    def answer(self, in_flight: int) -> Pace:
        """A call was answered, while `in_flight` were on their way. An allowance that is not used does not grow."""
        used = in_flight * 2 >= self.allowed
        allowed = min(LARGEST, self.allowed + 1 / self.allowed) if used else self.allowed
        return replace(self, allowed=allowed, unanswered=0, away_until=0.0)

    def refuse(self, started: float, now: float, asked: float | None, chance: float) -> Pace:
        """A call that `started` then was one too many (429); the server may have asked for a pause in seconds.

        `chance` is a random number from 0 to 1.
        """
        until = now + asked * (1 + SPREAD * chance) if asked is not None else 0.0
        lowered = self._lower(started, now)
        return replace(lowered, asked_until=max(self.asked_until, until))

    def lose(self, started: float, now: float, asked: float | None, chance: float) -> Pace:
        """A call that `started` then came to nothing: no answer in time, none at all, or 502, 503, 504."""
        refused = self.refuse(started, now, asked, chance)
        lost = self.unanswered + 1
        ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(lost - AWAY_AFTER, 10))
        away_until = now + chance * ceiling if lost >= AWAY_AFTER else 0.0
        return replace(refused, unanswered=lost, away_until=max(self.away_until, away_until))

    def _lower(self, started: float, now: float) -> Pace:
        """Half as many; calls that were on their way when that was last done say nothing new."""
        if started < self.lowered_at:
            return self
        return replace(self, allowed=max(SMALLEST, self.allowed / 2), lowered_at=now)
