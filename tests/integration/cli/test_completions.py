"""What a shell offers: names from the server, quickly, and nothing at all where something is wrong."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
T = "/api/v1/tenants/demo"
LISTS: Mapping[str, list[dict[str, Any]]] = {
    f"{T}/services": [{"name": "hello", "path": "hello"}, {"name": "help"}, {"name": "orders"}],
    f"{T}/services/orders/files": [{"path": "handler.py"}, {"path": "lib/prices.py"}],
    "/api/v1/tenants": [{"slug": "demo"}, {"slug": "other"}],
}


class Server(ThreadingHTTPServer):
    """Answers lists; what was asked is in `seen`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """Looks its answer up."""

    server: Server

    def do_GET(self) -> None:
        """Answer whoever has the token."""
        self.server.seen.append(self.path)
        found = LISTS.get(self.path) if self.headers["Authorization"] == "Bearer secret" else None
        body = json.dumps({"items": found}).encode()
        self.send_response(200 if found is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@dataclass
class Shell:
    """A shell in a directory of its own, in which a key is pressed."""

    home: Path
    server: str
    variables: dict[str, str] = field(default_factory=dict)

    def press(self, line: str, shell: str = "bash", **variables: str) -> list[str]:
        """What is offered for the last word of a line, which may be empty; nothing else may be said."""
        words = line.split(" ")
        word = str(len(words) - 1) if shell != "fish" else words[-1]
        typed = line if shell != "fish" else " ".join(words[:-1])
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PAAKS_SERVER": self.server,
            "PAAKS_TENANT": "demo",
            "PAAKS_TOKEN": "secret",
            "_PAAKS_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": typed,
            "COMP_CWORD": word,
            **variables,
        }
        command = [sys.executable, "-c", "from cli.__main__ import main; main()"]
        done = subprocess.run(
            command,
            cwd=self.home,
            env={**environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stderr == ""
        return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


def offer(*names: str) -> list[str]:
    return [f"plain,{name}" for name in names]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def shell(server: Server, tmp_path: Path) -> Shell:
    server.seen.clear()
    return Shell(tmp_path, f"http://127.0.0.1:{server.server_address[1]}")


def test_services_are_offered_in_every_shell(shell: Shell) -> None:
    assert shell.press("paaks status he") == offer("hello", "help")
    assert shell.press("paaks status he", "zsh") == ["plain", "hello", "_", "plain", "help", "_"]
    assert [line.partition("\t")[0] for line in shell.press("paaks status he", "fish")] == offer("hello", "help")


@pytest.mark.parametrize("line", ["call", "rollback", "render", "services describe", "services delete hello"])
def test_services_are_offered_wherever_one_is_named(shell: Shell, line: str) -> None:
    assert shell.press(f"paaks {line} o") == offer("orders")


def test_what_is_on_the_line_is_not_offered_again(shell: Shell) -> None:
    assert shell.press("paaks logs hello ") == offer("help", "orders")


def test_a_service_and_its_files(shell: Shell) -> None:
    files = offer("orders/handler.py", "orders/lib/prices.py")

    assert shell.press("paaks files cat ") == offer("hello", "help", "orders")
    assert shell.press("paaks files cat or") == files
    assert shell.press("paaks files cat orders/l") == files[1:]
    assert shell.press("paaks files cat nothing/") == []


def test_tenants_and_logins(shell: Shell) -> None:
    (shell.home / ".config" / "paaks").mkdir(parents=True)
    contexts = {"here": {"server": shell.server, "tokens": {"third": "x"}}, "there": {"server": "http://h"}}
    (shell.home / ".config" / "paaks" / "config.yaml").write_text(json.dumps({"contexts": contexts}))

    assert shell.press("paaks clone ") == offer("demo", "other", "third")
    assert shell.press("paaks status -t o") == offer("other")
    assert shell.press("paaks status --context t") == offer("there")


def test_the_options_on_the_line_say_where_to_ask(shell: Shell) -> None:
    assert shell.press("paaks status -t gone h") == []
    assert shell.press(f"paaks status --server {shell.server} -t demo o", PAAKS_SERVER="http://127.0.0.1:1") == offer(
        "orders"
    )


def test_the_second_press_asks_nobody_and_what_is_kept_is_ones_own(shell: Shell, server: Server) -> None:
    first, second = (shell.press("paaks status o") for _ in range(2))

    assert first == second == offer("orders")
    assert server.seen == [f"{T}/services"]
    kept = list((shell.home / ".cache" / "paaks" / "completions").iterdir())
    assert [file.stat().st_mode & 0o777 for file in kept] == [0o600]
    assert kept[0].parent.stat().st_mode & 0o777 == 0o700
    assert b"secret" not in kept[0].read_bytes()
    assert shell.press("paaks status o", PAAKS_TOKEN="another") == []


def test_what_was_kept_becomes_old(shell: Shell, server: Server) -> None:
    shell.press("paaks status o")
    (kept,) = (shell.home / ".cache" / "paaks" / "completions").iterdir()
    os.utime(kept, (0, time.time() - 11))

    assert shell.press("paaks status o") == offer("orders")
    assert len(server.seen) == 2
    kept.write_text("half of a fi")
    assert shell.press("paaks status o") == offer("orders")


def test_nothing_is_offered_and_nothing_said_where_something_is_wrong(shell: Shell, tmp_path: Path) -> None:
    assert shell.press("paaks status ", PAAKS_TOKEN="wrong") == []
    assert shell.press("paaks status ", PAAKS_SERVER="http://127.0.0.1:1") == []
    assert shell.press("paaks status ", PAAKS_SERVER="no address at all") == []
    assert shell.press("paaks status ", PAAKS_SERVER="", PAAKS_DATA=str(tmp_path / "none")) == []
    assert shell.press("paaks status ", XDG_CACHE_HOME="/proc/none") == offer("hello", "help", "orders")
    (tmp_path / ".config" / "paaks").mkdir(parents=True)
    (tmp_path / ".config" / "paaks" / "config.yaml").write_text("contexts: 1\n")
    assert shell.press("paaks status ") == []


def test_a_server_that_says_nothing_is_not_waited_for(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        assert shell.press("paaks status ", PAAKS_SERVER=f"http://127.0.0.1:{silent.getsockname()[1]}") == []
        assert time.monotonic() - began < 20  # a command would wait for 30 s
