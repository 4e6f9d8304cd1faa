"""What acceptance tests share: the real platform, run as a user runs it.

`platform` is one for the whole session, several tenants allowed; leave what others use as it is (make your own service
or tenant). `fresh_platform` is one's own, or one's own tenant, to be killed and restarted. Tests know both by what
`tested_platform.Platform` has, and run on Kubernetes too, with other fixtures (`tests/cluster/acceptance/`); those that
are about `paaks up` itself are marked `embedded`, with the reason. `start_platform` starts one with options.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from started_platform import StartedPlatform
from tested_platform import Platform

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def platform() -> Iterator[StartedPlatform]:
    """A running platform for the session, with `--insecure-single-domain`."""
    with contextlib.closing(StartedPlatform("--insecure-single-domain")) as started:
        started.start()
        yield started


@pytest.fixture
def start_platform() -> Iterator[Callable[..., StartedPlatform]]:
    """Starts platforms of one's own: `start_platform("--no-controller", environment={…})`."""
    with contextlib.ExitStack() as stack:

        def start(*options: str, environment: dict[str, str] | None = None) -> StartedPlatform:
            started = stack.enter_context(contextlib.closing(StartedPlatform(*options, environment=environment)))
            started.start()
            return started

        yield start


@pytest.fixture
def fresh_platform(start_platform: Callable[..., StartedPlatform]) -> StartedPlatform:
    """A platform of one's own, as `paaks up` starts it without options."""
    return start_platform()


@pytest.fixture
def service_name() -> str:
    """A name that no other test uses."""
    return f"svc-{next(_numbers)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """The platforms' own words beside a failure."""
    report = yield
    if report.failed and call.when == "call":
        for name in ("platform", "fresh_platform"):
            started = getattr(item, "funcargs", {}).get(name)
            if isinstance(started, Platform):
                report.sections.append((f"logs of {name}", started.describe()))
    return report
