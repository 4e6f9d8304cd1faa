"""`tests/acceptance/test_push.py`, asked of PaaKS on Kubernetes: the same tests, to the letter."""

from __future__ import annotations

from tests.acceptance.test_push import *  # noqa: F403
