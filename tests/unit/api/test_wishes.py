from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api import wishes
from api.wishes import Draft
from core.check import MAX_BLOB_BYTES
from core.commit import Delete, Move, Put
from core.errors import Problem, Refused

SHA = "0123456789abcdef0123456789abcdef01234567"


def draft(*ops: dict[str, object], **members: object) -> Draft:
    return Draft.model_validate_json(json.dumps({"ops": ops, **members}))


def refusal(body: Draft) -> list[tuple[str, str | None]]:
    with pytest.raises(Refused) as refused:
        wishes.read_operations(body)
    return [(problem.slug, problem.pointer) for problem in refused.value.problems]


def test_each_operation_is_read() -> None:
    body = draft(
        {"op": "put", "path": "a.py", "content": "ä"},
        {"op": "put", "path": "b", "contentBase64": base64.b64encode(b"\xff\xfe\0").decode(), "mode": "100755"},
        {"op": "delete", "path": "c"},
        {"op": "move", "path": "d", "to": "e"},
    )
    assert wishes.read_operations(body) == [
        Put("a.py", "ä".encode()),
        Put("b", b"\xff\xfe\0", 0o100755),
        Delete("c"),
        Move("d", "e"),
    ]


def test_what_is_unknown_is_ignored() -> None:
    assert wishes.read_operations(draft({"op": "delete", "path": "c", "later": 1}, later=2)) == [Delete("c")]


def test_all_that_cannot_be_read_is_named_with_its_place() -> None:
    body = draft(
        {"op": "put", "path": "a"},
        {"op": "put", "path": "b", "content": "x", "contentBase64": "eA=="},
        {"op": "delete", "path": "fine"},
        {"op": "put", "path": "c", "contentBase64": "x!"},
        {"op": "move", "path": "d"},
        {"op": "put", "path": "e", "content": "x" * (MAX_BLOB_BYTES + 1)},
    )
    assert refusal(body) == [
        ("bad-request", "/ops/0/content"),
        ("bad-request", "/ops/1/content"),
        ("bad-request", "/ops/3/contentBase64"),
        ("bad-request", "/ops/4/to"),
        ("file-too-large", "/ops/5/content"),
    ]


def test_half_a_character_is_no_content() -> None:
    body = Draft.model_validate({"ops": [{"op": "put", "path": "a", "content": "\ud800"}]})
    assert refusal(body) == [("bad-request", "/ops/0/content")]


@pytest.mark.parametrize(
    "members",
    [
        {"ops": []},
        {"ops": [{"op": "chmod", "path": "a"}]},
        {"ops": [{"op": "put", "path": "a", "content": "x", "mode": "120000"}]},
        {"ops": [{"op": "delete", "path": "a"}] * (wishes.MAX_OPERATIONS + 1)},
        {"ops": [{"op": "delete", "path": 1}]},
        {},
    ],
)
def test_any_other_form_is_none(members: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Draft.model_validate(members)


def test_the_base_is_a_full_commit_id() -> None:
    assert wishes.read_base(draft({"op": "delete", "path": "c"}, base=SHA), required=True) == SHA
    assert wishes.read_base(draft({"op": "delete", "path": "c"}), required=False) is None


@pytest.mark.parametrize("base", [None, "main", "HEAD", SHA[:12], SHA.upper(), "--upload-pack=x", "main^{tree}"])
def test_any_other_base_is_refused_by_name(base: str | None) -> None:
    with pytest.raises(Refused, match="base") as refused:
        wishes.read_base(draft({"op": "delete", "path": "c"}, base=base), required=True)
    assert (refused.value.problems[0].slug, refused.value.problems[0].pointer) == ("bad-request", "/base")


def test_a_problem_points_to_the_operation_that_names_its_file() -> None:
    body = draft(
        {"op": "put", "path": "a.py", "content": "x"},
        {"op": "put", "path": "b.py", "contentBase64": "eA=="},
        {"op": "move", "path": "c", "to": "d"},
    )
    found = [Problem("syntax-error", "x", file=file) for file in ("a.py", "b.py", "c", "d", "other", None)]
    pointers = [problem.pointer for problem in wishes.point(found, body)]
    assert pointers == ["/ops/0/content", "/ops/1/contentBase64", "/ops/2/path", "/ops/2/to", None, None]


@given(st.text(max_size=20))
def test_what_is_outside_of_a_service_is_refused(path: str) -> None:
    body = Draft.model_validate({"ops": [{"op": "move", "path": "a/x", "to": path}]})
    wishes.refuse_outside(body, "")
    if path.startswith("a/"):
        wishes.refuse_outside(body, "a")
    else:
        with pytest.raises(Refused) as refused:
            wishes.refuse_outside(body, "a")
        assert [problem.pointer for problem in refused.value.problems] == ["/ops/0/to"]
