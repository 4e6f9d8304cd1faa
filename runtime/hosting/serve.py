"""From a listening socket and an environment to an exit code: one handler's whole life.

Readiness is the first answer: the listener is open before the handler is loaded, and nobody accepts until it is.
What does not live here: who made the process (`fork_server.py`, or the container's runtime).
"""

from __future__ import annotations

import atexit
import faulthandler
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .application import Gate, HandlerApplication
from .lines import Output
from .loading import Unusable, find_application, load_module, make_handler
from .server import Server
from .tracebacks import Tracebacks, shorten

TERMINATION_LOG = "PAAKS_TERMINATION_LOG"
_BACKLOG = 1024


@dataclass(frozen=True)
class Settings:
    """`directory` is the service's, `handler` a path in it; a failed start is explained in `termination_log`."""

    service: str
    handler: str
    directory: str
    termination_log: str


def read_settings(environment: Mapping[str, str], directory: str) -> Settings:
    """What the host has to know, from the container's environment (core/render.py writes it)."""
    return Settings(
        service=environment.get("PAAKS_SERVICE", "service"),
        handler=environment.get("PAAKS_HANDLER", "handler.py"),
        directory=directory,
        termination_log=environment.get(TERMINATION_LOG, "/dev/termination-log"),
    )


def serve_port(environment: Mapping[str, str]) -> int:
    """Serve the handler of the working directory on all addresses, port `PORT` or 8080; the exit code."""
    listener = socket.create_server(("", int(environment.get("PORT", "8080"))), backlog=_BACKLOG)
    return serve_handler(listener, read_settings(environment, os.getcwd()), HandlerApplication())


def serve_handler(listener: socket.socket, settings: Settings, blank: HandlerApplication) -> int:
    """Load the handler and serve it on the listener until SIGTERM; the exit code: 1 where it cannot be loaded.

    `blank` is filled in with the handler, unless that brings an application of its own.
    """
    faulthandler.enable(2)
    sys.dont_write_bytecode = True
    sys.path.insert(0, settings.directory)
    tracebacks = Tracebacks(settings.directory, settings.service)
    output = Output(tracebacks)
    output.install()
    try:
        application = _load_application(settings, blank)
    except BaseException as error:  # noqa: BLE001  (whatever a handler's first line raises is why it does not start)
        _explain(error, settings, tracebacks, output)
        return 1
    server = Server(listener, settings.service)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.drain())
    server.serve(Gate(application, output, lambda: server.is_draining))
    end_process(output)
    return 0


def rehearse(application: HandlerApplication) -> None:
    """Load a handler of ours and serve it a request: copies of the zygote's memory are made now, not for a visitor."""
    output = Output(Tracebacks("", ""))
    output.install()
    make_handler(load_module(os.path.dirname(__file__), "rehearsal.py"))
    del sys.modules["rehearsal"]
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as visitor:
        listener.bind("")  # a name that the kernel chooses
        server = Server(listener, "rehearsal")
        visitor.connect(listener.getsockname())
        visitor.send(b"GET / HTTP/1.1\r\nHost: rehearsal\r\n\r\n")
        server.drain()
        server.serve(Gate(application, output, lambda: False))
        server.close()


def _load_application(settings: Settings, blank: HandlerApplication) -> Callable[..., Any]:
    module = load_module(settings.directory, settings.handler)
    app = find_application(module)
    if app is not None:
        return app
    blank.adopt(make_handler(module), settings.directory)
    return blank


def _explain(error: BaseException, settings: Settings, tracebacks: Tracebacks, output: Output) -> None:
    """Say in the log and in the termination message why there is nothing to serve."""
    output.end_lines()
    if isinstance(error, Unusable):
        text = f"{settings.service}/{settings.handler}: {error}\n"
    else:
        text = tracebacks.format(error, is_loading=True)
    output.write("ERROR", text.rstrip("\n"))
    try:
        with open(settings.termination_log, "w", encoding="utf-8", errors="backslashreplace") as log:
            log.write(shorten(text))
    except OSError:
        pass  # the log has it, and the cluster falls back to it


def end_process(output: Output) -> None:
    """What a handler asked to be done at the end is done; then nothing of it is waited for."""
    atexit._run_exitfuncs()
    output.end_lines()
