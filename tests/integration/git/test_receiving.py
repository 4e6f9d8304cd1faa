"""How pushes are received: what git's own server does too, from clients that are odd, slow, late, or not git at all."""

from __future__ import annotations

import http.client
import subprocess
import threading
from base64 import b64encode
from pathlib import Path

import pygit2
import pytest

from core.repository import lock
from tests.integration.git.conftest import Clone, GitServer, Raw, make_clone, pkt, unpkt

MAIN, ZERO = "refs/heads/main", "0" * 40


def sound(server: GitServer) -> bool:
    """Is nothing missing, and nothing left of a push?"""
    path = server.repository("ta").path
    checked = subprocess.run(["git", "-C", path, "fsck", "--strict", "--no-dangling"], capture_output=True, text=True)
    return (checked.returncode, checked.stderr) == (0, "") and not list(path.glob("objects/tmp_*"))


def test_a_branch_is_made_moved_and_removed(server: GitServer, clone: Clone) -> None:
    first = clone.commit("first")
    assert clone.push("origin", "main:made").returncode == 0
    second = clone.commit("second")
    assert clone.push("origin", "main:made").returncode == 0
    assert server.repository("ta").read_ref("refs/heads/made") == second != first
    done = clone.push("origin", ":made")
    assert "[deleted]" in done.stderr
    assert server.repository("ta").read_ref("refs/heads/made") is None


def test_tags_of_both_kinds_and_several_references_at_once(server: GitServer, clone: Clone) -> None:
    clone.git("tag", "light-1")
    clone.git("tag", "-a", "-m", "annotated", "heavy-1")
    assert clone.push("origin", "--tags", "main:with-tags").returncode == 0
    found = server.repository("ta")
    assert found.read_ref("refs/tags/light-1") == server.head()
    assert found.read_ref("refs/tags/heavy-1") == clone.git("rev-parse", "heavy-1").stdout.strip()


def test_a_shallow_clone_pushes(server: GitServer, clone: Clone, tmp_path: Path) -> None:
    clone.commit("history")
    assert clone.push().returncode == 0
    address = server.address("ta")
    clone.git("clone", "-q", "--depth", "1", address, str(tmp_path / "shallow"))
    shallow = Clone(tmp_path / "shallow")
    sha = shallow.commit("from a shallow clone", **{"notes.txt": "x\n"})
    done = shallow.push("-o", "no-wait", "origin", "main")
    assert done.returncode == 0, done.stderr
    assert server.head() == sha
    assert sound(server)


def test_many_objects_stay_in_their_pack(server: GitServer, clone: Clone) -> None:
    path = server.repository("ta").path
    packs = len(list(path.glob("objects/pack/*.idx")))
    clone.commit("many", **{f"data/{number}.txt": f"{number}\n" for number in range(150)})
    assert clone.push().returncode == 0
    assert len(list(path.glob("objects/pack/*.idx"))) == packs + 1
    assert sound(server)


def test_of_two_that_push_on_the_same_commit_the_second_fetches_first(
    server: GitServer, clone: Clone, tmp_path: Path
) -> None:
    other = make_clone(server, tmp_path / "other", "ta")
    clone.commit("one")
    assert clone.push().returncode == 0
    other.commit("two")
    assert "rejected" in other.push().stderr


def test_a_reference_that_moves_while_a_push_is_judged_is_not_overwritten(server: GitServer, raw: Raw) -> None:
    before = server.head()
    tree = raw.tree((b"f", 0o100644, raw.blob()))
    mine = raw.commit(tree, before)
    _, text = raw.push([("5" * 40, mine, "refs/heads/elsewhere")], raw.pack(mine, tree, raw.blob()))
    assert "ng refs/heads/elsewhere fetch first" in text
    assert server.head() == before
    assert server.repository("ta").read_ref("refs/heads/elsewhere") is None


@pytest.mark.parametrize("missing", ["blob", "tree", "parent"])
def test_what_lacks_an_object_is_refused(server: GitServer, raw: Raw, missing: str) -> None:
    blob = raw.blob(missing.encode() + b" is not sent\n")
    tree = raw.tree((b"f", 0o100644, blob))
    parent = raw.commit(tree, server.head(), b"Old <old@example.org>")
    commit = raw.commit(tree, parent)
    objects = {"blob": blob, "tree": tree, "parent": parent}
    del objects[missing]
    _, text = raw.push([(ZERO, commit, "refs/heads/gap")], raw.pack(commit, *objects.values()))
    assert "ng refs/heads/gap" in text
    assert server.repository("ta").read_ref("refs/heads/gap") is None
    assert sound(server)


def test_what_is_said_to_be_there_and_is_not_is_refused(server: GitServer, raw: Raw) -> None:
    _, text = raw.push([(ZERO, "5" * 40, "refs/heads/nothing")], raw.pack())
    assert "ng refs/heads/nothing" in text
    _, text = raw.push([(server.head(), "5" * 40, MAIN)], raw.pack())
    assert f"ng {MAIN}" in text


def test_a_branch_leads_to_a_commit(server: GitServer, raw: Raw) -> None:
    tree = raw.tree((b"f", 0o100644, raw.blob()))
    _, text = raw.push([(ZERO, tree, "refs/heads/odd")], raw.pack(tree, raw.blob()))
    assert "a branch leads to a commit" in text
    assert "ng refs/heads/odd ref-not-allowed" in text


def test_a_reference_is_named_once(server: GitServer, raw: Raw) -> None:
    _, text = raw.push([(ZERO, server.head(), "refs/heads/twice")] * 2, raw.pack())
    assert "refs/heads/twice is named twice" in text


@pytest.mark.parametrize("ref", ["refs/internal/live/hello", "refs/replace/x", "HEAD"])
def test_what_may_not_be_pushed_may_not_be_removed(server: GitServer, raw: Raw, ref: str) -> None:
    git = pygit2.Repository(str(server.repository("ta").path))
    git.references.create("refs/internal/live/hello", server.head(), force=True)
    _, text = raw.push([(server.head(), ZERO, ref)], b"")
    assert "ref-not-allowed" in text
    assert server.repository("ta").live_refs() == {"hello": server.head()}


def test_a_probe_is_answered_with_nothing(raw: Raw) -> None:
    assert raw.post("git-receive-pack", b"0000") == (200, "")


@pytest.mark.parametrize("body", [b"", b"00", b"zzzz", b"0008push", pkt(b"what?") + b"0000", b"ffff"])
def test_what_is_no_request_is_refused_in_words(raw: Raw, body: bytes) -> None:
    status, text = raw.post("git-receive-pack", body)
    assert (status, text.partition(":")[0]) == (400, "this is not what a git client sends")


@pytest.mark.parametrize("pack", [b"", b"PACK", b"JUNK" + b"\0" * 28, b"PACK\0\0\0\2\0\0\0\1" + b"\xff" * 40])
def test_what_is_no_pack_is_refused(server: GitServer, raw: Raw, pack: bytes) -> None:
    _, text = raw.push([(ZERO, "5" * 40, "refs/heads/junk")], pack)
    assert "ng refs/heads/junk unpacker error" in text
    assert not text.startswith("unpack ok")
    assert sound(server)


def test_a_client_without_bands_gets_the_report_alone(server: GitServer, raw: Raw) -> None:
    line = f"{ZERO} {server.head()} refs/heads/plain\0report-status".encode()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    credential = b64encode(f"any:{server.tokens['ta/developer']}".encode()).decode()
    headers = {"Authorization": f"Basic {credential}"}
    connection.request("POST", "/git/ta.git/git-receive-pack", pkt(line) + b"0000" + raw.pack(), headers)
    said = connection.getresponse().read()
    connection.close()
    assert list(unpkt(said)) == [b"unpack ok\n", b"ok refs/heads/plain\n", b""]


def begin(server: GitServer, service: str, body: bytes, missing: int) -> http.client.HTTPConnection:
    """A request of which the last bytes do not come."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("POST", f"/git/ta.git/{service}")
    credential = b64encode(f"any:{server.tokens['ta/developer']}".encode()).decode()
    for name, value in {"Authorization": f"Basic {credential}", "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body[:-missing])
    return connection


def push_of(raw: Raw, ref: str, capabilities: str) -> bytes:
    """A push of one commit, as it is sent."""
    tree = raw.tree((b"f", 0o100644, raw.blob()))
    commit = raw.commit(tree, raw.server.head())
    line = f"{ZERO} {commit} {ref}\0{capabilities}".encode()
    return pkt(line) + b"0000" + raw.pack(commit, tree, raw.blob())


def test_a_client_that_goes_in_the_middle_leaves_nothing(server: GitServer, raw: Raw) -> None:
    begin(server, "git-receive-pack", push_of(raw, "refs/heads/gone", "report-status"), 30).close()
    with lock(server.repository("ta").path, exclusive=True):  # until the push has let go of it
        assert sound(server)
    assert server.repository("ta").read_ref("refs/heads/gone") is None


def test_a_client_that_stops_in_the_middle_is_not_waited_for_for_ever(
    server: GitServer, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.push.ARRIVAL_SECONDS", 0.3)
    body = push_of(raw, "refs/heads/slow", "report-status side-band-64k")
    connection = begin(server, "git-receive-pack", body, 30)
    said = connection.getresponse().read()
    connection.close()
    assert b"to arrive: push in parts" in said
    assert b"ng refs/heads/slow unpacker error" in said
    with lock(server.repository("ta").path, exclusive=True):
        assert sound(server)


def test_nor_is_one_that_asks_for_half_a_fetch(server: GitServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.git_http.ARRIVAL_SECONDS", 0.3)
    body = pkt(f"want {server.head()}\n".encode()) + b"0000" + pkt(b"done\n")
    connection = begin(server, "git-upload-pack", body, 5)
    assert connection.getresponse().read() == b""
    connection.close()


def test_a_push_waits_for_maintenance(server: GitServer, clone: Clone) -> None:
    sha = clone.commit("later")
    ends: list[int] = []
    pushing = threading.Thread(target=lambda: ends.append(clone.push().returncode))
    with lock(server.repository("ta").path, exclusive=True):
        pushing.start()
        pushing.join(0.3)
        assert not ends
    pushing.join(30)
    assert ends == [0]
    assert server.head() == sha
