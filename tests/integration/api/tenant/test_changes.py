"""Several changes as one commit, checks, and going back, over HTTP."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable

import pytest

from core.commit import Put
from core.releases import Release
from tests.integration.api.tenant.conftest import Answer, Api

BROKEN = {"op": "put", "path": "hello/handler.py", "content": "def f(:\n"}
BLOB = base64.b64encode(b"\xff\0").decode()


def test_many_operations_are_one_commit_across_services(api: Api) -> None:
    api.plant(Put("hello/old.txt", b"x"), Put("hello/gone.txt", b"x"))
    before = api.head
    answer = api.post(
        "/changes",
        base=before,
        message="Everything at once\n\nWith a body",
        ops=[
            {"op": "put", "path": "a/service.yaml", "content": ""},
            {"op": "put", "path": "a/handler.py", "content": "x = 1\n", "mode": "100755"},
            {"op": "put", "path": "hello/data.bin", "contentBase64": BLOB},
            {"op": "move", "path": "hello/old.txt", "to": "hello/new.txt"},
            {"op": "delete", "path": "hello/gone.txt"},
        ],
    )
    assert answer.status == 200
    commit = answer.json["commit"]
    assert (commit["sha"], commit["parents"], commit["services"]) == (api.head, [before], ["a", "hello"])
    assert (commit["subject"], commit["message"]) == ("Everything at once", "Everything at once\n\nWith a body\n")
    assert {release["service"] for release in answer.json["releases"]} == {"a", "hello"}
    assert answer.json["merged"] is False
    assert answer.headers["PaaKS-Commit"] == api.head
    assert {item["path"]: item["mode"] for item in api.get("/services/a/files").json["items"]}["handler.py"] == "100755"
    assert [item["path"] for item in api.get("/services/hello/files").json["items"]] == [
        *("data.bin", "handler.py", "new.txt", "service.yaml")
    ]


def test_a_change_without_a_base_is_told_what_is_missing(api: Api) -> None:
    answer = api.post("/changes", ops=[BROKEN])
    assert (answer.status, answer.problem) == (400, "bad-request")
    assert "`base`" in answer.json["detail"]
    assert answer.json["errors"][0]["pointer"] == "/base"


def test_every_problem_is_told_with_file_line_and_place(api: Api) -> None:
    before = api.head
    other = {"op": "put", "path": "hello/service.yaml", "content": "replicas: 99\n"}
    answer = api.post("/changes", base=before, ops=[BROKEN, other])
    assert (answer.status, api.head) == (422, before)
    found = {(e["file"], e["line"], e["pointer"]) for e in answer.json["errors"]}
    assert found == {("hello/handler.py", 1, "/ops/0/content"), ("hello/service.yaml", 1, "/ops/1/content")}


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a//b", ".git/config", "a\\b", "x\0", "", "\ufeff.git/x"])
def test_a_path_that_is_not_one_is_refused(api: Api, path: str) -> None:
    before = api.head
    for operation in (
        {"op": "put", "path": path, "content": "x"},
        {"op": "move", "path": "hello/handler.py", "to": path},
    ):
        answer = api.post("/changes", base=before, ops=[operation])
        assert (answer.status, answer.problem, api.head) == (400, "path-not-allowed", before)


def test_a_body_that_is_none_is_refused(api: Api) -> None:
    json = {"Content-Type": "application/json"}
    for body in (b"", b"[]", b"{", b'{"ops":1}', b"\xff", b'{"base":"x","ops":[]}', b"[" * 100_000):
        assert api.call("POST", "/changes", body, json).status in (400, 415, 422), body[:20]
    large = b'{"x":"' + b"x" * (16 * 2**20) + b'"}'
    assert api.call("POST", "/changes", large, json).status == 413


def test_what_others_changed_meanwhile_is_merged_where_nothing_overlaps(api: Api) -> None:
    before = api.head
    api.plant(Put("other.txt", b"x"))
    answer = api.post("/changes", base=before, ops=[{"op": "put", "path": "hello/a.txt", "content": "y"}])
    assert (answer.status, answer.json["commit"]["parents"]) == (
        200,
        [api.repository.commit(api.head).parent_ids[0].__str__()],
    )
    assert api.get("/services/hello/files/a.txt").body == b"y"


def test_what_was_decided_of_a_conflict_lands_with_the_rest_in_one_commit(api: Api) -> None:
    lines = "one\ntwo\nthree\nfour\n"
    api.plant(Put("hello/a.txt", lines.encode()), Put("hello/b.txt", lines.encode()))
    old = api.head
    theirs = lines.replace("one", "theirs").encode()
    api.plant(Put("hello/a.txt", theirs), Put("hello/b.txt", theirs))
    mine = {"op": "put", "path": "hello/a.txt", "content": lines.replace("one", "mine")}
    apart = {"op": "put", "path": "hello/b.txt", "content": lines.replace("four", "mine")}
    refused = api.post("/changes", base=old, ops=[mine, apart])
    assert [side["path"] for side in refused.json["sides"]] == ["hello/a.txt"]
    decided = {**mine, "base": refused.json["head"]}

    api.plant(Put("hello/a.txt", lines.replace("one", "moved again").encode()))
    again = api.post("/changes", base=old, ops=[decided, apart])
    assert [side["theirs"][:5] for side in again.json["sides"]] == ["moved"]
    landed = api.post("/changes", base=old, ops=[{**mine, "base": again.json["head"]}, apart])

    assert (landed.status, landed.json["commit"]["parents"]) == (200, [again.json["head"]])
    assert api.get("/services/hello/files/a.txt").body == lines.replace("one", "mine").encode()
    assert api.get("/services/hello/files/b.txt").body == b"theirs\ntwo\nthree\nmine\n"
    nowhere = api.post("/changes", base=old, ops=[{**mine, "base": "main"}])
    assert (nowhere.status, nowhere.json["errors"][0]["pointer"]) == (400, "/ops/0/base")


def test_a_check_finds_what_a_change_would_be_refused_for(api: Api) -> None:
    before = api.head
    good = {"op": "put", "path": "b/service.yaml", "content": ""}
    for path in ("/check", "/services/hello/check"):
        answer = api.post(path, ops=[BROKEN])
        (problem,) = answer.json["problems"]
        assert (answer.status, answer.json["plan"]) == (200, {})
        assert (problem["type"], problem["file"], problem["line"]) == ("/problems/syntax-error", "hello/handler.py", 1)
        assert problem["pointer"] == "/ops/0/content"
    handler = {"op": "put", "path": "b/handler.py", "content": "x = 1\n"}
    removal = {"op": "delete", "path": "hello"}
    assert api.post("/check", ops=[good, handler, removal]).json == {
        "problems": [],
        "plan": {"b": "created", "hello": "removed"},
    }
    assert (
        api.post("/check", ops=[{"op": "delete", "path": "nope"}]).json["problems"][0]["type"] == "/problems/not-found"
    )
    assert api.post("/services/hello/check", ops=[good]).problem == "path-not-allowed"
    assert api.post("/services/nope/check", ops=[good]).problem == "not-found"
    assert api.head == before


def _wait(call: Callable[[], Answer]) -> tuple[threading.Thread, list[Answer]]:
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    return thread, answers


def test_a_change_waits_until_what_it_deploys_is_live(api: Api) -> None:
    operation = {"op": "put", "path": "hello/handler.py", "content": "x = 1\n"}
    before = api.head
    body = {"base": before, "ops": [operation]}
    thread, answers = _wait(lambda: api.call("POST", "/changes", headers={"Prefer": "wait=20"}, **body))
    while api.head == before:
        thread.join(0.01)
    api.hear("hello", "live")
    thread.join(20)
    assert (answers[0].status, answers[0].json["releases"][0]["state"]) == (200, "live")
    assert "live" in answers[0].json["releases"][0]["stages"]


def test_going_back_twice_is_two_commits(api: Api) -> None:
    first = api.get("/services/hello").json
    files = {"first": api.get("/services/hello/files/handler.py").body}
    second = api.plant(Put("hello/handler.py", b"x = 2\n"))
    for number, tree in enumerate((first["tree"], api.get("/services/hello").json["tree"])):
        answer = api.post("/services/hello/rollback")
        assert (answer.status, answer.json["commit"]["sha"]) == (200, api.head)
        assert api.get("/services/hello").json["tree"] == tree
        assert answer.json["release"]["via"] == "rollback"
        assert answer.json["commit"]["subject"].startswith("Roll back hello to"), number
    assert len(api.get("/commits").json["items"]) == 4
    back = api.post("/services/hello/rollback", to=first["commit"])
    assert api.get("/services/hello/files/handler.py").body == files["first"]
    assert "PaaKS-Rollback-To: " + first["commit"] in back.json["commit"]["message"]
    assert api.post("/services/hello/rollback", to=second).status == 200


def test_going_back_prefers_what_was_live(api: Api) -> None:
    first = api.get("/services/hello").json
    api.store(
        Release(api.tenant.id, "hello", first["commit"], first["tree"], "live", created=1.0, stages={"live": 2.0})
    )
    api.plant(Put("hello/handler.py", b"x = 2\n"))
    api.plant(Put("hello/handler.py", b"x = 3\n"))
    api.post("/services/hello/rollback")
    assert api.get("/services/hello").json["tree"] == first["tree"]


def test_going_back_to_what_is_wrong_today_is_refused(api: Api) -> None:
    bad = api.plant(Put("hello/handler.py", b"def f(:\n"))
    before = api.plant(Put("hello/handler.py", b"x = 1\n"))
    answer = api.post("/services/hello/rollback", to=bad)
    assert (answer.problem, [e["type"] for e in answer.json["errors"]]) == (
        "rollback-target-invalid",
        ["/problems/rollback-target-invalid", "/problems/syntax-error"],
    )
    assert api.head == before
    for to in ("main^{tree}", "--upload-pack=x"):
        assert api.post("/services/hello/rollback", to=to).problem == "bad-request"
    assert api.post("/services/hello/rollback", to="0" * 40).problem == "not-found"
    assert api.post("/services/nope/rollback").problem == "not-found"


def revert(api: Api, commit: str) -> Answer:
    return api.post(f"/commits/{commit}/revert")


def test_a_reverted_commit_is_undone_as_git_words_it_and_others_work_stays(api: Api) -> None:
    original = api.get("/services/hello/files/handler.py").body
    api.plant(Put("hello/lines.txt", b"1\n2\n3\n4\n5\n"))
    bad = api.plant(Put("hello/lines.txt", b"one\n2\n3\n4\n5\n"), Put("hello/handler.py", b"x = 2\n"))
    before = api.plant(Put("hello/lines.txt", b"one\n2\n3\n4\nfive\n"))
    subject = api.get(f"/commits/{bad}").json["subject"]
    answer = revert(api, bad)
    assert (answer.status, answer.headers["PaaKS-Commit"], answer.json["merged"]) == (200, api.head, True)
    commit = answer.json["commit"]
    assert (commit["sha"], commit["parents"]) == (api.head, [before])
    assert commit["message"] == f'Revert "{subject}"\n\nThis reverts commit {bad}.\n'
    assert [release["service"] for release in answer.json["releases"]] == ["hello"]
    assert api.get("/services/hello/files/lines.txt").body == b"1\n2\n3\n4\nfive\n"
    assert api.get("/services/hello/files/handler.py").body == original


def test_a_reverted_revert_brings_everything_back(api: Api) -> None:
    api.plant(Put("hello/new.txt", b"new"), Put("hello/handler.py", b"x = 2\n"))
    tree = api.get("/services/hello").json["tree"]
    assert revert(api, api.head).status == 200
    assert api.get("/services/hello/files/new.txt").status == 404
    assert revert(api, api.head).status == 200
    assert api.get("/services/hello").json["tree"] == tree


def test_what_overlaps_with_a_revert_is_a_conflict_with_both_sides(api: Api) -> None:
    api.plant(Put("hello/a.txt", b"1\n"))
    bad = api.plant(Put("hello/a.txt", b"2\n"))
    head = api.plant(Put("hello/a.txt", b"3\n"))
    answer = revert(api, bad)
    assert (answer.status, answer.problem, api.head) == (409, "changed-upstream", head)
    [side] = answer.json["sides"]
    assert [side["path"], side["base"], side["yours"], side["theirs"]] == ["hello/a.txt", "2\n", "1\n", "3\n"]


def test_what_cannot_be_reverted_is_refused_and_says_why(api: Api) -> None:
    bad = api.plant(Put("hello/handler.py", b"x = 2\n"))
    assert revert(api, bad).status == 200
    head = api.head
    again = revert(api, bad)
    assert (again.status, again.problem) == (422, "revert-target-invalid")
    assert "nothing of" in again.json["detail"]
    first = api.get("/commits?limit=200").json["items"][-1]["sha"]
    root = revert(api, first)
    assert (root.status, root.problem) == (422, "revert-target-invalid")
    assert "first commit" in root.json["detail"]
    assert revert(api, "0" * 40).problem == "not-found"
    assert api.head == head


def test_a_commit_that_main_never_had_is_not_reverted(api: Api) -> None:
    head = api.head
    repository = api.repository
    api.plant(Put("hello/side.txt", b"1"))
    aside = api.head
    repository.git.references["refs/heads/main"].set_target(head)
    answer = revert(api, aside)
    assert (answer.status, answer.problem, api.head) == (422, "revert-target-invalid", head)
    assert "not in the history of main" in answer.json["detail"]


def test_a_revert_to_what_does_not_pass_the_check_is_refused(api: Api) -> None:
    api.plant(Put("hello/handler.py", b"def f(:\n"))
    mended = api.plant(Put("hello/handler.py", b"x = 1\n"))
    answer = revert(api, mended)
    assert [e["type"] for e in answer.json["errors"]] == ["/problems/revert-target-invalid", "/problems/syntax-error"]
    assert api.head == mended
