"""The zygote: a process with everything imported and nothing else in it, which forks a host for each pod.

It is started clean (no secret, no environment of the platform), has one thread and runs no handler's code itself. Its
parent asks over a SOCK_SEQPACKET socket and passes descriptors with it; when that socket ends, so does it, and with it
its children. One child is kept in reserve (`child.py`), so that an order finds a process that is there already. What
does not live here: the parent's side (`node/zygote.py`), and what a host does (`serve.py`).

    asked:     {"id"}; with it a memfd with {"directory", "environment", "memory"}, the listener, the output pipe and
               the pipe for the termination message
    answered:  {"id", "pid"} with a pidfd, or {"id", "error"}; later {"pid", "status"}, as waitpid(2) has it
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.test import create_environ, run_wsgi_app

from .application import HandlerApplication
from .child import FDS, live

_MESSAGE_BYTES = 4096
# A child for the next order is made when no order has come for so long: not beside a handler that is being loaded.
_QUIET_SECONDS = 0.05


def serve_forks(fd: int) -> int:
    """Fork on demand until the control socket ends; the exit code."""
    # Both are for the parent, which ends us by closing the socket when its pods are gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with socket.socket(fileno=fd) as control:
        control.setblocking(True)
        os.set_inheritable(fd, False)
        application = _warm_up()
        control.send(b'{"ready": true}')
        ForkServer(control, application).run()
    return 0


def _warm_up() -> HandlerApplication:
    """Answer a request, so that what is imported and cached on the way is shared; then keep it out of the collector."""
    application = HandlerApplication()
    run_wsgi_app(application, create_environ("/warm", method="POST", json={}), buffered=True)
    gc.collect()
    gc.freeze()
    return application


@dataclass(frozen=True)
class _Child:
    """A child that waits for its order at the other end of `orders`."""

    pid: int
    pidfd: int
    orders: socket.socket


class ForkServer:
    """Forks, and reports how children end."""

    def __init__(self, control: socket.socket, application: HandlerApplication) -> None:
        self._control, self._application = control, application
        self._selector = selectors.DefaultSelector()
        self._pid = os.getpid()
        self._reserve: _Child | None = None

    def run(self) -> None:
        """Until the control socket ends; then the children end too."""
        self._selector.register(self._control, selectors.EVENT_READ)
        while True:
            found = self._selector.select(None if self._reserve else _QUIET_SECONDS)
            if not found:
                with contextlib.suppress(OSError):  # the machine is full: it may have room later
                    self._reserve = self._fork()
            for key, _ in found:
                if key.fileobj is not self._control:
                    self._bury(key.data, key.fd)
                elif not self._hear():
                    self._kill_children()
                    return

    def _hear(self) -> bool:
        """One order; False when there will be no more."""
        data, fds, _, _ = socket.recv_fds(self._control, _MESSAGE_BYTES, FDS, socket.MSG_CMSG_CLOEXEC)
        if not data:
            return False
        order = json.loads(data)["id"]
        try:
            if len(fds) == FDS:
                self._carry_out(order, fds)
            else:  # the kernel leaves out what we have no room for
                self._tell({"id": order, "error": "the zygote has too many open files"})
        finally:
            for fd in fds:
                os.close(fd)
        return True

    def _carry_out(self, order: int, fds: Sequence[int]) -> None:
        """Hand an order to a child, the one in reserve if there is one; it is that pod's process from now on."""
        try:
            child, self._reserve = self._reserve or self._fork(), None
        except OSError as error:
            self._tell({"id": order, "error": f"no process can be made: {error}"})
            return
        # Before the child wakes up: it may take this processor, and the parent would hear of it later.
        self._tell({"id": order, "pid": child.pid}, child.pidfd)
        with child.orders, contextlib.suppress(OSError):  # it has just died, and its end will be told
            socket.send_fds(child.orders, [b"order"], fds)

    def _fork(self) -> _Child:
        """A child that waits. Raises OSError where there can be no more processes."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, contextlib.ExitStack() as failing:
            failing.callback(ours.close)
            pid = os.fork()
            if pid == 0:
                live(theirs, self._pid, self._application)
            failing.callback(_end, pid)
            pidfd = os.pidfd_open(pid)
            self._selector.register(pidfd, selectors.EVENT_READ, data=pid)
            failing.pop_all()
        return _Child(pid, pidfd, ours)

    def _bury(self, pid: int, pidfd: int) -> None:
        """Report an ended child. Until it is reaped its id, and its group's, are nobody else's."""
        self._selector.unregister(pidfd)
        os.close(pidfd)
        _kill_group(pid)
        _, status = os.waitpid(pid, 0)
        if self._reserve is not None and self._reserve.pid == pid:
            self._reserve.orders.close()
            self._reserve = None  # nobody has heard of it
        else:
            self._tell({"pid": pid, "status": status})

    def _tell(self, message: dict[str, Any], *fds: int) -> None:
        with contextlib.suppress(OSError):  # the parent has gone; the next read says so
            socket.send_fds(self._control, [json.dumps(message).encode()], fds)

    def _kill_children(self) -> None:
        for key in self._selector.get_map().values():
            if key.fileobj is not self._control:
                _kill_group(key.data)


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _kill_group(pid: int) -> None:
    # A child that has no group of its own yet has no child either.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
