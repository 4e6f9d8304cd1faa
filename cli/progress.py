"""What becomes of releases, as it happens: on a terminal one line a service that grows, elsewhere a line a change.

It hears of them by the tenant's event stream, and reads them anew where that broke. What does not live here: a push's
own words (the server's), lists (`output.py`).
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO
from urllib.parse import quote

from cli.client import Broken, Client
from cli.drawing import clean
from cli.failure import Exit, Failure
from cli.output import describe_ms, short

FINAL = frozenset({"live", "failed", "removed", "held"})
STAGES = ("apply", "start", "live")  # what takes time after a commit; the ones before are done when it is answered
_SILENCE_SECONDS = 20.0
_AGAIN_SECONDS = 0.2
Release = Mapping[str, Any]
Judgement = Callable[[Release], bool]


def is_final(release: Release) -> bool:
    """Is it known what came of it?"""
    return release["state"] in FINAL


def watch(client: Client, asked: Iterable[Release], seconds: float, is_done: Judgement = is_final) -> Iterator[Release]:
    """Each release as it stands and as it moves on, until all are done. Raises Failure (124) after `seconds`.

    A release that was superseded is followed by its successor, under the successor's own id.
    """
    waiting = {release["id"]: release for release in asked}
    give_up = time.monotonic() + seconds
    last_id: str | None = None
    yield from waiting.values()
    waiting = {key: release for key, release in waiting.items() if not is_done(release)}
    while waiting:
        with _patience(last_id is not None), open_events(client, last_id, give_up, topics="release") as events:
            for key in list(waiting):  # read after the stream is open: nothing can be missed in between
                yield from _advance(waiting, key, read_release(client, key), is_done)
            while waiting and (event := next(events, None)) is not None:
                last_id, moved = event
                if moved is not None:
                    yield from _advance(waiting, moved["id"], moved, is_done)
        if waiting and time.monotonic() >= give_up:
            names = ", ".join(release["service"] for release in waiting.values())
            hint = f"paaks status {next(iter(waiting.values()))['service']} -w"
            raise Failure(f"still on its way after {seconds:.0f} s: {names}", hint=hint, code=Exit.TIMEOUT)


@contextlib.contextmanager
def _patience(has_begun: bool) -> Iterator[None]:
    """A stream that breaks is opened again; a server that restarts while we wait is given the time for it."""
    try:
        yield
    except Broken:
        time.sleep(_AGAIN_SECONDS)
    except Failure as failure:
        if not has_begun or failure.code is not Exit.UNREACHABLE:
            raise
        time.sleep(_AGAIN_SECONDS)


def _advance(waiting: dict[str, Release], key: str, release: Release, is_done: Judgement) -> Iterator[Release]:
    if key not in waiting:
        return
    yield release
    if is_done(release):
        del waiting[key]
    elif release["state"] == "superseded":
        del waiting[key]
        successor = f"{release['service']}@{release['supersededBy']}"
        waiting[successor] = {**release, "id": successor, "commit": release["supersededBy"], "state": "pending"}
    else:
        waiting[key] = release


def is_synced(release: Release) -> bool:
    """Does the cluster hold what it says, or can it not get there? Whether it runs is another thing."""
    return "apply" in release["stages"] or is_final(release)


def read_release(client: Client, key: str) -> Release:
    """A release as it stands; one that the server has not yet heard of is pending."""
    service, _, commit = key.partition("@")
    try:
        return client.read("GET", f"{client.tenant}/releases/{quote(key, safe='@')}")
    except Failure as failure:
        if failure.code is not Exit.NOT_FOUND:
            raise
        return {"id": key, "service": service, "commit": commit, "state": "pending", "stages": {}}


@contextlib.contextmanager
def open_events(
    client: Client, last_id: str | None, give_up: float, *, topics: str
) -> Iterator[Iterator[tuple[str | None, Release | None]]]:
    """The tenant's release events: (id, release), (id, None) for anything else. Ends at `give_up` (monotonic)."""
    silence = max(0.1, min(_SILENCE_SECONDS, give_up - time.monotonic()))
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
    with client.stream(f"{client.tenant}/events", headers=headers, query={"topics": topics}, silence=silence) as lines:
        yield _read_events(lines, last_id, give_up)


def _read_events(
    lines: Iterator[str], last_id: str | None, give_up: float
) -> Iterator[tuple[str | None, Release | None]]:
    """Server-sent events (HTML, "event stream interpretation"): fields up to an empty line."""
    kind, data = "message", ""
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            last_id = value
        elif name == "event":
            kind = value
        elif name == "data":
            data += value
        elif not line:
            if kind in ("reset", "bye"):
                return
            yield last_id, _read_release(data) if kind.startswith("release.") else None
            kind, data = "message", ""
        if time.monotonic() >= give_up:
            return


def _read_release(data: str) -> Release | None:
    with contextlib.suppress(ValueError):
        found = json.loads(data)
        if isinstance(found, dict):
            release = found.get("release", found)
            return release if isinstance(release, dict) and "id" in release else None
    return None


class StageLines:
    """Prints what becomes of releases. A terminal sees one line for each that grows; a file gets a line a change."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._live = self._stream.isatty()
        self._said: dict[str, tuple[str, ...]] = {}
        self._open: str | None = None

    def show(self, release: Release) -> None:
        """Say what is new of a release, if anything is."""
        reached = (*(stage for stage in STAGES if stage in release["stages"]), release["state"])
        before = self._said.get(release["id"], ())
        if reached == before:
            return
        self._said[release["id"]] = reached
        if self._live:
            self._redraw(release)
        else:
            for stage in (s for s in reached[:-1] if s not in before):
                print(f"{stage:<8} {release['service']}  {_took(release, stage)}", file=self._stream, flush=True)

    def _redraw(self, release: Release) -> None:
        if self._open not in (None, release["id"]):
            print(file=self._stream)
        self._open = release["id"]
        parts = "   ".join(f"{stage} ✓ {_took(release, stage)}" for stage in STAGES if stage in release["stages"])
        end = "" if is_final(release) or release["state"] == "superseded" else "   …"
        print(f"\r\033[K{release['service']}  {parts}{end}", end="", file=self._stream, flush=True)

    def close(self) -> None:
        """End the line that is open."""
        if self._open is not None:
            print(file=self._stream, flush=True)
            self._open = None


def _took(release: Release, stage: str) -> str:
    return describe_ms(release["stages"][stage].get("ms")) or ""


def follow(
    client: Client, asked: Sequence[Release], seconds: float, *, quiet: bool = False, is_done: Judgement = is_final
) -> list[Release]:
    """Wait for releases and show their stages; how they ended. Raises Failure: 124 after `seconds`, 130 on Ctrl-C."""
    lines = StageLines()
    ended: dict[str, Release] = {}
    try:
        for release in watch(client, asked, seconds, is_done):
            ended[release["service"]] = release
            if not quiet:
                lines.show(release)
    except KeyboardInterrupt:
        service = asked[0]["service"] if len(asked) == 1 else ""
        hint = f"paaks status {service} -w".replace("  ", " ")
        raise Failure("still on its way: it goes on without you", hint=hint, code=Exit.INTERRUPTED) from None
    finally:
        lines.close()
    return list(ended.values())


def end_lines(release: Release) -> list[str]:
    """How a release ended: the address and the time, or the reason and the evidence."""
    service, commit = release["service"], short(release["commit"])
    if release["state"] == "live":
        took = describe_ms(release.get("liveMs"))
        return [f"live     {release.get('url') or service}   {commit}{f' in {took}' if took else ''}"]
    if release["state"] == "removed":
        return [f"removed  {service}"]
    said = f"{release['state']:<8} {service}  {commit}  {release.get('reason') or ''}: {release.get('sentence') or ''}"
    return [clean(said.rstrip(": ")), *message_lines(release)]


def message_lines(release: Release, most: int = 30) -> list[str]:
    """The last lines of the evidence, usually a traceback, indented."""
    return [f"    {clean(line)}" for line in (release.get("message") or "").rstrip().splitlines()[-most:]]


def judge(releases: Iterable[Release]) -> Exit:
    """The exit code of what became of a change: 7 where a revision does not come up."""
    states = {release["state"] for release in releases}
    return Exit.NOT_LIVE if "failed" in states or "held" in states else Exit.DONE
