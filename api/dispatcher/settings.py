"""What the dispatcher is told, read once from `PAAKS_*`. Every field is a variable of the same name in upper case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.internal_port import Port, parse_address
from core.process import PREFIX, SettingError, read_settings


@dataclass(frozen=True)
class Settings:
    """Frozen; times are in seconds."""

    data: Path
    """The data directory; the last access snapshot is kept in `run/`."""
    cluster: str
    """`unix:<path>` of the node, `kubeconfig:<path>` or `in-cluster`."""
    link: str
    """The controller: `unix:<path>`, or `tcp:<host>:<port>` on another machine."""
    access_stream: str
    """Where the api tells what a dispatcher may know: `unix:<path>`, or `tcp:<host>:<port>` on another machine."""
    internal_token_file: Path | None = None
    """What is said first on a `tcp:` connection; read again at each."""
    metrics_socket: str | None = None
    """Where metrics are served: `unix:<path>`. Never on the visitors' port."""
    metrics_port: int | None = None
    """A port for them too, which visitors must not reach."""
    apps_url: str = "http://127.0.0.1:8080"
    """What visitors type to reach this process."""
    listen_fd: int | None = None
    """The inherited listening socket; without one the process listens on `port`."""
    port: int = 8080
    """Only without `listen_fd`: the port that visitors reach."""
    bind: str = "127.0.0.1"
    """The address that `port` and `metrics_port` are on."""
    hold_seconds: float = 10.0
    """How long a request waits for a service that is starting, away or busy."""
    drain_seconds: float = 15.0
    """How long requests may take to end after SIGTERM."""
    lifeline_fd: int | None = None
    """The supervisor's pipe: when it closes, the process ends."""
    log_format: str = "json"
    """`json`, or `text` for people."""

    def __post_init__(self) -> None:
        if self.metrics_socket is not None and not self.metrics_socket.startswith("unix:"):
            raise SettingError(f"{PREFIX}METRICS_SOCKET is not unix:<path>")
        for name in ("link", "access_stream"):
            try:
                address = parse_address(getattr(self, name))
            except ValueError as error:
                raise SettingError(f"{PREFIX}{name.upper()}: {error}") from None
            if isinstance(address, Port) and self.internal_token_file is None:
                raise SettingError(f"{PREFIX}{name.upper()} needs {PREFIX}INTERNAL_TOKEN_FILE")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """The settings. Raises SettingError, which names the variable."""
        return read_settings(cls, environment)

    @property
    def snapshot(self) -> Path:
        """Where the last access snapshot is kept, for a start without the api."""
        return self.data / "run" / "access-snapshot.json"


def socket_path(address: str) -> Path:
    """The path of `unix:<path>`."""
    return Path(address.removeprefix("unix:"))
