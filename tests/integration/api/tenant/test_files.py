"""Files over HTTP. The names of tests with a row number are those of the threat model."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commit import EXECUTABLE, Put, object_id
from tests.integration.api.tenant.conftest import Api

FILES = "/services/hello/files"
HANDLER = FILES + "/handler.py"
ANY_FILE = {"If-None-Match": "*", "Content-Type": "application/json"}
CODE = b"class Handler:\n    def run(self, req):\n        return 'changed'\n"


def read_sha(api: Api, path: str = HANDLER) -> str:
    answer = api.get(path)
    assert answer.status == 200, answer.body
    return str(answer.headers["ETag"]).strip('"')


def test_a_file_is_read_as_bytes_and_as_json(api: Api) -> None:
    raw = api.get(HANDLER)
    assert raw.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert raw.headers["PaaKS-Commit"] == api.head
    shown = api.get(HANDLER, Accept="application/json").json
    assert shown == {
        "path": "handler.py",
        "sha": object_id("blob", raw.body),
        "mode": "100644",
        "size": len(raw.body),
        "commit": api.head,
        "content": raw.body.decode(),
    }
    assert api.get(HANDLER, If_None_Match=raw.headers["ETag"]).status == 304


def test_all_files_of_a_service_are_listed(api: Api) -> None:
    api.plant(Put("hello/z/deep/x.txt", b"12345"), Put("hello/run.sh", b"", EXECUTABLE), Put("other.txt", b"x"))
    listed = api.get(FILES).json
    assert listed["ref"] == api.head
    assert [(item["path"], item["mode"]) for item in listed["items"]] == [
        ("handler.py", "100644"),
        ("run.sh", "100755"),
        ("service.yaml", "100644"),
        ("z/deep/x.txt", "100644"),
    ]
    assert listed["items"][3] == {
        "path": "z/deep/x.txt",
        "mode": "100644",
        "size": 5,
        "sha": object_id("blob", b"12345"),
    }


def test_a_save_is_one_commit_by_the_caller(api: Api) -> None:
    before = api.head
    answer = api.put(HANDLER + "?message=fix%20rounding", CODE, If_Match=f'"{read_sha(api)}"')
    assert answer.status == 200
    shown = answer.json["commit"]
    assert (shown["sha"], shown["parents"], shown["subject"]) == (api.head, [before], "fix rounding")
    assert shown["author"]["name"] == "Ana"
    assert shown["services"] == ["hello"]
    assert answer.headers["PaaKS-Commit"] == api.head
    assert answer.headers["ETag"] == f'"{object_id("blob", CODE)}"'
    release = answer.json["release"]
    assert (release["service"], release["commit"], release["state"]) == ("hello", api.head, "pending")
    assert answer.headers["Location"] == f"{api.base}/releases/hello@{api.head}"
    assert api.get(HANDLER).body == CODE


def test_bytes_that_are_there_already_make_no_commit(api: Api) -> None:
    before, here = api.head, api.get(HANDLER)
    answer = api.put(HANDLER, here.body, If_Match=here.headers["ETag"])
    assert (answer.status, answer.json["commit"]["sha"], api.head) == (200, before, before)


def test_a_save_that_waits_answers_once_it_is_live(api: Api) -> None:
    answer = api.put(HANDLER, CODE, If_Match=f'"{read_sha(api)}"', Prefer="wait=1")
    assert (answer.status, answer.json["release"]["state"]) == (202, "pending")
    api.hear("hello", "failed", reason="StartError", message="Traceback")
    again = api.put(HANDLER, CODE + b"#\n", If_Match=answer.headers["ETag"])
    assert again.status == 200


def test_a_syntax_error_names_its_line_and_changes_nothing(api: Api) -> None:
    before = api.head
    answer = api.put(HANDLER, b"def f(:\n", If_Match=f'"{read_sha(api)}"')
    assert (answer.status, answer.problem, api.head) == (422, "syntax-error", before)
    assert (answer.json["file"], answer.json["line"]) == ("hello/handler.py", 1)


def test_a_file_is_deleted_by_its_version(api: Api) -> None:
    sha = api.create(FILES + "/notes.txt", b"x")
    assert api.delete(FILES + "/notes.txt").problem == "precondition-required"
    assert api.delete(FILES + "/notes.txt", If_Match=f'"{"0" * 40}"').problem == "precondition-failed"
    answer = api.delete(FILES + "/notes.txt", If_Match=f'"{sha}"')
    assert (answer.status, answer.json["commit"]["subject"]) == (200, "Delete hello/notes.txt")
    assert api.get(FILES + "/notes.txt").problem == "not-found"


def test_an_old_version_is_read_by_its_commit(api: Api) -> None:
    old, before = api.get(HANDLER).body, api.head
    api.put(HANDLER, CODE, If_Match=f'"{read_sha(api)}"')
    assert api.get(f"{HANDLER}?ref={before}").body == old
    assert api.get(f"{FILES}?ref={before}").json["ref"] == before
    assert api.get(f"{HANDLER}?ref=main").body == CODE


def test_there_is_nothing_where_there_is_nothing(api: Api) -> None:
    for path in ("/services/nope/files", "/services/nope/files/x", FILES + "/nope", FILES + "/handler.py/x"):
        assert api.get(path).problem == "not-found"
    assert api.put("/services/nope/files/x", b"x", If_None_Match="*").problem == "not-found"
    assert api.get(f"{FILES}?ref={'0' * 40}").problem == "not-found"


@pytest.mark.parametrize(
    "path",
    [
        *("../x", "%2e%2e/x", "..%2fx", "/etc/x", "a/./b", "a//b", "a/", ".git/config", ".GIT/hooks/x", "a/.git/x"),
        *(".gitmodules", "x%00.py", "..\\x", "..%5Cx", "x" * 256, "%2Fetc%2Fx", "a%2f..%2f..%2fx", "%252e%252e/%", ""),
    ],
)
def test_edit_01_a_path_that_is_not_one_is_refused_and_main_stays(api: Api, path: str) -> None:
    before = api.head
    for method, body in (("PUT", b"x"), ("GET", None), ("DELETE", None)):
        answer = api.call(method, f"{FILES}/{path}", body, ANY_FILE)
        assert answer.status == 400, (method, answer.body)
    assert api.head == before


@given(st.text(st.characters(blacklist_characters="?#\r\n \t\x00", max_codepoint=255), max_size=30))
def test_edit_01_no_address_leads_out_of_the_service(api: Api, path: str) -> None:
    before = set(api.repository.services(api.repository.root_of(api.head)))
    answer = api.call("PUT", f"{FILES}/" + quote(path, safe="/%.\\:;"), b"x", ANY_FILE)
    assert answer.status in (201, 200, 400, 409, 412, 422), answer.body
    root = {entry.name for entry in api.repository.tree(api.repository.root_of(api.head))}
    assert root == {b"README.md", b"hello"}
    assert set(api.repository.services(api.repository.root_of(api.head))) == before


def test_edit_02_a_link_is_its_text_and_leads_nowhere(api: Api, tmp_path: Path) -> None:
    probe = tmp_path / "probe"
    probe.mkdir()
    api.plant(Put("hello/l", str(probe).encode(), 0o120000))
    here = api.get(FILES + "/l")
    assert (here.status, here.body.decode()) == (200, str(probe))
    assert api.put(FILES + "/l", b"x", If_Match=here.headers["ETag"]).problem == "entry-not-allowed"
    assert api.put(FILES + "/l/c", b"x", If_None_Match="*").status in (409, 422)
    assert api.get(FILES + "/l/c").problem == "not-found"
    assert api.delete(FILES + "/l", If_Match=here.headers["ETag"]).status == 200
    assert list(probe.iterdir()) == []


def test_edit_03_a_stale_save_gets_all_sides_and_may_try_again(api: Api) -> None:
    base = b"one = 1\ntwo = 2\nthree = 3\nfour = 4\nfive = 5\n"
    sha = api.create(FILES + "/x.py", base)
    old = api.head
    theirs = base.replace(b"one = 1", b"one = 10")
    pushed = api.plant(Put("hello/x.py", theirs))
    yours = base.replace(b"five = 5", b"five = 50")

    stale = api.put(FILES + "/x.py", yours, If_Match=f'"{sha}"')
    assert (stale.status, stale.problem, api.head) == (412, "precondition-failed", pushed)
    (sides,) = stale.json["sides"]
    merged = b"one = 10\ntwo = 2\nthree = 3\nfour = 4\nfive = 50\n"
    assert [sides[name] for name in ("path", "base", "yours", "theirs", "merged")] == [
        "hello/x.py",
        base.decode(),
        yours.decode(),
        theirs.decode(),
        merged.decode(),
    ]
    assert stale.json["head"] == pushed
    assert api.put(FILES + "/x.py", yours).status == 428

    operation = {"op": "put", "path": "hello/x.py", "content": yours.decode()}
    landed = api.post("/changes", base=old, ops=[operation])
    assert (landed.status, landed.json["merged"]) == (200, True)
    assert api.get(FILES + "/x.py").body == merged
    overlapping = {**operation, "content": base.replace(b"one = 1", b"one = 7").decode()}
    conflict = api.post("/changes", base=old, ops=[overlapping])
    assert (conflict.status, conflict.problem) == (409, "changed-upstream")
    assert conflict.json["head"] == api.head
    assert conflict.json["errors"][0]["pointer"] == "/ops/0/content"

    again = api.put(FILES + "/x.py", yours, If_Match=f'"{object_id("blob", merged)}"')
    assert again.status == 200


@pytest.mark.parametrize("tag", ['W/"{}"', "{}", '"{0}", "{0}"', "*", '"'])
def test_edit_03_a_condition_that_names_no_one_version_is_none(api: Api, tag: str) -> None:
    before = api.head
    assert api.put(HANDLER, CODE, If_Match=tag.format(read_sha(api))).status in (400, 428)
    assert api.head == before


def test_edit_05_what_does_not_fit_the_tree_leaves_it_alone(api: Api) -> None:
    sha = api.create(FILES + "/d/x.txt", b"x")
    before = api.head
    assert api.put(HANDLER, b"x = 1\n", If_None_Match="*").status == 412
    assert api.delete(FILES + "/nope.txt", If_Match=f'"{sha}"').status == 404
    assert api.put(FILES + "/nope.txt", b"x", If_Match=f'"{sha}"').status in (404, 412)
    assert api.put(FILES + "/d", b"x", If_None_Match="*").status == 409
    assert api.put(FILES + "/d", b"x", If_Match=f'"{sha}"').status == 409
    assert api.delete(FILES + "/d", If_Match=f'"{sha}"').status == 409
    assert api.put(FILES + "/handler.py/x", b"x", If_None_Match="*").status == 409
    move = {"op": "move", "path": "hello/d/x.txt", "to": "hello/handler.py"}
    assert api.post("/changes", base=before, ops=[move]).status == 409
    assert api.head == before


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"a\r\nb\r\n", b"\xef\xbb\xbfx", b"no newline", b"", b"\0", "ä\u2028\u202e".encode()]
)
def test_edit_06_bytes_come_back_as_they_were_sent(api: Api, content: bytes) -> None:
    sha = api.create(FILES + "/data.bin", content)
    answer = api.get(FILES + "/data.bin")
    assert (answer.body, sha) == (content, object_id("blob", content))
    assert api.repository.blob(sha) == content
    shown = api.get(FILES + "/data.bin", Accept="application/json").json
    text = shown.get("content")
    assert (base64.b64decode(shown["contentBase64"]) if text is None else text.encode()) == content


def test_edit_06_a_file_that_is_too_large_is_refused(api: Api) -> None:
    before = api.head
    answer = api.put(FILES + "/large", b"x" * (10 * 2**20 + 1), If_None_Match="*")
    assert (answer.status, answer.problem, api.head) == (413, "file-too-large", before)


def test_edit_06_a_file_that_turns_out_too_large_is_refused_as_it_comes(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "If-None-Match": "*"}
    chunks = (b"x" * 2**20 for _ in range(11))
    with contextlib.closing(api.open()) as connection:
        connection.request("PUT", f"{api.base}{FILES}/large", chunks, headers, encode_chunked=True)
        answer = connection.getresponse()
        assert (answer.status, b"file-too-large" in answer.read()) == (413, True)


REFS = [
    *("--upload-pack=x", "-", "main^{tree}", "main..x", "HEAD@{1}", "refs/replace/x", "main:hello", "HEAD", "@"),
    *("main~1", "refs/heads/main", "", "../x", "main\x00", ":/Start"),
]


@pytest.mark.parametrize("ref", REFS)
def test_edit_07_a_reference_is_a_branch_a_tag_or_a_commit(api: Api, ref: str) -> None:
    escaped = quote(ref, safe="")
    paths = [f"{FILES}?ref={escaped}", f"{HANDLER}?ref={escaped}"]
    if ref:  # `/compare/...main` is all of main
        paths.append(f"/compare/{escaped}...main")
        assert api.get(f"/commits/{escaped}").status in (400, 404)
    for path in paths:
        answer = api.get(path)
        assert answer.status in ((400, 404) if ref in ("HEAD", "@") else (400,)), (path, answer.body)


def test_edit_09_what_a_file_says_is_never_run(api: Api) -> None:
    name, content = "<img src=x onerror=alert(1)>.py", b"x = '</script><script>alert(1)</script>'\n"
    api.create(f"{FILES}/{quote(name)}", content)
    listed = api.get(FILES)
    assert listed.headers["Content-Type"] == "application/json"
    assert name in [item["path"] for item in listed.json["items"]]
    shown = api.get(f"{FILES}/{quote(name)}", Accept="application/json")
    assert (shown.headers["Content-Type"], shown.json["content"].encode()) == ("application/json", content)
    for path, data in (
        ("x.html", b"<script>alert(1)</script>"),
        ("x.svg", b"<svg onload='alert(1)'/>"),
        ("x.bin", b"\0<script>"),
    ):
        api.create(f"{FILES}/{path}", data)
        raw = api.get(f"{FILES}/{path}", Accept="text/html")
        assert raw.body == data
        assert raw.headers["X-Content-Type-Options"] == "nosniff"
        assert raw.headers["Content-Security-Policy"].startswith("sandbox")
        is_text = raw.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert is_text or (raw.headers["Content-Type"], raw.headers["Content-Disposition"]) == (
            "application/octet-stream",
            "attachment",
        )
