"""Selectors, as a query writes them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.node.selectors import BadSelector, parse_fields, parse_labels

OBJECT = {
    "metadata": {"name": "n", "namespace": "s", "labels": {"a": "1", "p.dev/b": "2", "empty": ""}},
    "status": {"phase": "Running"},
    "involvedObject": {"name": "x"},
}


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a=1", "a==1", "a!=2", "!c", "c!=1", "a in (1,2)", "a in ( 2 , 1 )", "a notin (2)", "c notin (1)"),
        *("p.dev/b=2", "a=1,p.dev/b=2", " a = 1 , !c ", "empty=", "a in (1),p.dev/b in (2),!c"),
    ],
)
def test_labels_that_match(text: str) -> None:
    assert parse_labels(text)(OBJECT)


@pytest.mark.parametrize("text", ["c", "a=2", "a!=1", "!a", "a in (2)", "a notin (1,2)", "a=1,c", "p.dev/b=", "c=1"])
def test_labels_that_do_not(text: str) -> None:
    assert not parse_labels(text)(OBJECT)


@pytest.mark.parametrize("text", ["=1", "a=1=2", "a in 1", "a in (1", "a b", "a>1", "a=ä", "/b=1", "a=1;b=2", "a,(b)"])
def test_labels_that_cannot_be_read(text: str) -> None:
    with pytest.raises(BadSelector):
        parse_labels(text)


def test_an_object_without_labels_matches_what_asks_for_none() -> None:
    bare = {"metadata": {"name": "n"}}
    assert parse_labels("!a")(bare)
    assert not parse_labels("a")(bare)


@pytest.mark.parametrize(
    ("text", "kind", "matches"),
    [
        ("metadata.name=n", "ConfigMap", True),
        ("metadata.name=n,metadata.namespace!=s", "ConfigMap", False),
        ("metadata.name!=m", "ConfigMap", True),
        ("status.phase=Running", "Pod", True),
        ("status.phase=Running,spec.nodeName=", "Pod", True),
        ("involvedObject.name=x,involvedObject.uid=", "Event", True),
        ("involvedObject.name=y", "Event", False),
    ],
)
def test_fields(text: str, kind: str, matches: bool) -> None:
    assert parse_fields(text, kind)(OBJECT) is matches


@pytest.mark.parametrize(("text", "kind"), [("spec.x=1", "Pod"), ("status.phase=R", "Service"), ("name", "Pod")])
def test_fields_that_cannot_be_selected_by(text: str, kind: str) -> None:
    with pytest.raises(BadSelector):
        parse_fields(text, kind)


@given(st.text(max_size=40))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    with contextlib.suppress(BadSelector):
        assert parse_labels(text)(OBJECT) in (True, False)
