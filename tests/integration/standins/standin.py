"""A tiny process in the place of each of the platform's: it answers `/readyz`, says what it was given, and obeys.

`GET /environment` tells its `PAAKS_*`, pid and process group; `GET /die` ends it as a crash would; `GET /hold` answers
once it is told to stop, after STANDIN_HOLD seconds. SIGTERM drains, and the lifeline's end ends it at once.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path


async def serve(name: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(int(os.environ["PAAKS_LIFELINE_FD"]), os._exit, 1)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readline()).split(b" ")[1]
        if path == b"/die":
            os._exit(9)
        body = json.dumps(describe(name)) if path == b"/environment" else "ok"
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        writer.close()

    for listener in listeners(name):
        await asyncio.start_server(answer, sock=listener)
    print(f"{name} serves", file=sys.stderr, flush=True)
    await stop.wait()
    await asyncio.sleep(float(os.environ.get(f"STANDIN_{name.upper()}_DRAIN", "0")))
    with open(Path(os.environ["PAAKS_DATA"]) / "stopped", "a") as file:
        file.write(f"{name}\n")


def listeners(name: str) -> list[socket.socket]:
    found = []
    if name == "node":
        Path(os.environ["PAAKS_NODE_SOCKET"]).unlink(missing_ok=True)
        found.append(socket.socket(socket.AF_UNIX))
        found[0].bind(os.environ["PAAKS_NODE_SOCKET"])
    if "PAAKS_LISTEN_FD" in os.environ:
        found.append(socket.socket(fileno=int(os.environ["PAAKS_LISTEN_FD"])))
    return found


def describe(name: str) -> dict[str, object]:
    ours = {key: value for key, value in os.environ.items() if key.startswith("PAAKS_")}
    return {"name": name, "pid": os.getpid(), "group": os.getpgrp(), "environment": ours}


def main(name: str) -> None:
    if name in os.environ.get("STANDIN_BROKEN", "").split(","):
        sys.exit(f"{name}: PAAKS_NONSENSE is not a setting")
    if name == "api":
        first_start(Path(os.environ["PAAKS_DATA"]))
    asyncio.run(serve(name))


def first_start(data: Path) -> None:
    login = data / "first-login.json"
    if not login.exists():
        login.write_text(json.dumps({"operator": {"email": "o"}, "demo": {"tenant": "demo", "token": "secret-token"}}))
