"""A push's request: what a client says is what is read, in whatever pieces it comes; nonsense is refused."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.packets import MalformedError, Packets
from api.push_request import MAX_OPTIONS, MAX_REFS, Asked, read_request
from core.reference_updates import ZERO, Update

SHA = "5" * 40
shas = st.text("0123456789abcdef", min_size=40, max_size=40)
refs = st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1, max_size=40)
updates = st.lists(st.builds(Update, shas, shas, refs), min_size=1, max_size=5)
options = st.lists(st.text(st.characters(categories=["L", "N", "P"]), max_size=20), max_size=MAX_OPTIONS)


def packet(data: bytes) -> bytes:
    return b"%04x%b" % (len(data) + 4, data)


def write_request(
    wanted: Iterable[Update], said: Iterable[str] | None, capabilities: str = "report-status atomic"
) -> bytes:
    """As git's send-pack writes it."""
    lines = [f"{u.old} {u.new} {u.ref}".encode() for u in wanted]
    lines[0] += b"\0 " + (capabilities + (" push-options" if said is not None else "")).encode()
    text = b"".join(packet(line + b"\n") for line in lines) + b"0000"
    return text + (b"".join(packet(option.encode()) for option in said) + b"0000" if said is not None else b"")


async def cut(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def read(data: bytes, size: int = 65_536) -> tuple[Asked, bytes]:
    packets = Packets(cut(data, size))
    asked = await read_request(packets)
    return asked, b"".join([part async for part in packets.rest()])


@given(updates, st.none() | options, st.binary(max_size=50), st.integers(1, 90))
async def test_what_is_written_is_read_in_whatever_pieces(
    wanted: list[Update], said: list[str] | None, pack: bytes, size: int
) -> None:
    asked, rest = await read(write_request(wanted, said) + pack, size)
    assert (asked.updates, asked.count, asked.options, asked.bad_option) == (wanted, len(wanted), said or [], False)
    assert {"report-status", "atomic"} <= asked.capabilities
    assert rest == pack


@given(st.binary(max_size=300), st.integers(1, 90))
async def test_nonsense_is_malformed_and_nothing_worse(data: bytes, size: int) -> None:
    with contextlib.suppress(MalformedError):
        asked, _ = await read(data, size)
        assert len(asked.updates) == asked.count


@given(updates, st.data())
async def test_a_request_that_is_cut_short_is_malformed(wanted: list[Update], data: st.DataObject) -> None:
    whole = write_request(wanted, ["no-wait"])
    with pytest.raises(MalformedError):
        await read(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize("line", [b"push-cert x", b"5 5 refs/heads/x", f"{SHA} {SHA} ".encode(), b"", SHA.encode()])
async def test_a_line_that_is_no_update_is_malformed(line: bytes) -> None:
    with pytest.raises(MalformedError, match="<old id> <new id> <reference>"):
        await read(packet(line) + b"0000")


async def test_a_flush_alone_asks_for_nothing() -> None:
    asked, rest = await read(b"0000")
    assert (asked.updates, rest) == ([], b"")


async def test_what_a_shallow_client_says_of_itself_is_no_update() -> None:
    update = Update(ZERO, SHA, "refs/heads/x")
    asked, _ = await read(packet(b"shallow " + SHA.encode()) + write_request([update], None))
    assert asked.updates == [update]
    assert "atomic" in asked.capabilities


async def test_more_references_than_the_most_are_counted_and_not_kept() -> None:
    wanted = [Update(ZERO, SHA, f"refs/heads/{number}") for number in range(MAX_REFS + 5)]
    asked, _ = await read(write_request(wanted, None))
    assert (asked.count, len(asked.updates)) == (MAX_REFS + 5, MAX_REFS)


async def test_endless_lines_end() -> None:
    async def lines() -> AsyncIterator[bytes]:
        while True:
            yield packet(b"shallow " + SHA.encode())

    with pytest.raises(MalformedError, match="too many"):
        await read_request(Packets(lines()))


@pytest.mark.parametrize("bad", [["a\tb"], ["a\nok"], ["\x7f"], [str(number) for number in range(MAX_OPTIONS + 1)]])
async def test_bad_options_are_remembered_and_not_kept(bad: list[str]) -> None:
    asked, _ = await read(write_request([Update(ZERO, SHA, "refs/heads/x")], bad))
    assert asked.bad_option
    assert all(option.isprintable() for option in asked.options)


@pytest.mark.parametrize(
    ("said", "seconds"), [([], 60), (["timeout=5"], 5), (["timeout=9999"], 600), (["timeout=-1"], 60)]
)
async def test_how_long_it_waits(said: list[str], seconds: float) -> None:
    asked, _ = await read(write_request([Update(ZERO, SHA, "refs/heads/x")], said))
    assert asked.wait_seconds() == seconds
