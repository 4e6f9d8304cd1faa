"""`tests/acceptance/test_openapi.py`, asked of PaaKS on Kubernetes: the same tests, to the letter."""

from __future__ import annotations

from tests.acceptance.test_openapi import *  # noqa: F403
