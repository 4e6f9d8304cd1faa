"""`make bench`: measures the whole platform in one run, prints the figures and writes them to docs/benchmarks.md.

It fails where something does not work, and never for a time.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from browser import measure_saves
from changes import Saver, open_peer, push, push_bare, read_first_write
from machine import describe_machine, measure_pss
from report import Figure, Ratio, percentile, write_page
from started_platform import StartedPlatform, find_descendants
from visitor import PAUSE_SECONDS, Visitor

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICE = "hello"
QUIET_SECONDS = 0.15  # between rounds: the revision that was replaced ends its processes
WARM_UP = 3


@dataclass
class Series:
    """Milliseconds, by what was measured."""

    push: list[float] = field(default_factory=list)
    push_acknowledged: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)
    save: list[float] = field(default_factory=list)
    save_acknowledged: list[float] = field(default_factory=list)
    first_write: list[float] = field(default_factory=list)


def measure_changes(platform: StartedPlatform, rounds: int) -> tuple[Series, Visitor]:
    """Pushes, bare pushes and saves, one of each in a round, while one visitor calls."""
    series = Series()
    visitor = Visitor(f"{platform.dispatcher}/{SERVICE}/", platform.bearer)
    clone = platform.clone()
    platform.wait_for(SERVICE, clone.head(), 60)
    visitor.start()
    with open_peer(platform) as (peer, _), contextlib.closing(Saver(platform, SERVICE)) as saver:
        for number in range(-WARM_UP, rounds):
            kept = series if number >= 0 else Series()
            pushed = push(clone, visitor, SERVICE, number)
            kept.push.append(pushed.answered)
            kept.push_acknowledged.append(pushed.acknowledged)
            time.sleep(QUIET_SECONDS)
            kept.peer.append(push_bare(peer, SERVICE, number))
            time.sleep(QUIET_SECONDS)
            saved = saver.save(visitor, number)
            kept.save.append(saved.answered)
            kept.save_acknowledged.append(saved.acknowledged)
            clone.git("pull", "--quiet", "--ff-only")
            writes = [read_first_write(platform, SERVICE, landed.commit) for landed in (pushed, saved)]
            kept.first_write += [ms for ms in writes if ms is not None]
            time.sleep(QUIET_SECONDS)
    visitor.stop()
    return series, visitor


@dataclass
class Disturbance:
    """Milliseconds of visits without and beside pushes that are hard to check, and until those were refused."""

    visits: list[float]
    visits_beside: list[float]
    refusals: list[float] = field(default_factory=list)


def measure_disturbance(platform: StartedPlatform, rounds: int) -> Disturbance:
    """One visitor, first beside ordinary pushes alone, then beside pushes of a file that is slow to parse as well."""
    hostile, ordinary = platform.clone(), platform.clone()
    visits: list[list[float]] = []
    refusals: list[float] = []
    for is_hostile in (False, True):
        visitor = Visitor(f"{platform.dispatcher}/{SERVICE}/", platform.bearer)
        visitor.start()
        for number in range(rounds):
            if is_hostile:
                hostile.git("reset", "--quiet", "--hard", "origin/main")
                hostile.commit({f"{SERVICE}/slow.py": "x=" + "a." * (100_000 + number) + "a\n"})
                began = time.perf_counter()
                assert hostile.push(check=False).returncode != 0
                refusals.append((time.perf_counter() - began) * 1000)
            ordinary.git("pull", "--quiet", "--ff-only")
            ordinary.commit({"notes.txt": f"{is_hostile} {number}"})
            ordinary.push()
        visitor.stop()
        visits.append(visitor.milliseconds)
    return Disturbance(visits[0], visits[1], refusals)


def measure_memory(platform: StartedPlatform, services: int) -> tuple[float, float]:
    """Megabytes of the platform with one service, and of each further idle one."""
    assert platform.process is not None
    pids = [platform.process.pid, *find_descendants(platform.process.pid)]
    before = measure_pss(pids)
    clone = platform.clone()
    handler = (clone.path / SERVICE / "handler.py").read_text()
    names = [f"idle-{number}" for number in range(services)]
    files: dict[str, str | bytes | None] = {}
    for name in names:
        files |= {f"{name}/service.yaml": "public: true\n", f"{name}/handler.py": handler}
    commit = clone.commit(files, "Add idle services")
    clone.push()
    for name in names:
        platform.wait_for(name, commit, 120)
    time.sleep(2.0)  # idle is what is measured
    pids = [platform.process.pid, *find_descendants(platform.process.pid)]
    return before, (measure_pss(pids) - before) / services


def measure_starts(rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from the command to ready: on no data at all, and on data that is there."""
    first, again = [], []
    for _ in range(rounds):
        with contextlib.closing(StartedPlatform()) as platform:
            first.append(platform.start())
            again.append(platform.restart())
    return first, again


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="pushes, bare pushes and saves, of each")
    parser.add_argument("--services", type=int, default=20, help="idle services to measure the memory of one")
    parser.add_argument("--starts", type=int, default=5, help="starts on new data, and again on it")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    chosen = parser.parse_args()
    facts = describe_machine(Path(tempfile.gettempdir()))
    first, again = measure_starts(chosen.starts)
    with contextlib.closing(StartedPlatform()) as platform:
        platform.start()
        series, visitor = measure_changes(platform, chosen.rounds)
        saves = measure_saves(platform, SERVICE, chosen.rounds)
        disturbance = measure_disturbance(platform, chosen.rounds)
        whole, each = measure_memory(platform, chosen.services)
    web = [Figure("⌘S in the web → the page says that it is live", saves, limit=200)] if saves else []
    figures = [
        Figure("`git push` → new code answers", series.push, limit=60),
        Figure("`git push` → git's process has ended", series.push_acknowledged),
        Figure("bare `git push` to file:// (the peer)", series.peer),
        Figure("save (PUT) → new code answers", series.save, limit=30),
        Figure("save (PUT) → acknowledged, durable", series.save_acknowledged),
        *web,
        Figure("commit → first write to the cluster", series.first_write, limit=20, judged=0.95),
        Figure("a push with 200 kB of nested attributes → refused", disturbance.refusals, limit=3000),
        Figure("visit, beside ordinary pushes", disturbance.visits),
        Figure("visit, beside pushes that are refused", disturbance.visits_beside),
        Figure("`paaks up` → ready, on no data", first, "s", limit=10),
        Figure("`paaks up` → ready, again", again, "s"),
        Figure("memory of each further idle service (PSS)", [each], "MB", limit=6),
        Figure("memory of the platform with one service (PSS)", [whole], "MB"),
    ]
    slowest, slowest_beside = (percentile(v, 0.99) for v in (disturbance.visits, disturbance.visits_beside))
    ratios = [
        Ratio("`git push` → new code answers ÷ bare `git push` (p50)", figures[0].p(0.5) / figures[2].p(0.5), 4),
        Ratio("visit beside refused pushes ÷ beside ordinary ones (p99)", slowest_beside / slowest, 2),
    ]
    notes = [
        f"One visitor called `{SERVICE}` all the while on one connection, {PAUSE_SECONDS * 1000:.0f} ms "
        f"after each answer: {visitor.answers} answers, {len(visitor.failures)} that failed.",
        "The peer pushes the same commit to a bare repository on the same disk, with the same "
        "`core.fsync=committed,reference`, in the same rounds and beside the same visitor.",
        f"Memory is the difference that {chosen.services} services made, divided by their number.",
    ]
    page = write_page(facts, figures, ratios, notes)
    print(page)
    chosen.output.write_text(page)


if __name__ == "__main__":
    main()
