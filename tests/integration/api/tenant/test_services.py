"""Services over HTTP: what there is, how it is doing, making one and removing one."""

from __future__ import annotations

import json

import pytest

from core import history
from core.commit import Delete, Put
from core.releases import Release
from tests.integration.api.tenant.conftest import Api, Server


def test_a_service_is_shown_with_its_tip(api: Api) -> None:
    answer = api.get("/services/hello")
    tree = api.repository.services(api.repository.root_of(api.head))["hello"]
    assert answer.headers["ETag"] == f'"{tree}"'
    shown = answer.json
    assert shown == {
        "name": "hello",
        "path": "hello",
        "tree": tree,
        "commit": api.head,
        "subject": "Start from the template",
        "author": {"name": "PaaKS", "email": "paaks@localhost"},
        "at": shown["at"],
        "public": True,
        "replicas": 1,
        "url": f"http://127.0.0.1:1/~{api.tenant.slug}/hello/",
        "status": shown["status"],
        "live": None,
        "release": None,
        "drift": None,
    }
    assert shown["status"]["state"] == "unknown"
    assert api.get("/services").json == {"head": api.head, "items": [shown]}


def test_how_many_pods_answer_is_said_on_request_and_null_without_a_cluster(api: Api) -> None:
    (listed,) = api.get("/services?ready=true").json["items"]
    assert listed == api.get("/services/hello?ready=1").json
    assert listed == {**api.get("/services/hello").json, "ready": None}
    assert "ready" not in api.get("/services?ready=false").json["items"][0]


def test_pods_without_a_cluster_are_the_platforms_fault(api: Api) -> None:
    assert api.get("/services/hello/pods").status == 503


def test_a_list_that_has_not_changed_is_not_sent_again(api: Api) -> None:
    first = api.get("/services")
    assert api.get("/services", If_None_Match=first.headers["ETag"]).status == 304
    api.hear("hello", "live")
    assert api.get("/services", If_None_Match=first.headers["ETag"]).status == 200


def test_a_service_is_doing_what_its_release_says(api: Api) -> None:
    api.hear("hello", "failed", reason="ImportError", sentence="It cannot start.", message="Traceback")
    shown = api.get("/services/hello").json
    assert shown["status"] == {
        "state": "failed",
        "reason": "ImportError",
        "sentence": "It cannot start.",
        "message": "Traceback",
    }
    assert shown["release"]["id"] == f"hello@{api.head}"


def test_what_is_stored_is_shown_where_nothing_was_heard(api: Api) -> None:
    tree = api.get("/services/hello").json["tree"]
    api.store(Release(api.tenant.id, "hello", api.head, tree, "live", created=1.0))
    assert api.get("/services/hello").json["status"]["state"] == "live"


def test_the_last_live_revision_is_what_git_keeps(api: Api) -> None:
    before = api.get("/services/hello").json
    history.set_live(api.repository, "hello", before["commit"])
    assert api.get("/services/hello").json["status"]["state"] == "live"
    api.plant(Put("hello/handler.py", b"x = 1\n"))
    shown = api.get("/services/hello").json
    assert shown["live"] == {"commit": before["commit"], "tree": before["tree"]}
    assert (shown["commit"], shown["status"]["state"]) == (api.head, "unknown")


def test_a_service_that_cannot_be_read_is_shown_all_the_same(api: Api) -> None:
    api.plant(Put("hello/service.yaml", b"replicas: [\n"))
    (shown,) = api.get("/services").json["items"]
    assert (shown["name"], shown["public"], shown["replicas"]) == ("hello", None, None)


def test_a_removal_that_is_held_is_shown_until_it_is_done(api: Api) -> None:
    live = api.head
    history.set_live(api.repository, "hello", live)
    gone = api.plant(Delete("hello"), Put("README.md", b"x"))
    assert api.get("/services").json["items"] == []
    api.hear("hello", "held", commit=gone)
    (shown,) = api.get("/services").json["items"]
    assert (shown["name"], shown["commit"], shown["status"]["state"]) == ("hello", live, "held")


@pytest.mark.parametrize("template", ["blank", "api"])
def test_a_service_is_made_by_one_commit_that_passes_the_check(api: Api, template: str) -> None:
    before = api.head
    answer = api.post("/services", name="notes", template=template)
    assert answer.status == 201
    commit = answer.json["commit"]
    assert (commit["subject"], commit["parents"], commit["sha"]) == ("Create notes", [before], api.head)
    assert [release["id"] for release in answer.json["releases"]] == [f"notes@{api.head}"]
    assert answer.headers["Location"] == f"{api.base}/services/notes"
    assert api.get("/services/notes").json["status"]["state"] == "pending"


@pytest.mark.parametrize(
    ("name", "slug", "status"),
    [
        ("hello", "name-taken", 409),
        ("admin", "name-reserved", 422),
        ("A b", "name-invalid", 422),
        ("../x", "name-invalid", 422),
    ],
)
def test_a_name_that_cannot_be_used_makes_nothing(api: Api, name: str, slug: str, status: int) -> None:
    before = api.head
    answer = api.post("/services", name=name)
    assert (answer.status, answer.problem, api.head) == (status, slug, before)


def test_a_directory_that_is_no_service_yet_is_not_overwritten(api: Api) -> None:
    api.plant(Put("docs/handler.py", b"x = 1\n"), Put("file", b"x"))
    assert api.post("/services", name="docs").problem == "name-taken"
    assert api.post("/services", name="file").problem == "name-taken"


def test_a_template_that_is_none_is_refused_with_its_place(api: Api) -> None:
    answer = api.post("/services", name="x", template="rails")
    assert (answer.status // 100, answer.json["errors"][0]["pointer"]) == (4, "/template")


def test_a_service_is_removed_by_one_commit(api: Api) -> None:
    answer = api.delete("/services/hello")
    assert (answer.status, answer.json["commit"]["subject"]) == (200, "Delete hello")
    assert answer.json["releases"][0]["id"] == f"hello@{api.head}"
    assert api.repository.services(api.repository.root_of(api.head)) == {}
    assert api.delete("/services/hello").problem == "not-found"


def test_a_service_that_has_changed_is_not_removed_unseen(api: Api) -> None:
    tag = api.get("/services/hello").headers["ETag"]
    before = api.plant(Put("hello/handler.py", b"x = 1\n"))
    assert api.delete("/services/hello", If_Match=tag).problem == "precondition-failed"
    assert api.head == before
    assert api.delete("/services/hello", If_Match=api.get("/services/hello").headers["ETag"]).status == 200


def test_of_a_service_at_the_root_only_the_descriptor_goes(api: Api) -> None:
    api.plant(Delete("hello"), Put("service.yaml", b"name: solo\n"), Put("handler.py", b"x = 1\n"))
    assert api.get("/services/solo").json["path"] == ""
    assert api.get("/services/solo/files/handler.py").body == b"x = 1\n"
    sha = api.get("/services/solo/files/handler.py").headers["ETag"]
    assert api.put("/services/solo/files/handler.py", b"x = 2\n", If_Match=sha).json["release"]["service"] == "solo"
    assert api.get("/services/other/files").problem == "not-found"
    assert api.get("/commits?service=solo").json["items"][0]["subject"] == "Update handler.py"
    assert api.delete("/services/solo").status == 200
    assert api.get("/services").json["items"] == []


def test_a_viewer_reads_and_a_stranger_finds_nothing(server: Server, api: Api) -> None:
    viewer = Api(server, api.tenant, server.allow(api.tenant, "viewer"))
    assert viewer.get("/services").status == 200
    for answer in (
        viewer.post("/services", name="x"),
        viewer.delete("/services/hello"),
        viewer.put("/services/hello/files/x", b"x", If_None_Match="*"),
        viewer.delete("/services/hello/files/handler.py", If_Match='"x"'),
        viewer.post("/changes", base=api.head, ops=[{"op": "delete", "path": "hello/handler.py"}]),
        viewer.post("/services/hello/rollback"),
        viewer.post(f"/commits/{api.head}/revert"),
        viewer.post("/reconcile"),
        viewer.post("/services/hello/reconcile"),
        viewer.post("/prune", commit=api.head),
    ):
        assert answer.problem == "forbidden"
    other = server.run(server.platform.tenants.create(api.tenant.slug + "x"))
    stranger = Api(server, api.tenant, server.allow(other, "admin"))
    for path in ("/services", "/services/hello/files", "/commits", "/releases", "/events", "/services/hello/logs"):
        assert stranger.get(path).problem == "not-found"
        assert Api(server, api.tenant, "nonsense").get(path).problem == "not-authenticated"
    assert json.loads(stranger.get("/services").body)["status"] == 404
