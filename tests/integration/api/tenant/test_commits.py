"""History over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pygit2.enums import ObjectType

from core import history
from core.commit import Put
from core.releases import Release
from tests.integration.api.tenant.conftest import Api


def test_the_log_is_read_page_by_page(api: Api) -> None:
    made = [api.plant(Put("hello/handler.py", b"x = %d\n" % n), message=f"Commit {n}\n") for n in range(5)]
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = api.get(f"/commits?limit=2&cursor={cursor}").json
        seen += [item["subject"] for item in page["items"]]
        cursor, pages = page["next"], pages + 1
    assert seen == ["Commit 4", "Commit 3", "Commit 2", "Commit 1", "Commit 0", "Start from the template"]
    assert pages == 3
    first = api.get("/commits?limit=1").json["items"][0]
    assert first == api.get(f"/commits/{made[-1]}").json == api.get("/commits/main").json
    assert first == {
        "sha": made[-1],
        "subject": "Commit 4",
        "message": "Commit 4\n",
        "author": {"name": "Mallory", "email": "mallory@example.org"},
        "at": first["at"],
        "parents": [made[-2]],
        "services": ["hello"],
        "releases": [],
    }


def test_the_log_of_one_service_is_what_changed_it(api: Api) -> None:
    api.plant(Put("other.txt", b"x"), message="Other\n")
    api.plant(Put("hello/x.txt", b"x"), message="Ours\n")
    items = api.get("/commits?service=hello").json["items"]
    assert [item["subject"] for item in items] == ["Ours", "Start from the template"]
    assert api.get("/commits?service=nope").json == {"items": [], "next": None}


def release(api: Api, commit: str, state: str = "live", via: str = "web", **stages: float) -> Release:
    return Release(api.tenant.id, "hello", commit, "t" * 40, state, via=via, created=1_700_000_000.0, stages=stages)


def test_what_became_of_each_commit_is_told_with_it(api: Api) -> None:
    first, second, third = (api.plant(Put("hello/x.txt", b"%d" % n)) for n in range(3))
    failed = replace(release(api, second, "failed"), reason="ImportFailed", message="Traceback")
    api.store(release(api, first, live=1_700_000_001.0), failed, release(api, third, live=1_700_000_060.0))
    items = {item["sha"]: item["releases"] for item in api.get("/commits?limit=3").json["items"]}
    assert {sha: [found["state"] for found in items[sha]] for sha in items} == {
        first: ["live"],
        second: ["failed"],
        third: ["live"],
    }
    assert items[first][0]["liveUntil"] == items[third][0]["stages"]["live"]["at"]
    assert items[second][0]["liveUntil"] is items[third][0]["liveUntil"] is None
    assert items[second][0]["message"] == "Traceback"
    assert api.get(f"/commits/{first}").json["releases"] == items[first]


def test_a_release_that_was_just_heard_of_ends_what_is_stored(api: Api) -> None:
    api.store(release(api, api.head, live=1_700_000_001.0))
    before = api.head
    api.plant(Put("hello/x.txt", b"x"))
    heard = api.hear("hello", "live")
    newest, first = api.get("/commits").json["items"]
    assert [found["state"] for found in newest["releases"]] == ["live"]
    assert (newest["sha"], first["sha"]) == (heard.commit, before)
    assert first["releases"][0]["liveUntil"] == newest["releases"][0]["stages"]["live"]["at"]


def test_the_log_is_filtered(api: Api) -> None:
    web = api.plant(Put("hello/x.txt", b"1"), message="Round Totals\n\nBecause of cents\n")
    failed = api.plant(Put("hello/y.txt", b"1"), message="Break it\n")
    git = api.plant(Put("hello/x.txt", b"2"), message="More\n")
    # What failed is no other thing for what came after it.
    api.store(replace(release(api, web, "superseded"), reason="PruneHeld"), release(api, git, via="git"))
    api.store(replace(release(api, failed, "superseded"), reason="ImportFailed"))

    def find(query: str) -> list[str]:
        return [item["sha"] for item in api.get(f"/commits?{query}").json["items"]]

    assert find("failed=true") == [failed]
    assert find("via=git") == [git]
    assert find("via=web") == [failed, web]
    assert find("via=web&failed=true&text=break") == [failed]
    assert find("text=ROUND") == find("text=cents") == find(f"text={web[:9]}") == [web]
    assert find("path=hello/x.txt")[:2] == [git, web]
    assert find("path=hello/y.txt") == [failed]
    assert len(find("path=hello")) == len(find("")) == 4
    assert find("author=MALLORY&limit=1") == [git]
    assert find("author=mallory@example.org")[-1] == web
    assert find("author=nobody") == find("path=nowhere") == find("text=nothing") == []
    assert api.get("/commits?via=pigeon").problem == "bad-request"


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=--all"])
def test_a_page_that_is_none_is_refused(api: Api, query: str) -> None:
    assert api.get(f"/commits?{query}").status in (400, 422)


def test_two_commits_are_compared(api: Api) -> None:
    before = api.head
    api.plant(Put("hello/handler.py", b"x = 1\n"), Put("new.txt", b"new\n"))
    shown = api.get(f"/compare/{before}...main").json
    assert (shown["base"], shown["head"], shown["services"]) == (before, api.head, {"hello": "updated"})
    assert {(file["path"], file["status"]) for file in shown["files"]} == {
        ("hello/handler.py", "modified"),
        ("new.txt", "added"),
    }
    diff = api.get(f"/compare/{before}...main", Accept="text/x-diff")
    assert diff.headers["Content-Type"] == "text/x-diff; charset=utf-8"
    assert b"+++ b/new.txt\n" in diff.body
    assert b"+x = 1\n" in diff.body
    everything = api.get("/compare/...main").json
    assert everything["base"] is None
    assert {file["status"] for file in everything["files"]} == {"added"}
    assert b"--- /dev/null" in api.get("/compare/...main", Accept="text/x-diff").body
    assert api.get(f"/compare/{before}..main").problem == "bad-request"
    assert api.get(f"/compare/{before}").problem == "bad-request"


def test_a_diff_that_nobody_reads_is_left_out(api: Api) -> None:
    before = api.head
    api.plant(Put("large.txt", b"line\n" * 2**19), Put("other.txt", b"x\n"))
    files = {file["path"]: file for file in api.get(f"/compare/{before}...main").json["files"]}
    assert files["large.txt"]["added"] == 2**19
    assert files["large.txt"]["patch"] is None


@pytest.mark.parametrize(
    ("author", "message"),
    [
        (b"a\x1b[31m<script> <x@y> 1700000000 +0000", b"\x1b[31m<script>alert(1)</script>\x00after\xff\xfe"),
        (b"\xff\xfe <\xff> 99999999999 +0000", b"x" * 2**20),
        (b" <> 1 +9999", b""),
        (b"a <b> 1 -0000", b"\n\n\n"),
    ],
)
def test_git_24_what_a_commit_claims_is_shown_and_breaks_nothing(api: Api, author: bytes, message: bytes) -> None:
    repository = api.repository
    heads = [b"tree " + repository.root_of(api.head).encode(), b"parent " + api.head.encode()]
    lines = [*heads, b"author " + author, b"committer " + author]
    oid = str(repository.git.odb.write(ObjectType.COMMIT, b"\n".join(lines) + b"\n\n" + message))
    repository.git.references["refs/heads/main"].set_target(oid)
    for path in ("/commits", f"/commits/{oid}", "/services", f"/compare/{oid}...main"):
        answer = api.get(path)
        assert answer.status == 200, answer.body
        assert b"\x1b" not in answer.body
    assert len(api.get(f"/commits/{oid}").json["message"]) <= 65_536


def test_git_24_a_commit_that_cannot_be_read_is_not_there(api: Api) -> None:
    """A push of it is refused by git's own check; nothing of ours breaks on it all the same."""
    lines = [b"tree " + api.repository.root_of(api.head).encode(), b"author a <b> 99999999999999999999 +0000"]
    oid = str(api.repository.git.odb.write(ObjectType.COMMIT, b"\n".join(lines) + b"\n\nx"))
    for path in (f"/commits/{oid}", f"/compare/{oid}...main", f"/services/hello/files?ref={oid}"):
        assert api.get(path).problem == "not-found"


def test_git_25_names_that_nobody_should_choose_are_valid_json(api: Api) -> None:
    repository = api.repository
    before = api.head
    blob = str(repository.git.odb.write(ObjectType.BLOB, b"x\n"))
    names = [b"a\nb", b"\x1b[31m", "\u202e".encode(), b"\xff\xfe", b"..\\..\\x", b"CON", b"x" * 300]
    inner = str(
        repository.git.odb.write(
            ObjectType.TREE,
            b"".join(b"100644 %s\0%s" % (name, bytes.fromhex(blob)) for name in sorted([*names, b"service.yaml"])),
        )
    )
    outer = str(repository.git.odb.write(ObjectType.TREE, b"40000 hello\0" + bytes.fromhex(inner)))
    lines = [f"tree {outer}", f"parent {before}", "author a <b> 1700000000 +0000", "committer a <b> 1700000000 +0000"]
    oid = str(repository.git.odb.write(ObjectType.COMMIT, "\n".join([*lines, "", "odd\n"]).encode()))
    repository.git.references["refs/heads/main"].set_target(oid)
    listed = api.get("/services/hello/files")
    assert (listed.status, len(listed.json["items"])) == (200, len(names) + 1)
    compared = api.get(f"/compare/{before}...main")
    assert compared.status == 200
    assert b"\x1b" not in listed.body + compared.body
    assert api.get(f"/compare/{before}...main", Accept="text/x-diff").status == 200
    assert history.describe_commit(repository, oid)["services"] == ["hello"]
