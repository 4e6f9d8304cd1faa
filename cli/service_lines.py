"""One service in a few lines: how it is doing, since when, whose change that was, and what to type next. Pure.

What does not live here: many of them as a table (`commands/services.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cli.drawing import clean
from cli.output import age, describe_ms, read_time, short
from cli.progress import STAGES, message_lines

Shown = Mapping[str, Any]
_QUIET_SECONDS = 60.0  # after the pause: so long without a change ends a fight


def status_lines(service: Shown) -> list[str]:
    """About six lines; of one that failed, the evidence too, and what goes on serving."""
    status, release, name = service["status"], service.get("release") or {}, service["name"]
    lines = [f"{name}   {status['state']}{_why(status)}"]
    lines += message_lines(status)
    who = (service.get("author") or {}).get("email") or "-"
    lines.append(f"commit   {short(service['commit'])}  {service['subject']}  ({who}, {age(service['at'])} ago)")
    lines += _live_lines(service)
    lines += [f"drift    {said}" for said in drift_lines(service)]
    lines.append(f"url      {service['url']}{'' if service.get('public') else '   private'}")
    if stages := describe_stages(release):
        lines.append(f"stages   {stages}")
    lines.append(f"next     {next_step(service)}")
    return lines


def _why(status: Shown) -> str:
    said = ": ".join(part for part in (status.get("reason"), status.get("sentence")) if part)
    return f"   {said}" if said else ""


def _live_lines(service: Shown) -> Iterable[str]:
    live = (service.get("live") or {}).get("commit")
    if live is None:
        yield "live     nothing yet"
    elif live == service["commit"]:
        yield f"live     {short(live)}"
    else:
        yield f"live     {short(live)}   the last that came up goes on serving"


def drift_lines(service: Shown) -> Iterable[str]:
    """What somebody else has changed of it last: who, what, and since when it is put back."""
    drift = service.get("drift")
    if drift:
        who, what = drift["manager"] or "somebody", ", ".join(drift["fields"])
        end = f"put back {age(drift['correctedAt'])} ago"
        slowed = f", and slowed to once in {drift['pause']:.0f} s" if drift["reason"] == "Contested" else ""
        yield clean(f"{drift['reason']}: {who} changed {what} of {drift['object']}; {end}{slowed}")


def is_fought(service: Shown, now: datetime | None = None) -> bool:
    """Does somebody else keep changing it, so that it may run otherwise than git says until it is put back again?"""
    drift = service.get("drift") or {}
    corrected = read_time(drift.get("correctedAt"))
    if drift.get("reason") != "Contested" or corrected is None:
        return False
    return ((now or datetime.now(UTC)) - corrected).total_seconds() < float(drift["pause"]) + _QUIET_SECONDS


def next_step(service: Shown) -> str:
    """What one would type now."""
    name, state = service["name"], service["status"]["state"]
    if state == "failed":
        return f"paaks logs {name} -p · mend it and push · or: paaks rollback {name}"
    if state == "held":
        commit = (service.get("release") or {}).get("commit") or service["commit"]
        return f"paaks reconcile --allow-prune {commit}"
    if state == "live":
        return f"paaks call {name} · paaks logs {name} -f"
    return f"paaks status {name} -w"


def describe_ready(service: Shown) -> str | None:
    """`1/2`: how many pods answer, and how many there should be; None where that is not known."""
    ready, wanted = service.get("ready"), service.get("replicas")
    return f"{ready}/{wanted if wanted is not None else '?'}" if ready is not None else None


def describe_stages(release: Shown) -> str:
    """`apply 6ms  start 21ms  live 2ms`."""
    stages = release.get("stages") or {}
    return "  ".join(f"{stage} {describe_ms(stages[stage]['ms'])}" for stage in STAGES if stage in stages)


def describe_lines(service: Shown, releases: Sequence[Shown]) -> list[str]:
    """Everything about one service, and its latest releases."""
    lines = [
        *status_lines(service)[:-1],
        f"path     {service['path'] or '.'}",
        f"tree     {service['tree']}",
        f"replicas {service.get('replicas') if service.get('replicas') is not None else '-'}",
        f"ready    {describe_ready(service) or '-'}",
    ]
    if releases:
        lines.append("releases")
    for release in releases:
        took = describe_ms(release.get("liveMs")) or "-"
        head = f"  {short(release['commit'])}  {release['state']:<10}  {took:>7}  {age(release['createdAt']):>4}"
        lines.append(f"{head}  {release['via']:<8}  {release['subject']}")
    return lines
