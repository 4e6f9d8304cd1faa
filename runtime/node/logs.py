"""The logs of all pods of the node, also of those that are gone: who writes them, and how they are read.

What does not live here: pipes and lines (`log_sink.py`), files (`log_files.py`), HTTP (`api.py`).
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runtime.node.log_files import choose_run, format_stamp, list_segments, read_last, read_next, strip_stamps
from runtime.node.log_sink import Sink


class NoSuchLog(Exception):
    """Nothing was ever written by such a pod, or nothing of it is kept."""


class Logs:
    """Logs below `<data>/logs`. Used on one loop; must be closed."""

    def __init__(self, data: Path) -> None:
        self._root = data / "logs"
        # One thread: the files of a service are changed by nobody else, and a slow disk holds up nothing but logs.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="logs")
        self._kept: set[Path] = set()
        self._sinks: dict[tuple[str, str], Sink] = {}

    def open(self, namespace: str, service: str, pod: str) -> Sink:
        """The log of a new process of the pod."""
        key = (namespace, pod)

        def forget(closed: Sink) -> None:
            if self._sinks.get(key) is closed:  # else the pod's next process has its place
                del self._sinks[key]

        sink = Sink(self._root / namespace / service, pod, self._kept, self._disk, forget)
        self._sinks[key] = sink
        return sink

    async def read(
        self,
        namespace: str,
        pod: str,
        *,
        tail: int | None = None,
        since: float | None = None,
        previous: bool = False,
        follow: bool = False,
        timestamps: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """Whole lines of the pod's newest process, in chunks: the last `tail`, or those since a time (epoch seconds).

        `previous`: of the process before it, which may be an earlier pod's of the service. `follow`: and those to
        come, until the process has ended. Raises NoSuchLog.
        """
        show: Callable[[bytes], bytes] = (lambda lines: lines) if timestamps else strip_stamps
        sink = None if previous else self._sinks.get((namespace, pod))
        if sink is not None:
            await sink.flush()
        directory = sink.directory if sink else await asyncio.to_thread(self._find_directory, namespace, pod)
        end = sink.written if sink else None
        stamp = format_stamp(int(since * 1e9)) if since is not None else b""
        running = {name for place, name in self._sinks if place == namespace}
        for chunk in await asyncio.to_thread(_read_history, directory, pod, previous, running, end, tail, stamp):
            yield show(chunk)
        if sink is not None and follow:
            async for chunk in _follow(sink, end or 0):
                yield show(chunk)

    def list_pods(self, namespace: str, service: str) -> list[str]:
        """The names of the service's pods that have a log, those that are gone too, the oldest first."""
        return list(dict.fromkeys(segment.pod for segment in list_segments(self._root / namespace / service)))

    def forget(self, namespace: str) -> None:
        """Remove the logs of a namespace that is gone; returns at once."""
        self._disk.submit(shutil.rmtree, self._root / namespace, True)

    async def close(self) -> None:
        """Return when everything that has come is written."""
        for sink in list(self._sinks.values()):
            await sink.flush()
        await asyncio.to_thread(self._disk.shutdown)

    def _find_directory(self, namespace: str, pod: str) -> Path:
        """The directory of the service that the pod was of."""
        place = self._root / namespace
        for directory in sorted(place.iterdir()) if place.is_dir() else ():
            if any(segment.pod == pod for segment in list_segments(directory)):
                return directory
        raise NoSuchLog(f"there is no log of pod {pod}")


def _read_history(
    directory: Path,
    pod: str,
    previous: bool,
    running: Collection[str],
    end: int | None,
    tail: int | None,
    since: bytes,
) -> list[bytes]:
    segments = choose_run(list_segments(directory), pod, previous=previous, running=running)
    if not segments:
        raise NoSuchLog(f"there is no earlier process of pod {pod}" if previous else f"there is no log of pod {pod}")
    return list(read_last(segments, end, tail, since))


async def _follow(sink: Sink, offset: int) -> AsyncIterator[bytes]:
    while True:
        await sink.wait_beyond(offset)
        if sink.written <= offset:
            return
        chunk, offset = await asyncio.to_thread(read_next, sink.directory, sink.pod, sink.run, offset, sink.written)
        if chunk:
            yield chunk
