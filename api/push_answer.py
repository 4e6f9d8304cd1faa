"""What a push is answered: lines for a person while it goes on, then git's report. Format: gitprotocol-pack.

It waits in memory until the client takes it: nothing that is said here ever waits for a client. What does not live
here: the words (`push_lines.py`), sending (`git_http.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping

from api.packets import FLUSH, write_packet

_REPORT, _MESSAGE = 1, 2  # bands
_BAND_BYTES = 65_515  # of one packet: side-band-64k
_KEEPALIVE = b"0005\x02"  # a packet that says nothing, as git's receive.keepAlive


class PushAnswer:
    """One answer in the making. What a client has not asked to be told in bands, it is not told.

    After `keepalive` seconds of silence there is a sign of life.
    """

    def __init__(self, capabilities: Collection[str], keepalive: float = 5.0) -> None:
        self._keepalive = keepalive
        self._has_bands = "side-band-64k" in capabilities
        self._has_report = not {"report-status", "report-status-v2"}.isdisjoint(capabilities)
        self._waiting: list[bytes] = []
        self._news = asyncio.Event()
        self._is_ended = False

    def say(self, line: str) -> None:
        """A line for whoever pushes; what is not printable is left out of it."""
        text = "".join(c if c.isprintable() else " " for c in line)
        self.pass_on(text.encode(errors="replace") + b"\n")

    def say_all(self, lines: Iterable[str]) -> None:
        """Several lines."""
        for line in lines:
            self.say(line)

    def pass_on(self, data: bytes) -> None:
        """What a git process has said, as it is."""
        if self._has_bands:
            self._put(_in_band(_MESSAGE, data))

    def report(self, unpacked: str, refs: Iterable[str], refused: Mapping[str, str]) -> None:
        """How it has ended: `unpacked` is `ok` or what went wrong; then each reference, with why it was refused.

        The first report counts: a client takes no second one.
        """
        if not self._has_report:
            return
        self._has_report = False
        lines = [f"unpack {unpacked}", *(f"ng {ref} {refused[ref]}" if ref in refused else f"ok {ref}" for ref in refs)]
        report = b"".join(write_packet(line.encode(errors="surrogateescape") + b"\n") for line in lines) + FLUSH
        self._put(_in_band(_REPORT, report) if self._has_bands else report)

    def end(self) -> None:
        """Nothing more will be said."""
        if self._has_bands:
            self._put(FLUSH)
        self._is_ended = True
        self._news.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What has been said, as soon as it was; and a sign of life now and then."""
        while True:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                yield b"".join(waiting)
            if self._is_ended:
                return
            self._news.clear()
            try:
                async with asyncio.timeout(self._keepalive):
                    await self._news.wait()
            except TimeoutError:
                if self._has_bands:
                    yield _KEEPALIVE

    def _put(self, data: bytes) -> None:
        self._waiting.append(data)
        self._news.set()


def _in_band(band: int, data: bytes) -> bytes:
    parts = (data[at : at + _BAND_BYTES] for at in range(0, len(data), _BAND_BYTES))
    return b"".join(write_packet(bytes([band]) + part) for part in parts)
