"""`tests/acceptance/test_tour.py`, asked of PaaKS on Kubernetes: the same tests, to the letter."""

from __future__ import annotations

from tests.acceptance.test_tour import *  # noqa: F403
