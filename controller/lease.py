"""One installation per cluster: a Lease that names the one whose objects are there. It is never taken by time.

Two installations would undo each other's work, so the second refuses to start, and names the first. The same one goes
on at once after any death: its name is a file beside its repositories, and `hold_lock` (`loop.py`) sees to it that
these have one controller. What does not live here: the node, which only its own installation reaches.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from core import names
from core.cluster import Cluster, ConflictError, InvalidError
from core.errors import PaaksError, RetryLater
from core.watch import follow

_log = structlog.get_logger(component="lease")
NAMESPACE = "paaks-system"
NAME = "paaks-controller"
_LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": "paaks"}
_ATTEMPTS = 5
_MICRO_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"  # Kubernetes takes six digits here, and no others
Object = dict[str, Any]


class HeldError(PaaksError):
    """Another installation has the cluster."""


def read_identity(data: Path) -> str:
    """The installation that a data directory belongs to; drawn at the first call."""
    file = data / "installation"
    with contextlib.suppress(FileExistsError):
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, f"{uuid.uuid4()}\n".encode())
            os.fsync(fd)
        finally:
            os.close(fd)
    return file.read_text().strip()


class Lease:
    """The lease as one installation, `identity`, sees it."""

    def __init__(self, cluster: Cluster, identity: str, namespace: str = NAMESPACE) -> None:
        self._cluster, self._identity, self._namespace = cluster, identity, namespace

    async def acquire(self) -> None:
        """Have it, or have had it before. Raises HeldError, which names the holder, and RetryLater."""
        for _ in range(_ATTEMPTS):
            lease = await self._cluster.get("Lease", self._namespace, NAME) or await self._make()
            if self._is_ours(lease):
                return
            spec = {"holderIdentity": self._identity, "acquireTime": datetime.now(UTC).strftime(_MICRO_TIME)}
            try:
                await self._cluster.patch(lease, {"spec": spec})
            except ConflictError:
                continue
            _log.info("the cluster is this installation's", installation=self._identity)
            return
        raise RetryLater(f"the lease {self._namespace}/{NAME} changes faster than it can be taken")

    async def keep(self) -> None:
        """Watch over it, for ever; take it again where it was deleted. Raises HeldError once it is another's."""
        selector = names.write_selector(_LABELS)
        changes = follow(self._cluster, "Lease", namespace=self._namespace, selector=selector)
        async with contextlib.aclosing(changes):
            async for change in changes:
                # What was deleted before everything was listed is in no change.
                is_gone = change.object is None or change.type in ("deleted", "missing")
                if is_gone or not self._is_ours(change.object or {}):
                    await self._acquire_again()

    async def _acquire_again(self) -> None:
        try:
            await self.acquire()
        except RetryLater as error:
            _log.warning("the lease is gone, and cannot be taken now", cause=error.cause)

    def _is_ours(self, lease: Object) -> bool:
        """False where it is nobody's. Raises HeldError."""
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity")
        if holder and holder != self._identity:
            raise HeldError(
                f"this cluster is another installation's: {holder}, since {spec.get('acquireTime')}; this one is "
                f"{self._identity}. Where that one is gone for good: kubectl -n {self._namespace} delete lease {NAME}"
            )
        return bool(holder)

    async def _make(self) -> Object:
        """The lease, nobody's yet. Making it twice is making it once."""
        metadata = {"name": NAME, "namespace": self._namespace, "labels": _LABELS}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
        try:
            return await self._cluster.apply(lease)
        except InvalidError as error:
            if error.status != 404:
                raise
        # A cluster that nothing was installed on: a controller from outside of it.
        await self._cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self._namespace}})
        return await self._cluster.apply(lease)
