"""Smart HTTP for git clients (gitprotocol-http): who may, then what is asked, input and output streamed.

Nothing but the three requests of that protocol is served, and nothing from a path but the tenant's slug is used. What
does not live here: git's processes (`git_process.py`), what a push may do (`push.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import uuid
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from api.access import Action, Principal, may, may_know
from api.advertisement import advertise
from api.announcer import Actor
from api.auth import Authenticator, read_headers
from api.git_process import ARRIVAL_SECONDS, MAX_PACK_BYTES, Command, GitProcess, start, upload_pack
from api.packets import FLUSH, MalformedError, Packets, write_packet
from api.push import NotDurable, Push, PushDoors
from api.push_answer import PushAnswer
from api.push_request import Asked, read_request
from core.commit import make_author
from core.errors import PaaksError, Refused, RetryLater
from core.tenants import Tenant

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_FETCH_BYTES = 10 * 2**20  # of a fetch's request, inflated
_SEND_SECONDS = 60.0  # for a client to take what it is sent
_CHUNK = 2**16
_RESULT = "application/x-git-receive-pack-result"
_TARGET = re.compile(rb"/git/([a-z][-a-z0-9]{0,39})(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
_ADVERTISED = {b"service=git-upload-pack": "upload-pack", b"service=git-receive-pack": "receive-pack"}
_log: Any = structlog.get_logger(component="api")


class _Answer(Exception):
    """The request is answered with a status and a line of text, which git shows to its user."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status, self.text, self.headers = status, text, headers


class GitHttp:
    """The ASGI application below `/git`."""

    def __init__(self, authenticator: Authenticator, doors: PushDoors) -> None:
        self._authenticator = authenticator
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. What a client does wrong is answered in words; nothing it does raises."""
        try:
            tenant, principal, what = self._admit(scope)
            if what == "info/refs":
                await self._advertise(scope, send, tenant)
            elif what == "git-upload-pack":
                await self._fetch(scope, receive, send, tenant)
            else:
                await self._push(scope, receive, send, tenant, principal)
        except _Answer as answer:
            await _answer(send, answer)

    # -- who may ------------------------------------------------------------------------------------------------------

    def _admit(self, scope: Scope) -> tuple[Tenant, Principal, str]:
        match = _TARGET.fullmatch(scope.get("raw_path", b"").partition(b"?")[0])
        if match is None:
            raise _Answer(404, "there is nothing here; a repository's address is /git/<tenant>.git")
        what = match[2].decode()
        if scope["method"] != ("GET" if what == "info/refs" else "POST"):
            raise _Answer(405, "this method is not served here", allow="GET" if what == "info/refs" else "POST")
        headers = read_headers(scope["headers"])
        given = headers.get("authorization", [])
        try:
            principal = self._authenticator.authenticate_git(given[0] if len(given) == 1 else None)
        except Refused:
            realm = {"www-authenticate": 'Basic realm="PaaKS", charset="UTF-8"'}
            raise _Answer(401, "sign in: any user name, a token as the password", **realm) from None
        except RetryLater as error:
            raise _unavailable(error) from error
        tenant = self._doors.tenants.by_slug(match[1].decode())
        if tenant is None or not may_know(principal, tenant.id):
            raise _Answer(404, "there is no such repository")
        pushes = what == "git-receive-pack" or b"service=git-receive-pack" in scope.get("query_string", b"")
        if not may(principal, Action.COMMIT if pushes else Action.READ, tenant.id):
            raise _Answer(403, f"your role or your token does not allow to {'push' if pushes else 'fetch'} here")
        return tenant, principal, what

    # -- the three requests -------------------------------------------------------------------------------------------

    async def _advertise(self, scope: Scope, send: Send, tenant: Tenant) -> None:
        service = _ADVERTISED.get(scope.get("query_string", b""))
        if service is None:
            raise _Answer(403, "service must be git-upload-pack or git-receive-pack")
        path, protocol = self._doors.tenants.path_of(tenant), _protocol_of(scope)
        head = write_packet(f"# service=git-{service}\n".encode()) + FLUSH
        media_type = f"application/x-git-{service}-advertisement"
        if service == "receive-pack":
            said = await asyncio.to_thread(advertise, path)
            await _begin(send, media_type)
            await _write(send, head + said)
            await _end(send)
            return
        process = await _start(upload_pack(path, protocol, advertise=True))
        try:
            process.stdin.close()
            await _begin(send, media_type)
            if protocol != "version=2":
                await _write(send, head)
            async for chunk in process.output():
                await _write(send, chunk)
            await _end(send)
        finally:
            await process.stop()

    async def _fetch(self, scope: Scope, receive: Receive, send: Send, tenant: Tenant) -> None:
        body = _Body(scope, receive, MAX_FETCH_BYTES)
        process = await _start(upload_pack(self._doors.tenants.path_of(tenant), _protocol_of(scope)))
        feeding = asyncio.create_task(process.feed(aiter(body), ARRIVAL_SECONDS))
        try:
            await _begin(send, "application/x-git-upload-pack-result")
            async for chunk in process.output():
                await _write(send, chunk)
            await _end(send)
        except (TimeoutError, OSError):
            return  # the client has gone, or does not read
        finally:
            await process.stop()
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)

    async def _push(self, scope: Scope, receive: Receive, send: Send, tenant: Tenant, principal: Principal) -> None:
        received = time.time()
        packets = Packets(aiter(_Body(scope, receive, MAX_PACK_BYTES + 2**20)))
        asked = await _read_asked(packets)
        actor = Actor(principal.email, principal.name, "git")
        push = Push(tenant, actor, make_author(principal.name, principal.email), self._doors, asked, received)
        working = asyncio.create_task(_work(push, packets))
        try:
            await _forward(send, push.answer)
        finally:
            # What was accepted is announced, whether or not the client is still there.
            await working


async def _read_asked(packets: Packets) -> Asked:
    try:
        async with asyncio.timeout(ARRIVAL_SECONDS):
            return await read_request(packets)
    except (MalformedError, TimeoutError) as error:
        raise _Answer(400, f"this is not what a git client sends: {error or 'it does not come'}") from None


async def _work(push: Push, packets: Packets) -> None:
    """The push to its end; a sentence and a report for the client where it fails on our side."""
    reference = uuid.uuid4().hex[:12]
    try:
        await push.run(packets)
    except NotDurable as error:
        _log.error("push.not-durable", cause=str(error), request_id=reference)
        push.give_up("the disk did not take what was pushed: do not rely on it, and push again")
    except PaaksError as error:
        _log.warning("push.failed", cause=str(error), request_id=reference)
        push.give_up(f"this push cannot be taken now: {error}")
    except Exception:  # noqa: BLE001 - the process boundary of a push
        _log.exception("push.failed", request_id=reference)
        push.give_up(f"this push failed on our side, and nothing of it is sure (request {reference})")
    finally:
        push.answer.end()


async def _forward(send: Send, answer: PushAnswer) -> None:
    """The answer to the client. One that has gone or does not read does not stop the push."""
    is_begun = False
    with contextlib.suppress(TimeoutError, OSError):
        async for chunk in answer.chunks():
            if not is_begun:
                await _begin(send, _RESULT)
            is_begun = True
            await _write(send, chunk)
        if not is_begun:
            await _begin(send, _RESULT)
        await _end(send)


# -- bodies -----------------------------------------------------------------------------------------------------------


class _Body:
    """A request's body, inflated where it is gzip. It ends early where it is larger than `limit` or the client goes.

    `seen` counts its bytes. Raises _Answer for another encoding.
    """

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        encoding = read_headers(scope["headers"]).get("content-encoding", ["identity"])
        if encoding not in (["gzip"], ["x-gzip"], ["identity"]):
            raise _Answer(415, "a body is sent as it is, or gzip-ed")
        self._inflater = zlib.decompressobj(31) if encoding != ["identity"] else None
        self._receive = receive
        self._limit = limit
        self.seen = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more and self.seen <= self._limit:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return
            more = message.get("more_body", False)
            for part in _inflate(self._inflater, message.get("body", b"")):
                self.seen += len(part)
                yield part
                if self.seen > self._limit:
                    break


def _inflate(inflater: Any, data: bytes) -> Any:
    """The data in steps: a bomb never stands in memory. What is not gzip ends the body."""
    if inflater is None:
        if data:
            yield data
        return
    while data:
        try:
            part = inflater.decompress(data, _CHUNK)
        except zlib.error:
            return
        data = inflater.unconsumed_tail
        if part:
            yield part
        elif not data:
            return


# -- answers ----------------------------------------------------------------------------------------------------------


async def _begin(send: Send, media_type: str) -> None:
    headers = [(b"content-type", media_type.encode()), (b"cache-control", b"no-cache, max-age=0, must-revalidate")]
    async with asyncio.timeout(_SEND_SECONDS):
        await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _write(send: Send, data: bytes) -> None:
    async with asyncio.timeout(_SEND_SECONDS):
        await send({"type": "http.response.body", "body": data, "more_body": True})


async def _end(send: Send) -> None:
    async with asyncio.timeout(_SEND_SECONDS):
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _answer(send: Send, answer: _Answer) -> None:
    body = answer.text.encode() + b"\n"
    headers = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body)), **answer.headers}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _unavailable(error: RetryLater) -> _Answer:
    return _Answer(503, f"{error.cause}; try again", **{"retry-after": str(max(1, round(error.delay)))})


async def _start(command: Command) -> GitProcess:
    try:
        return await start(command)
    except OSError as error:
        raise _unavailable(RetryLater(f"git cannot be started: {error}", 2.0)) from error


def _protocol_of(scope: Scope) -> str | None:
    found = read_headers(scope["headers"]).get("git-protocol", [])
    return found[0] if len(found) == 1 else None
