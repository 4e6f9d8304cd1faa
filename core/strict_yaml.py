"""YAML as a tree with positions, within limits, and nothing of YAML that surprises. Pure.

The document is built from the events of libyaml's parser alone: its composer and constructor are never reached, for
they follow aliases, act on tags, keep the last of two equal keys and crash on deep nesting. What does not live here:
what a service.yaml may say (`descriptor.py`), and limits on time and memory (`parse_worker.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

import yaml

from core.errors import Problem, Refused

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32
MAX_NODES = 10_000
MAX_PROBLEMS = 20
MAX_DIGITS = 18

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `value` is what YAML 1.2 (core schema) makes of it, `text` what is written, without quotes.

    `0o17`, `017` and `1_0` stay text: readers do not agree on what they are.
    """

    line: int
    column: int
    text: str
    value: Value


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in their order; no key is there twice."""

    line: int
    column: int
    entries: tuple[tuple[Scalar, Node], ...]


Node = Scalar | Sequence | Mapping


def load(data: bytes) -> Node:
    """The one document in `data`; an empty one is the Scalar with value None and text "" at 1:1.

    Raises Refused with one problem for each thing that is wrong, at most `MAX_PROBLEMS`; lines and columns count
    from 1, columns in characters.
    """
    if len(data) > MAX_BYTES:
        detail = f"{len(data):,} bytes are too many: a service.yaml may have {MAX_BYTES:,}"
        raise Refused(Problem("file-too-large", detail))
    text = _decode(data)
    if problems := list(islice(_find_bad_characters(text), MAX_PROBLEMS)):
        raise Refused(*problems)
    return _Builder(text).build()


def source_line(data: bytes, line: int) -> str | None:
    """The text of a line of `data`, counted from 1 as `load` counts; None where there is none."""
    lines = data.split(b"\n", line)
    return lines[line - 1].rstrip(b"\r").decode(errors="replace") if 0 < line <= len(lines) else None


# -- characters ---------------------------------------------------------------------------------------------------

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
# YAML 1.1 takes NEL, LS and PS for line breaks and YAML 1.2 does not: lines would count differently.
_BAD_CHARACTER = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_TAB_INDENT = re.compile(r"^\t[\t ]*(?=[^\s#])", re.MULTILINE)


def _decode(data: bytes) -> str:
    if data.startswith(_BYTE_ORDER_MARKS):
        detail = "the file starts with a byte order mark"
        raise Refused(Problem("syntax-error", detail, line=1, column=1, hint="save it as UTF-8 without BOM"))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        good = data[: error.start].decode()
        detail = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise Refused(_problem(good, len(good), detail, "save the file as UTF-8")) from None


def _find_bad_characters(text: str) -> Iterator[Problem]:
    for match in _BAD_CHARACTER.finditer(text):
        detail = f"the character U+{ord(match[0]):04X} is not allowed"
        yield _problem(text, match.start(), detail, "write it in double quotes as an escape")
    if lone := _LONE_RETURN.search(text):
        yield _problem(text, lone.start(), "a line ends with CR alone", "end lines with LF or CRLF")
    for match in _TAB_INDENT.finditer(text):
        yield _problem(text, match.start(), "the line is indented with a tab", "indent with spaces")


def _problem(text: str, offset: int, detail: str, hint: str) -> Problem:
    line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    return Problem("syntax-error", detail, line=line, column=column, hint=hint)


# -- values -------------------------------------------------------------------------------------------------------

_CONSTANTS: dict[str, Value] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_CONSTANTS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")


def _resolve(text: str) -> Value:
    """What a plain scalar stands for. Raises ValueError, which says what is wrong with it."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that can be used here")
    if _LEADING_ZERO.match(text) or not _FLOAT.fullmatch(text):
        return text
    if sum(c.isdigit() for c in text) > MAX_DIGITS:
        raise ValueError(f"the number is too long: {MAX_DIGITS} digits are the most")
    if _INTEGER.fullmatch(text):
        return int(text)
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large a number")
    return number


# -- events -------------------------------------------------------------------------------------------------------

_SAYINGS: dict[str, tuple[str, str | None]] = {  # libyaml's words → what they mean to the one who wrote the file
    "found character that cannot start any token": (
        "a value cannot start with this character",
        "put the value in quotes",
    ),
    "mapping values are not allowed in this context": (
        "a second `key: value` starts where a value is expected",
        "a space after each colon, equal indentation on one level, and quotes around values that contain `: `",
    ),
    "could not find expected ':'": ("a key without a `:`", "write `key: value`, with a space after the colon"),
    "did not find expected <document start>": (
        "text follows after the end of the document",
        "indent keys of one level equally",
    ),
    "found unexpected end of stream": ("the quotes are not closed", "close them, or double a quote that is meant"),
    "found unknown escape character": (
        "an escape that YAML does not know",
        "write two backslashes for one, or use single quotes",
    ),
    "found invalid Unicode character escape code": ("an escape that stands for no character", None),
    "did not find expected key": ("a key was expected here", "indent keys of one level equally"),
    "did not find expected '-' indicator": ("a `-` was expected here", "indent items of one list equally"),
}
# Noticed at the end of the file or on the next line; where the thing starts is what helps.
_BETTER_AT_START = {"found unexpected end of stream", "could not find expected ':'"}


class _Builder:
    """Builds the tree from events and collects problems on the way."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self.problems: list[Problem] = []
        self.nodes = 0

    def build(self) -> Node:
        """The document's root. Raises Refused."""
        try:
            root = self._read_stream()
        except yaml.YAMLError as error:
            raise Refused(*self.problems, self._translate(error)) from None
        if self.problems:
            raise Refused(*self.problems)
        return root

    def _read_stream(self) -> Node:
        root: Node = Scalar(1, 1, "", None)
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                self._check_document(event, documents)
            elif isinstance(event, yaml.NodeEvent):
                root = self._read_node(event, 1)
        return root

    def _check_document(self, event: yaml.DocumentStartEvent, number: int) -> None:
        if event.version or event.tags:
            self._add(event, "directives are not allowed", "remove the line that starts with %")
        if number > 1:
            self._stop(event, "a second document starts here", "a file holds one document")

    def _read_node(self, event: yaml.Event, depth: int) -> Node:
        self.nodes += 1
        if depth > MAX_DEPTH:
            self._stop(event, f"nested more than {MAX_DEPTH} levels deep")
        if self.nodes > MAX_NODES:
            self._stop(event, f"more than {MAX_NODES:,} values")
        self._check_node(event)
        line, column = self._place(event.start_mark)
        if isinstance(event, yaml.MappingStartEvent):
            return Mapping(line, column, tuple(self._read_entries(depth)))
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(line, column, tuple(self._read_items(depth)))
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(line, column, event.value, self._resolve(event))
        return Scalar(line, column, "", None)  # an alias: its problem is noted

    def _check_node(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._add(event, f"aliases are not allowed: *{str(event.anchor)[:40]}", "write the value itself")
        elif isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._add(event, f"anchors are not allowed: &{event.anchor[:40]}", "write values where they are used")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            self._add(event, f"tags are not allowed: {event.tag[:60]!r}", "remove it; quotes make a value text")

    def _resolve(self, event: yaml.ScalarEvent) -> Value:
        if event.style:  # quoted, or a block
            return str(event.value)
        try:
            return _resolve(event.value)
        except ValueError as error:
            self._add(event, str(error), "put it in quotes if it is meant as text")
            return str(event.value)

    def _read_items(self, depth: int) -> Iterator[Node]:
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self._read_node(event, depth + 1)

    def _read_entries(self, depth: int) -> Iterator[tuple[Scalar, Node]]:
        seen: dict[str, int] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            key = self._read_node(event, depth + 1)
            value = self._read_node(next(self.events), depth + 1)
            if not isinstance(key, Scalar) or not isinstance(event, yaml.ScalarEvent):
                self._add(event, "a key must be plain text", "write `key: value`")
            elif key.text == "<<" and not event.style:
                self._add(event, "merge keys are not allowed", "write the keys themselves")
            elif key.text in seen:
                self._add(event, f"the key {key.text[:60]!r} is there twice", f"the first is on line {seen[key.text]}")
            else:
                seen[key.text] = key.line
                yield key, value

    def _add(self, event: yaml.Event, detail: str, hint: str | None = None) -> None:
        line, column = self._place(event.start_mark)
        self.problems.append(Problem("schema-error", detail, line=line, column=column, hint=hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise Refused(*self.problems)

    def _stop(self, event: yaml.Event, detail: str, hint: str | None = None) -> NoReturn:
        self._add(event, detail, hint)
        raise Refused(*self.problems)

    def _translate(self, error: yaml.YAMLError) -> Problem:
        words = getattr(error, "problem", None) or "it cannot be read"
        start, end = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
        line, column = self._place((start if words in _BETTER_AT_START else end) or end or start)
        detail, hint = _SAYINGS.get(words, (f"this is not YAML: {words}", None))
        if self.lines[line - 1][column - 1 : column] == "\t":
            detail, hint = "the line is indented with a tab", "indent with spaces"
        return Problem("syntax-error", detail, line=line, column=column, hint=hint)

    def _place(self, mark: Any) -> tuple[int, int]:
        """Line and column of a mark; libyaml puts some behind a last line end that the file does not have."""
        end = len(self.lines), len(self.lines[-1]) + 1
        return min((mark.line + 1, mark.column + 1), end) if mark else (1, 1)
