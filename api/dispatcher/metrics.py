"""What is counted: requests by service and status class, how long they took, how many are in flight and held.

Written in Prometheus' text format on a unix socket; never on the visitors' port.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate

_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LABELS_LIMIT = 5000  # services that are counted by name; the rest are counted together
_SECONDS = 5.0
Key = tuple[str, str]


class Metrics:
    """The counters. `gauges` are asked when somebody reads."""

    def __init__(self, gauges: dict[str, Callable[[], int]]) -> None:
        self._gauges = gauges
        self._requests: dict[tuple[Key, int], int] = {}
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0

    def count(self, key: Key | None, status: int, seconds: float) -> None:
        """One request is over. `key`: namespace and service, None where it reached none; `status` 0: cut off."""
        label = (key or ("", ""), status // 100)
        if label not in self._requests and len(self._requests) >= _LABELS_LIMIT:
            label = (("", ""), status // 100)
        self._requests[label] = self._requests.get(label, 0) + 1
        self._buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def write(self) -> str:
        """All of it."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "# TYPE paaks_dispatcher_requests_total counter"
        for ((namespace, service), kind), count in sorted(self._requests.items()):
            labels = f'namespace="{namespace}",service="{service}",status="{kind}xx"'
            yield f"paaks_dispatcher_requests_total{{{labels}}} {count}"
        yield "# TYPE paaks_dispatcher_seconds histogram"
        sums = list(accumulate(self._buckets))
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), sums, strict=True):
            yield f'paaks_dispatcher_seconds_bucket{{le="{bound}"}} {count}'
        yield f"paaks_dispatcher_seconds_sum {self._seconds:.6f}"
        yield f"paaks_dispatcher_seconds_count {sums[-1]}"
        for name, read in self._gauges.items():
            yield f"# TYPE paaks_dispatcher_{name} gauge"
            yield f"paaks_dispatcher_{name} {read()}"


async def answer_metrics(metrics: Metrics, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request on the metrics' socket, whatever it asks for, and its answer."""
    try:
        async with asyncio.timeout(_SECONDS):
            await reader.readuntil(b"\r\n\r\n")
            body = metrics.write().encode()
            kind = b"text/plain; version=0.0.4; charset=utf-8"
            head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
            writer.write(head % (kind, len(body)) + body)
            await writer.drain()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return  # who asked has gone, or never did
    finally:
        writer.close()
