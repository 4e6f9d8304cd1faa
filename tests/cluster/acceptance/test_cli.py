"""`tests/acceptance/test_cli.py`, asked of PaaKS on Kubernetes: the same tests, to the letter."""

from __future__ import annotations

from tests.acceptance.test_cli import *  # noqa: F403
