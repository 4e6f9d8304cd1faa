"""How things are listed: tables for people and for `awk`, and the API's own objects for programs.

No cell of a table has a space in it, but for a free text, which is the last column. What does not live here: errors
(`drawing.py`), what happens over time (`progress.py`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

from cli.drawing import clean

FORMATS = ("table", "wide", "json", "yaml", "name", "jsonl")
Item = Mapping[str, Any]
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


@dataclass(frozen=True)
class Column:
    """A column: its heading, and a cell's text from an item. `wide` ones are in `-o wide` alone; `free` has spaces."""

    heading: str
    read: Callable[[Item], object]
    wide: bool = False
    free: bool = False

    def write(self, item: Item) -> str:
        """The cell of an item; `-` for none."""
        value = self.read(item)
        text = clean(" ".join(str(value).split())) if value is not None else ""
        text = text or "-"
        return text if self.free else text.replace(" ", "_")


@dataclass(frozen=True)
class Style:
    """What the person asked for: the format, and whether a table has a heading."""

    format: str = "table"
    headings: bool = True

    @property
    def is_table(self) -> bool:
        """Is it for people?"""
        return self.format in ("table", "wide")


def print_list(
    answer: Item, columns: Sequence[Column], style: Style, *, name: str, empty: str, stream: TextIO | None = None
) -> None:
    """A list as the API answers it (`{"items": […]}`). `name` is the member that `-o name` prints, `empty` a hint."""
    stream = stream or sys.stdout
    items = answer["items"]
    if style.format == "json":
        print(json.dumps(answer, indent=2, ensure_ascii=False), file=stream)
    elif style.format == "yaml":
        print(_write_yaml(answer), end="", file=stream)
    elif style.format == "jsonl":
        for item in items:
            print(write_line(item), file=stream)
    elif style.format == "name":
        for item in items:
            print(item[name], file=stream)
    elif not items:
        print(empty, file=sys.stderr)
    else:
        for line in table_lines(items, columns, style):
            print(line, file=stream)


def print_item(item: Item, style: Style, lines: Callable[[], Iterable[str]], *, name: str) -> None:
    """One thing: as the API answers it, its name, or `lines` for people."""
    if style.format == "json":
        print(json.dumps(item, indent=2, ensure_ascii=False))
    elif style.format == "yaml":
        print(_write_yaml(item), end="")
    elif style.format == "jsonl":
        print(write_line(item))
    elif style.format == "name":
        print(item[name])
    else:
        for line in lines():
            print(clean(line))


def write_line(item: Item) -> str:
    """An item as one line of JSON."""
    return json.dumps(item, separators=(",", ":"), ensure_ascii=False)


def _write_yaml(document: Item) -> str:
    import yaml  # 50 ms that are rarely needed

    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def table_lines(items: Iterable[Item], columns: Sequence[Column], style: Style) -> list[str]:
    """The lines of a table, aligned, three spaces between columns."""
    shown = [column for column in columns if not column.wide or style.format == "wide"]
    rows = [[column.write(item) for column in shown] for item in items]
    if style.headings:
        rows.insert(0, [column.heading for column in shown])
    widths = [max((len(row[n]) for row in rows), default=0) for n in range(len(shown))]
    return ["   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def read_time(text: str | None) -> datetime | None:
    """An RFC 3339 time; None for none, and for what is not one."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def age(text: str | None, now: datetime | None = None) -> str | None:
    """How long ago a time was, in its largest unit: `12s`, `4m`, `3h`, `9d`."""
    moment = read_time(text)
    if moment is None:
        return None
    seconds = max(0, int(((now or datetime.now(UTC)) - moment).total_seconds()))
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds >= size), _UNITS[-1])
    return f"{seconds // size}{unit}"


def age_column(member: str, heading: str = "AGE") -> Sequence[Column]:
    """The age of a time; with `-o wide`, the time itself too."""
    return (
        Column(heading, lambda item: age(item.get(member))),
        Column(member.upper(), lambda item: item.get(member), wide=True),
    )


def short(sha: str | None) -> str | None:
    """The seven digits of a commit that people read."""
    return sha[:7] if sha else None


def describe_ms(milliseconds: float | None) -> str | None:
    """`38ms`, `1.92s`."""
    if milliseconds is None:
        return None
    return f"{milliseconds:.0f}ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f}s"
