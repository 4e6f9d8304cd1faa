"""What a pusher reads: the plan, problems with their carets, stages as they happen, addresses. Pure.

What does not live here: when a line is said (`push.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from core import problems
from core.errors import Problem
from core.releases import STAGES, Release

FOLD_ABOVE = 20  # services whose stages are shown one by one
_MARKS = {"created": "+", "updated": "~", "removed": "-"}
_SHOWN_STAGES = ("apply", "start", "live")


def refuse(found: Sequence[Problem]) -> Iterator[str]:
    """Every problem, and that nothing has happened."""
    for problem in found:
        head, *rest = problems.draw(problem)
        yield f"  ✕ {head}"
        yield from (f"  {line}" for line in rest)
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    yield f"{count}: nothing was deployed, and no reference has moved. Mend them and push again."
    yield f"  what it means: paaks help problems/{found[0].slug}"


def show_plan(plan: Mapping[str, str]) -> Iterator[str]:
    """What becomes of which service."""
    if not plan:
        yield "plan     no service changes"
        return
    shown = list(plan.items())[:FOLD_ABOVE]
    width = max(len(service) for service, _ in shown)
    for service, verb in shown:
        yield f"plan     {_MARKS[verb]} {service or '(root)':<{width}}  {verb}"
    if len(plan) > len(shown):
        yield f"plan     … and {len(plan) - len(shown)} more"


def show_branch(branch: str) -> Iterator[str]:
    """A push that deploys nothing says why, and what would."""
    yield f"{branch} is stored. Only main deploys: git push <remote> {branch}:main"


def show_stages(release: Release, seen: set[str], width: int) -> Iterator[str]:
    """The stages that a release has reached and that were not shown; `seen` takes them in."""
    for stage in _SHOWN_STAGES:
        if stage in release.stages and stage not in seen:
            seen.add(stage)
            yield f"{stage:<8} {release.service:<{width}}  {_took(release, stage):.3f} s"


def _took(release: Release, stage: str) -> float:
    """Seconds since the stage before it."""
    at = release.stages[stage]
    before = [release.stages[s] for s in STAGES[: STAGES.index(stage)] if s in release.stages]
    return max(0.0, at - max(before)) if before else 0.0


def show_end(release: Release, asked: str) -> Iterator[str]:
    """How a release ended; `asked` is the commit that the pusher waits for."""
    if release.commit != asked and release.state != "superseded":
        yield f"{release.service}: {asked[:7]} was superseded by {release.commit[:7]}"
    if release.state == "live":
        took = release.stages["live"] - release.created
        yield f"live     {release.service}  {release.commit[:7]} in {took:.3f} s"
        yield from _show_address(release)
    elif release.state == "removed":
        yield f"removed  {release.service}"
    elif release.state == "held":
        yield f"held     {release.service}: {release.sentence}"
    elif release.state == "failed":
        yield f"failed   {release.service}  {release.reason}: {release.sentence}"
        yield from (f"    {line}" for line in (release.message or "").rstrip().splitlines()[-30:])
        yield f"  what was live goes on serving. Mend it and push again, or: paaks rollback {release.service}"
    else:
        yield f"{release.service} is on its way ({release.state}). Follow it: paaks status {release.service} -w"


def _show_address(release: Release) -> Iterator[str]:
    if release.url is None:
        return
    yield f"  {release.url}"
    if "/~" not in release.url:
        yield f"  private; call it with: paaks call {release.service}"


def show_folded(found: Iterable[Release], asked: Mapping[str, str]) -> Iterator[str]:
    """Many releases in a few lines: how many ended how, and those that did not end well."""
    releases = list(found)
    count = {state: sum(r.state == state for r in releases) for state in ("live", "removed")}
    yield ", ".join(f"{number} {state}" for state, number in count.items() if number) or "none is live yet"
    bad = [release for release in releases if release.state not in count]
    for release in bad[:FOLD_ABOVE]:
        yield from show_end(release, asked.get(release.service, release.commit))
    if len(bad) > FOLD_ABOVE:
        yield f"… and {len(bad) - FOLD_ABOVE} more. See: paaks status"


def branch_of(ref: str) -> str:
    """`refs/heads/x` → `x`."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
