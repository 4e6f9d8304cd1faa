"""The application: every route, git beside them, errors answered once, and the envelope around it all.

What does not live here: making the parts (`composition.py`), running them (`__main__.py`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api import answers, openapi
from api.deps import Platform
from api.envelope import App, Envelope, Receive, Scope, Send
from api.git_http import GitHttp
from api.pages import Pages
from api.push import PushDoors
from api.routes import (
    changes,
    commits,
    events,
    files,
    health,
    invoke,
    logs,
    platform,
    pods,
    problems,
    releases,
    resources,
    services,
    session,
    tenants,
    tokens,
    users,
)

_BODY_BYTES = 2**20  # of JSON, where a route says nothing else
_DIST = Path(__file__).parent.parent / "web" / "dist"
_NOUNS = (
    *(session, tokens, tenants, users, services, files, changes, commits),
    *(releases, pods, resources, logs, events, invoke, platform, problems, health),
)


def create_app(platform: Platform, dist: Path = _DIST) -> App:
    """The application of a platform; `dist` is where the built pages are, if they are."""
    app = _make_app()
    app.state.platform = platform
    doors = PushDoors(platform.tenants, platform.checker, platform.announcer, platform.live, platform.crowded)
    app.router.default = Pages(dist, lambda: openapi.describe(app))
    # Not as its middleware: that would be within the framework's limit on bodies, and a push is larger.
    return Envelope(GitFirst(app, GitHttp(platform.authenticator, doors)), platform, platform.metrics)


class GitFirst:
    """Sends git's requests to git, before routes and the limits on their bodies."""

    def __init__(self, app: App, git: GitHttp) -> None:
        self._app = app
        self._git = git

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        is_git = scope["type"] == "http" and scope["path"].startswith("/git/")
        await (self._git if is_git else self._app)(scope, receive, send)


def describe_routes() -> dict[str, Any]:
    """The OpenAPI document; needs no platform."""
    return openapi.describe(_make_app())


def _make_app() -> FastAPI:
    app = FastAPI(
        title="PaaKS",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=_BODY_BYTES,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    answers.install(app)
    for noun in _NOUNS:
        app.include_router(noun.router)
    return app


if __name__ == "__main__":
    json.dump(describe_routes(), sys.stdout, indent=2)
