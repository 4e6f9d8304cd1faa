"""Who may come in by the TCP door."""

from __future__ import annotations

import base64

import pytest

from runtime.node.server import carries_token


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("header", ["Bearer secret", "bearer  secret", basic("paaks:secret")])
def test_who_carries_the_token(header: str) -> None:
    assert carries_token(header, "secret")


@pytest.mark.parametrize(
    "header",
    [
        *("", "secret", "Bearer", "Bearer secrets", "Bearer ", "Digest secret", "Basic", "Basic !", "Basic c2VjcmV0"),
        *(basic("paaks:wrong"), basic("other:secret"), basic("secret"), basic("paaks:")),
        "Bearer gehéim",
    ],
)
def test_who_does_not(header: str) -> None:
    assert not carries_token(header, "secret")
