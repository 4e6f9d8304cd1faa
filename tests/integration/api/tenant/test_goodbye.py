"""The end of a process, as its readers see it: on a server of its own, for what is closed stays so."""

from __future__ import annotations

from tests.integration.api.tenant.conftest import Api, Server
from tests.integration.api.tenant.test_events import listening


def test_a_stream_says_goodbye_and_a_wait_is_over(server: Server, api: Api) -> None:
    heard = api.hear("hello", "pending")
    with listening(api) as (_, events):
        server.loop.call_soon_threadsafe(server.platform.live.close)
        assert [event.type for event in events] == ["bye"]
    answer = api.get(f"/releases/{heard.id}", Prefer="wait=20")
    assert (answer.status, answer.json["state"]) == (202, "pending")
