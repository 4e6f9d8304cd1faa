"""Who gets a pod, and who waits for one: a place in line for each service, first come, first served. No clock, no I/O.

What does not live here: how long anybody waits (`proxy.py`).
"""

from __future__ import annotations

from typing import Protocol

from api.dispatcher.route_table import Pod, Route

POD_REQUESTS = 16  # in flight at one pod: it has as many threads
LINE_LIMIT = 100  # requests that wait for one service
UNPLACED_LIMIT = 1000  # requests that wait until more is known


class Waiter(Protocol):
    """Who waits. `resume`: look again; it may queue again."""

    def resume(self) -> None:
        """Something has changed."""


class Hold:
    """Hands out pods, and wakes who waits."""

    def __init__(self) -> None:
        self._unplaced: dict[Waiter, None] = {}
        self.waiting = 0

    def acquire(self, route: Route) -> Pod | None:
        """The pod with the least in flight, in turn where several have; None where none has room."""
        pods = route.serving
        if not pods:
            return None
        if len(pods) == 1:
            pod = pods[0]
        else:
            route.turn += 1
            start = route.turn % len(pods)
            pod = min(pods[start:] + pods[:start], key=lambda each: each.in_flight)
        if pod.in_flight >= POD_REQUESTS:
            return None
        pod.in_flight += 1
        return pod

    def release(self, route: Route, pod: Pod) -> None:
        """It has room again: for the first in line, and for the next where that one is refused."""
        pod.in_flight -= 1
        for _ in range(len(route.waiting)):
            if not route.waiting or all(each.in_flight >= POD_REQUESTS for each in route.serving):
                return
            first = next(iter(route.waiting))
            self.leave(route, first)
            first.resume()

    def enter(self, route: Route | None, waiter: Waiter) -> bool:
        """Get in line; False where it is too long already."""
        line = self._unplaced if route is None else route.waiting
        if len(line) >= (UNPLACED_LIMIT if route is None else LINE_LIMIT):
            return False
        line[waiter] = None
        self.waiting += 1
        return True

    def leave(self, route: Route | None, waiter: Waiter) -> None:
        """Get out of line."""
        line = self._unplaced if route is None else route.waiting
        if waiter in line:
            del line[waiter]
            self.waiting -= 1

    def wake(self, route: Route) -> None:
        """Something of a route has changed: all that wait for it look again, in order."""
        self._wake(route.waiting)
        self.wake_unplaced()

    def wake_unplaced(self) -> None:
        """More is known: who could not be placed looks again."""
        self._wake(self._unplaced)

    def _wake(self, line: dict[Waiter, None]) -> None:
        if line:
            waiters = list(line)
            self.waiting -= len(waiters)
            line.clear()
            for waiter in waiters:
                waiter.resume()
