"""What the api counts, for Prometheus. Every label has few values: never a path, a commit, a person or a tenant.

What does not live here: when something is counted.
"""

from __future__ import annotations

import platform as machine

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from core.releases import Release

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_VIAS = frozenset({"git", "web", "api", "cli", "rollback"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        build = Gauge("paaks_build_info", "Always 1", ["python"], registry=self._registry)
        build.labels(machine.python_version()).set(1)
        self._requests = Counter(
            "paaks_api_requests", "Requests answered", ["route", "method", "code"], registry=self._registry
        )
        self._seconds = Histogram(
            "paaks_api_request_duration_seconds",
            "From head to end",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._live = Histogram(
            "paaks_commit_to_live_seconds",
            "From receipt to live",
            ["source"],
            buckets=_SECONDS,
            registry=self._registry,
        )

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the template of its path."""
        self._requests.labels(route, method if method in _METHODS else "other", str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_live(self, release: Release) -> None:
        """A release has turned live."""
        live = release.stages.get("live")
        if live is not None and release.created:
            source = release.via if release.via in _VIAS else "other"
            self._live.labels(source).observe(max(0.0, live - release.created))

    def write(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)
