"""What the controller has found about the cluster's network: shown by the api, and what follows for tenants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.link import Hub
from tests.api_process import ApiProcess

OPEN = "NetworkPolicy is not enforced by this cluster's network: tenants can reach each other's pods"


@pytest.fixture
def api(empty_database: str) -> Iterator[ApiProcess]:
    """An api as on Kubernetes, without leave for tenants that are not kept apart."""
    with ApiProcess(empty_database, INSECURE_SINGLE_DOMAIN=0, ISOLATION="cluster").served() as served:
        yield served


@contextlib.asynccontextmanager
async def saying(link: Path, **word: Any) -> AsyncIterator[None]:
    """The controller's side of the link, with a word on the network for who connects."""

    def tell() -> None:
        hub.broadcast("api", {"type": "network", "at": "2026-01-01T00:00:00Z", **word})

    hub = Hub(lambda _peer, _message: None, tell)
    await hub.serve(link)
    try:
        yield
    finally:
        await hub.close()


def network_of(api: ApiProcess) -> dict[str, Any]:
    with api.open() as client:
        [part] = [part for part in client.get("/healthz").json()["parts"] if part["name"] == "network"]
    found: dict[str, Any] = part
    return found


def create(api: ApiProcess) -> tuple[int, str]:
    with contextlib.closing(api.operate()) as client:
        answer = client.post("/api/v1/tenants", json={"slug": "second"})
    return answer.status_code, answer.json().get("type", "").rpartition("/")[2]


async def test_without_a_word_on_the_network_there_is_one_tenant(api: ApiProcess) -> None:
    assert network_of(api) == {"name": "network", "ok": False, "detail": "not tried yet"}
    assert create(api) == (409, "tenant-needs-isolation")


@pytest.mark.parametrize(
    ("enforced", "said", "created"),
    [(True, "NetworkPolicy is enforced", 201), (False, OPEN, 409), (None, "cannot be told", 409)],
)
async def test_tenants_are_as_many_as_are_kept_apart(
    api: ApiProcess, enforced: bool | None, said: str, created: int
) -> None:
    """K8-12 of the threat model."""
    async with saying(api.run / "link.sock", enforced=enforced, sentence=said):
        await asyncio.to_thread(api.wait_for, lambda: said in network_of(api)["detail"])
        part = await asyncio.to_thread(network_of, api)
        answer = await asyncio.to_thread(create, api)

    assert part["ok"] is (enforced is True)
    assert part["detail"] == f"{said} (tried 2026-01-01T00:00:00Z)"
    assert answer[0] == created


async def test_a_person_may_allow_it(empty_database: str) -> None:
    with ApiProcess(empty_database, INSECURE_SINGLE_DOMAIN=1, ISOLATION="cluster").served() as api:
        async with saying(api.run / "link.sock", enforced=False, sentence=OPEN):
            await asyncio.to_thread(api.wait_for, lambda: OPEN in network_of(api)["detail"])
            part = await asyncio.to_thread(network_of, api)
            answer = await asyncio.to_thread(create, api)

    assert part["ok"] is True
    assert part["detail"].endswith("PAAKS_INSECURE_SINGLE_DOMAIN allows it")
    assert answer[0] == 201
