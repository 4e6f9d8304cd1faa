"""A child of the zygote: from its fork, through the wait for an order, to the host that it becomes.

What does not live here: who forks it and when (`fork_server.py`), how a handler is loaded and served (`serve.py`).
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from .application import HandlerApplication
from .serve import TERMINATION_LOG, read_settings, rehearse, serve_handler

FDS = 4  # with each order: a memfd with what it says, the listener, the output, the termination message
_PR_SET_PDEATHSIG = 1
_ORDERS = 3  # the descriptor of a child that waits
_OPEN_FILES = 4096
# Address space is no measure of memory; this only stops what would fill the machine between two samples.
_ADDRESS_SPACE_FACTOR, _ADDRESS_SPACE_BASE = 2, 2 * 2**30


@dataclass(frozen=True)
class _Order:
    """What a child is to become; the descriptors are its own copies."""

    directory: str
    environment: dict[str, str]
    memory: int | None
    fds: tuple[int, int, int]  # listener, output, termination message


def live(orders: socket.socket, zygote: int, application: HandlerApplication) -> NoReturn:
    """Leave the zygote, wait for one order and carry it out. Never returns: the zygote's own frames are below."""
    code = 1
    try:
        _bind_to_parent(zygote)
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        rehearse(application)
        order = _wait_for_order(orders)
        code = _serve(order, application) if order is not None else 0
    except Exception:  # noqa: BLE001  (what breaks here is ours, and has no other place to be seen)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _bind_to_parent(zygote: int) -> None:
    """Die when the zygote does, also if it just has."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != zygote:
        os._exit(1)


def _wait_for_order(orders: socket.socket) -> _Order | None:
    """Hold nothing of the zygote's meanwhile but the standard descriptors; None where no order will come."""
    os.dup2(orders.fileno(), _ORDERS)
    os.closerange(_ORDERS + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    with socket.socket(fileno=_ORDERS) as waiting:
        data, fds, _, _ = socket.recv_fds(waiting, 16, FDS, socket.MSG_CMSG_CLOEXEC)
    return _read_order(fds) if data else None


def _read_order(fds: Sequence[int]) -> _Order:
    memfd, listener, output, message = fds
    value = json.loads(os.pread(memfd, os.fstat(memfd).st_size, 0))
    return _Order(**value, fds=(listener, output, message))


def _serve(order: _Order, application: HandlerApplication) -> int:
    """Become the host that was ordered; its exit code. A sandbox is built before `serve_handler`."""
    listener_fd, message_fd = _take_descriptors(order.fds)
    _limit(order.memory)
    os.chdir(order.directory)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv[:] = [order.environment.get("PAAKS_HANDLER", "")]
    settings = read_settings(order.environment | {TERMINATION_LOG: f"/dev/fd/{message_fd}"}, order.directory)
    return serve_handler(socket.socket(fileno=listener_fd), settings, application)


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
