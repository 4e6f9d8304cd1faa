from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dispatcher.targets import Place, locate
from core.errors import Refused

SEGMENT = st.text("abcXYZ09-_~!$&'()*+,=:@", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("target", "host", "place"),
    [
        (b"/hello/", b"x", Place(None, "hello", b"/hello", b"/")),
        (b"/hello/a/b?c=/../d", b"x", Place(None, "hello", b"/hello", b"/a/b?c=/../d")),
        (b"/~demo/hello/x", b"x", Place("demo", "hello", b"/~demo/hello", b"/x")),
        (b"/%7edemo/hello/", b"x", Place("demo", "hello", b"/~demo/hello", b"/")),
        (b"/hello?a=b", b"x", Place(None, "hello", b"/hello", b"/?a=b", b"/hello/?a=b")),
        (b"/~demo/hello", b"x", Place("demo", "hello", b"/~demo/hello", b"/", b"/~demo/hello/")),
        (b"/api?x", b"hello.demo.localhost:80", Place("demo", "hello", b"", b"/api?x")),
        (b"/", b"HELLO.demo.LOCALHOST", Place("demo", "hello", b"", b"/")),
        ("/hello/ü?q=é".encode(), b"x", Place(None, "hello", b"/hello", b"/%C3%BC?q=%C3%A9")),
    ],
)
def test_where_a_target_leads(target: bytes, host: bytes, place: Place) -> None:
    assert locate(target, host) == place


@pytest.mark.parametrize(
    "target", [b"/", b"//", b"/~", b"/~demo", b"/~demo/", b"/~Demo/x/", b"/Hello/", b"/-x/", b"/a.b/", b"/~/x/"]
)
def test_what_no_service_can_be_called_leads_nowhere(target: bytes) -> None:
    with pytest.raises(Refused) as caught:
        locate(target, b"localhost")
    assert caught.value.problems[0].slug == "no-such-service"


@given(st.lists(SEGMENT, max_size=4), st.sampled_from([b"..", b".", b"%2e%2E", b".%2e", b"%2E"]), st.integers(0, 4))
def test_a_dot_segment_anywhere_is_refused(segments: list[str], dots: bytes, at: int) -> None:
    parts = [segment.encode() for segment in segments]
    parts.insert(min(at, len(parts)), dots)
    for separator in (b"/", b"%2f", b"%5C"):
        with pytest.raises(Refused) as caught:
            locate(b"/hello/" + separator.join(parts), b"x")
        assert caught.value.problems[0].slug == "malformed-request"


@given(st.lists(SEGMENT, max_size=5), st.text("ab=&/.?%20", max_size=10))
def test_the_rest_reaches_the_handler_byte_for_byte(segments: list[str], query: str) -> None:
    rest = f"/{'/'.join(segments)}?{query}".encode()
    assert locate(b"/~demo/hello" + rest, b"x").path == rest
    assert locate(rest, b"hello.demo.localhost").path == rest
