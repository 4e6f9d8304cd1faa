"""The zygote: a process with everything imported and nothing else in it, which forks a host for each pod.

It is started clean (no secret, no environment of the platform), has one thread and runs no handler's code itself. Its
parent asks over a SOCK_SEQPACKET socket and passes descriptors with it; when that socket ends, so does it, and with it
its children. What does not live here: the parent's side (`node/zygote.py`), and what a host does (`serve.py`).

    asked:     {"id"}; with it a memfd with {"directory", "environment", "memory"}, the listener, the output pipe and
               the pipe for the termination message
    answered:  {"id", "pid"} with a pidfd, or {"id", "error"}; later {"pid", "status"}, as waitpid(2) has it
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import json
import os
import resource
import selectors
import signal
import socket
import sys
import traceback
from dataclasses import dataclass
from typing import Any, NoReturn

from werkzeug.test import create_environ, run_wsgi_app

from .application import HandlerApplication
from .serve import TERMINATION_LOG, read_settings, serve_handler

_PR_SET_PDEATHSIG = 1
_MESSAGE_BYTES = 4096
_FDS = 4
_OPEN_FILES = 4096
# Address space is no measure of memory; this only stops what would fill the machine between two samples.
_ADDRESS_SPACE_FACTOR, _ADDRESS_SPACE_BASE = 2, 2 * 2**30


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
class _Order:
    """What a child is to become; the descriptors are the zygote's copies."""

    directory: str
    environment: dict[str, str]
    memory: int | None
    fds: tuple[int, int, int]  # listener, output, termination message


class ForkServer:
    """Forks, and reports how children end."""

    def __init__(self, control: socket.socket, application: HandlerApplication) -> None:
        self._control, self._application = control, application
        self._selector = selectors.DefaultSelector()
        self._pid = os.getpid()

    def run(self) -> None:
        """Until the control socket ends; then the children end too."""
        self._selector.register(self._control, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._control:
                    self._bury(key.data, key.fd)
                elif not self._hear():
                    self._kill_children()
                    return

    def _hear(self) -> bool:
        """One order; False when there will be no more."""
        data, fds, _, _ = socket.recv_fds(self._control, _MESSAGE_BYTES, _FDS, socket.MSG_CMSG_CLOEXEC)
        if not data:
            return False
        order = json.loads(data)["id"]
        try:
            if len(fds) == _FDS:
                self._fork(order, _read_order(fds))
            else:  # the kernel leaves out what we have no room for
                self._tell({"id": order, "error": "the zygote has too many open files"})
        finally:
            for fd in fds:
                os.close(fd)
        return True

    def _fork(self, number: int, order: _Order) -> None:
        pid = 0
        try:
            pid = os.fork()
            if pid == 0:
                _become(order, self._pid, self._application)
            pidfd = os.pidfd_open(pid)
        except OSError as error:
            if pid:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            self._tell({"id": number, "error": f"no process can be made: {error}"})
        else:
            self._selector.register(pidfd, selectors.EVENT_READ, data=pid)
            self._tell({"id": number, "pid": pid}, pidfd)

    def _bury(self, pid: int, pidfd: int) -> None:
        """Report an ended child. Until it is reaped its id, and its group's, are nobody else's."""
        self._selector.unregister(pidfd)
        os.close(pidfd)
        _kill_group(pid)
        _, status = os.waitpid(pid, 0)
        self._tell({"pid": pid, "status": status})

    def _tell(self, message: dict[str, Any], *fds: int) -> None:
        with contextlib.suppress(OSError):  # the parent has gone; the next read says so
            socket.send_fds(self._control, [json.dumps(message).encode()], fds)

    def _kill_children(self) -> None:
        for key in self._selector.get_map().values():
            if key.fileobj is not self._control:
                _kill_group(key.data)


def _kill_group(pid: int) -> None:
    # A child that has no group of its own yet has no child either.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _read_order(fds: list[int]) -> _Order:
    memfd, listener, output, message = fds
    value = json.loads(os.pread(memfd, os.fstat(memfd).st_size, 0))
    return _Order(**value, fds=(listener, output, message))


def _become(order: _Order, zygote: int, application: HandlerApplication) -> NoReturn:
    """In the child: leave the zygote step by step, then serve. A sandbox is built before `serve_handler`."""
    code = 1
    try:
        _bind_to_parent(zygote)
        os.setsid()
        listener_fd, message_fd = _take_descriptors(order.fds)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _limit(order.memory)
        os.chdir(order.directory)
        os.environ.clear()
        os.environ.update(order.environment)
        sys.argv[:] = [order.environment.get("PAAKS_HANDLER", "")]
        settings = read_settings(order.environment | {TERMINATION_LOG: f"/dev/fd/{message_fd}"}, order.directory)
        code = serve_handler(socket.socket(fileno=listener_fd), settings, application)
    except Exception:  # noqa: BLE001  (what breaks here is ours, and has no other place to be seen)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        # The zygote's own frames are below: nothing of them may run here.
        os._exit(code)


def _bind_to_parent(zygote: int) -> None:
    """Die when the zygote does, also if it just has."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != zygote:
        os._exit(1)


def _take_descriptors(fds: tuple[int, int, int]) -> tuple[int, int]:
    """Keep the listener as 3, the message's pipe as 4 and the output as 1 and 2; close all others."""
    listener, output, message = (fcntl.fcntl(fd, fcntl.F_DUPFD, 64) for fd in fds)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for number, fd in enumerate((output, output, listener, message), 1):
        os.dup2(fd, number, inheritable=number < 3)
    os.closerange(5, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    return 3, 4


def _limit(memory: int | None) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if memory is not None:
        space = _ADDRESS_SPACE_FACTOR * memory + _ADDRESS_SPACE_BASE
        resource.setrlimit(resource.RLIMIT_AS, (space, space))
