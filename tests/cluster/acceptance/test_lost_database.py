"""`tests/acceptance/test_lost_database.py`, asked of PaaKS on Kubernetes: the same tests, to the letter."""

from __future__ import annotations

from tests.acceptance.test_lost_database import *  # noqa: F403
