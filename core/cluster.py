"""The door to Kubernetes, a real one or the embedded node: apply, get, list, delete, logs, raw watch; on plain dicts.

What does not live here: what the objects say (`render.py`), surviving a broken watch (`watch.py`), how many calls run
at once and when there must be none (`in_flight.py`), and where credentials come from (`cluster_access.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import aiohttp

from core import names
from core.cluster_access import Access, load_access
from core.errors import PaaksError, RetryLater
from core.in_flight import InFlight

Object = dict[str, Any]

_ANSWER_SECONDS = 30.0  # for a whole answer, or the head of one that has no end
_CALL = aiohttp.ClientTimeout(total=_ANSWER_SECONDS, sock_connect=5)
_LINE_LIMIT = 16 * 2**20  # bytes in one watch event: etcd stores at most 1.5 MiB an object by default
_SHORT_PATH = 107  # bytes of a unix socket's path: unix(7)


@dataclass(frozen=True)
class _Kind:
    group: str  # "v1" or "<group>/<version>"
    plural: str
    namespaced: bool = True


_KINDS = {
    "Namespace": _Kind("v1", "namespaces", namespaced=False),
    "Node": _Kind("v1", "nodes", namespaced=False),
    "Pod": _Kind("v1", "pods"),
    "Service": _Kind("v1", "services"),
    "ConfigMap": _Kind("v1", "configmaps"),
    "Secret": _Kind("v1", "secrets"),
    "ServiceAccount": _Kind("v1", "serviceaccounts"),
    "ResourceQuota": _Kind("v1", "resourcequotas"),
    "LimitRange": _Kind("v1", "limitranges"),
    "Event": _Kind("v1", "events"),
    "Deployment": _Kind("apps/v1", "deployments"),
    "NetworkPolicy": _Kind("networking.k8s.io/v1", "networkpolicies"),
    "HorizontalPodAutoscaler": _Kind("autoscaling/v2", "horizontalpodautoscalers"),
    "Lease": _Kind("coordination.k8s.io/v1", "leases"),
}


class ClusterError(PaaksError):
    """The cluster refused a call: the HTTP `status`, Kubernetes' one word for the `reason`, and its `message`."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message = status, reason, message


class GoneError(ClusterError):
    """410: the resource version is no longer kept; list again."""


class ConflictError(ClusterError):
    """409: a precondition did not hold, or the object is being deleted."""


class InvalidError(ClusterError):
    """Another 4xx: the same call would be refused again."""


class Cluster:
    """One API server. Connects at the first call; must be closed."""

    def __init__(self, open_access: Callable[[], Access]) -> None:
        self._open_access = open_access
        self._opening = asyncio.Lock()
        self._access: Access | None = None
        self._session: aiohttp.ClientSession | None = None
        self._directory: int | None = None
        self._in_flight = InFlight()

    @classmethod
    def connect(cls, target: str, *, token: str | None = None) -> Cluster:
        """`unix:<path>`, `http(s)://host:port` (and a bearer `token`), `kubeconfig:<path>` or `in-cluster`. No I/O yet.

        Raises ValueError for another form of `target`.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        scheme, _, rest = target.partition(":")
        if scheme == "unix" and rest:
            return cls(lambda: Access("http://localhost", lambda: headers, socket=Path(rest)))
        if scheme in ("http", "https"):
            return cls(lambda: Access(target.rstrip("/"), lambda: headers))
        if scheme == "kubeconfig" and rest:
            return cls(lambda: load_access("load_kube_config", config_file=rest, persist_config=False))
        if target == "in-cluster":
            return cls(lambda: load_access("load_incluster_config"))
        raise ValueError(f"{target!r} is not unix:<path>, http://…, kubeconfig:<path> or in-cluster")

    async def apply(self, obj: Object, *, dry_run: bool = False) -> Object:
        """Server-side apply as field manager `paaks`, forced; the object as the cluster has it now."""
        metadata = obj["metadata"]
        # Fields that are unknown are refused in any case: the validation only reads the body again, for double keys.
        query = {"fieldManager": names.FIELD_MANAGER, "force": "true", "fieldValidation": "Ignore"}
        query |= {"dryRun": "All"} if dry_run else {}
        path = _path(obj["kind"], metadata.get("namespace"), metadata["name"])
        return await self._call("PATCH", path, query, obj, "application/apply-patch+yaml")

    async def patch(self, obj: Object, patch: Object) -> Object:
        """A merge patch (RFC 7396) by manager `paaks`, if the object is still as given; the object as it is then.

        Raises ConflictError where it is not.
        """
        metadata = obj["metadata"]
        given = patch | {"metadata": {"resourceVersion": metadata["resourceVersion"], **patch.get("metadata", {})}}
        path = _path(obj["kind"], metadata.get("namespace"), metadata["name"])
        return await self._call(
            "PATCH", path, {"fieldManager": names.FIELD_MANAGER}, given, "application/merge-patch+json"
        )

    async def get(self, kind: str, namespace: str | None, name: str) -> Object | None:
        """One object, or None where there is none."""
        try:
            return await self._call("GET", _path(kind, namespace, name))
        except InvalidError as error:
            if error.status == 404:
                return None
            raise

    async def list(
        self, kind: str, *, namespace: str | None = None, selector: str | None = None
    ) -> tuple[list[Object], str]:
        """All objects of a kind, in one namespace or in all, and the resource version to watch from."""
        query = {"labelSelector": selector} if selector else {}
        answer = await self._call("GET", _path(kind, namespace), query)
        version = _KINDS[kind].group
        try:
            # The items of a list do not repeat what they are.
            items = [{"apiVersion": version, **item, "kind": kind} for item in answer.get("items") or ()]
            return items, str(answer["metadata"]["resourceVersion"])
        except (KeyError, TypeError) as error:
            raise RetryLater(f"the cluster's list of {_KINDS[kind].plural} is none") from error

    async def delete(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        grace: int | None = None,
    ) -> bool:
        """Delete an object, if it still has this uid and version. `grace` is in seconds. False: it was not there.

        Raises ConflictError where a precondition does not hold.
        """
        wanted = {"uid": uid, "resourceVersion": resource_version}
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if preconditions := {key: value for key, value in wanted.items() if value is not None}:
            options["preconditions"] = preconditions
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            await self._call("DELETE", _path(kind, namespace, name), {}, options)
        except InvalidError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def logs(
        self,
        namespace: str,
        pod: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        previous: bool = False,
        since: float | None = None,
        timestamps: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """The lines of a pod's log, without their newlines. `tail` counts lines, `since` is seconds before now."""
        query = {
            "follow": "true" if follow else None,
            "tailLines": None if tail is None else str(tail),
            "previous": "true" if previous else None,
            "sinceSeconds": None if since is None else str(max(1, round(since))),
            "timestamps": "true" if timestamps else None,
        }
        path = _path("Pod", namespace, pod) + "/log"
        given = {key: value for key, value in query.items() if value is not None}
        # A server may begin its answer with the first line, and a silent pod says none.
        lines = self._lines(path, given, inactivity=None, head=None if follow else _ANSWER_SECONDS)
        async with contextlib.aclosing(lines):
            async for line, _ in lines:
                yield line

    async def stream(
        self,
        kind: str,
        *,
        namespace: str | None,
        selector: str | None,
        resource_version: str,
        timeout: float,
        inactivity: float | None = None,
    ) -> AsyncGenerator[Object, None]:
        """Raw watch events from a version on, bookmarks too, until the server ends the stream.

        `timeout` is what the server is asked to end it after, `inactivity` the longest silence, both in seconds.
        Raises GoneError for a version that is no longer kept, RetryLater where the stream breaks.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(max(1, round(timeout))),
        }
        if selector:
            query["labelSelector"] = selector
        async with contextlib.aclosing(self._lines(_path(kind, namespace), query, inactivity)) as lines:
            async for line, complete in lines:
                if complete:  # a line cut off in the middle is an event that has not been seen
                    yield _decode_event(line)

    @property
    def is_away(self) -> bool:
        """Has the API server left several calls in a row without an answer?"""
        return self._in_flight.pace.is_away

    async def wait_return(self) -> None:
        """Wait until the API server answers again after it was away."""
        await self._in_flight.wait_return()

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self._directory is not None:
            os.close(self._directory)
            self._directory = None

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        media_type: str = "application/json",
    ) -> Object:
        # Not as plain bytes: aiohttp warns of those above 1 MiB, and ConfigMaps in JSON may be larger.
        data = None if body is None else io.BytesIO(json.dumps(body).encode())
        session, headers = await self._prepare()
        headers |= {"Content-Type": media_type} if data is not None else {}
        async with self._in_flight.call():
            with _reaching():
                async with session.request(
                    method, path, params=query, data=data, headers=headers, timeout=_CALL
                ) as response:
                    answer = await response.read()
                    if response.status >= 400:
                        _raise_refusal(response.status, response.headers, answer)
        try:
            decoded = json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise RetryLater(f"the cluster's answer to {method} {path} is not JSON") from error
        if not isinstance(decoded, dict):
            raise RetryLater(f"the cluster's answer to {method} {path} is no object")
        return decoded

    async def _lines(
        self, path: str, query: Mapping[str, str], inactivity: float | None, head: float | None = _ANSWER_SECONDS
    ) -> AsyncGenerator[tuple[bytes, bool], None]:
        """The lines of a streamed answer, each with whether its newline was seen; `head` seconds until it begins."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=inactivity)
        buffer = bytearray()
        session, headers = await self._prepare()
        async with contextlib.AsyncExitStack() as stack:
            calling = self._in_flight.call() if head is not None else self._in_flight.long_call()
            async with calling:  # until it is answered: what follows may take for ever
                with _reaching():
                    async with asyncio.timeout(head):
                        asked = session.get(path, params=query, headers=headers, timeout=timeout)
                        response = await stack.enter_async_context(asked)
                        if response.status >= 400:
                            _raise_refusal(response.status, response.headers, await response.read())
            with _reaching():
                async for chunk in response.content.iter_any():
                    buffer += chunk
                    *lines, rest = buffer.split(b"\n") if b"\n" in chunk else (buffer,)
                    buffer = rest
                    for line in lines:
                        yield bytes(line), True
                    if len(buffer) > _LINE_LIMIT:
                        raise RetryLater(f"a line of {path} is longer than {_LINE_LIMIT} bytes")
        if buffer:
            yield bytes(buffer), False

    async def _prepare(self) -> tuple[aiohttp.ClientSession, dict[str, str]]:
        with _reaching():
            async with self._opening:
                if self._access is None:
                    # A kubeconfig may name a program that makes the credentials.
                    self._access = await asyncio.to_thread(self._open_access)
                if self._session is None:
                    self._session = self._open_session(self._access)
        return self._session, dict(self._access.authorize())

    def _open_session(self, access: Access) -> aiohttp.ClientSession:
        connector: aiohttp.BaseConnector
        if access.socket is not None:
            connector = aiohttp.UnixConnector(self._shorten(access.socket), limit=0)
        else:
            connector = aiohttp.TCPConnector(limit=0, ssl=access.tls if access.tls is not None else True)
        return aiohttp.ClientSession(access.base, connector=connector, timeout=_CALL, auto_decompress=True)

    def _shorten(self, path: Path) -> str:
        """A name that fits for a unix socket's path: through its directory, kept open, where it is too long."""
        if len(os.fsencode(path)) <= _SHORT_PATH:
            return str(path)
        self._directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
        return f"/proc/self/fd/{self._directory}/{path.name}"


def _path(kind: str, namespace: str | None, name: str | None = None) -> str:
    what = _KINDS[kind]
    base = f"/api/{what.group}" if "/" not in what.group else f"/apis/{what.group}"
    scope = f"/namespaces/{namespace}" if namespace and what.namespaced else ""
    return f"{base}{scope}/{what.plural}" + (f"/{name}" if name else "")


def _raise_refusal(status: int, headers: Mapping[str, str], body: bytes) -> NoReturn:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    said = answer if isinstance(answer, dict) else {}
    message = str(said.get("message") or body[:200].decode(errors="replace"))
    _raise_status(status, str(said.get("reason") or "Unknown"), message, headers.get("Retry-After"))


def _raise_status(status: int, reason: str, message: str, retry_after: str | None = None) -> NoReturn:
    if status == 429 or status >= 500:
        asked = retry_after is not None and re.fullmatch("[0-9]{1,5}", retry_after) is not None
        delay = float(retry_after) if asked and retry_after else 1.0
        raise RetryLater(f"the cluster: {status} {message}", delay, {"status": status, "asked": asked})
    kind = {409: ConflictError, 410: GoneError}.get(status, InvalidError)
    raise kind(status, reason, message)


@contextlib.contextmanager
def _reaching() -> Iterator[None]:
    """What breaks on the way to the cluster is RetryLater."""
    try:
        yield
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise RetryLater(f"the cluster does not answer: {error or type(error).__name__}", 0.2) from error


def _decode_event(line: bytes) -> Object:
    """One watch event. Raises for an error event what the call would have raised, RetryLater for what is none."""
    try:
        event: Object = json.loads(line)
        kind, obj = event["type"], event["object"]
        if kind in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK") and obj["metadata"]["resourceVersion"]:
            return event
        code, reason, message = int(obj["code"]), str(obj.get("reason")), str(obj.get("message"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RetryLater("the cluster sent a watch event that is none") from error
    _raise_status(code, reason, message)
