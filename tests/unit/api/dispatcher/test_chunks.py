from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dispatcher.chunks import ChunkDecoder
from core.errors import Refused


def encode(parts: list[bytes], extension: bytes = b"", trailers: bytes = b"") -> bytes:
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts if part)
    return chunks + b"0\r\n" + trailers + b"\r\n"


@given(
    st.lists(st.binary(max_size=300), max_size=8),
    st.sampled_from([b"", b";a", b';name="v w"']),
    st.sampled_from([b"", b"X: y\r\n", b"Authorization: z\r\nB:\r\n"]),
    st.binary(max_size=20),
    st.lists(st.integers(1, 50), min_size=1),
)
def test_a_body_is_the_same_however_it_is_cut(
    parts: list[bytes], extension: bytes, trailers: bytes, rest: bytes, cuts: list[int]
) -> None:
    data, decoder, found, turn = encode(parts, extension, trailers) + rest, ChunkDecoder(10_000), b"", 0
    while data and not decoder.is_done:
        size = cuts[turn % len(cuts)]
        found, data, turn = found + decoder.feed(data[:size]), data[size:], turn + 1

    assert decoder.is_done
    assert found == b"".join(parts)
    assert decoder.rest + data == rest


@given(st.binary(max_size=100))
def test_whatever_the_bytes_are_they_are_chunks_or_refused(data: bytes) -> None:
    try:
        found = ChunkDecoder(1000).feed(data)
    except Refused:
        return
    assert len(found) <= len(data)


@pytest.mark.parametrize("sizes", [[1001], [500, 501], [10**6]])
def test_a_body_over_the_limit_is_refused_before_it_has_come(sizes: list[int]) -> None:
    data = b"".join(b"%x\r\n%b\r\n" % (size, b"x" * size) for size in sizes[:-1]) + b"%x\r\n" % sizes[-1]
    with pytest.raises(Refused) as caught:
        ChunkDecoder(1000).feed(data)
    assert caught.value.problems[0].slug == "body-too-large"


def test_trailers_and_extensions_have_a_limit() -> None:
    for data in (b"1;" + b"x" * 300, b"0\r\n" + b"A: b\r\n" * 3000, b"0\r\nA: " + b"b" * 9000):
        with pytest.raises(Refused):
            ChunkDecoder(1000).feed(data)
