from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import sse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda j: st.lists(j) | st.dictionaries(st.text(), j)
)


@given(JSON, st.integers(0, 2**53))
def test_an_event_is_one_event_whatever_its_data(data: object, number: int) -> None:
    lines = sse.write_event("release.stage", data, number).decode().split("\n")
    assert lines[:2] == [f"id: {number}", "event: release.stage"]
    assert lines[3:] == ["", ""]
    assert json.loads(lines[2].removeprefix("data: ")) == data


def test_a_stream_says_when_and_from_where_to_come_back() -> None:
    assert sse.write_start(7) == b"id: 7\nretry: 2000\n\n"
    assert sse.write_start() == b"retry: 2000\n\n"


class Source:
    """Chunks, then silence or an end; tells whether it was closed."""

    def __init__(self, *chunks: bytes, ends: bool) -> None:
        self.closed = asyncio.Event()
        self._chunks, self._ends = chunks, ends

    async def stream(self) -> AsyncGenerator[bytes, None]:
        try:
            for chunk in self._chunks:
                yield chunk
            if not self._ends:
                await asyncio.Event().wait()
        finally:
            self.closed.set()


async def test_a_source_passes_through_and_is_closed_at_its_end() -> None:
    source = Source(b"a", b"b", ends=True)
    assert [chunk async for chunk in sse.keep_alive(source.stream(), may_go_on=lambda: True)] == [b"a", b"b"]
    assert source.closed.is_set()


async def test_a_reader_that_goes_away_closes_the_source() -> None:
    source = Source(b"a", ends=False)
    stream = sse.keep_alive(source.stream(), may_go_on=lambda: True)
    assert await anext(stream) == b"a"
    await stream.aclose()
    assert source.closed.is_set()


async def test_a_reader_that_is_cancelled_while_it_waits_closes_the_source() -> None:
    source = Source(ends=False)
    stream = sse.keep_alive(source.stream(), may_go_on=lambda: True)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.wait_for(source.closed.wait(), 5)


async def test_silence_is_filled_with_comments_and_a_stream_ends_when_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.01)
    monkeypatch.setattr(sse, "_LOOK_SECONDS", 0.01)
    source, welcome = Source(b"a", ends=False), [True]
    stream = sse.keep_alive(source.stream(), may_go_on=lambda: welcome[0])
    assert [await anext(stream) for _ in range(3)] == [b"a", sse.KEEP_ALIVE, sse.KEEP_ALIVE]
    welcome[0] = False
    assert [chunk async for chunk in stream] == []
    assert source.closed.is_set()


async def test_what_breaks_in_the_source_is_raised() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"a"
        raise ZeroDivisionError

    stream = sse.keep_alive(broken(), may_go_on=lambda: True)
    assert await anext(stream) == b"a"
    with pytest.raises(ZeroDivisionError):
        await anext(stream)
