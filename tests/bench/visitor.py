"""A visitor who calls one service again and again on one connection, and notes when each revision first answered."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

PAUSE_SECONDS = 0.003  # between an answer and the next request: half of it, on average, is in every figure


class Visitor(threading.Thread):
    """Runs until `stop`; `failures` are answers that were not 200 and connections that broke."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        super().__init__(daemon=True)
        self._address = urlsplit(url)
        self._headers = dict(headers)
        self._news = threading.Condition()
        self._first_seen: dict[str, float] = {}
        self._stopping = False
        self.answers = 0
        self.failures: list[str] = []
        self.milliseconds: list[float] = []

    def run(self) -> None:
        """Visit until told to stop."""
        connection = self._connect()
        revision = None
        while not self._stopping:
            began = time.perf_counter()
            try:
                connection.request("GET", self._address.path, headers=self._headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
                connection = self._connect()
                continue
            self.milliseconds.append((time.perf_counter() - began) * 1000)
            revision = self._note(answer, revision)
            time.sleep(PAUSE_SECONDS)
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=15)

    def _note(self, answer: http.client.HTTPResponse, before: str | None) -> str | None:
        now = time.perf_counter()
        self.answers += 1
        if answer.status != 200:
            self.failures.append(f"status {answer.status}")
            return before
        revision = answer.headers["PaaKS-Revision"]
        if revision != before:
            with self._news:
                self._first_seen.setdefault(revision, now)
                self._news.notify_all()
        return revision

    def wait_for(self, revision: str, seconds: float = 30.0) -> float:
        """When a revision first answered, on `time.perf_counter`'s clock. Raises TimeoutError."""
        with self._news:
            if not self._news.wait_for(lambda: revision in self._first_seen, seconds):
                raise TimeoutError(f"{revision} did not answer in {seconds} s; {self.failures[-3:]}")
            return self._first_seen[revision]

    def stop(self) -> None:
        """End the visit."""
        self._stopping = True
        self.join()
