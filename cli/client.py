"""The client of `/api/v1`: one request, one answer or Failure. Every answer that is not a success becomes an exit code.

What does not live here: which server and token (`target.py`), printing (`output.py`, `drawing.py`, `progress.py`).
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import sys
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx2

from cli.failure import Exit, Failure
from cli.target import Target, is_loopback

API = "/api/v1"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
_KEEP_ALIVE_SECONDS = 40.0  # a stream that says nothing, not even a comment, for so long is broken
_EXIT_OF_STATUS: Mapping[int, Exit] = {
    401: Exit.NOT_LOGGED_IN,
    403: Exit.FORBIDDEN,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    412: Exit.CONFLICT,
    413: Exit.REFUSED,
    422: Exit.REFUSED,
    502: Exit.UNREACHABLE,
    503: Exit.UNREACHABLE,
    504: Exit.UNREACHABLE,
}
_EXIT_OF_PROBLEM: Mapping[str, Exit] = {"path-not-allowed": Exit.REFUSED}
Answer = dict[str, Any]


class Client:
    """A connection to one server as one caller; close it (`with`). An answer may take `patience` seconds."""

    def __init__(self, target: Target, *, debug: bool = False, patience: float = ANSWER_SECONDS) -> None:
        self.target = target
        self._patience = patience
        self._csrf: str | None = None
        hooks = {"response": [_show_exchange]} if debug else {}
        self._http = httpx2.Client(
            base_url=target.server,
            headers={"User-Agent": f"paaks/{importlib.metadata.version('paaks')}"},
            timeout=httpx2.Timeout(patience, connect=min(patience, CONNECT_SECONDS)),
            follow_redirects=False,
            trust_env=not is_loopback(target.server),
            event_hooks=hooks,
        )
        if target.token is not None:
            self._http.headers["Authorization"] = f"Bearer {target.token}"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it, and the session that it may have opened."""
        if self._csrf is not None:
            with contextlib.suppress(Failure):
                self.request("DELETE", f"{API}/session")
            self._csrf = None
        self._http.close()

    # -- who is calling

    def sign_in(self, email: str, password: str) -> Answer:
        """Open a session; what follows is done in it. It ends with this client."""
        self._http.headers.pop("Authorization", None)
        answer = self.read("POST", f"{API}/session", body={"email": email, "password": password})
        self._csrf = answer["csrf"]
        self._http.headers.update({"X-PaaKS-CSRF": answer["csrf"], "Origin": self.target.server})
        return answer

    # -- requests

    @property
    def tenant(self) -> str:
        """The address of the tenant. Raises Failure where none is named."""
        return f"{API}/tenants/{quote(self.target.slug, safe='')}"

    def service(self, name: str, *rest: str) -> str:
        """The address of a service of the tenant, and of something below it; each part is escaped."""
        return "/".join([self.tenant, "services", *(quote(part, safe="") for part in (name, *rest))])

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        wait: float | None = None,
    ) -> httpx2.Response:
        """One request. `wait` seconds go into `Prefer`. Raises Failure for everything but a success."""
        sent = dict(headers or {})
        timeout = self._patience
        if wait is not None:
            sent["Prefer"] = f"wait={max(1, round(wait))}"
            timeout += wait
        params = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            answer = self._http.request(
                method,
                path,
                json=body,
                content=content,
                headers=sent,
                params=params,
                timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
            )
        except httpx2.HTTPError as error:
            raise self.explain(error) from error
        if not answer.is_success:
            raise read_failure(answer, self.target)
        return answer

    def read(self, method: str, path: str, **options: Any) -> Answer:
        """One request; the JSON object that answers it. Raises Failure."""
        answer = self.request(method, path, **options)
        try:
            found = answer.json() if answer.content else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Failure(f"{self.target.server} does not speak the API of PaaKS", f"{method} {path} is not JSON")
        return found

    def read_pages(self, path: str, limit: int, query: Mapping[str, Any] | None = None) -> Answer:
        """The first `limit` items of a list, over as many pages as that takes: `{"items", "next"}`."""
        items: list[Any] = []
        cursor: str | None = None
        while len(items) < limit:
            page = self.read(
                "GET", path, query={**(query or {}), "limit": min(200, limit - len(items)), "cursor": cursor}
            )
            items += page["items"]
            cursor = page.get("next")
            if cursor is None:
                break
        return {"items": items, "next": cursor}

    # -- streams

    @contextlib.contextmanager
    def stream(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        silence: float = _KEEP_ALIVE_SECONDS,
    ) -> Iterator[Iterator[str]]:
        """The lines of an answer as they come; `silence` is how long none may come. Raises Failure, or Broken."""
        params = {name: value for name, value in (query or {}).items() if value is not None}
        timeout = httpx2.Timeout(silence, connect=CONNECT_SECONDS)
        try:
            with self._http.stream("GET", path, headers=headers, params=params, timeout=timeout) as answer:
                if not answer.is_success:
                    answer.read()
                    raise read_failure(answer, self.target)
                yield _lines(answer)
        except httpx2.HTTPError as error:
            raise self.explain(error) from error

    def explain(self, error: httpx2.HTTPError) -> Failure:
        """Why no answer came."""
        server = self.target.server
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            hint = "is it running? `paaks up` starts one here; `paaks doctor` looks closer"
            return Failure(f"{server} cannot be reached", str(error) or None, hint=hint, code=Exit.UNREACHABLE)
        if isinstance(error, httpx2.TimeoutException):
            return Failure(f"{server} did not answer in time", hint="paaks doctor", code=Exit.UNREACHABLE)
        return Failure(f"the connection to {server} broke", str(error) or None, code=Exit.UNREACHABLE)


class Broken(Exception):
    """A stream has ended, or nothing came for too long: open it again."""


def _lines(answer: httpx2.Response) -> Iterator[str]:
    try:
        yield from answer.iter_lines()
    except httpx2.HTTPError as error:
        raise Broken(str(error)) from error


def read_failure(answer: httpx2.Response, target: Target) -> Failure:
    """An answer that is not a success, as a Failure with its exit code."""
    document = _read_problem(answer)
    slug = str(document.get("type", "")).rpartition("/")[2]
    errors = [entry for entry in document.get("errors") or () if isinstance(entry, dict)]
    code = _EXIT_OF_PROBLEM.get(slug) or _EXIT_OF_STATUS.get(answer.status_code, Exit.FAILED)
    title = str(document.get("title") or f"the server answered {answer.status_code} {answer.reason_phrase}")
    request_id = document.get("requestId") or answer.headers.get("PaaKS-Request-Id")
    hint = document.get("hint") if not any(entry.get("file") for entry in errors) else None
    return Failure(
        title,
        document.get("detail"),
        hint=hint or _find_hint(code, slug, target),
        code=code,
        request_id=request_id,
        problems=tuple(errors),
    )


def _read_problem(answer: httpx2.Response) -> Answer:
    if "json" not in answer.headers.get("Content-Type", ""):
        return {}
    try:
        document = json.loads(answer.content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _find_hint(code: Exit, slug: str, target: Target) -> str | None:
    if code is Exit.NOT_LOGGED_IN:
        return f"paaks login {target.server}"
    return f"paaks help problems/{slug}" if slug else None


def _show_exchange(answer: httpx2.Response) -> None:
    """A line for each request, with nothing of its credential."""
    request_id = answer.headers.get("PaaKS-Request-Id", "-")
    print(f"{answer.request.method} {answer.request.url} {answer.status_code} {request_id}", file=sys.stderr)
