"""`tests/acceptance/test_one_check.py`, asked of PaaKS on Kubernetes: the same tests, to the letter."""

from __future__ import annotations

from tests.acceptance.test_one_check import *  # noqa: F403
