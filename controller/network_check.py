"""Does this cluster's network enforce NetworkPolicy? Tried once a start, with two pods in a namespace made for it.

A network that does not knows the objects all the same: only trying tells. What is found is told to the api, and stands
in the ConfigMap `network` of that namespace. What does not live here: what the pods do (`network_probe.py`), and what
follows from it (`api/`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from core import names
from core.cluster import Cluster, ClusterError
from core.errors import RetryLater
from core.history import format_time
from core.render import RESTRICTED_CONTAINER, RESTRICTED_POD
from core.watch import follow

_log = structlog.get_logger(component="network")
_PROBE = Path(__file__).with_name("network_probe.py")
_RECORD = "network"
_SECONDS = 120.0  # for a try: images may have to be fetched
_TRIES = 5
_FIRST_PAUSE = 5.0  # between two tries; doubled each time
Object = dict[str, Any]
Message = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What was found: `enforced` is None where it could not be; `at` is RFC 3339."""

    enforced: bool | None
    sentence: str
    at: str


def judge(found: Mapping[str, bool]) -> tuple[bool | None, str]:
    """What the caller's report (`network_probe.call`) means."""
    if not found.get("allowed"):
        return None, "two pods that may reach each other do not: whether NetworkPolicy is enforced cannot be told"
    if found["in"]:
        return False, ("NetworkPolicy is not enforced by this cluster's network: tenants can reach each other's pods")
    if found["out"]:
        return False, (
            "NetworkPolicy is enforced for what comes into a pod alone: handlers can reach the cluster and its nodes"
        )
    return True, "NetworkPolicy is enforced"


class NetworkCheck:
    """One check, and the last word of it. `tell` gets a message for the api whenever there is a new one."""

    def __init__(self, cluster: Cluster, namespace: str, image: str, tell: Callable[[Message], None]) -> None:
        self._cluster, self._namespace, self._image, self._tell = cluster, namespace, image, tell
        self._verdict: Verdict | None = None

    @property
    def message(self) -> Message | None:
        """The last word, as the api takes it."""
        return None if self._verdict is None else {"type": "network", **asdict(self._verdict)}

    async def run(self) -> None:
        """Say what an earlier start has found, then find out again."""
        with_record = await self._read_record()
        if with_record is not None:
            self._take(with_record)
        pause = _FIRST_PAUSE
        for _ in range(_TRIES):
            enforced, sentence = await self._try()
            if enforced is not None:
                break
            _log.warning("network check", enforced=None, cause=sentence)
            await asyncio.sleep(pause)
            pause *= 2
        verdict = Verdict(enforced, sentence, format_time(time.time()))
        self._take(verdict)
        (_log.info if enforced else _log.warning)("network check", enforced=enforced, sentence=sentence)
        await self._write_record(verdict)

    def _take(self, verdict: Verdict) -> None:
        self._verdict = verdict
        assert self.message is not None
        self._tell(self.message)

    async def _read_record(self) -> Verdict | None:
        try:
            found = await self._cluster.get("ConfigMap", self._namespace, _RECORD)
            data = (found or {}).get("data") or {}
            enforced = {"true": True, "false": False}.get(data["enforced"])
            return Verdict(enforced, data["sentence"], data["at"])
        except (ClusterError, RetryLater, KeyError):
            return None

    async def _write_record(self, verdict: Verdict) -> None:
        enforced = "unknown" if verdict.enforced is None else str(verdict.enforced).lower()
        data = {"enforced": enforced, "sentence": verdict.sentence, "at": verdict.at}
        try:
            await self._cluster.apply(self._make("ConfigMap", _RECORD, {}) | {"data": data})
        except (ClusterError, RetryLater) as error:
            _log.warning("network check: not recorded", cause=str(error))

    # -- one try --------------------------------------------------------------------------------------------------

    async def _try(self) -> tuple[bool | None, str]:
        """What was found, or why nothing could be."""
        run = secrets.token_hex(4)
        stage = "the check's pods cannot be made"
        try:
            async with asyncio.timeout(_SECONDS):
                await self._clear()
                await self._cluster.apply(self._make_pod("listener", run, "listen"))
                stage = "the check's first pod does not start"
                listener = await self._await(run, "listener", lambda pod: _address_of(pod) and _is_running(pod))
                address = _address_of(listener)
                assert address is not None
                await self._cluster.apply(self._make_pod("caller", run, "call", address))
                stage = "the check's second pod does not end"
                caller = await self._await(run, "caller", _has_ended)
                return judge(_read_report(caller))
        except TimeoutError:
            return None, f"{stage} within {_SECONDS:.0f} s: see the pods in the namespace {self._namespace}"
        except (ClusterError, RetryLater, ValueError) as error:
            return None, f"{stage}: {error}"
        finally:
            await self._clear_up()

    async def _await(self, run: str, role: str, holds: Callable[[Object], object]) -> Object:
        """One of the two pods, once something holds for it."""
        selector = f"{names.LABEL_NETWORK_CHECK}={run},app.kubernetes.io/name=paaks-network-{role}"
        changes = follow(self._cluster, "Pod", namespace=self._namespace, selector=selector)
        async with contextlib.aclosing(changes):
            async for change in changes:
                if change.object is not None and change.type in ("added", "modified") and holds(change.object):
                    return change.object
        raise AssertionError("a watch ends with its reader alone")

    async def _clear_up(self) -> None:
        try:
            await self._clear()
        except (ClusterError, RetryLater) as error:
            _log.warning("network check: its pods stay", cause=str(error))

    async def _clear(self) -> None:
        """Remove the pods of this and of earlier checks."""
        pods, _ = await self._cluster.list("Pod", namespace=self._namespace, selector=names.LABEL_NETWORK_CHECK)
        for pod in pods:
            await self._cluster.delete("Pod", self._namespace, pod["metadata"]["name"], grace=0)

    def _make(self, kind: str, name: str, labels: Mapping[str, str]) -> Object:
        labels = {"app.kubernetes.io/part-of": "paaks", **labels}
        metadata = {"name": name, "namespace": self._namespace, "labels": labels}
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata}

    def _make_pod(self, role: str, run: str, *arguments: str) -> Object:
        labels = {"app.kubernetes.io/name": f"paaks-network-{role}", names.LABEL_NETWORK_CHECK: run}
        container = {
            "name": role,
            "image": self._image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["python3", "-I", "-c", _PROBE.read_text(), *arguments],
            "resources": {
                "requests": {"cpu": "10m", "memory": "32Mi"},
                "limits": {"cpu": "1", "memory": "64Mi"},
            },
            "securityContext": RESTRICTED_CONTAINER,
        }
        spec = {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": round(2 * _SECONDS),
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            "securityContext": RESTRICTED_POD,
            "containers": [container],
        }
        return self._make("Pod", f"{role}-{run}", labels) | {"spec": spec}


def _address_of(pod: Object) -> str | None:
    address: str | None = pod.get("status", {}).get("podIP")
    return address


def _is_running(pod: Object) -> bool:
    return bool(pod.get("status", {}).get("phase") == "Running")


def _terminated(pod: Object) -> Object | None:
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return next((ended for one in statuses if (ended := one.get("state", {}).get("terminated"))), None)


def _has_ended(pod: Object) -> bool:
    return _terminated(pod) is not None or pod.get("status", {}).get("phase") in ("Failed", "Succeeded")


def _read_report(pod: Object) -> dict[str, bool]:
    """What the caller has written. Raises ValueError where that is nothing."""
    ended = _terminated(pod) or {}
    try:
        report = json.loads(ended.get("message") or "")
    except ValueError:
        raise ValueError(f"it ended with {ended.get('exitCode')} and {ended.get('message')!r}") from None
    if not isinstance(report, dict):
        raise ValueError(f"it has written {report!r}")
    return {str(key): bool(value) for key, value in report.items()}
