"""`tests/acceptance/test_completions.py`, asked of PaaKS on Kubernetes: the same tests, to the letter."""

from __future__ import annotations

from tests.acceptance.test_completions import *  # noqa: F403
