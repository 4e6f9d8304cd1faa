"""`call`: a request to a service as a visitor would send it, with the token of the tenant; its answer as it comes."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click
import httpx2

from cli.client import CONNECT_SECONDS, Client, read_failure
from cli.completions import complete_services
from cli.failure import Exit, Failure
from cli.log_lines import format_line, read_lines
from cli.options import Connection, connected
from cli.target import Target, is_loopback

FAILED_ANSWER = 22  # as curl --fail
_ANSWER_SECONDS = 630.0  # longer than any handler may take
_LOG_SECONDS = 1.0


@click.command()
@click.argument("service", shell_complete=complete_services)
@click.argument("path", required=False, default="")
@click.option("-X", "--request", "method", metavar="METHOD", help="GET, or POST with -d.")
@click.option("-H", "--header", "headers", multiple=True, metavar="NAME: VALUE")
@click.option("-d", "--data", metavar="TEXT|@FILE|@-", help="The request's body.")
@click.option("-i", "--include", is_flag=True, help="Show the status and the headers too.")
@click.option("--fail", is_flag=True, help="End with 22 where the answer's status is 400 or above.")
@click.option("--logs", is_flag=True, help="Then show what the handler logged for it, on stderr.")
@connected
def call(
    connection: Connection,
    service: str,
    path: str,
    method: str | None,
    headers: tuple[str, ...],
    data: str | None,
    include: bool,
    fail: bool,
    logs: bool,
) -> int:
    """Call a service: `paaks call hello 'greet?name=ana' -i`."""
    name, _, below = service.partition("/")
    place = "/".join(part for part in (below, path.lstrip("/")) if part)
    with connection.open() as client:
        url = find_address(client, name) + place
        status, request_id = _exchange(client.target, method, url, headers, data, include)
        if logs and request_id is not None:
            _show_logs(client, name, request_id)
    return FAILED_ANSWER if fail and status >= 400 else Exit.DONE


def find_address(client: Client, service: str) -> str:
    """Where visitors find a service, with a slash at the end. On this machine nobody has to be asked."""
    target = client.target
    if target.apps is not None:
        return f"{target.apps}/{service}/"
    return str(client.read("GET", client.service(service))["url"])


def _exchange(
    target: Target, method: str | None, url: str, headers: tuple[str, ...], data: str | None, include: bool
) -> tuple[int, str | None]:
    """Send it and print the answer; its status and its request's id. Raises Failure where it is not the service's."""
    body = _read_body(data)
    fields = [("Authorization", f"Bearer {target.token}"), *(_split_header(header) for header in headers)]
    verb = (method or ("GET" if body is None else "POST")).upper()
    timeout = httpx2.Timeout(_ANSWER_SECONDS, connect=CONNECT_SECONDS)
    proxied = not is_loopback(url)
    try:
        with httpx2.stream(verb, url, headers=fields, content=body, timeout=timeout, trust_env=proxied) as answer:
            if _is_ours(answer):
                answer.read()
                raise read_failure(answer, target)
            _print_answer(answer, include)
            return answer.status_code, answer.headers.get("PaaKS-Request-Id")
    except httpx2.InvalidURL as error:
        raise Failure(f"{url!r} is no address", str(error), code=Exit.USAGE) from None
    except httpx2.HTTPError as error:
        raise Failure(f"{url} did not answer", str(error), hint="paaks doctor", code=Exit.UNREACHABLE) from None


def _is_ours(answer: httpx2.Response) -> bool:
    """Is it the dispatcher's own word? What comes from a service names its revision."""
    is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
    return is_problem and "PaaKS-Revision" not in answer.headers


def _print_answer(answer: httpx2.Response, include: bool) -> None:
    out = sys.stdout.buffer
    if include:
        head = [f"{answer.http_version} {answer.status_code} {answer.reason_phrase}".rstrip()]
        head += [f"{name}: {value}" for name, value in answer.headers.multi_items()]
        out.write("\r\n".join([*head, "", ""]).encode())
    last = b"\n"
    for chunk in answer.iter_bytes():
        out.write(chunk)
        out.flush()
        last = chunk or last
    if sys.stdout.isatty() and not last.endswith(b"\n"):
        out.write(b"\n")
    out.flush()


def _read_body(data: str | None) -> bytes | None:
    if data is None or not data.startswith("@"):
        return data.encode() if data is not None else None
    if data == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise Failure(f"{data[1:]} cannot be read", error.strerror, code=Exit.USAGE) from None


def _split_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise Failure(f"{text!r} is no header", hint="-H 'Accept: text/plain'", code=Exit.USAGE)
    return name.strip(), value.strip()


def _show_logs(client: Client, service: str, request_id: str) -> None:
    """What was logged for the request; the last lines may arrive a moment after the answer."""
    give_up = time.monotonic() + _LOG_SECONDS
    found: list[dict[str, Any]] = []
    while not found and time.monotonic() < give_up:
        found = [json.loads(line) for line in read_lines(client, service, {"requestId": request_id})]
        time.sleep(0 if found else 0.05)
    for line in found:
        print(format_line(line), file=sys.stderr)
