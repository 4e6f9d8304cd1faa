"""Joins a visitor and a pod for one request: asks who may, waits for a pod, streams both ways, keeps the times.

What does not live here: the two wires (`listener.py`, `upstream.py`), the decision (`admission.py`), who waits in which
order (`hold.py`), and which headers pass (`headers.py`).
"""

from __future__ import annotations

import asyncio
import time

import structlog

from api.dispatcher.admission import Admitted, NotKnown
from api.dispatcher.answers import write_answer, write_problem
from api.dispatcher.desk import Desk
from api.dispatcher.head import Head
from api.dispatcher.headers import Told, frame_answer, write_request, write_status
from api.dispatcher.listener import Visitor
from api.dispatcher.route_table import Pod, Route
from api.dispatcher.targets import Place, locate
from api.dispatcher.times import Times
from api.dispatcher.upstream import PodConnection
from core.errors import Problem, Refused

_log = structlog.get_logger(component="dispatcher")
ANSWER_IDLE_SECONDS = 60.0  # between two parts of an answer
BUFFERED_BODY = 64 * 1024  # bytes of a body that are taken in before a pod is asked
_UNREAD = 8 * 1024  # bytes of a request that a server takes in one read, or has not touched
_REPEATABLE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})  # RFC 9110 §9.2.2
_ATTEMPTS = 3
_OWN_PAGES = (b"/livez", b"/readyz")


class Exchange:
    """One request and its answer."""

    def __init__(self, desk: Desk, visitor: Visitor, head: Head) -> None:
        self._desk, self._visitor, self._head = desk, visitor, head
        self.request_id = desk.name_request()
        self._place: Place | None = None
        self._admitted: Admitted | None = None
        self._pod: Pod | None = None
        self._connection: PodConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._body: list[bytes] = []  # what has come and is not sent, or may have to be sent again
        self._body_size = 0
        self._is_queued = self._is_done = self._is_paused = self._must_be_fresh = False
        self._line: Route | None = None
        self._waits_for = ""
        self._tries = 0
        self._sent = 0
        self._status = 0
        self._is_chunked = self._keep_alive = self._is_repeatable = False
        self._out: list[bytes] = []
        self._deadline = 0.0
        self._times = Times(time.monotonic())

    # -- before a pod is asked

    def begin(self) -> None:
        """The head has come."""
        head = self._head
        self._desk.open.add(self)
        try:
            if head.target in _OWN_PAGES and self._answer_health():
                return
            place = locate(head.target, head.host)
        except Refused as refused:
            self._refuse(refused)
            return
        if place.redirect is not None:
            lines = b"Location: %b\r\nPaaKS-Request-Id: %b\r\n" % (place.redirect, self.request_id.encode())
            self._answer(308, b"", "text/plain", lines)
            return
        self._place = place
        self._advance()

    def resume(self) -> None:
        """Something has changed while it was in line."""
        self._is_queued = False
        if not self._is_done:
            self._advance(is_next=True)

    def _advance(self, is_next: bool = False) -> None:
        """As far as it goes: admitted, its body taken in, a pod found. `is_next`: it was first in line."""
        assert self._place is not None
        try:
            admitted = self._desk.admission.admit(self._place, self._head.authorization)
        except Refused as refused:
            self._refuse(refused)
            return
        except NotKnown as unknown:
            self._wait(unknown.route, unknown.slug)
            return
        self._admitted = admitted
        if not self._has_body():
            self._visitor.send_continue(self._head)
            return
        route = admitted.route
        pod = self._desk.hold.acquire(route) if is_next or not route.waiting else None
        if pod is None:
            self._wait(route, "overloaded" if route.serving else "not-live-yet")
            return
        self._times.end_hold()
        self._pod = pod
        self._ask(pod)

    def _has_body(self) -> bool:
        """Is as much of the body here as is waited for?"""
        return self._visitor.body_complete or self._body_size >= BUFFERED_BODY

    def _wait(self, route: Route | None, slug: str) -> None:
        """Get in line, for `hold_seconds` at most."""
        self._deadline = self._times.begin_hold() + self._desk.hold_seconds
        self._waits_for = slug
        if not self._desk.hold.enter(route, self):
            self._refuse(Refused(Problem(slug, "too many requests wait")))
            return
        self._is_queued, self._line = True, route
        if self._body_size >= BUFFERED_BODY:
            self._visitor.pause_reading()

    # -- asking a pod

    def _ask(self, pod: Pod) -> None:
        self._tries += 1
        connection = None if self._must_be_fresh else self._desk.pool.take(pod)
        if connection is not None:
            self._send(connection)
        else:
            self._connecting = asyncio.get_running_loop().create_task(self._connect(pod))

    async def _connect(self, pod: Pod) -> None:
        try:
            connection = await self._desk.pool.connect(pod)
        except (OSError, TimeoutError):
            connection = None
        self._connecting = None
        if self._is_done:
            if connection is not None:
                self._desk.pool.put(connection, time.monotonic())
        elif connection is not None:
            self._send(connection)
        else:
            self._desk.mark_unready(pod)
            self._release()
            if self._tries < _ATTEMPTS:
                self._advance()
            else:
                self._fail("nobody listens")

    def _send(self, connection: PodConnection) -> None:
        head, body = self._head, b"".join(self._body)
        if self._visitor.body_complete and head.length is None:
            head.length = len(body)
        assert self._place is not None
        try:
            written = write_request(head, self._place, self._desk.front, self._told())
        except Refused as refused:
            self._desk.pool.put(connection, time.monotonic())
            self._refuse(refused)
            return
        self._is_repeatable = self._visitor.body_complete
        self._body = [body] if self._is_repeatable and body else []
        self._connection = connection
        self._sent = len(written) + len(body)
        self._times.sent = time.monotonic()
        self._set_timeout()
        frame = _frame(body) if head.length is None and body else body
        connection.ask(self, written + frame, is_head_request=head.method == b"HEAD")
        if not self._visitor.body_complete:
            self._visitor.resume_reading()

    def _told(self) -> Told:
        assert self._admitted is not None
        caller = self._admitted.caller
        user = caller.user.encode() if caller is not None else None
        slug, has_credential = self._admitted.route.slug.encode(), self._admitted.has_credential
        return Told(self._visitor.peer, slug, user, self.request_id.encode(), has_credential)

    def _set_timeout(self) -> None:
        """The handler's time begins when it has all of the request."""
        assert self._admitted is not None
        timeout = self._admitted.route.timeout
        self._deadline = self._times.sent + timeout if self._visitor.body_complete else 0.0

    # -- the visitor's side (Served)

    def on_body(self, data: bytes) -> None:
        if self._connection is not None:
            self._sent += len(data)
            self._connection.write(_frame(data) if self._head.length is None else data)
            return
        self._body.append(data)
        self._body_size += len(data)
        if self._body_size >= BUFFERED_BODY:
            if not self._is_queued and self._connecting is None:
                self._advance()
            if self._connection is None:
                self._visitor.pause_reading()

    def on_body_end(self) -> None:
        if self._connection is not None:
            if self._head.length is None:
                self._connection.write(b"0\r\n\r\n")
            self._times.sent = time.monotonic()
            self._set_timeout()
        elif not self._is_queued and self._connecting is None:
            self._advance()

    def on_refused(self, problem: Refused) -> None:
        self._refuse(problem)

    def on_gone(self) -> None:
        self._finish(None)

    def on_pause(self) -> None:
        self._is_paused = True
        if self._connection is not None:
            self._connection.pause()

    def on_resume(self) -> None:
        self._is_paused = False
        if self._connection is not None:
            self._connection.resume()
            self._deadline = time.monotonic() + ANSWER_IDLE_SECONDS

    def check(self, now: float) -> None:
        if self._is_done or not self._deadline or now < self._deadline or self._is_paused:
            return
        if self._is_queued:
            self._refuse(Refused(Problem(self._waits_for, f"waited for {self._desk.hold_seconds:g} s")))
        elif self._connection is not None and self._status:
            self._warn("the answer stopped")
            self._visitor.abort()
        elif self._connection is not None:
            self._warn("no answer in time")
            self._refuse(Refused(Problem("handler-timeout", f"no answer in {now - self._times.sent:.0f} s")))

    # -- the pod's side (Asker)

    def on_head(self, status: int, fields: list[tuple[bytes, bytes]], *, has_length: bool, is_chunked: bool) -> None:
        if self._is_done or self._place is None or self._admitted is None:
            return
        reply = frame_answer(
            self._head,
            status,
            fields,
            self._place,
            has_length=has_length and not is_chunked,
            may_keep_alive=self._visitor.keeps_alive(),
        )
        if reply is None:
            self._fail("a header of the answer cannot be passed on")
            return
        self._times.head = time.monotonic()
        self._deadline = self._times.head + ANSWER_IDLE_SECONDS
        self._status, self._is_chunked, self._keep_alive = status, reply.is_chunked, reply.keep_alive
        self._body.clear()
        lines = b"\r\n".join([*reply.lines, self._times.describe()])
        marks = self._admitted.route.marks
        request_id = self.request_id.encode()
        self._out.append(b"%b%bPaaKS-Request-Id: %b\r\n%b\r\n\r\n" % (write_status(status), marks, request_id, lines))

    def on_data(self, data: bytes) -> None:
        if not self._is_done:
            self._out.append(_frame(data) if self._is_chunked else data)

    def on_flush(self) -> None:
        if self._out and not self._is_done and self._connection is not None and not self._connection.has_ended:
            self._write_out()
            self._deadline = time.monotonic() + ANSWER_IDLE_SECONDS

    def on_upload_pause(self) -> None:
        self._visitor.pause_reading()

    def on_upload_resume(self) -> None:
        self._visitor.resume_reading()

    def on_end(self) -> None:
        if self._is_done:
            return
        if self._is_chunked:
            self._out.append(b"0\r\n\r\n")
        self._write_out()
        self._finish(self._keep_alive)

    def on_lost(self, error: Exception | None) -> None:
        if self._is_done:
            return
        connection, self._connection = self._connection, None
        if self._status:
            self._warn("the answer broke off")
            self._visitor.abort()
        elif connection is not None and self._may_repeat(connection, error):
            self._must_be_fresh = True
            self._release()
            self._advance()
        else:
            self._fail("the connection ended without an answer")

    def _may_repeat(self, connection: PodConnection, error: Exception | None) -> bool:
        """Can the pod not have begun with it? A reset says that it has left something unread, and a small request is
        read whole or not at all. Over TCP also the end of a used connection may mean just that: what is harmless to
        repeat is then repeated. On a unix socket that end means that the handler has died of the request."""
        if not self._is_repeatable or self._tries >= _ATTEMPTS:
            return False
        is_unread = isinstance(error, ConnectionResetError | BrokenPipeError) and self._sent <= _UNREAD
        is_stale = connection.used and connection.pod.address.path is None
        return is_unread or (is_stale and self._head.method in _REPEATABLE)

    # -- ends

    def _write_out(self) -> None:
        out = self._out
        if out:
            self._visitor.write(out[0] if len(out) == 1 else b"".join(out))
            out.clear()

    def _fail(self, what: str) -> None:
        self._warn(what)
        self._refuse(Refused(Problem("handler-error", what)))

    def _warn(self, what: str) -> None:
        key = self._admitted.route.key if self._admitted is not None else ("", "")
        _log.warning(what, namespace=key[0], service=key[1], request=self.request_id)

    def _refuse(self, refused: Refused) -> None:
        """Answer with a problem, or cut the connection where an answer has begun."""
        if self._is_done:
            return
        if self._status:
            self._visitor.abort()
            return
        keep_alive = self._visitor.keeps_alive()
        self._status, answer = write_problem(
            refused.problems,
            accept=self._head.accept,
            request_id=self.request_id,
            keep_alive=keep_alive,
            has_body=self._head.method != b"HEAD",
        )
        self._visitor.write(answer)
        self._finish(keep_alive)

    def _answer(self, status: int, body: bytes, media_type: str, lines: bytes = b"") -> None:
        keep_alive = self._visitor.keeps_alive()
        self._status = status
        has_body = self._head.method != b"HEAD"
        answer = write_answer(status, body, media_type, lines, keep_alive=keep_alive, has_body=has_body)
        self._visitor.write(answer)
        self._finish(keep_alive)

    def _answer_health(self) -> bool:
        is_ready = self._head.target == b"/livez" or self._desk.is_ready()
        self._answer(200 if is_ready else 503, b"ok\n" if is_ready else b"not ready\n", "text/plain")
        return True

    def _finish(self, keep_alive: bool | None) -> None:
        """It is over. `keep_alive` None: the visitor has gone."""
        if self._is_done:
            return
        self._is_done = True
        self._desk.open.discard(self)
        if self._is_queued:
            self._desk.hold.leave(self._line, self)
        connection, self._connection = self._connection, None
        now = time.monotonic()
        if connection is not None:
            if connection.is_reusable() and self._visitor.body_complete:
                self._desk.pool.put(connection, now)
            else:
                connection.close()
        key = self._admitted.route.key if self._admitted is not None else None
        self._desk.metrics.count(key, self._status if keep_alive is not None else 0, now - self._times.began)
        self._release()
        if keep_alive is not None:
            self._visitor.finish(keep_alive)

    def _release(self) -> None:
        pod, self._pod = self._pod, None
        if pod is not None and self._admitted is not None:
            self._desk.hold.release(self._admitted.route, pod)

    def cut_if_revoked(self) -> None:
        """End it where its caller is not believed any more."""
        if self._connection is None or self._place is None or self._head.authorization is None:
            return
        try:
            self._desk.admission.admit(self._place, self._head.authorization)
        except Refused:
            self._visitor.abort()
        except NotKnown:
            return


def _frame(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
