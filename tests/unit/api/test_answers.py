"""Every error as an answer: whose fault, where, what next; and nothing of our inside in it."""

from __future__ import annotations

import errno
import json
from typing import Any

import pytest
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.answers import REQUEST_ID, answer
from api.passwords import TooManyAttempts
from core.cluster import ClusterError
from core.errors import Conflict, NotFound, Problem, Refused, RetryLater, Sides

REQUEST = Request({"type": "http", "method": "PUT", "path": "/x", "headers": [], REQUEST_ID: "0123"})


def write(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    response = answer(REQUEST, error)
    assert response.headers["content-type"] == "application/problem+json"
    document = json.loads(response.body)
    assert document["status"] == response.status_code
    assert document["requestId"] == "0123"
    return response.status_code, document, dict(response.headers)


def test_all_problems_are_listed_and_the_first_decides() -> None:
    error = Refused(
        Problem("syntax-error", "'(' was never closed", file="a/handler.py", line=3, column=11, hint="close it"),
        Problem("bad-request", "and this"),
    )
    status, document, _ = write(error)

    assert (status, document["type"], document["line"]) == (422, "/problems/syntax-error", 3)
    assert [entry["type"] for entry in document["errors"]] == ["/problems/syntax-error", "/problems/bad-request"]


def test_a_conflict_brings_its_sides_as_text_or_base64() -> None:
    text = Sides("a.txt", b"base", b"yours", b"theirs", "1" * 40, b"merged")
    binary = Sides("b.bin", None, b"\0\xff", None, None)
    status, document, _ = write(Conflict(Problem("changed-upstream", "x"), sides=[text, binary], head="2" * 40))

    assert (status, document["head"]) == (409, "2" * 40)
    assert document["sides"][0] == {
        "path": "a.txt", "theirsSha": "1" * 40,
        "base": "base", "yours": "yours", "theirs": "theirs", "merged": "merged",
    }  # fmt: skip
    assert (document["sides"][1]["yoursBase64"], document["sides"][1]["base"]) == ("AP8=", None)
    assert "merged" not in document


def test_one_side_stands_at_the_top_too() -> None:
    side = Sides("a.txt", b"base", b"yours", b"theirs", "1" * 40, None)
    status, document, _ = write(Conflict(Problem("precondition-failed", "x"), sides=[side]))

    assert status == 412
    assert [document[name] for name in ("base", "yours", "theirs", "merged")] == ["base", "yours", "theirs", None]


@pytest.mark.parametrize(
    ("error", "status", "slug", "header"),
    [
        (NotFound(Problem("not-found", "x")), 404, "not-found", None),
        (
            Refused(Problem("not-authenticated", "x")),
            401,
            "not-authenticated",
            ("www-authenticate", 'Bearer realm="PaaKS"'),
        ),
        (TooManyAttempts(29.2), 429, "rate-limited", ("retry-after", "30")),
        (RetryLater("the database does not answer", 2.0), 503, "unavailable", ("retry-after", "2")),
        (RetryLater("x", 0.01), 503, "unavailable", ("retry-after", "1")),
        (RetryLater("the disk is full"), 507, "storage-full", None),
        (ClusterError(500, "Oops", "x"), 503, "unavailable", ("retry-after", "2")),
        (OSError(errno.ENOSPC, "No space left on device"), 507, "storage-full", None),
        (HTTPException(405, headers={"Allow": "GET"}), 405, "method-not-allowed", ("allow", "GET")),
        (HTTPException(404), 404, "not-found", None),
        (HTTPException(413), 413, "body-too-large", None),
        (HTTPException(400, "odd"), 400, "bad-request", None),
    ],
)
def test_each_kind(error: Exception, status: int, slug: str, header: tuple[str, str] | None) -> None:
    found, document, headers = write(error)

    assert (found, document["type"]) == (status, f"/problems/{slug}")
    if header is not None:
        assert headers[header[0]] == header[1]


def test_what_nobody_expected_says_nothing_of_our_inside() -> None:
    status, document, _ = write(ZeroDivisionError("secret /srv/paaks/keys"))

    assert (status, document["type"]) == (500, "/problems/internal")
    assert "secret" not in json.dumps(document)


def test_a_body_that_is_wrong_is_pointed_at() -> None:
    errors = [
        {"type": "missing", "loc": ("body", "ops", 0, "a/b~c"), "msg": "Field required"},
        {"type": "int_parsing", "loc": ("query", "limit"), "msg": "no number"},
        {"type": "json_invalid", "loc": ("body", 7), "msg": "JSON decode error", "ctx": {"error": "Expecting value"}},
    ]
    _, document, _ = write(RequestValidationError(errors))

    assert [entry.get("pointer") for entry in document["errors"]] == ["/ops/0/a~1b~0c", None, None]
    assert [entry["detail"] for entry in document["errors"]] == [
        "ops.0.a/b~c: Field required",
        "query limit: no number",
        "the body is not JSON: Expecting value at character 7",
    ]
    assert len(write(RequestValidationError(errors * 20))[1]["errors"]) == 20
