"""What is on disk of a service's logs: segments, runs, the tail, and what goes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.node.log_files import (
    SEGMENT_BYTES,
    SERVICE_FILES,
    RunWriter,
    choose_run,
    format_stamp,
    list_segments,
    read_last,
    read_next,
    strip_stamps,
)


def stamped(*texts: str, start: int = 0) -> bytes:
    return b"".join(b"%b %b\n" % (format_stamp((start + n) * 10**9), text.encode()) for n, text in enumerate(texts))


def write(directory: Path, pod: str, data: bytes) -> RunWriter:
    writer = RunWriter(directory, pod, set())
    writer.append(data)
    return writer


def test_stamps_are_of_one_width_and_in_order() -> None:
    stamps = [format_stamp(n) for n in (0, 1, 999_999_999, 10**9, 1_795_534_541_588_409_200)]
    assert stamps == sorted(stamps)
    assert {len(stamp) for stamp in stamps} == {30}
    assert stamps[-1] == b"2026-11-24T15:35:41.588409200Z"


def test_a_run_that_says_nothing_is_a_run(tmp_path: Path) -> None:
    assert [write(tmp_path, "p", b"").run for _ in range(3)] == [1, 2, 3]
    assert write(tmp_path, "q", b"").run == 1


@pytest.mark.parametrize(
    ("pod", "previous", "text"),
    [("a", False, "a2"), ("a", True, "a1"), ("b", False, "b1"), ("b", True, "a2"), ("c", False, ""), ("c", True, "")],
)
def test_which_run_is_meant(tmp_path: Path, pod: str, previous: bool, text: str) -> None:
    write(tmp_path, "a", stamped("a1"))
    write(tmp_path, "a", stamped("a2"))
    write(tmp_path, "b", stamped("b1"))
    segments = choose_run(list_segments(tmp_path), pod, previous=previous)
    assert strip_stamps(b"".join(segment.read() for segment in segments)).decode().strip() == text


def test_the_first_run_of_all_has_none_before_it(tmp_path: Path) -> None:
    write(tmp_path, "a", stamped("a1"))
    write(tmp_path, "b", stamped("b1"))
    assert choose_run(list_segments(tmp_path), "a", previous=True) == []


def test_a_sibling_that_runs_is_none_of_a_pods_past(tmp_path: Path) -> None:
    for pod in ("old", "sibling", "new"):
        write(tmp_path, pod, stamped(f"of {pod}"))
    segments = choose_run(list_segments(tmp_path), "new", previous=True, running={"sibling", "new"})
    assert [segment.pod for segment in segments] == ["old"]


@pytest.mark.parametrize("tail", [None, 0, 1, 700, 1000, 5000])
@pytest.mark.parametrize("since", [None, 0, 300, 999, 2000])
def test_the_tail_goes_over_segments(tmp_path: Path, tail: int | None, since: int | None) -> None:
    texts = [f"{n} {'x' * 1500}" for n in range(1000)]
    data = stamped(*texts)
    write(tmp_path, "p", data)
    segments = list_segments(tmp_path)
    assert len(segments) > 2
    assert b"".join(segment.read() for segment in segments) == data
    wanted = texts[since or 0 :]
    wanted = wanted[max(0, len(wanted) - tail) :] if tail is not None else wanted
    stamp = b"" if since is None else format_stamp(since * 10**9)
    chunks = read_last(segments, None, tail, stamp)
    assert strip_stamps(b"".join(chunks)).decode().splitlines() == wanted


def test_reading_goes_on_where_it_was_and_over_what_is_gone(tmp_path: Path) -> None:
    data = stamped(*(f"{n} {'x' * 1500}" for n in range(1000)))
    writer = write(tmp_path, "p", data)
    read, place = b"", 100
    while place < writer.written:
        chunk, place = read_next(tmp_path, "p", writer.run, place, writer.written)
        read += chunk
    assert read == data[100:]
    first, second, *_ = list_segments(tmp_path)
    first.path.unlink()
    assert first.read() == b""
    assert first.size == 0
    chunk, place = read_next(tmp_path, "p", writer.run, 100, writer.written)
    assert data[second.offset :].startswith(chunk)
    assert place == second.offset + len(chunk)
    assert read_next(tmp_path, "other", 1, 0, 5) == (b"", 5)


def test_many_small_runs_are_capped_too(tmp_path: Path) -> None:
    kept: set[Path] = set()
    living = RunWriter(tmp_path, "living", kept)
    living.append(b"")
    for _ in range(SERVICE_FILES + 20):
        writer = RunWriter(tmp_path, "crashing", kept)
        writer.append(stamped("x"))
        writer.close()
    segments = list_segments(tmp_path)
    assert len(segments) == SERVICE_FILES
    assert segments[0].pod == "living", "what is still written is not removed"


def test_no_segment_is_larger_than_one(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, "p", set())
    for _ in range(5):
        writer.append(stamped(*("y" * 9000 for _ in range(100))))
    assert all(segment.size <= SEGMENT_BYTES for segment in list_segments(tmp_path))
    assert sum(segment.size for segment in list_segments(tmp_path)) == writer.written
