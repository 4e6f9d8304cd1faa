"""waitress on a listener that is handed in, with readiness beside the handlers' threads and an end that cuts no answer.

waitress itself dies at once when it is asked to end. Here, once `drain` was called, what waits to be accepted still
is, every answer closes its connection, idle connections are closed, and `serve` returns when none is left.
"""

from __future__ import annotations

import logging
import select
import socket
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from .application import MAX_BODY, READY_PATH

THREADS = 16
_BUFFERED = 2**20  # bytes of an answer that wait for its reader before the handler does
_MAINTENANCE = 30  # seconds between two looks for connections that nobody uses
_SETTINGS = {
    "threads": THREADS,
    "ident": None,
    # The framing of chunks counts here; what counts without it is up to the gate.
    "max_request_body_size": MAX_BODY + 2 * 2**20,
    "outbuf_high_watermark": _BUFFERED,
    "outbuf_overflow": 2 * _BUFFERED,
    "asyncore_loop_timeout": _MAINTENANCE,
    "asyncore_use_poll": True,
    "connection_limit": 1000,
    # So that a visitor who leaves is noticed while the handler works for them.
    "channel_request_lookahead": 1,
    "log_socket_errors": False,
    "clear_untrusted_proxy_headers": False,
}


class _Task(WSGITask):  # type: ignore[misc]
    def build_response_header(self) -> bytes:
        if self.channel.server.is_draining:
            self.set_close_on_finish()
        head: bytes = super().build_response_header()
        return head


class _Channel(HTTPChannel):  # type: ignore[misc]
    task_class = _Task

    def is_idle(self) -> bool:
        """Nothing is running, half received or half sent, and nothing has come that was not looked at."""
        is_quiet = not (self.requests or self.request or self.total_outbufs_len or self.close_when_flushed)
        if not is_quiet or self.socket is None:
            return is_quiet
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(0)


class _Threads(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Threads that are started when there is work for one more: most handlers never need a second."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def add_task(self, task: Any) -> None:
        with self.lock:
            idle, there = len(self.threads) - self.active_count, len(self.threads)
            is_short = len(self.queue) >= idle and there < self._most
        if is_short:
            self.set_thread_count(there + 1)
        super().add_task(task)


class Server(BaseWSGIServer):  # type: ignore[misc]
    """Serves a WSGI application until `drain` is called and everything that was begun is finished."""

    channel_class = _Channel

    def __init__(self, listener: socket.socket, name: str) -> None:
        logging.getLogger("waitress").setLevel(logging.WARNING)
        # A queue of requests is what sixteen threads and more visitors make, and nobody's fault.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._name = name
        self.is_draining = False
        self.accepting: bool = False
        self._probes: list[Any] = []
        adjustments = Adjustments(sockets=[listener], server_name=name, **_SETTINGS)
        sockinfo = (listener.family, listener.type, None, None)
        threads = _Threads(THREADS)
        super().__init__(
            None, adj=adjustments, dispatcher=threads, sockinfo=sockinfo, _sock=listener, bind_socket=False
        )

    def getsockname(self) -> tuple[str, str]:
        """What the application learns of the listener: nothing that is true of this machine."""
        return self._name, "80"

    def fix_addr(self, addr: Any) -> tuple[str, int | None]:
        """The peer; one of a unix socket has no address."""
        return addr if isinstance(addr, tuple) else ("127.0.0.1", None)

    def add_task(self, task: Any) -> None:
        """Queue a request; readiness is answered by the thread that serves, whatever the handler's threads do."""
        is_probe = getattr(task.requests[0], "path", None) == READY_PATH
        (self._probes.append if is_probe else self.task_dispatcher.add_task)(task)

    def serve(self, application: Any) -> None:
        """Serve until drained; what waits on the listener is answered first."""
        self.application = application
        while not (self.is_draining and self._release_idle()):
            wasyncore.poll2(_MAINTENANCE, self._map)
            while self._probes:  # not as they come: waitress holds a lock then that the answer takes
                self._probes.pop().service()

    def drain(self) -> None:
        """Begin to end. Returns at once; may be called by a signal's handler, and again."""
        self.is_draining = True
        self.pull_trigger()

    def close(self) -> None:
        """Let go of all descriptors and threads, after `serve`; for a process that goes on."""
        self.task_dispatcher.shutdown()
        super().close()

    def _release_idle(self) -> bool:
        """Close what nobody uses; has everything come to its end?"""
        if self.accepting:
            self._accept_waiting()
            self.accepting = False
        for channel in list(self.active_channels.values()):
            if channel.is_idle():
                channel.handle_close()
        return not self.active_channels

    def _accept_waiting(self) -> None:
        known = -1
        while known != len(self.active_channels):
            known = len(self.active_channels)
            self.handle_accept()
