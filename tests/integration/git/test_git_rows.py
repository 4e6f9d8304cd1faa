"""The GIT rows of the security notes, one test each, against the real application over real sockets."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core import history
from core.repository import Repository, maintain
from tests.integration.git.conftest import Clone, GitServer, Raw, app_token, make_clone

ZERO = "0" * 40
MAIN = "refs/heads/main"
ROUNDS = int(os.environ.get("PAAKS_TEST_ROUNDS", "1"))


@pytest.fixture(autouse=True)
def nothing_left(server: GitServer) -> Iterator[None]:
    """After every row: no quarantine is left, and the repository is sound."""
    yield
    path = server.repository("ta").path
    assert not list(path.glob("objects/tmp_objdir-*"))
    git = Clone(path)
    assert git.git("fsck", "--strict", "--no-dangling").stderr == ""


def refused(server: GitServer, raw: Raw, tree: str, *objects: str, ref: str = MAIN) -> str:
    """Push a commit with a tree on top of main by hand; it must be refused and leave main where it was."""
    before = server.head()
    commit = raw.commit(tree, before)
    old = before if ref == MAIN else ZERO
    status, text = raw.push([(old, commit, ref)], raw.pack(commit, tree, *objects))
    assert status == 200
    assert f"ng {ref}" in text or "unpack " in text, text
    assert f"ok {ref}" not in text
    assert server.head() == before
    assert commit not in server.repository("ta").git
    return text


def accepted(server: GitServer, raw: Raw, tree: str, *objects: str) -> str:
    before = server.head()
    commit = raw.commit(tree, before)
    _, text = raw.push([(before, commit, MAIN)], raw.pack(commit, tree, *objects))
    assert f"ok {MAIN}" in text, text
    assert server.head() == commit
    return commit


@pytest.mark.parametrize(
    "name",
    [b".git", b".GIT", b"git~1", b".git ", b".git.", ".g\u200cit".encode(), b".git::$INDEX_ALLOCATION"],
    ids=lambda name: name.hex(),
)
def test_git_01_names_that_look_like_gits_own(server: GitServer, raw: Raw, name: bytes) -> None:
    blob = raw.blob()
    config = raw.tree((b"config", 0o100644, blob))
    refused(server, raw, raw.tree((name, 0o040000, config)), config, blob)


@pytest.mark.parametrize("name", [b"..", b".", b"a/../../b", b"/etc/x", b""], ids=lambda name: name.hex() or "empty")
def test_git_02_names_that_leave_their_directory(server: GitServer, raw: Raw, name: bytes) -> None:
    blob = raw.blob()
    refused(server, raw, raw.tree((name, 0o100644, blob)), blob)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (b"svc/handler.py", b"/etc/passwd"),
        (b"svc", b"../../../../etc"),
        (b"svc/service.yaml", b"/proc/self/environ"),
        (b"svc/lib", b"../../tb"),
    ],
)
def test_git_04_symbolic_links(server: GitServer, raw: Raw, path: bytes, target: bytes) -> None:
    link, directory, name = raw.blob(target), *path.rpartition(b"/")[::2]
    tree = raw.tree((name, 0o120000, link))
    root = raw.tree((directory, 0o040000, tree)) if directory else tree
    text = refused(server, raw, root, tree, link)
    assert "a symbolic link is not accepted" in text
    assert "root:x:0:0" not in text


def test_git_06_submodules_are_refused_and_never_fetched(server: GitServer, raw: Raw) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    port = listener.getsockname()[1]
    other = server.head("tb")
    for url in (f"file://{server.tenants.path_of(server.tenant('tb'))}", f"http://127.0.0.1:{port}/x"):
        modules = raw.blob(f'[submodule "m"]\n\tpath = m\n\turl = {url}\n'.encode())
        root = raw.tree((b".gitmodules", 0o100644, modules), (b"m", 0o160000, other))
        refused(server, raw, root, modules)
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()


@pytest.mark.parametrize(
    "modules",
    [
        b'[submodule "m"]\n\tpath = m\n\turl = -u./p\n',
        b'[submodule "../../x"]\n\tpath = m\n\turl = http://x\n',
        b'[submodule "m"]\n\tpath = -x\n\turl = http://x\n',
        b'[submodule "m"]\n\tpath = m\n\turl = http://x\n\tupdate = !touch /tmp/paaks_pwn\n',
    ],
)
def test_git_07_submodule_configuration(server: GitServer, raw: Raw, modules: bytes) -> None:
    blob = raw.blob(modules)
    refused(server, raw, raw.tree((b".gitmodules", 0o100644, blob)), blob)
    for name in (b".gitmodules", b".GITMODULES"):
        refused(server, raw, raw.tree((name, 0o120000, blob)), blob)
    assert not Path("/tmp/paaks_pwn").exists()


def test_git_08_attributes_and_filters_change_no_byte(server: GitServer, clone: Clone) -> None:
    content = "# $Format:%H$ $Id$\nclass Handler:\n    def run(self, req):\n        return 'x'\n"
    clone.write("hello/handler.py", content)
    clone.git("add", "-A")
    clone.write(".gitattributes", "* filter=evil export-subst ident text eol=crlf working-tree-encoding=UTF-16\n")
    blob = clone.git(
        "hash-object", "-w", "--stdin", stdin=b"* filter=evil export-subst ident eol=crlf\n"
    ).stdout.strip()
    clone.git("update-index", "--add", "--cacheinfo", f"100644,{blob},.gitattributes")
    clone.git("commit", "-q", "-m", "attributes")
    assert clone.push().returncode == 0
    repository = server.repository("ta")
    entry = repository.find(repository.root_of(server.head()), "hello/handler.py")
    assert entry is not None
    assert repository.blob(entry.oid) == content.encode()


def test_git_10_a_push_over_the_limit_is_refused_with_it(server: GitServer, raw: Raw) -> None:
    path, before = server.repository("ta").path, server.head()
    blobs = [raw.large(os.urandom(9 * 2**20)) for _ in range(6)]
    tree = raw.tree(*((b"f%d" % n, 0o100644, blob) for n, blob in enumerate(blobs)))
    commit = raw.commit(tree, before)
    used = _disk_usage(path)
    status, text = raw.push([(before, commit, MAIN)], raw.pack(commit, tree, *blobs))
    assert status == 200
    assert "a push may bring 50 MiB" in text
    assert server.head() == before
    assert _disk_usage(path) - used < 2**20


def test_git_11_an_inflated_blob_is_counted_inflated(server: GitServer, raw: Raw) -> None:
    blob = raw.blob(bytes(ROUNDS * 64 * 2**20))
    tree = raw.tree((b"zero", 0o100644, blob))
    process, peak, stop = psutil.Process(), [0], threading.Event()

    def sample() -> None:
        while not stop.wait(0.02):
            for child in process.children(recursive=True):
                try:
                    if "receive-pack" in " ".join(child.cmdline()) or "index-pack" in " ".join(child.cmdline()):
                        peak[0] = max(peak[0], child.memory_info().rss)
                except psutil.Error:
                    continue

    thread = threading.Thread(target=sample)
    pack = raw.pack(raw.commit(tree, server.head()), tree, blob)
    assert len(pack) < 2**20
    thread.start()
    text = refused(server, raw, tree, blob)
    stop.set()
    thread.join()
    assert "10,485,760 are the most" in text
    assert peak[0] < 512 * 2**20


def test_git_12_a_tree_bomb_is_refused(server: GitServer, raw: Raw) -> None:
    blob = raw.blob(b"")
    tree, made = raw.tree((b"f", 0o100644, blob)), [blob]
    for _ in range(10):
        made.append(tree)
        tree = raw.tree(*((b"%d" % n, 0o040000, tree) for n in range(10)))
    root = raw.tree((b"svc", 0o040000, tree))
    assert "too-many-entries" in refused(server, raw, root, tree, *made)


@pytest.mark.parametrize("depth", [300, 3_000])
def test_git_13_deep_nesting_is_refused(server: GitServer, raw: Raw, depth: int) -> None:
    tree, made = raw.tree((b"f", 0o100644, raw.blob())), [raw.blob()]
    for _ in range(depth):
        made.append(tree)
        tree = raw.tree((b"d", 0o040000, tree))
    assert "64 levels" in refused(server, raw, tree, *made)


def test_git_14_too_many_references_are_refused(server: GitServer, raw: Raw) -> None:
    head = server.head()
    updates = [(ZERO, head, f"refs/heads/flood-{n}") for n in range(2_000)]
    _, text = raw.push(updates, raw.pack())
    assert "1,000 are the most" in text
    listed = Clone(raw.path).git("ls-remote", server.address("ta")).stdout
    assert "flood" not in listed


@pytest.mark.parametrize("service", ["git-upload-pack", "git-receive-pack"])
def test_git_15_a_gzip_bomb_is_cut(server: GitServer, raw: Raw, service: str) -> None:
    bomb = gzip.compress(bytes(400 * 2**20), 1)
    before = psutil.Process().memory_info().rss
    status, _ = raw.post(service, bomb, headers={"Content-Encoding": "gzip"})
    assert status in (200, 400, 413)
    assert psutil.Process().memory_info().rss - before < 64 * 2**20
    assert raw.post(service, b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"})[0] in (200, 400)
    assert raw.post(service, b"x", headers={"Content-Encoding": "br"})[0] == 415


@pytest.mark.parametrize(
    "ref",
    [
        *("refs/hidden/x", "refs/paaks/x", "refs/pull/1/head", "refs/notes/commits", "HEAD", "refs/heads/-x"),
        *("refs/heads/$(id)", "refs/heads/x;id", "refs/heads/HEAD", "refs/heads/refs/heads/main"),
        *("refs/internal/live/hello", "refs/heads/a..b", "refs/heads/x.lock"),
    ],
)
def test_git_16_references_that_may_not_be_pushed(server: GitServer, raw: Raw, ref: str) -> None:
    blob = raw.blob(b"other")
    refused(server, raw, raw.tree((b"handler.py", 0o100644, blob)), blob, ref=ref)


def test_git_16_replacement_objects_change_nothing(server: GitServer, raw: Raw) -> None:
    blob, head = raw.blob(b"other"), server.head()
    refused(server, raw, raw.tree((b"x", 0o100644, blob)), blob, ref=f"refs/replace/{head}")
    for ref in ("refs/heads/feature/x-1", "refs/tags/v1"):
        _, text = raw.push([(ZERO, head, ref)], raw.pack())
        assert f"ok {ref}" in text


def test_git_17_an_atomic_push_with_a_bad_reference_moves_none(server: GitServer, raw: Raw) -> None:
    blob, before = raw.blob(), server.head()
    tree = raw.tree((b"f", 0o100644, blob))
    commit = raw.commit(tree, before)
    updates = [(before, commit, MAIN), (ZERO, commit, "refs/heads/x;id")]
    _, text = raw.push(updates, raw.pack(commit, tree, blob), atomic=True)
    assert "ok refs" not in text
    assert server.head() == before
    stranger = raw.commit(tree)
    _, text = raw.push([(before, stranger, MAIN)], raw.pack(stranger, tree, blob))
    assert "main only moves forward" in text
    _, text = raw.push([(before, ZERO, MAIN)], b"")
    assert "cannot be deleted" in text or "deletion" in text


def get(server: GitServer, target: str, token: str | None = "ta/developer", method: str = "GET") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {}
    if token is not None:
        headers["Authorization"] = "Basic " + b64encode(f"x:{server.tokens[token]}".encode()).decode()
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize(
    "file",
    ["config", "HEAD", "packed-refs", "description", "objects/info/packs", "hooks/pre-receive.sample", "tenant.json"],
)
def test_git_18_no_file_of_a_repository_is_served(server: GitServer, file: str) -> None:
    for token in ("ta/developer", None):
        assert get(server, f"/git/ta.git/{file}", token)[0] in (401, 403, 404)
    head = server.head()
    assert get(server, f"/git/ta.git/objects/{head[:2]}/{head[2:]}")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/git/ta/../tb.git", "/git/%2e%2e/tb.git", "/git/..%2ftb.git", "/git/%252e%252e/tb.git", "/git//ta.git"),
        *("/git/ta.git%00", "/git/ta.git/../../tb/ta.git", "/git/TA.git", "/git/tb.git"),
    ],
)
def test_git_19_paths_reach_no_other_tenant(server: GitServer, path: str) -> None:
    status, body = get(server, f"{path}/info/refs?service=git-upload-pack")
    assert status in (400, 404)
    assert server.head("tb").encode() not in body


@pytest.mark.parametrize(
    "query",
    [
        *("?service=git-upload-archive", "?service=git-upload-pack;id", "?service=--help", "", "?service="),
        *("?service=git-upload-pack&service=git-receive-pack", "?service=git-upload-pack%00"),
    ],
)
def test_git_20_only_two_services_are_started(server: GitServer, query: str) -> None:
    assert get(server, f"/git/ta.git/info/refs{query}")[0] in (400, 403)


def test_git_22_an_unauthenticated_push_is_answered_before_its_body(server: GitServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = b"POST /git/ta.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 52428800\r\n\r\n"
        connection.sendall(head + bytes(1024))
        assert b" 401 " in connection.recv(4096).partition(b"\r\n")[0]


@pytest.mark.parametrize(
    "author",
    [b"a\nb <x@y>", b"\x1b[31m<script> <x@y>", b"a <x@y> 99999999999999999999 +0000\nx", b"nul\0 <x@y>"],
)
def test_git_24_strange_commits_are_refused_or_shown_escaped(server: GitServer, raw: Raw, author: bytes) -> None:
    blob, before = raw.blob(), server.head()
    tree = raw.tree((b"f", 0o100644, blob))
    commit = raw.commit(tree, before, author)
    _, text = raw.push([(before, commit, MAIN)], raw.pack(commit, tree, blob))
    if f"ok {MAIN}" not in text:
        assert server.head() == before
        return
    shown = json.dumps(history.describe_commit(server.repository("ta"), commit))
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("name", "lands"),
    [
        *((b"a\nb", False), (b"\x1b[31m", False), ("\u202egnp".encode(), False), (b"\xff\xfe", False)),
        *((b"x" * 300, False), (b"x" * 5_000, False), (b"..\\..\\x", False), (b"CON", True)),
    ],
    ids=lambda value: value[:8].hex() if isinstance(value, bytes) else str(value),
)
def test_git_25_file_names(server: GitServer, raw: Raw, name: bytes, lands: bool) -> None:
    blob = raw.blob()
    root = raw.tree((name, 0o100644, blob))
    if lands:
        accepted(server, raw, root, blob)
    else:
        text = refused(server, raw, root, blob)
        assert "\x1b" not in text


def test_git_26_the_pusher_is_recorded_whoever_the_author_is(server: GitServer, raw: Raw) -> None:
    blob = raw.blob()
    commit = raw.commit(raw.tree((b"f", 0o100644, blob)), server.head(), b"op <op@example.org>")
    before = server.head()
    raw.push([(before, commit, MAIN)], raw.pack(commit, raw.tree((b"f", 0o100644, blob)), blob))
    assert history.actor_of(server.repository("ta"), commit) == "ta-developer@example.org"


def test_git_27_pushes_beside_maintenance_lose_nothing(server: GitServer, tmp_path: Path) -> None:
    path, rounds = server.repository("ta").path, ROUNDS * 5
    stop, acknowledged, failures = threading.Event(), [], []

    def keep_maintaining() -> None:
        while not stop.is_set():
            maintain(path)

    def push(number: int) -> None:
        mine = make_clone(server, tmp_path / f"c{number}", "ta")
        mine.git("checkout", "-q", "-b", f"branch-{number}")
        for _ in range(rounds):
            sha = mine.commit(**{f"f{number}": str(time.time_ns())})
            done = mine.push("origin", f"branch-{number}")
            (acknowledged if done.returncode == 0 else failures).append((sha, done.stderr))

    maintaining = threading.Thread(target=keep_maintaining)
    pushers = [threading.Thread(target=push, args=(number,)) for number in range(4)]
    for thread in (maintaining, *pushers):
        thread.start()
    for thread in pushers:
        thread.join()
    stop.set()
    maintaining.join()
    assert failures == []
    reachable = Clone(path).git("rev-list", "--all").stdout.split()
    assert {sha for sha, _ in acknowledged} <= set(reachable)


def test_git_28_headers_and_options_reach_no_environment(server: GitServer, raw: Raw) -> None:
    body = b"0000"
    for value in ("x" * 8_000, "version=2:x=$(id)", "version=2\tx"):
        assert raw.post("git-upload-pack", body, headers={"Git-Protocol": value})[0] in (200, 400)
    head = server.head()
    _, text = raw.push([(ZERO, head, "refs/heads/optioned")], raw.pack(), options=(b"ci.skip", b"no-wait"))
    assert "ok refs/heads/optioned" in text
    many = tuple(b"o%d" % n for n in range(10_000))
    _, text = raw.push([(ZERO, head, "refs/heads/many-options")], raw.pack(), options=many)
    assert "ok refs" not in text
    forged = (b"x\nend\nmoved " + f"{ZERO} {head} {MAIN}".encode() + b"\nend",)
    _, text = raw.push([(ZERO, head, "refs/heads/forged")], raw.pack(), options=forged)
    assert "ok refs" not in text


def test_auth_09_only_tokens_for_git_open_git(server: GitServer) -> None:
    def status(token: str) -> int:
        server.tokens["x/x"] = token
        return get(server, "/git/ta.git/info/refs?service=git-upload-pack", "x/x")[0]

    assert status(app_token(server, "ta", "git")) == 200
    assert status(app_token(server, "ta", "app")) == 401
    assert status(app_token(server, "ta", "api")) == 401
    assert get(server, "/git/ta.git/info/refs?service=git-upload-pack", None)[0] == 401


def test_rbac_02_a_viewer_fetches_and_does_not_push(server: GitServer, tmp_path: Path) -> None:
    viewed = make_clone(server, tmp_path / "v", "ta", "viewer")
    viewed.commit()
    done = viewed.push()
    assert done.returncode != 0
    assert "403" in done.stderr
    stranger = Clone(tmp_path).git("ls-remote", server.address("ta", who="tb"), check=False)
    assert "not found" in stranger.stderr or "404" in stranger.stderr


def _disk_usage(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def test_repositories_open_after_all_this(server: GitServer) -> None:
    assert Repository(server.repository("ta").path).head() == server.head()
