"""What a pusher reads."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from api import push_lines
from core.errors import Problem
from core.releases import Release

COMMIT = "9c1d2ef" + "0" * 33
STAGES = {"check": 100.004, "commit": 100.010, "apply": 100.014, "start": 100.026, "live": 100.031}
LIVE = Release(
    "t", "hello", COMMIT, "c" * 40, state="live", created=100.0, stages=STAGES, url="http://127.0.0.1:8080/~demo/hello/"
)


def test_a_live_release_says_its_time_and_its_address() -> None:
    assert list(push_lines.show_end(LIVE, COMMIT)) == [
        "live     hello  9c1d2ef in 0.031 s",
        "  http://127.0.0.1:8080/~demo/hello/",
    ]


def test_a_private_service_says_how_it_is_called() -> None:
    private = replace(LIVE, url="http://127.0.0.1:8080/hello/")
    assert list(push_lines.show_end(private, COMMIT))[-1] == "  private; call it with: paaks call hello"


def test_a_failed_release_shows_the_traceback_and_the_way_out() -> None:
    traceback = "Traceback (most recent call last):\n  File x\nKeyError: 'x'\n"
    failed = replace(LIVE, state="failed", reason="ImportFailed", sentence="KeyError: 'x'", message=traceback)
    lines = list(push_lines.show_end(failed, COMMIT))
    assert lines[0] == "failed   hello  ImportFailed: KeyError: 'x'"
    assert "    KeyError: 'x'" in lines
    assert lines[-1].endswith("paaks rollback hello")


def test_stages_are_shown_once_each_with_the_time_since_the_one_before() -> None:
    seen: set[str] = set()
    early = replace(LIVE, stages={"check": 100.004, "commit": 100.010, "apply": 100.014})
    assert list(push_lines.show_stages(early, seen, 5)) == ["apply    hello  0.004 s"]
    assert list(push_lines.show_stages(LIVE, seen, 5)) == ["start    hello  0.012 s", "live     hello  0.005 s"]
    assert list(push_lines.show_stages(LIVE, seen, 5)) == []


def test_refusals_have_a_caret_and_a_count() -> None:
    problem = Problem("syntax-error", "'(' was never closed", "a/handler.py", 3, 11, source="        x = f(1")
    lines = list(push_lines.refuse([problem]))
    assert lines[0] == "  ✕ a/handler.py:3:11  '(' was never closed"
    assert lines[2].index("^") - lines[1].index("x") == 2
    assert lines[3].startswith("1 problem: nothing was deployed")
    assert lines[-1] == "  what it means: paaks help problems/syntax-error"


def test_a_plan_is_folded_above_twenty_services() -> None:
    plan = {f"s{n}": "created" for n in range(500)}
    lines = list(push_lines.show_plan(plan))
    assert len(lines) == push_lines.FOLD_ABOVE + 1
    assert lines[-1] == "plan     … and 480 more"
    assert list(push_lines.show_plan({})) == ["plan     no service changes"]
    assert list(push_lines.show_plan({"": "updated"})) == ["plan     ~ (root)  updated"]


def test_many_releases_are_counted_and_the_bad_ones_shown() -> None:
    found = [replace(LIVE, service=f"s{n}") for n in range(30)]
    found.append(replace(LIVE, service="bad", state="failed", reason="Exited", sentence="it ended"))
    lines = list(push_lines.show_folded(found, {}))
    assert lines[0] == "30 live"
    assert lines[1] == "failed   bad  Exited: it ended"


@given(state=st.sampled_from(["pending", "live", "failed", "superseded", "removed", "held"]), late=st.booleans())
def test_every_end_says_something(state: str, late: bool) -> None:
    lines = list(push_lines.show_end(replace(LIVE, state=state), "f" * 40 if late else COMMIT))
    assert lines
    assert all("hello" in line or line.startswith(" ") for line in lines)
