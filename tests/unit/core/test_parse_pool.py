"""Worker processes under limits: what is too much for one ends it, and the next file finds another."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from pathlib import Path

import pytest

from core import parse_pool
from core.errors import RetryLater
from core.parse_pool import ParsePool
from core.parse_worker import DESCRIPTOR, PYTHON

LONG = b"x = [1, 2, 3]\n" * 18_000


async def test_a_file_over_its_cpu_time_is_refused_and_the_pool_goes_on() -> None:
    async with ParsePool(workers=1, milliseconds=8) as pool:
        slow = await pool.parse(PYTHON, "a", LONG, tenant="t")
        good = await pool.parse(PYTHON, "b", b"x = 1\n", tenant="t")

    assert [problem.slug for problem in slow.problems] == ["check-too-slow"]
    assert "0.008 s" in slow.problems[0].detail
    assert good.problems == ()


async def test_a_slow_worker_steps_back_and_is_replaced_after_its_answer() -> None:
    async with ParsePool(workers=1, milliseconds=20_000) as pool:
        files = [(str(number), LONG + b"y = %d\n" % number) for number in range(3)]
        answers = await asyncio.gather(*(pool.parse(PYTHON, oid, data, tenant=oid) for oid, data in files))

    assert [answer.problems for answer in answers] == [(), (), ()]


async def test_a_start_that_takes_long_is_not_the_files_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, python = tmp_path / "gate", tmp_path / "python"
    os.mkfifo(gate)
    python.write_text(f'#!/bin/sh\nread _ <{shlex.quote(str(gate))}\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(parse_pool, "_SLOW_SECONDS", 0.25)
    async with ParsePool(workers=1) as pool:
        (worker,) = pool._all
        asked = asyncio.create_task(pool.parse(PYTHON, "a", b"x = 1\n", tenant="t"))
        await asyncio.sleep(0.3)  # longer than a file may take
        await asyncio.to_thread(gate.write_text, "go\n")
        assert (await asked).problems == ()
        assert pool._all == {worker}


async def test_a_process_that_does_not_start_is_no_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    async with ParsePool(workers=1) as pool:
        with pytest.raises(RetryLater):
            await pool.parse(PYTHON, "a", b"x = 1\n", tenant="t")


async def test_an_abandoned_question_does_not_answer_the_next_one() -> None:
    async with ParsePool(workers=1) as pool:
        first = asyncio.create_task(pool.parse(PYTHON, "a", LONG, tenant="t"))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        second = await pool.parse(DESCRIPTOR, "b", b"replicas: 3\n", tenant="t")

    assert second.service is not None
    assert second.service["replicas"] == 3


async def test_the_same_blob_is_parsed_once() -> None:
    async with ParsePool(workers=1) as pool:
        assert pool.recall(PYTHON, "a") is None
        answer = await pool.parse(PYTHON, "a", b"def f(:\n", tenant="t")
        assert pool.recall(PYTHON, "a") is answer
        assert await pool.parse(PYTHON, "a", b"not read again", tenant="t") is answer
        assert pool.recall(DESCRIPTOR, "a") is None


async def test_many_are_answered_each_for_itself_though_one_among_them_is_too_much() -> None:
    blobs = {str(number): b"x = %d\n" % number for number in range(200)}
    blobs |= {"70": LONG, "71": b"def f(:\n"}
    async with ParsePool(workers=2, milliseconds=8) as pool:
        found = await pool.parse_all(PYTHON, blobs, tenant="t")
        again = await pool.parse_all(PYTHON, dict.fromkeys(blobs, b"not read again"), tenant="t")

    assert {oid: [problem.slug for problem in answer.problems] for oid, answer in found.items() if answer.problems} == {
        "70": ["check-too-slow"],
        "71": ["syntax-error"],
    }
    assert found.keys() == blobs.keys()
    assert again == found


async def test_what_is_slow_among_many_is_answered_and_the_rest_by_another_worker() -> None:
    blobs = {"slow": LONG} | {str(number): b"x = %d\n" % number for number in range(20)}
    async with ParsePool(workers=1, milliseconds=20_000) as pool:
        found = await pool.parse_all(PYTHON, blobs, tenant="t")

    assert [answer.problems for answer in found.values()] == [()] * 21
