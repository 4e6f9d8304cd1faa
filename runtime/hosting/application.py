"""Requests → `Handler.run`, in Flask; and the gate that every request passes, whatever answers behind it.

What does not live here: the wire (`server.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.middleware.proxy_fix import ProxyFix

from .lines import name_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from .lines import Output
    from .loading import Run

READY_PATH = "/_paaks/ready"
MAX_BODY = 10 * 1024 * 1024
_REFUSED_METHODS = frozenset({"TRACE", "CONNECT"})
# A WSGI application may not send these (PEP 3333), though examples of event streams do.
_HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("te", "trailers", "transfer-encoding", "upgrade"),
    }
)
_log = logging.getLogger("paaks")


def _answer_nothing(_request: flask.Request) -> str:
    return ""


class HandlerApplication(flask.Flask):
    """All methods and all paths lead to one `run`. Made once and blank, in the zygote; a host fills it in."""

    def __init__(self) -> None:
        super().__init__("handler", root_path="/", static_folder=None)
        self._run: Run = _answer_nothing
        self.config["MAX_CONTENT_LENGTH"] = self.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY
        self.json.sort_keys = False  # type: ignore[attr-defined]

    def adopt(self, run: Run, directory: str) -> None:
        """Answer with `run` from now on; templates are in the directory."""
        self._run, self.root_path = run, directory
        self._got_first_request = False  # what the zygote asked was none of this handler's

    def dispatch_request(self) -> Any:
        """Answer without a look at routes: there are none."""
        return self._run(flask.request._get_current_object())  # type: ignore[attr-defined]

    def handle_exception(self, e: Exception) -> flask.Response:
        """Say in the log what failed and to the visitor that it did."""
        request = flask.request
        _log.error("%s %s failed", request.method, request.path, exc_info=e)
        return flask.Response("The handler failed; its log says why.\n", 500, mimetype="text/plain")


class Gate:
    """In front of the handler: readiness, methods that are refused, forwarded headers, the request's id."""

    def __init__(self, application: WSGIApplication, output: Output, is_draining: Callable[[], bool]) -> None:
        self._application = ProxyFix(application, x_for=1, x_proto=1, x_host=1, x_prefix=1)
        self._output, self._is_draining = output, is_draining

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        if environ["PATH_INFO"] == READY_PATH:
            status = "503 Service Unavailable" if self._is_draining() else "200 OK"
            return _answer(start_response, status, b"stopping\n" if self._is_draining() else b"ready\n")
        if environ["REQUEST_METHOD"] in _REFUSED_METHODS:
            return _answer(start_response, "405 Method Not Allowed", b"TRACE and CONNECT are not served\n")
        if int(environ.get("CONTENT_LENGTH") or 0) > MAX_BODY:
            return _answer(start_response, "413 Content Too Large", b"A request may have 10 MiB.\n")
        name_request(environ.get("HTTP_PAAKS_REQUEST_ID"))

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            kept = [(name, text) for name, text in headers if name.lower() not in _HOP_BY_HOP]
            return start_response(status, kept, exc_info)

        try:
            body = self._application(environ, start)
        except BaseException:
            self._output.end_line()
            raise
        if isinstance(body, list | tuple):  # whole already; the server takes its length from it
            self._output.end_line()
            return body
        return _Body(body, self._output)


class _Body:
    """An answer's body; when it is closed, so is the last line that was printed for it.

    The request keeps its name until the thread's next one: the server logs what breaks after the handler's return.
    """

    def __init__(self, body: Iterable[bytes], output: Output) -> None:
        self._body, self._output = body, output

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """PEP 3333's."""
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            self._output.end_line()


def _answer(start_response: StartResponse, status: str, body: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
