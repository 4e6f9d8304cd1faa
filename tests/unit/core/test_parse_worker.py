"""Whatever a tenant writes, the parser answers with problems that lie inside the file, or with what it says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core import parse_worker


@settings(max_examples=100, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode(errors="replace"))))
def test_nothing_that_a_tenant_writes_raises(data: bytes) -> None:
    for kind in (parse_worker.PYTHON, parse_worker.DESCRIPTOR, parse_worker.ROOT_DESCRIPTOR):
        answer = parse_worker.parse(kind, data)
        lines = data.count(b"\n") + 2
        for problem in answer["problems"]:
            assert problem["line"] is None or 1 <= problem["line"] <= lines
            assert problem["column"] is None or problem["column"] >= 1
        assert answer["problems"] or kind == parse_worker.PYTHON or answer["service"] is not None
