"""What the embedded node is held to, asked of a real Kubernetes: the same tests, to the letter."""

from __future__ import annotations

from tests.conformance.test_objects import *  # noqa: F403
from tests.conformance.test_watch import *  # noqa: F403
from tests.conformance.test_workloads import *  # noqa: F403
