"""Whatever bytes a tenant writes: a tree of values with places, or a refusal with places inside the file."""

from __future__ import annotations

import json
import math
import resource
from collections.abc import Iterator

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from core import strict_yaml
from core.errors import Problem, Refused
from core.problems import CATALOGUE
from core.strict_yaml import Mapping, Node, Scalar, Sequence, load, source_line

FRAGMENTS = (
    *(
        "a",
        "b: ",
        "- ",
        ": ",
        "? ",
        "\n",
        "\n  ",
        "\n    ",
        "\r\n",
        "\r",
        "\t",
        " ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "&x ",
        "*x",
    ),
    *(
        "<<: ",
        "!!str ",
        "!x ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "|\n",
        ">-\n",
        '"',
        "'",
        "\\",
        "\\x00",
        "\\ud800",
        "#",
        "~",
    ),
    *(
        "null",
        "true",
        "0x1F",
        "0o17",
        "010",
        "1_0",
        "1:30",
        ".inf",
        "1e400",
        "9" * 30,
        "\u2028",
        "\x85",
        "\0",
        "ä",
        "名",
    ),
    *("\ufeff", "\U0001f600", "=", "-", "?", ":", "@", "`", "%"),
)
YAMLISH = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)


def refused(data: bytes | str) -> list[Problem]:
    """The problems of a document that is refused."""
    with pytest.raises(Refused) as caught:
        load(data.encode() if isinstance(data, str) else data)
    assert caught.value.problems
    return list(caught.value.problems)


def nodes(node: Node) -> Iterator[Node]:
    """A tree's nodes."""
    yield node
    for below in node.items if isinstance(node, Sequence) else ():
        yield from nodes(below)
    for key, value in node.entries if isinstance(node, Mapping) else ():
        yield key
        yield from nodes(value)


def plain(node: Node) -> object:
    """A tree as Python has it."""
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.entries}
    return [plain(item) for item in node.items] if isinstance(node, Sequence) else node.value


def assert_inside(data: bytes, line: int | None, column: int | None) -> None:
    """The place is one that an editor can jump to, the one behind the last character included."""
    assert line is not None
    assert column is not None
    lines = data.decode(errors="replace").split("\n")
    assert 1 <= line <= len(lines)
    assert 1 <= column <= len(lines[line - 1]) + 1


def try_load(data: bytes) -> tuple[Node | None, tuple[Problem, ...]]:
    """What `load` gives, or why it refuses."""
    try:
        return load(data), ()
    except Refused as refusal:
        return None, refusal.problems


def assert_value_or_refusal(data: bytes) -> None:
    """The contract of `load`."""
    root, problems = try_load(data)
    assert (root is None) == (len(problems) > 0)
    assert len(problems) <= strict_yaml.MAX_PROBLEMS
    for problem in problems:
        assert problem.slug in CATALOGUE
        assert problem.detail
        if problem.slug != "file-too-large":
            assert_inside(data, problem.line, problem.column)
    for node in nodes(root) if root else ():
        assert_inside(data, node.line, node.column)
        if isinstance(node, Scalar):
            assert node.value is None or isinstance(node.value, str | bool | int | float)
            assert not isinstance(node.value, float) or math.isfinite(node.value)
        if isinstance(node, Mapping):
            assert len({key.text for key, _ in node.entries}) == len(node.entries)


@given(st.binary(max_size=300))
@example(b"\xff\xfea\x00")
@example(b"a: \xff")
@example(b"\xf0\x9f\x98")
def test_any_bytes_are_a_value_or_a_refusal(data: bytes) -> None:
    assert_value_or_refusal(data)


@given(st.text(max_size=200))
def test_any_text_is_a_value_or_a_refusal(text: str) -> None:
    assert_value_or_refusal(text.encode("utf-8", "surrogatepass"))


@given(YAMLISH)
@example("a:\n")
@example("a: 'x\n")
@example("- [\n")
@example("? \n? ")
@example("a: |\n \u00e4\n\tb")
@example('"\\ud800"')
@example("a: b: c")
@example("*x : 1")
@example("? [a]\n: b")
def test_anything_like_yaml_is_a_value_or_a_refusal(text: str) -> None:
    assert_value_or_refusal(text.encode())


@given(YAMLISH)
def test_what_is_accepted_is_what_every_reader_of_yaml_sees(text: str) -> None:
    """The base loader makes text of every scalar, so that only the structure is compared."""
    root, _ = try_load(text.encode())
    if root is not None:
        theirs = yaml.load(text, Loader=yaml.CBaseLoader)
        assert _texts(root) == theirs or (theirs is None and _texts(root) == "")


def _texts(node: Node) -> object:
    if isinstance(node, Mapping):
        return {key.text: _texts(value) for key, value in node.entries}
    return [_texts(item) for item in node.items] if isinstance(node, Sequence) else node.text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text("abc: #'\"\n[]{}ä", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abxy", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_json_is_read_as_it_is(value: object) -> None:
    assert plain(load(json.dumps(value).encode())) == value


@given(VALUES)
def test_what_a_yaml_writer_wrote_is_read_back(value: object) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    # The writer quotes what YAML 1.1 would take for something else, so nothing changes its type.
    assert plain(load(text.removesuffix("...\n").encode())) == value


@given(YAMLISH, st.integers(-2, 40))
def test_a_source_line_is_the_line_that_load_counts(text: str, line: int) -> None:
    found = source_line(text.encode(), line)
    lines = text.split("\n")

    assert found == (lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else None)


# -- notes/security.md §4.5 -----------------------------------------------------------------------------------------


def test_yaml_01_alias_bomb_is_refused() -> None:
    levels = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    levels += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = refused("\n".join(levels))

    assert found[0].detail == "anchors are not allowed: &a0"
    assert (found[0].line, found[0].column) == (1, 5)
    assert any("aliases are not allowed" in problem.detail for problem in found)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


def test_yaml_02_merge_key_doubling_is_refused() -> None:
    levels = ["a0: &a0 {k: v}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 24))]

    assert {problem.slug for problem in refused("\n".join(levels))} == {"schema-error"}


def test_yaml_02_merge_key_alone_is_refused() -> None:
    (found,) = refused("env:\n  <<: {A: b}\n")

    assert found.detail == "merge keys are not allowed"
    assert (found.line, found.column) == (2, 3)
    assert plain(load(b'"<<": a')) == {"<<": "a"}


@pytest.mark.parametrize(
    ("text", "key", "line", "column"),
    [
        ("name: a\npublic: true\nname: a\n", "name", 3, 1),
        ("env:\n  A: x\n  A: y\n", "A", 3, 3),
        ("{image: x, image: y}", "image", 1, 12),
        ('a: 1\n"a": 2\n', "a", 2, 1),
        ("{a: 1, 'a': 2}", "a", 1, 8),
    ],
)
def test_yaml_04_duplicate_key_is_refused(text: str, key: str, line: int, column: int) -> None:
    (found,) = refused(text)

    assert repr(key) in found.detail
    assert "twice" in found.detail
    assert (found.line, found.column) == (line, column)
    assert found.hint is not None
    assert "line 1" in found.hint or "line 2" in found.hint


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch /tmp/pwn']",
        "a: !!python/name:os.system",
        "a: !!binary aGk=",
        "a: !!set {x: null}",
        "a: !x b",
        "!!map {a: b}",
        "a: ! b",
        "a: !<tag:yaml.org,2002:str> b",
        "!!str a: b",
        "- !!seq []",
    ],
)
def test_yaml_05_tag_is_refused(text: str) -> None:
    found = refused(text)

    assert "tags are not allowed" in found[0].detail
    assert found[0].line == 1


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60_000,
        "{a: " * 1_000,
        "- " * 1_000 + "x",
        "\n".join(" " * n + "a:" for n in range(300)),
        "? " * 30_000,
    ],
    ids=["flow", "maps", "block", "indented", "keys"],
)
def test_yaml_06_deep_nesting_is_refused(text: str) -> None:
    found = refused(text)

    assert any("nested more than" in problem.detail for problem in found)
    assert_inside(text.encode(), found[0].line, found[0].column)


def test_yaml_06_nesting_up_to_the_limit_is_read() -> None:
    levels = strict_yaml.MAX_DEPTH - 1
    assert load(("[" * levels + "]" * levels).encode())
    refused("[" * (levels + 2) + "]" * (levels + 2))


def test_yaml_06_too_many_values_are_refused() -> None:
    text = "[" + "a," * (strict_yaml.MAX_NODES + 1) + "]"

    assert "values" in refused(text)[0].detail
    assert load(("[" + "a," * (strict_yaml.MAX_NODES - 1) + "]").encode())


@pytest.mark.parametrize("data", [b"#" * (64 * 1024 + 1), b"a: " + b"x" * 1_000_000, b"\xff" * 70_000])
def test_yaml_07_too_large_file_is_refused_unread(data: bytes) -> None:
    (found,) = refused(data)

    assert found.slug == "file-too-large"
    assert f"{len(data):,}" in found.detail


def test_yaml_07_file_of_the_largest_size_is_read() -> None:
    assert plain(load(b"# " + b"x" * (64 * 1024 - 2))) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", "010"),
        ("1_0", "1_0"),
        ("1:30", "1:30"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("0b1", "0b1"),
        ("1e3", 1000.0),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("~", None),
        ("null", None),
        ("", None),
        ("2020-01-01", "2020-01-01"),
        ('"2"', "2"),
        ("'true'", "true"),
        ("true", True),
        ("False", False),
        ("tRue", "tRue"),
        ("-0", 0),
        ("+7", 7),
        ("-7", -7),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        (".", "."),
        ("1.2.3", "1.2.3"),
        ("0", 0),
        ("00", "00"),
        ("-01", "-01"),
        ("=", "="),
    ],
)
def test_yaml_08_scalar_is_what_yaml_1_2_says(text: str, value: object) -> None:
    node = load(f"a: {text}\n".encode())

    assert isinstance(node, Mapping)
    found = node.entries[0][1]
    assert isinstance(found, Scalar)
    assert found.value == value
    assert type(found.value) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.Inf", ".NaN", "9" * 5000, "1e999", "-1e999", "1" * 19, "0." + "1" * 30])
def test_yaml_08_number_that_cannot_be_used_is_refused(text: str) -> None:
    (found,) = refused(f"replicas: {text}\n")

    assert (found.line, found.column) == (1, 11)
    assert found.hint == "put it in quotes if it is meant as text"
    assert len(found.detail) < 6000


def test_yaml_09_second_document_is_refused() -> None:
    (found,) = refused("public: true\n---\nkind: ClusterRoleBinding\n")

    assert "second document" in found.detail
    assert found.line == 2


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "# a\n\n# b", "---\n...\n"])
def test_yaml_09_empty_file_is_an_empty_value(text: str) -> None:
    root = load(text.encode())

    assert isinstance(root, Scalar)
    assert (root.text, root.value) == ("", None)


@pytest.mark.parametrize("text", ["%YAML 1.1\n---\na: b\n", "%TAG !e! tag:example.com,2000:\n---\na: b\n"])
def test_directive_is_refused(text: str) -> None:
    assert "directives are not allowed" in refused(text)[0].detail


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        ("a: b".encode("utf-16"), 1, 1),
        (b"\xef\xbb\xbfa: b", 1, 1),
        ("a: b".encode("utf-32"), 1, 1),
        (b"a: 1\nb: \xff\n", 2, 4),
        ("ä: 1\nä: ".encode() + b"\xc3(", 2, 4),
        (b"a: \x00b", 1, 4),
        (b'a: "\\ud800"', 1, 7),
        (b"a:\n\tb: 1\n", 2, 1),
        (b"a: 1\rb: 2\r", 1, 5),
        ("a: x\u2028y".encode(), 1, 5),
        ("a: x\u0085y".encode(), 1, 5),
        (b"a: \x1b[31m", 1, 4),
        (b"a: 1\nb: x\x7f", 2, 5),
        (b"\xed\xa0\x80: a", 1, 1),
    ],
    ids=[
        "utf-16",
        "bom",
        "utf-32",
        "latin-1",
        "cut",
        "nul",
        "surrogate",
        "tab",
        "cr",
        "ls",
        "nel",
        "esc",
        "del",
        "cesu",
    ],
)
def test_yaml_19_encoding_that_is_not_plain_utf_8_is_refused(data: bytes, line: int, column: int) -> None:
    found = refused(data)

    assert (found[0].line, found[0].column) == (line, column)
    assert found[0].slug == "syntax-error"


def test_yaml_19_utf_7_is_only_text() -> None:
    assert plain(load(b"a: +AGIAYwA-")) == {"a": "+AGIAYwA-"}


def test_yaml_20_ordinary_file_is_read() -> None:
    text = """\
# what this is
public: true   # open
env:
  ANSWER: "no"
  GREETING: grüß Gott 名前 😀
  TEXT: |
    two
    lines
  FOLDED: >-
    one
    line
  'QUOTED': 'it''s'
replicas: 2
"""
    for ending in ("\n", "\r\n"):
        assert plain(load(text.replace("\n", ending).encode())) == {
            "public": True,
            "env": {
                "ANSWER": "no",
                "GREETING": "grüß Gott 名前 😀",
                "TEXT": "two\nlines\n",
                "FOLDED": "one line",
                "QUOTED": "it's",
            },
            "replicas": 2,
        }


@pytest.mark.parametrize(
    ("text", "line", "column", "detail"),
    [
        ("a: b: c\n", 1, 5, "a second `key: value` starts where a value is expected"),
        ("a: 'x\nb: y\n", 1, 4, "the quotes are not closed"),
        ("a: @x\n", 1, 4, "a value cannot start with this character"),
        ('a: "\\q"\n', 1, 5, "an escape that YAML does not know"),
        ("a: 1\n  b: 2\n", 2, 4, "a second `key: value` starts where a value is expected"),
        ("a:\n  - x\n b: 2\n", 3, 2, "a key was expected here"),
        ("a: 1\npublic true\nreplicas: 2\n", 2, 1, "a key without a `:`"),
        ("a:\n  b: 1\n c\n", 3, 2, "a key was expected here"),
    ],
)
def test_a_slip_is_named_where_it_is(text: str, line: int, column: int, detail: str) -> None:
    found = refused(text)[-1]

    assert found.detail == detail
    assert (found.line, found.column) == (line, column)


def test_all_problems_are_named_up_to_a_limit() -> None:
    many = refused("\n".join(f"a{n}: &x{n} b" for n in range(100)))

    assert len(many) == strict_yaml.MAX_PROBLEMS
    assert [problem.line for problem in many] == list(range(1, strict_yaml.MAX_PROBLEMS + 1))


@pytest.mark.parametrize("text", ["? [a]\n: b", "? {a: b}\n: c", "[a]: b", "{[a]: b}"])
def test_key_that_is_no_text_is_refused(text: str) -> None:
    assert any(problem.detail == "a key must be plain text" for problem in refused(text))
