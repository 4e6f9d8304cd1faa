"""What a handler finds around it: its requests, its answers, its modules, its log, its end. Over its real socket."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.started_pods import PYTHON, Pod, StartedPods, start_pods

pytestmark = pytest.mark.asyncio(loop_scope="module")
HELLO = """
class Handler:
    def run(self, req):
        return {"hello": req.args.get("name", "world")}
"""
ECHO = """
import hashlib, os, sys, threading
from flask import Response, abort, jsonify, redirect, request

class Handler:
    def __init__(self):
        self.count = 0

    def run(self, req):
        self.count += 1
        return getattr(self, req.path.strip("/").split("/")[0] or "describe")(req)

    def describe(self, req):
        return {"method": req.method, "path": req.path, "root": req.script_root, "url": req.url,
                "host": req.host, "ip": req.remote_addr, "query": req.query_string.decode(), "count": self.count}

    def body(self, req):
        data = req.get_data()
        return {"length": len(data), "sha": hashlib.sha256(data).hexdigest()}

    def form(self, req):
        return {"length": len(req.form["text"]), "file": len(req.files["file"].read())}

    def text(self, req): return "täxt"
    def tuple(self, req): return "made", 201, {"X-Made": "yes"}
    def list(self, req): return [{"b": 1, "a": 2}]
    def flask(self, req): return jsonify(same=request.path == req.path)
    def missing(self, req): abort(404)
    def redirect(self, req): return redirect("/elsewhere")
    def event(self, req): return Response("data: 1\\n\\n", headers={"Connection": "keep-alive"})
    def nothing(self, req): return None
    def boom(self, req): raise ValueError("no such luck")
    def environment(self, req): return dict(os.environ)
    def place(self, req): return {"cwd": os.getcwd(), "file": __file__, "path": sys.path[0], "name": __name__,
                                  "note": open("note.txt").read()}
    def modules(self, req): return sorted(sys.modules)
    def descriptors(self, req): return sorted(int(n) for n in os.listdir("/proc/self/fd"))
    def thread(self, req): return str(threading.active_count())
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pods() -> AsyncIterator[StartedPods]:
    async with start_pods() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def echo(pods: StartedPods) -> Pod:
    return await pods.run({"handler.py": ECHO, "note.txt": "here"}, environment={"GREETING": "a $b"})


async def test_a_handler_answers(pods: StartedPods) -> None:
    pod = await pods.run(HELLO)
    assert (await pod.ask("/?name=you")).json == {"hello": "you"}
    assert (await pod.stop()).code == 0


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "CUSTOM"])
async def test_any_method_and_path_reach_it(echo: Pod, method: str) -> None:
    answer = await echo.ask("/describe/a%20b//c?x=1&x=2", method)
    assert answer.status == 200
    assert (answer.json["method"], answer.json["path"], answer.json["query"]) == (
        method,
        "/describe/a b//c",
        "x=1&x=2",
    )


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
async def test_these_methods_do_not(echo: Pod, method: str) -> None:
    reader, writer = await asyncio.open_unix_connection(str(echo.socket.path))
    writer.write(f"{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 405 ")
    writer.close()


async def test_head_has_no_body(echo: Pod) -> None:
    answer = await echo.ask("/text", "HEAD")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "5")


async def test_it_knows_where_its_visitor_thinks_it_is(echo: Pod) -> None:
    headers = {
        "X-Forwarded-Prefix": "/~demo/hello",
        "X-Forwarded-Host": "apps.test:8080",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "203.0.113.7",
    }
    told = (await echo.ask("/describe/x", headers=headers)).json
    assert told["path"] == "/describe/x"
    assert told["root"] == "/~demo/hello"
    assert told["url"] == "https://apps.test:8080/~demo/hello/describe/x"
    assert told["ip"] == "203.0.113.7"


async def test_one_handler_serves_all_requests(echo: Pod) -> None:
    first, second = [(await echo.ask("/describe")).json["count"] for _ in range(2)]
    assert second == first + 1


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/text", 200, "täxt".encode()),
        ("/tuple", 201, b"made"),
        ("/list", 200, b'[{"b":1,"a":2}]\n'),
        ("/flask", 200, b'{"same":true}\n'),
        ("/event", 200, b"data: 1\n\n"),
        ("/boom", 500, b"The handler failed; its log says why.\n"),
        ("/nothing", 500, b"The handler failed; its log says why.\n"),
    ],
)
async def test_it_returns_what_a_view_may(echo: Pod, path: str, status: int, body: bytes) -> None:
    answer = await echo.ask(path)
    assert (answer.status, answer.body) == (status, body)


async def test_flask_s_own_errors_and_redirects(echo: Pod) -> None:
    assert (await echo.ask("/missing")).status == 404
    answer = await echo.ask("/redirect")
    assert (answer.status, answer.headers["Location"]) == (302, "/elsewhere")


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_of_ten_megabytes_arrives_byte_by_byte(echo: Pod, is_chunked: bool) -> None:
    data = os.urandom(10 * 2**20)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 50_000):
            yield data[start : start + 50_000]

    answer = await echo.ask("/body", "POST", data=chunks() if is_chunked else io.BytesIO(data))
    assert answer.json == {"length": len(data), "sha": hashlib.sha256(data).hexdigest()}


async def test_a_larger_one_is_refused(echo: Pod) -> None:
    reader, writer = await asyncio.open_unix_connection(str(echo.socket.path))
    writer.write(f"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: {13 * 2**20}\r\n\r\n".encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()
    assert (await echo.ask("/body", "POST", data=io.BytesIO(bytes(10 * 2**20 + 1)))).status == 413


async def test_a_form_may_be_as_large(echo: Pod) -> None:
    form = aiohttp.FormData()
    form.add_field("text", "x" * 900_000)
    form.add_field("file", io.BytesIO(bytes(3_000_000)), filename="f.bin")
    assert (await echo.ask("/form", "POST", data=form)).json == {"length": 900_000, "file": 3_000_000}


async def test_it_finds_its_own_and_nothing_of_the_platform_s(echo: Pod) -> None:
    environment = (await echo.ask("/environment")).json
    assert environment["GREETING"] == "a $b"
    assert {name for name in environment if name.startswith("PAAKS_")} == {
        "PAAKS_SERVICE",
        "PAAKS_HANDLER",
        "PAAKS_TIMEOUT",
    }
    assert Path(environment["TMPDIR"]).is_dir()
    directory = str(echo.container.directory)
    place = (await echo.ask("/place")).json
    assert place == {
        "cwd": directory,
        "file": f"{directory}/handler.py",
        "path": directory,
        "name": "handler",
        "note": "here",
    }
    assert set((await echo.ask("/modules")).json) & {"host", "runtime", "core", "hosting", "aiohttp"} == set()
    # Input, output, listener, message; waitress's trigger, poll and this connection; the directory that is listed.
    assert len((await echo.ask("/descriptors")).json) <= 12


async def test_a_child_process_leads_a_session_of_its_own(echo: Pod) -> None:
    assert os.getsid(echo.process.pid) == echo.process.pid != os.getsid(0)


async def test_a_wsgi_app_is_served_instead(pods: StartedPods) -> None:
    source = """
from flask import Flask, url_for
app = Flask(__name__)

@app.get("/users/<int:number>")
def user(number):
    return {"number": number, "url": url_for("user", number=number)}

class Handler:
    def run(self, req):
        return "not this"
"""
    pod = await pods.run(source)
    answer = await pod.ask("/users/7", headers={"X-Forwarded-Prefix": "/hello"})
    assert answer.json == {"number": 7, "url": "/hello/users/7"}
    assert (await pod.ask("/other")).status == 404


async def test_a_bare_wsgi_function_is_served(pods: StartedPods) -> None:
    pod = await pods.run("""
def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise KeyError("lost")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")])
    return [environ["PATH_INFO"].encode()]
""")
    answer = await pod.ask("/x")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"/x", "2")
    assert (await pod.ask("/boom")).status == 500
    assert any("KeyError: 'lost'" in line for line in await pod.read_log())


async def test_modules_beside_it_and_below_it(pods: StartedPods) -> None:
    files = {
        "src/web/main.py": "import host, lib.names\n"
        "class Handler:\n    def run(self, req): return [host.MINE, lib.names.NAME, __name__]\n",
        "host.py": "MINE = 'my host'",
        "lib/names.py": "NAME = 'my name'",
    }
    pod = await pods.run(files, handler="src/web/main.py")
    assert (await pod.ask()).json == ["my host", "my name", "src.web.main"]


async def test_templates_and_packages(pods: StartedPods) -> None:
    files = {
        "handler.py": "import httpx, jinja2, pydantic, requests, yaml, dateutil\nfrom flask import render_template\n"
        "class Handler:\n    def run(self, req): return render_template('page.html', who='<you>')\n",
        "templates/page.html": "<p>{{ who }}</p>",
    }
    assert (await (await pods.run(files)).ask()).body == b"<p>&lt;you&gt;</p>"


async def test_a_stream_comes_as_it_is_made(pods: StartedPods) -> None:
    pod = await pods.run("""
import threading
gate = threading.Event()

class Handler:
    def run(self, req):
        if req.path == "/open":
            gate.set()
            return "opened"
        def lines():
            yield "first\\n"
            gate.wait()
            print("and on")
            yield "second\\n"
        return lines(), {"Content-Type": "text/event-stream"}
""")
    reader, writer = await pod.open("/")
    assert await reader.readuntil(b"first\n")
    assert (await pod.ask("/open")).body == b"opened"
    assert await reader.readuntil(b"second\n")
    writer.close()


async def test_a_visitor_who_leaves_ends_the_stream(pods: StartedPods) -> None:
    pod = await pods.run("""
import time
class Handler:
    def run(self, req):
        def ticks():
            try:
                while True:
                    yield "tick\\n"
                    time.sleep(0.01)
            finally:
                print("left")
        return ticks()
""")
    reader, writer = await pod.open()
    await reader.readuntil(b"tick\n")
    writer.close()
    lines = pod.logs.read("tnt-00000001", pod.container.pod, follow=True)
    async with asyncio.timeout(5):
        assert (await anext(lines)).endswith(b" left\n")
    await lines.aclose()


async def test_readiness_is_answered_while_all_threads_are_busy(pods: StartedPods) -> None:
    pod = await pods.run("""
import threading
gate, count = threading.Event(), threading.Semaphore(0)
class Handler:
    def run(self, req):
        print("in")
        gate.wait()
        return "out"
""")
    waiting = [await pod.open() for _ in range(20)]
    seen = 0
    async with asyncio.timeout(5):
        async for chunk in pod.logs.read("tnt-00000001", pod.container.pod, follow=True):
            seen += chunk.count(b" in\n")
            if seen == 16:
                break
    assert (await pod.ask("/_paaks/ready")).status == 200
    pod.process.kill()
    assert (await pod.process.wait()).code == 137
    for _, writer in waiting:
        writer.close()


# What it prints and logs


HEAD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (\S+) (\S+) (.*)")


def parse(lines: list[str]) -> list[tuple[str, ...]]:
    matches = [HEAD.fullmatch(line) for line in lines]
    assert [line for line, match in zip(lines, matches, strict=True) if not match] == []
    return [match.groups() for match in matches if match]


async def test_each_line_has_a_time_a_level_and_its_request(pods: StartedPods) -> None:
    pod = await pods.run("""
import logging, sys, threading, traceback
print("loading")
class Handler:
    def run(self, req):
        print("two", "words")
        print("a\\nb")
        print("no end", end="")
        sys.stderr.write("to stderr\\n")
        sys.stdout.buffer.write(b"bytes \\xff\\n")
        logging.info("informed")
        logging.getLogger("app").warning("warned %s", 1)
        logging.debug("not shown")
        thread = threading.Thread(target=print, args=("elsewhere",))
        thread.start(); thread.join()
        return "ok"
""")
    await pod.ask(headers={"PaaKS-Request-Id": "req-1"})
    await pod.ask(headers={"PaaKS-Request-Id": "not an\tid"})
    await pod.stop()
    told = parse(await pod.read_log())
    assert told[0] == ("INFO", "-", "loading")
    assert told[1:10] == [
        ("INFO", "req-1", "two words"),
        ("INFO", "req-1", "a"),
        ("INFO", "req-1", "b"),
        ("ERROR", "req-1", "to stderr"),
        ("INFO", "req-1", "no endbytes �"),
        ("INFO", "req-1", "informed"),
        ("WARNING", "req-1", "warned 1"),
        ("INFO", "-", "elsewhere"),
        ("INFO", "-", "two words"),
    ]


async def test_an_exception_is_a_traceback_without_the_host_s_frames(echo: Pod) -> None:
    await echo.ask("/boom", headers={"PaaKS-Request-Id": "req-boom"})
    lines = [text for _, request, text in parse(await echo.read_log()) if request == "req-boom"]
    assert lines[0] == "GET /boom failed"
    assert lines[1] == "Traceback (most recent call last):"
    assert re.fullmatch(r'  File "hello/handler.py", line \d+, in run', lines[2])
    assert lines[-1] == "ValueError: no such luck"
    assert not any("flask" in line or "waitress" in line for line in lines)


async def test_lines_of_many_threads_stay_whole(pods: StartedPods) -> None:
    pod = await pods.run("""
class Handler:
    def run(self, req):
        for n in range(50):
            print(req.path, "x" * 3000, n, sep=":")
        return "ok"
""")
    await asyncio.gather(*(pod.ask(f"/{n}", headers={"PaaKS-Request-Id": f"r{n}"}) for n in range(16)))
    told = parse(await pod.read_log())
    assert sorted(told) == sorted(
        ("INFO", f"r{n}", f"/{n}:{'x' * 3000}:{line}") for n in range(16) for line in range(50)
    )


async def test_what_child_processes_write_is_kept_as_it_is(pods: StartedPods) -> None:
    pod = await pods.run("""
import os, subprocess, sys
class Handler:
    def run(self, req):
        subprocess.run(["echo", "from a child"], check=True)
        subprocess.run(["sh", "-c", "echo to stdout"], stdout=sys.stdout, check=True)
        if os.fork() == 0:
            print("forked")
            os._exit(0)
        os.wait()
        return "ok"
""")
    await pod.ask()
    lines = await pod.read_log()
    assert lines[:2] == ["from a child", "to stdout"]
    assert parse(lines[2:]) == [("INFO", "-", "forked")]


# Its end


async def test_sigterm_finishes_what_runs(pods: StartedPods) -> None:
    pod = await pods.run("""
import atexit, threading
gate = threading.Event()
atexit.register(print, "bye")
class Handler:
    def run(self, req):
        if req.path == "/slow":
            print("started", flush=True)
            gate.wait()
        elif req.path == "/go":
            gate.set()
        return "done"
""")
    idle_reader, idle_writer = await pod.open("/quick")
    await idle_reader.readuntil(b"done")
    reader, writer = await pod.open("/slow")
    lines = pod.logs.read("tnt-00000001", pod.container.pod, follow=True)
    assert (await anext(lines)).endswith(b"started\n")
    # Stopped, it is told to end before it can accept these two.
    os.kill(pod.process.pid, signal.SIGSTOP)
    waiting_reader, waiting_writer = await pod.open("/quick")
    other_reader, other_writer = await pod.open("/go")
    pod.process.terminate()
    os.kill(pod.process.pid, signal.SIGCONT)
    answers = [await r.read() for r in (reader, waiting_reader, other_reader)]
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
        assert answer.endswith(b"\r\n\r\ndone")
    assert await idle_reader.read() == b""
    ended = await pod.process.wait()
    assert (ended.code, ended.signal, ended.reason, ended.message) == (0, None, "Completed", "")
    assert (await pod.read_log())[-1].endswith(" INFO - bye")
    await lines.aclose()
    for each in (idle_writer, writer, waiting_writer, other_writer):
        each.close()


async def test_sigterm_before_it_is_loaded_ends_it_at_once(pods: StartedPods) -> None:
    pod = await pods.run("import threading; print('loading'); threading.Event().wait()", is_ready=False)
    assert await anext(pod.logs.read("tnt-00000001", pod.container.pod, follow=True))
    ended = await pod.stop()
    assert (ended.signal, ended.reason) == (signal.SIGTERM, "Error")
    assert not await pod.process.ready()


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("import nothing_like_it", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("def broken(:\n  pass", "SyntaxError: invalid syntax"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("class Handler:\n    def __init__(self): raise OSError('no')", "OSError: no"),
        ("x = 1", "hello/handler.py: there is neither a `class Handler` with `run(self, req)` nor a WSGI `app`"),
        ("class Handler: pass", "hello/handler.py: `Handler` has no method `run(self, req)`"),
        (
            "class Handler:\n    async def run(self, req): return 1",
            "hello/handler.py: `Handler.run` is `async`: it must be an ordinary method",
        ),
        ("app = 7", "hello/handler.py: `app` is not a WSGI application: it cannot be called"),
    ],
)
async def test_what_cannot_be_loaded_says_why(pods: StartedPods, source: str, last: str) -> None:
    pod = await pods.run(source, is_ready=False)
    assert not await pod.process.ready()
    ended = await pod.process.wait()
    assert (ended.code, ended.reason) == (1, "Error")
    assert ended.message.rstrip("\n").splitlines()[-1] == last
    assert "importlib" not in ended.message
    assert "hosting" not in ended.message
    assert any(line.endswith(last) for line in await pod.read_log())


async def test_a_failed_import_is_told_by_its_own_files(pods: StartedPods) -> None:
    files = {"handler.py": "import lib.deep\n", "lib/deep.py": "\n\n1 / 0\n"}
    pod = await pods.run(files, is_ready=False)
    message = (await pod.process.wait()).message
    assert message.startswith("Traceback (most recent call last):\n")
    assert 'File "hello/handler.py", line 1, in <module>' in message
    assert 'File "hello/lib/deep.py", line 3, in <module>' in message
    assert str(pods.data) not in message


async def test_a_long_traceback_keeps_its_last_line(pods: StartedPods) -> None:
    pod = await pods.run("raise ValueError('first\\n' + 'x' * 90 * 1000 + '\\nlast')", is_ready=False)
    message = (await pod.process.wait()).message
    assert len(message.encode()) <= 4096
    assert message.startswith("Traceback (most recent call last):\n  …\n")
    assert message.endswith("last\n")


async def test_what_dies_without_a_word_is_told_by_its_log(pods: StartedPods) -> None:
    pod = await pods.run("import os\nprint('so long')\nos._exit(7)", is_ready=False)
    ended = await pod.process.wait()
    assert (ended.code, ended.signal, ended.reason) == (7, None, "Error")
    assert ended.message.endswith("INFO - so long\n")


async def test_a_crash_below_python_is_told(pods: StartedPods) -> None:
    pod = await pods.run("import ctypes\nctypes.string_at(0)", is_ready=False)
    ended = await pod.process.wait()
    assert (ended.signal, ended.code) == (signal.SIGSEGV, 139)
    assert "Segmentation fault" in ended.message


async def test_it_can_be_started_without_a_zygote(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(HELLO)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    host = Path(__file__).parents[3] / "runtime" / "host.py"
    message = tmp_path / "message"
    environment = {"PORT": str(port), "PAAKS_SERVICE": "hello", "PAAKS_TERMINATION_LOG": str(message)}
    command = [str(PYTHON), str(host)]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        answer = await asyncio.to_thread(_get_when_it_listens, f"http://127.0.0.1:{port}/?name=you")
        assert answer == b'{"hello":"you"}\n'
        process.terminate()
        assert process.wait(10) == 0
        (tmp_path / "handler.py").write_text(
            "import threading\nthreading.Thread(target=threading.Event().wait).start()\nimport nothing"
        )
        assert (
            subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, timeout=20).returncode
            == 1
        )
        assert message.read_text().endswith("No module named 'nothing'\n")
    finally:
        process.kill()
        process.communicate()


def _get_when_it_listens(url: str) -> bytes:
    for _ in range(200):
        try:
            with urllib.request.urlopen(url) as response:
                return bytes(response.read())
        except OSError:
            time.sleep(0.05)  # its port is not there yet, which has no event
    sys.exit("the host does not answer")
