"""Programs that are kept running: pauses, deaths, hopeless starts, the end. They are real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import process_logs, supervisor
from cli.failure import Failure
from cli.supervisor import Backoff, Program, Supervisor

QUICK = Backoff(first=0.01, longest=0.05, patience=3)
OBEDIENT = "import signal, sys; signal.signal(15, lambda *a: sys.exit(0)); print('up', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause(); signal.pause()"


def make_program(name: str, code: str, log: Path) -> Program:
    """A small Python program."""
    return Program(name, [sys.executable, "-I", "-S", "-c", code], dict(os.environ), log=log)


async def await_lines(log: Path, count: int) -> None:
    """Until a program has said so many lines."""
    async with asyncio.timeout(10):
        while not log.exists() or len(log.read_text().splitlines()) < count:
            await asyncio.sleep(0.01)  # a file of another process has no event


@given(st.integers(1, 10_000), st.floats(0.001, 10), st.floats(0.001, 100))
def test_pauses_grow_to_the_longest(deaths: int, first: float, longest: float) -> None:
    backoff = Backoff(first=first, longest=longest)
    assert 0 < backoff.delay(deaths) <= longest
    assert backoff.delay(deaths) <= backoff.delay(deaths + 1)
    assert backoff.delay(1) == min(first, longest)


async def test_what_dies_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    keeper, log = Supervisor(said.append, QUICK), tmp_path / "log"
    keeper.keep(make_program("one", OBEDIENT, log))
    await await_lines(log, 1)
    pid = keeper.pid_of("one")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await await_lines(log, 2)
    assert keeper.pid_of("one") not in (None, pid)
    assert said == ["one ended (SIGKILL), starting it again in 0.0 s"]
    await keeper.stop([(["one"], 5.0)])
    assert keeper.pid_of("one") is None


async def test_a_start_that_is_hopeless_ends_with_the_last_words(tmp_path: Path) -> None:
    keeper = Supervisor(lambda line: None, QUICK)
    keeper.keep(make_program("broken", "import sys; sys.exit('no such setting')", tmp_path / "log"))
    async with asyncio.timeout(10):
        failure = await keeper.failed
    assert failure.title == "broken does not start (exit 1)"
    assert "no such setting" in str(failure.detail)
    await keeper.stop([])


async def test_once_all_was_well_nothing_is_hopeless(tmp_path: Path) -> None:
    keeper, log = Supervisor(lambda line: None, QUICK), tmp_path / "log"
    keeper.settle()
    keeper.keep(make_program("weak", "print('up', flush=True)", log))
    await await_lines(log, QUICK.patience + 2)
    assert not keeper.failed.done()
    await keeper.stop([])


async def test_what_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    keeper, log = Supervisor(lambda line: None, QUICK), tmp_path / "log"
    keeper.keep(make_program("stubborn", STUBBORN, log))
    await await_lines(log, 1)
    pid = keeper.pid_of("stubborn")
    await keeper.stop([(["stubborn"], 0.1)])
    assert not Path(f"/proc/{pid}").exists()


async def test_a_step_that_fails_says_why(tmp_path: Path) -> None:
    keeper = Supervisor(lambda line: None, QUICK)
    await keeper.run_once(make_program("step", "pass", tmp_path / "log"))
    with pytest.raises(Failure, match=r"step failed \(exit 3\)"):
        await keeper.run_once(make_program("step", "raise SystemExit(3)", tmp_path / "log"))


def test_the_end_of_a_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert supervisor.read_tail(log) is None
    assert supervisor.read_tail(None) is None
    log.write_text("".join(f"{n}\n" for n in range(100_000)))
    assert supervisor.read_tail(log, 2) == "99998\n99999"


def test_logs_are_cut_while_they_are_written(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 200)
        process_logs.rotate(tmp_path, limit=100)
        writer.write(b"later\n")
    assert log.read_bytes() == b"later\n"
    assert (tmp_path / "api.log.1").read_bytes() == b"x" * 200
    process_logs.rotate(tmp_path, limit=100)
    assert log.read_bytes() == b"later\n"


async def test_logs_are_looked_at_again_and_again(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_bytes(b"x" * 200)
    rotating = asyncio.create_task(process_logs.keep_rotating(tmp_path, seconds=0.01, limit=100))
    async with asyncio.timeout(5):
        while log.stat().st_size:
            await asyncio.sleep(0.01)
    rotating.cancel()
