"""The controller's settings, frozen, read once from `PAAKS_*`. Nothing else reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.process import PREFIX, SettingError, read_settings


@dataclass(frozen=True)
class Settings:
    """Where things are, and how often to look. Times are in seconds."""

    data: Path
    """The data directory; repositories are in `repos/`."""
    cluster: str
    """`unix:<path>` of the node, `kubeconfig:<path>`, or `in-cluster`."""
    link: str
    """`unix:<path>` on which api and dispatchers reach the controller."""
    database_url: str
    """The system database, `postgresql+psycopg://…`."""
    apps_url: str = "http://127.0.0.1:8080"
    """What visitors type before a service's path."""
    poll_seconds: float = 10.0
    """How often every tenant's `main` is looked at, whether or not a hint came."""
    full_pass_seconds: float = 600.0
    """How often every tenant is compared with the cluster, changed or not."""
    relist_seconds: float = 150.0
    """How often all objects are listed anew, against what a watch has not told; more rarely where a list takes long."""
    max_applies: int = 32
    """Writes to the cluster in flight."""
    workers: int = 4
    """Tenants that are reconciled at the same time."""
    retry_seconds: float = 0.5
    """The first pause after a failure; doubled each time, to at most 60 s."""
    runtime_image: str = "paaks-runtime"
    """The image that handlers run in, by digest where it can be."""
    bind: str = "127.0.0.1"
    """The address that `link_port` and `health_port` are on."""
    link_port: int | None = None
    """A port for dispatchers on other machines, besides `link`; they need the internal token."""
    internal_token_file: Path | None = None
    """The internal token; read again at each connection."""
    health_port: int | None = None
    """Where `/livez` and `/readyz` are answered."""
    network_check: str = ""
    """The namespace in which is tried at each start whether the network enforces NetworkPolicy; "": it is not."""
    lifeline_fd: int | None = None
    """The supervisor's pipe: when it closes, the process ends."""
    log_format: str = "json"
    """`json`, or `text` for people."""

    def __post_init__(self) -> None:
        if self.link_port is not None and self.internal_token_file is None:
            raise SettingError(f"{PREFIX}LINK_PORT needs {PREFIX}INTERNAL_TOKEN_FILE")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """The settings. Raises SettingError, which names the variable."""
        return read_settings(cls, environment)

    @property
    def link_path(self) -> Path:
        """The link's socket."""
        return Path(self.link.removeprefix("unix:"))

    @property
    def runtime_lock(self) -> Path:
        """Held by the one controller of a data directory."""
        return self.data / "run" / "controller.lock"
