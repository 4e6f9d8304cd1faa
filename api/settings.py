"""What the api process is told, read once from `PAAKS_*`, and what follows from it alone.

Every field is a variable of the same name in upper case. What does not live here: how the settings are used.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from core.process import PREFIX, SettingError


@dataclass(frozen=True)
class Settings:
    """Frozen; a value that cannot be right refuses the start and names its variable. Times are in seconds."""

    data: Path
    """The data directory: repositories, keys, `run/`, `first-login.json`."""
    database_url: str
    """The system database, `postgresql+psycopg://…`."""
    public_url: str
    """What people type to reach this process."""
    apps_url: str
    """What visitors type to reach the dispatcher."""
    access_stream: str
    """Where dispatchers are told what they may know: `unix:<path>`."""
    link: str
    """The controller's socket: `unix:<path>`."""
    cluster: str
    """`unix:<path>` of the node, `kubeconfig:<path>` or `in-cluster`."""
    dispatcher_url: str | None = None
    """Where this process reaches the dispatcher, if not at `apps_url`."""
    listen_fd: int | None = None
    """The inherited listening socket; without one the process listens on `port`."""
    port: int = 3000
    """Only without `listen_fd`: the port that people reach."""
    bind: str = "127.0.0.1"
    """The address that `port` and `access_stream_port` are on."""
    access_stream_port: int | None = None
    """A port for dispatchers on other machines, besides `access_stream`; they need the internal token."""
    internal_token_file: Path | None = None
    """The internal token; read again at each connection."""
    lifeline_fd: int | None = None
    """The read end of the supervisor's pipe; its end of file ends the process."""
    log_format: str = "json"
    """`json`, or `text` for people."""
    isolation: str = "none"
    """How handlers are kept from each other; with `none`, one tenant is all."""
    runtime_image: str = "paaks-runtime"
    """The image that handlers run in, as the controller is told it: what main says of a Deployment names it."""
    insecure_single_domain: bool = False
    """Several tenants that trust each other, without isolation."""
    drain_seconds: float = 15.0
    """How long requests may take to end after SIGTERM; `paaks up` waits 17."""
    access_token_seconds: float = 900.0
    """How long a signed access token is good."""
    session_seconds: float = 86400.0
    """How long a session lasts after its last refresh."""
    sign_in_link_seconds: float = 600.0
    """How long the first sign-in link is good."""
    login_failures: int = 5
    """Failed logins in `login_window_seconds` before the next is delayed."""
    login_window_seconds: float = 300.0
    """How long a failed login counts."""
    login_delay_seconds: float = 30.0
    """The first delay; it doubles with each further failure."""
    login_delay_limit_seconds: float = 600.0
    """The longest delay: nobody is locked out for good."""
    look_seconds: float = 1.0
    """How often the caches look for changes that others made; bookmarks of the access stream too."""
    maintenance_seconds: float = 60.0
    """How often repositories are looked at: what has many loose objects is packed."""
    key_seconds: float = 30 * 86400.0
    """How old the signing key may become before the next one is made."""

    def __post_init__(self) -> None:
        for name in ("public_url", "apps_url"):
            _require(urlsplit(getattr(self, name)).scheme in ("http", "https"), name, "an http address")
        if self.dispatcher_url is not None:
            _require(urlsplit(self.dispatcher_url).scheme in ("http", "https"), "dispatcher_url", "an http address")
        for name in ("access_stream", "link"):
            _require(getattr(self, name).startswith("unix:"), name, "unix:<path>")
        _require(self.database_url.startswith("postgresql+psycopg://"), "database_url", "postgresql+psycopg://…")
        _require(self.log_format in ("json", "text"), "log_format", "json or text")
        if self.access_stream_port is not None:
            _require(
                self.internal_token_file is not None, "internal_token_file", "set, as a port for dispatchers needs"
            )
        for field in fields(self):
            value = getattr(self, field.name)
            _require(not isinstance(value, int | float) or value >= 0, field.name, "zero or more")

    @property
    def secure(self) -> bool:
        """Is the platform reached by https? Its cookies are bound to it then."""
        return self.public_url.startswith("https:")

    @property
    def cookie_prefix(self) -> Literal["__Host-", ""]:
        """`__Host-` where https is used: no other host or path can have set such a cookie (RFC 6265bis §4.1.3)."""
        return "__Host-" if self.secure else ""

    @property
    def access_socket(self) -> Path:
        """The path of `access_stream`."""
        return Path(self.access_stream.removeprefix("unix:"))

    @property
    def link_socket(self) -> Path:
        """The path of `link`."""
        return Path(self.link.removeprefix("unix:"))

    @property
    def keys(self) -> Path:
        """The directory of the signing keys."""
        return self.data / "keys"


def _require(condition: bool, name: str, expected: str) -> None:
    if not condition:
        raise SettingError(f"{PREFIX}{name.upper()} is not {expected}")
