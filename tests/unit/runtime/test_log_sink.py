"""Bytes as a pipe gives them → lines: whole, cut, dropped, each counted once. And what a terminal log says of it."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from runtime.node.log_sink import MAX_LINE, LineSplitter

LINES = st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")), max_size=30)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(LINES, st.lists(st.integers(0, 10_000), max_size=20))
def test_lines_are_the_same_however_they_come(lines: list[bytes], cuts: list[int]) -> None:
    splitter = LineSplitter()
    data = b"".join(line + b"\n" for line in lines)
    assert [line for piece in pieces(data, cuts) for line in splitter.split(piece)] + splitter.end() == lines


@given(LINES, st.lists(st.tuples(st.integers(0, 10_000), st.booleans()), max_size=20))
def test_each_line_is_kept_or_counted(lines: list[bytes], marks: list[tuple[int, bool]]) -> None:
    splitter = LineSplitter()
    data = b"".join(line + b"\n" for line in lines)
    kept: list[bytes] = []
    lost = 0
    for number, piece in enumerate(pieces(data, [cut for cut, _ in marks])):
        if number < len(marks) and marks[number][1]:
            lost += splitter.drop(piece)
        else:
            kept += splitter.split(piece)
    kept += splitter.end()
    assert len(kept) + lost == len(lines)
    left = iter(lines)
    assert all(line in left for line in kept), "in order, and each whole"


def test_long_lines_are_cut_once() -> None:
    splitter = LineSplitter()
    kept: list[bytes] = []
    for _ in range(100):
        kept += splitter.split(b"x" * 1000)
    kept += splitter.split(b"tail\nnext\n")
    assert [len(line) for line in kept] == [MAX_LINE, 4]
    assert kept[0].endswith(" …".encode())


def test_a_cut_leaves_no_half_character() -> None:
    (line,) = LineSplitter().split(("ä" * MAX_LINE + "\n").encode())
    assert len(line) <= MAX_LINE
    assert line.decode().endswith("ä …")


def test_the_other_system_s_line_ends_are_taken_off() -> None:
    assert LineSplitter().split(b"a\r\n\r\nb\n") == [b"a", b"", b"b"]
