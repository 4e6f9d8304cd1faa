"""Exceptions as a handler's author sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.hosting.tracebacks import LONGEST, Tracebacks, shorten


def raise_from(directory: Path, source: str) -> BaseException:
    path = directory / "handler.py"
    path.write_text(source)
    with pytest.raises(BaseException) as caught:
        exec(compile(source, str(path), "exec"), {})
    return caught.value


def test_it_begins_with_the_handler_s_first_frame(tmp_path: Path) -> None:
    error = raise_from(tmp_path, "import json\njson.loads('{')\n")
    lines = Tracebacks(str(tmp_path), "hello").format(error).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == '  File "hello/handler.py", line 2, in <module>'
    assert lines[2] == "    json.loads('{')"
    assert any("json/decoder.py" in line for line in lines), "what it called is shown"
    assert __file__ not in "\n".join(lines)


def test_so_do_those_behind_it(tmp_path: Path) -> None:
    error = raise_from(tmp_path, "try:\n    1 / 0\nexcept ArithmeticError as e:\n    raise KeyError('k') from e\n")
    text = Tracebacks(str(tmp_path), "hello").format(error)
    assert text.count('File "hello/handler.py"') == 2
    assert "direct cause" in text
    assert __file__ not in text


def test_a_group_is_shown_with_its_members(tmp_path: Path) -> None:
    error = raise_from(tmp_path, "raise ExceptionGroup('several', [ValueError('one'), TypeError('two')])\n")
    text = Tracebacks(str(tmp_path), "hello").format(error)
    assert "ValueError: one" in text
    assert "TypeError: two" in text


def test_without_a_frame_of_the_handler_s(tmp_path: Path) -> None:
    with pytest.raises(SyntaxError) as caught:
        compile("def x(:", str(tmp_path / "handler.py"), "exec")
    tracebacks = Tracebacks(str(tmp_path), "hello")
    assert "test_tracebacks.py" in tracebacks.format(caught.value)
    text = tracebacks.format(caught.value, is_loading=True)
    assert "test_tracebacks.py" not in text
    assert 'File "hello/handler.py", line 1' in text


@pytest.mark.parametrize("text", ["", "short\n", "x" * LONGEST])
def test_what_is_short_enough_stays(text: str) -> None:
    assert shorten(text) == text


@pytest.mark.parametrize("head", ["Traceback (most recent call last):\n", ""])
@pytest.mark.parametrize("unit", ["line ä\n", "ä"])
def test_the_rest_keeps_its_end(head: str, unit: str) -> None:
    short = shorten(head + unit * 5000 + "ValueError: last\n")
    assert len(short.encode()) <= LONGEST
    assert short.endswith("ValueError: last\n")
    assert short.startswith(f"{head}  …\n" if head else "…\n")
