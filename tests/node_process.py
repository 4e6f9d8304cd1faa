"""A real node in a process of its own, on a temporary directory: started, killed, started again, taken away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNTIME_PYTHON = ROOT / "runtime" / ".venv" / "bin" / "python"
TOKEN = "token-of-the-tests"


class NodeProcess:
    """`python -m runtime.node`. Its standard error is in `log`; ends with this process, also if that is killed."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="paaks-node-"))  # short: a socket's path may have 107 bytes
        self.socket = self.directory / "run" / "node.sock"
        self.log = self.directory / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self._lifeline: int | None = None

    def start(self, **settings: str) -> None:
        """Start it and wait until it is ready; `settings` are `PAAKS_*` without the prefix."""
        self.socket.parent.mkdir(exist_ok=True)
        token = self.directory / "token"
        token.write_text(TOKEN + "\n")
        inherited, self._lifeline = os.pipe()
        with socket.create_server(("127.0.0.1", self.port)) as listener:
            self.port = listener.getsockname()[1]
            ours = {
                "DATA": self.directory,
                "NODE_SOCKET": self.socket,
                "NODE_TOKEN_FILE": token,
                "RUNTIME_PYTHON": RUNTIME_PYTHON,
                "LISTEN_FD": listener.fileno(),
                "LIFELINE_FD": inherited,
                **settings,
            }
            environment = {"PATH": os.environ["PATH"], "SECRET_OF_THE_PLATFORM": "do not hand this on"}
            environment |= {f"PAAKS_{name}": str(value) for name, value in ours.items()}
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "runtime.node"],
                    cwd=ROOT,
                    env=environment,
                    pass_fds=[listener.fileno(), inherited],
                    stdin=subprocess.DEVNULL,
                    stderr=log,
                )
        os.close(inherited)
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + 20
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"the node does not answer: {self.log.read_text()}"
            time.sleep(0.01)  # there is no event to wait for: a socket that does not exist yet

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(self.socket))
            client.sendall(b"GET /readyz HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
            return client.recv(15).startswith(b"HTTP/1.1 200")
        return False

    @property
    def target(self) -> str:
        """Where `core.cluster` finds it."""
        return f"unix:{self.socket}"

    def pods(self) -> list[int]:
        """The processes that it has made, itself not among them."""
        assert self.process is not None
        found, parents = [], {self.process.pid}
        while parents:
            children = {pid for pid, parent in _list_parents().items() if parent in parents and pid not in found}
            found += sorted(children)
            parents = children
        return found

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def terminate(self, seconds: float = 25) -> int:
        """SIGTERM; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def cut_lifeline(self) -> int:
        """Close our end of its lifeline; its exit status."""
        assert self.process is not None
        assert self._lifeline is not None
        os.close(self._lifeline)
        self._lifeline = None
        return self.process.wait(5)

    def remove(self) -> None:
        """End it, whatever it does, and remove its directory."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self._lifeline is not None:
            os.close(self._lifeline)
        shutil.rmtree(self.directory, ignore_errors=True)


def _list_parents() -> dict[int, int]:
    """Every process and its parent: proc(5)."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    return parents


def is_running(pid: int) -> bool:
    """Does the process still run? A zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextlib.contextmanager
def running_node(place: Path | None = None) -> Iterator[NodeProcess]:
    """A node that is there for a block, at a socket of its own where none is named."""
    node = NodeProcess()
    node.socket = place or node.socket
    try:
        node.start()
        yield node
    finally:
        node.remove()
