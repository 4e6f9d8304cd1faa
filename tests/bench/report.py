"""Figures: a series of measurements, its percentiles beside a target, and the page that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; `share` is 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True)
class Figure:
    """One row. `limit` bounds the percentile `judged` (0.5 or 0.95); without one there is nothing to meet."""

    name: str
    values: Sequence[float]
    unit: str = "ms"
    limit: float | None = None
    judged: float = 0.5

    def p(self, share: float) -> float:
        """A percentile of its values."""
        return percentile(self.values, share)

    def row(self) -> list[str]:
        """As cells: name, p50, p95, number of rounds, target, met?"""
        if self.limit is None:
            target = met = ""
        else:
            target = f"p{self.judged * 100:.0f} ≤ {self.limit:g} {self.unit}"
            met = "yes" if self.p(self.judged) <= self.limit else "**no**"
        return [self.name, f"{self.p(0.5):.1f}", f"{self.p(0.95):.1f}", self.unit, str(len(self.values)), target, met]


@dataclass(frozen=True)
class Ratio:
    """One figure's median divided by another's."""

    name: str
    value: float
    limit: float

    def row(self) -> list[str]:
        """As cells: name, value, target, met?"""
        return [
            self.name,
            f"{self.value:.2f} ×",
            f"≤ {self.limit:g} ×",
            "yes" if self.value <= self.limit else "**no**",
        ]


def draw_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table whose columns stand under each other in a terminal too."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (head, *rows)
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def write_page(
    machine: Mapping[str, str],
    figures: Sequence[Figure],
    ratios: Sequence[Ratio],
    notes: Sequence[str],
    command: str = "make bench",
) -> str:
    """The whole page, in Markdown."""
    lines = [
        "# Benchmarks",
        "",
        f"Written by `{command}` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. Everything on this page was measured",
        "in one run, in interleaved rounds; nothing here fails a build. `tests/bench/` says exactly how.",
        "",
        *draw_table(("figure", "p50", "p95", "unit", "rounds", "target", "met"), [figure.row() for figure in figures]),
        "",
        *draw_table(("ratio of medians", "value", "target", "met"), [ratio.row() for ratio in ratios]),
        "",
        *(f"- {note}" for note in notes),
        "",
        "## The machine",
        "",
        *draw_table(("what", "which"), list(machine.items())),
    ]
    return "\n".join(lines) + "\n"
