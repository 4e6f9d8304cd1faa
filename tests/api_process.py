"""A real api in a process of its own, on a temporary directory and a real database: started, drained, killed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from tests.api_contract import check_answer

ROOT = Path(__file__).parent.parent
Client = httpx2.Client


class ApiProcess:
    """`python -m api`. Its standard error is in `log`; it ends with this process, also if that is killed."""

    def __init__(self, database_url: str, **settings: Any) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="paaks-api-"))  # short: a socket's path may have 107 bytes
        self.run = self.data / "run"
        self.run.mkdir(mode=0o700)
        self.log = self.data / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.settings: dict[str, Any] = {
            "DATA": self.data,
            "DATABASE_URL": database_url,
            "PUBLIC_URL": self.url,
            "APPS_URL": "http://127.0.0.1:1",
            "ACCESS_STREAM": f"unix:{self.run / 'access.sock'}",
            "LINK": f"unix:{self.run / 'link.sock'}",
            "CLUSTER": f"unix:{self.run / 'node.sock'}",
            "LOOK_SECONDS": 0.1,
            "INSECURE_SINGLE_DOMAIN": 1,
            **settings,
        }
        self._lifeline: int | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        inherited, self._lifeline = os.pipe()
        given = {"LISTEN_FD": self.listener.fileno(), "LIFELINE_FD": inherited, **self.settings}
        environment = {"PATH": os.environ["PATH"]} | {f"PAAKS_{name}": str(value) for name, value in given.items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api"],
                cwd=ROOT,
                env=environment,
                pass_fds=[self.listener.fileno(), inherited],
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        os.close(inherited)
        self.wait_for(lambda: self.status("/readyz") == 200)

    def wait_for(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until something is true that there is no event for. The process must not end meanwhile."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            time.sleep(0.02)

    def status(self, path: str) -> int:
        """The status of one address, 0 where nobody answers."""
        with contextlib.suppress(httpx2.HTTPError):
            return int(httpx2.get(self.url + path, timeout=5.0, verify=False).status_code)
        return 0

    def terminate(self) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        """End it and remove its files."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
        if self._lifeline is not None:
            os.close(self._lifeline)
        self.listener.close()
        shutil.rmtree(self.data, ignore_errors=True)

    # -- using it

    @property
    def logins(self) -> dict[str, Any]:
        """What the first start has written down."""
        document: dict[str, Any] = json.loads((self.data / "first-login.json").read_text())
        return document

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    @property
    def token(self) -> str:
        """The personal token of the demo tenant's admin."""
        return str(self.logins["demo"]["token"])

    def open(self, token: str | None = None, **headers: str) -> Client:
        """A client of its own, with a bearer token or none; close it (`with`)."""
        given = {"Authorization": f"Bearer {token}"} if token else {}
        hooks = {"response": [check_answer]}
        return Client(
            base_url=self.url,
            headers=given | headers,
            timeout=60.0,
            verify=False,
            trust_env=False,
            event_hooks=hooks,
        )

    def sign_in(self, email: str, password: str) -> Client:
        """A client with a session in its cookies, as a browser has it; close it."""
        client = self.open()
        answer = client.post("/api/v1/session", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["X-PaaKS-CSRF"] = answer.json()["csrf"]
        return client

    def operate(self) -> Client:
        """The operator's session; close it."""
        login = self.logins["operator"]
        return self.sign_in(login["email"], login["password"])

    @contextlib.contextmanager
    def served(self) -> Any:
        """Started, and taken away at the end."""
        try:
            self.start()
            yield self
        finally:
            self.close()


def slug_of(answer: httpx2.Response) -> str:
    """The slug of the problem that an answer is; "" for none."""
    if answer.headers.get("content-type") != "application/problem+json":
        return ""
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["requestId"] == answer.headers["paaks-request-id"]
    return str(document["type"]).removeprefix("/problems/")
