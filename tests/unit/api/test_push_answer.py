"""A push's answer: what is said arrives in its band, in order; a client that asked for less hears less."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from api.push_answer import PushAnswer

BANDS = frozenset({"report-status", "side-band-64k"})


def split(data: bytes) -> Iterator[bytes]:
    """The packets of a stream; a flush is empty."""
    while data:
        length = int(data[:4], 16)
        yield data[4:length]
        data = data[max(4, length) :]


def bands(data: bytes) -> dict[int, bytes]:
    """What each band has carried; the stream ends with a flush."""
    *packets, last = split(data)
    assert last == b""
    found: dict[int, bytes] = {}
    for packet in packets:
        assert len(packet) <= 65_516
        found[packet[0]] = found.get(packet[0], b"") + packet[1:]
    return found


async def take(answer: PushAnswer) -> bytes:
    return b"".join([chunk async for chunk in answer.chunks()])


async def test_lines_and_report_in_their_bands() -> None:
    answer = PushAnswer(BANDS)
    answer.say("plan     ~ hello  updated")
    answer.report("ok", ["refs/heads/main", "refs/heads/x"], {"refs/heads/x": "fetch first"})
    answer.say_all(["one", "t\x1b[31mwo"])
    answer.report("not so ok", ["refs/heads/main"], {})
    answer.end()
    said = bands(await take(answer))
    assert said[2] == b"plan     ~ hello  updated\none\nt [31mwo\n"
    assert list(split(said[1])) == [b"unpack ok\n", b"ok refs/heads/main\n", b"ng refs/heads/x fetch first\n", b""]


async def test_without_bands_there_is_the_report_alone() -> None:
    answer = PushAnswer({"report-status-v2"})
    answer.say("plan")
    answer.report("ok", ["refs/heads/main"], {})
    answer.end()
    assert list(split(await take(answer))) == [b"unpack ok\n", b"ok refs/heads/main\n", b""]


async def test_who_asks_for_no_report_gets_none() -> None:
    answer = PushAnswer(())
    answer.report("ok", ["refs/heads/main"], {})
    answer.end()
    assert await take(answer) == b""


@given(st.lists(st.binary(min_size=1, max_size=200_000), max_size=3))
async def test_whatever_git_says_is_passed_on_whole(parts: list[bytes]) -> None:
    answer = PushAnswer(BANDS)
    for part in parts:
        answer.pass_on(part)
    answer.end()
    assert bands(await take(answer)).get(2, b"") == b"".join(parts)


async def test_a_line_is_handed_out_when_it_is_said() -> None:
    answer = PushAnswer(BANDS)
    chunks = answer.chunks()
    coming = asyncio.ensure_future(anext(chunks))
    await asyncio.sleep(0)
    answer.say("now")
    assert await coming == b"0009\x02now\n"


async def test_a_silent_answer_shows_that_it_is_alive() -> None:
    answer = PushAnswer(BANDS, keepalive=0.001)
    assert await anext(answer.chunks()) == b"0005\x02"
