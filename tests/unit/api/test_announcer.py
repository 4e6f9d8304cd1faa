"""What the controller missed while nobody was at the other end, it hears on the next connection; once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from api.announcer import Announcer
from api.live import Live
from core.check import Checker
from core.link import Connection, Hub
from core.store import open_engine
from core.tenants import Tenant


async def test_missed_hints_are_told_on_the_next_connection(tmp_path: Path) -> None:
    announcer = Announcer(open_engine("postgresql+psycopg://nobody@/none"), Live(), Checker(), "http://127.0.0.1:1")
    link = Connection(tmp_path / "link.sock", "api", "1", lambda _: None, announcer.take_missed)
    announcer.connection = link
    for number in ("2", "1", "2"):
        announcer.look(Tenant(number, f"t{number}", "", ""))

    heard: list[Any] = []
    enough = asyncio.Event()

    def hear(_: Any, message: Any) -> None:
        heard.append(message)
        if len(heard) == 3:
            enough.set()

    hub = Hub(hear, lambda: None)
    await hub.serve(tmp_path / "link.sock")
    running = asyncio.create_task(link.run())
    while not link.connected:
        await asyncio.sleep(0.005)
    announcer.look(Tenant("3", "t3", "", ""))
    await asyncio.wait_for(enough.wait(), 5)
    await link.close()
    await running
    await hub.close()

    assert heard == [{"type": "look", "tenant": number} for number in ("1", "2", "3")]
    assert announcer.take_missed() == []
