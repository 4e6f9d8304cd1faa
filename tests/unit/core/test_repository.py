"""The door to git, beside what the git program says of the same repository."""

from __future__ import annotations

import gc
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygit2.enums import ObjectType

from core import history, names, repository
from core.commit import format_tree, object_id
from core.errors import NotFound, Refused, RetryLater
from core.repository import Entry, Repository, parse_tree

Git = Callable[..., str]
MISSING = "0123456789" * 4


def count_descriptors() -> int:
    """How many are open; what other tests left to the garbage collector is closed first."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def commit_tree(repo: Repository, root: str, *parents: str) -> str:
    """A commit that no reference names."""
    who = pygit2.Signature("A", "a@b.c", 1_700_000_000, 0)
    return str(repo.git.create_commit(None, who, who, "m\n", root, list(parents)))


def write_blob(repo: Repository, data: bytes) -> str:
    """A blob."""
    return str(repo.git.odb.write(ObjectType.BLOB, data))


def write_tree(repo: Repository, *entries: tuple[bytes, int, str]) -> str:
    """A raw tree, as hostile as its entries."""
    data = format_tree([Entry(name, mode, oid, "tree" if mode == 0o040000 else "blob") for name, mode, oid in entries])
    return str(repo.git.odb.write(ObjectType.TREE, data))


# -- creation -------------------------------------------------------------------------------------------------------


def test_a_new_repository_is_one_that_git_likes(path: Path, git: Git) -> None:
    assert git(path, "fsck", "--strict", "--full") == ""
    assert git(path, "symbolic-ref", "HEAD") == names.MAIN
    assert git(path, "ls-tree", "-r", "--name-only", "main").split("\n") == [
        "README.md",
        "hello/handler.py",
        "hello/service.yaml",
    ]
    assert git(path, "log", "--format=%an %ae %s", "main") == "PaaKS paaks@localhost Start from the template"
    assert not (path / "hooks").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("core.fsync", "committed,reference"),
        ("gc.auto", "0"),
        ("receive.autogc", "false"),
        ("transfer.hideRefs", "refs/internal"),
        ("core.logAllRefUpdates", "always"),
    ],
)
def test_a_new_repository_is_configured(path: Path, git: Git, key: str, value: str) -> None:
    assert git(path, "config", "--file", str(path / "config"), key) == value


def test_executables_of_the_template_stay_executable(tmp_path: Path, git: Git) -> None:
    repository.create_repository(tmp_path / "r.git", {"a/run": (0o100755, b"#!/bin/sh\n")}, ("A", "a@b.c"))

    assert git(tmp_path / "r.git", "ls-tree", "main", "a/").startswith("100755 blob")


def test_what_is_no_repository_is_the_worlds_fault(tmp_path: Path) -> None:
    for wrong in (tmp_path, tmp_path / "missing"):
        with pytest.raises(RetryLater):
            Repository(wrong)


# -- references -----------------------------------------------------------------------------------------------------


def test_head_and_references(repo: Repository, git: Git) -> None:
    head = git(repo.path, "rev-parse", "main")
    git(repo.path, "branch", "feature/x", "main")

    assert repo.head() == head
    assert repo.read_ref("refs/heads/feature/x") == head
    assert repo.read_ref("refs/heads/feature") is None
    assert repo.read_ref("refs/heads/missing") is None
    assert repo.read_ref("refs/heads/main/x") is None
    git(repo.path, "update-ref", "-d", "refs/heads/main")
    assert repo.head() is None


@given(st.text(max_size=20) | st.text("/.refshadx@{}~^:\\ *[\0", max_size=20).map("refs/".__add__))
def test_any_name_is_a_reference_or_none(name: str) -> None:
    """One repository for all examples."""
    repo = _shared()
    assert repo.read_ref(name) in (None, repo.head())


_kept: list[Repository] = []


def _shared() -> Repository:
    assert _kept
    return _kept[0]


@pytest.fixture(autouse=True, scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The repository of the properties."""
    path = tmp_path_factory.mktemp("shared") / "r.git"
    repository.create_repository(path, {"hello/service.yaml": (0o100644, b"")}, ("A", "a@b.c"))
    _kept.append(Repository(path))


@pytest.mark.parametrize("name", ["main", "feature/x", "v1", "annotated"])
def test_what_a_caller_means_is_resolved_to_a_commit(repo: Repository, git: Git, name: str) -> None:
    git(repo.path, "branch", "feature/x", "main")
    git(repo.path, "tag", "v1", "main")
    who = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c"}
    git(repo.path, "tag", "-a", "-m", "m", "annotated", "main", **who)

    assert repo.resolve(name) == repo.head()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HEAD",
        "main~1",
        "main^{tree}",
        ":/x",
        "@{-1}",
        "refs/heads/main",
        "../x",
        "-x",
        "main\n",
        "a b",
        "main:README.md",
    ],
)
def test_the_syntax_of_git_is_not_interpreted(repo: Repository, text: str) -> None:
    with pytest.raises(Refused) as caught:
        repo.resolve(text)
    assert caught.value.problems[0].slug == "bad-request"


def test_what_is_no_commit_is_not_found(repo: Repository, git: Git) -> None:
    head = repo.head()
    assert head is not None
    git(repo.path, "tag", "to-a-tree", repo.root_of(head))
    for text in (MISSING, "missing", repo.root_of(head), "to-a-tree", head[:12]):
        with pytest.raises(NotFound):
            repo.resolve(text)
    with pytest.raises(NotFound):
        repo.commit(repo.root_of(head))


def test_live_references_come_and_go_and_clients_do_not_see_them(repo: Repository, git: Git) -> None:
    head = repo.head()
    assert head is not None
    history.set_live(repo, "hello", head)
    history.set_live(repo, "a-b", head)

    assert Repository(repo.path).live_refs() == {"hello": head, "a-b": head}
    assert "internal" not in git(repo.path, "upload-pack", "--advertise-refs", "--stateless-rpc", ".")
    newer = commit_tree(repo, repo.root_of(head), head)
    history.set_live(repo, "hello", newer)
    assert repo.live_refs()["hello"] == newer
    history.forget_live(repo, "hello")
    history.forget_live(repo, "hello")
    assert repo.live_refs() == {"a-b": head}


def test_live_references_survive_packing(repo: Repository) -> None:
    head = repo.head()
    assert head is not None
    history.set_live(repo, "hello", head)
    repository.maintain(repo.path)
    assert Repository(repo.path).live_refs() == {"hello": head}
    history.forget_live(repo, "hello")
    assert Repository(repo.path).live_refs() == {}


def test_a_live_reference_to_a_missing_commit_is_the_worlds_fault(repo: Repository) -> None:
    with pytest.raises(RetryLater):
        history.set_live(repo, "hello", MISSING)


# -- objects --------------------------------------------------------------------------------------------------------


def test_objects_are_read_as_git_reads_them(repo: Repository, git: Git) -> None:
    root = repo.root_of(repo.resolve("main"))
    listed = [f"{e.mode:06o} {e.kind} {e.oid}\t{e.name.decode()}" for e in repo.tree(root)]
    readme = repo.find(root, "README.md")
    assert readme is not None

    assert listed == git(repo.path, "ls-tree", root).split("\n")
    assert repo.blob(readme.oid) == b"# demo\n"
    assert repo.size(readme.oid) == 7
    assert repo.find(root, "hello/handler.py") is not None
    assert repo.find(root, "") == Entry(b"", 0o040000, root, "tree")
    for missing in ("hello/x", "README.md/x", "x", "hello/", "/hello", "hello//handler.py"):
        assert repo.find(root, missing) is None


@pytest.mark.parametrize("oid", [MISSING, "", "zz", "a" * 39, "A" * 41])
def test_a_missing_object_is_not_found(repo: Repository, oid: str) -> None:
    for read in (repo.tree, repo.blob, repo.size, repo.commit, repo.root_of):
        with pytest.raises(NotFound):
            read(oid)


@pytest.mark.parametrize("damage", [b"", b"x", b"garbage"])
def test_a_damaged_object_is_not_the_tenants_fault(repo: Repository, damage: bytes) -> None:
    """Not found would say that the tenant removed it, and what is removed in git is removed on the cluster."""
    root = repo.root_of(repo.resolve("main"))
    file = repo.path / "objects" / root[:2] / root[2:]
    file.chmod(0o600)
    file.write_bytes(damage)

    with pytest.raises(RetryLater):
        Repository(repo.path).tree(root)


def test_services_are_directories_with_a_descriptor(repo: Repository) -> None:
    blob = write_blob(repo, b"")
    service = write_tree(repo, (b"service.yaml", 0o100644, blob))
    plain = write_tree(repo, (b"handler.py", 0o100644, blob), (b"nested", 0o040000, service))
    root = write_tree(repo, (b"a", 0o040000, service), (b"b", 0o040000, plain), (b"c", 0o100644, blob))

    assert repo.services(root) == {"a": service}
    alone = write_tree(repo, (b"a", 0o040000, service), (b"service.yaml", 0o100644, blob))
    assert repo.services(alone) == {"": alone}
    assert repo.services(write_tree(repo)) == {}


@pytest.mark.parametrize(
    "name", [b"\xff\xfe", b"a\nb", "né".encode(), b"..", b".git", b"a\\b", b" ", b"\x1b[31m", b"x" * 4000]
)
def test_hostile_names_are_only_names(repo: Repository, name: bytes) -> None:
    blob = write_blob(repo, b"x")
    below = write_tree(repo, (b"service.yaml", 0o100644, blob))
    root = write_tree(repo, (name, 0o040000, below))

    assert [e.name for e in repo.tree(root)] == [name]
    assert list(repo.services(root).values()) == [below]


NAMES = st.binary(min_size=1, max_size=6).filter(lambda name: b"\0" not in name)
OIDS = st.binary(min_size=20, max_size=20).map(bytes.hex)


@given(
    st.dictionaries(
        NAMES, st.tuples(st.sampled_from([0o100644, 0o100755, 0o040000, 0o120000, 0o160000]), OIDS), max_size=6
    )
)
def test_a_tree_goes_out_and_comes_back(entries: dict[bytes, tuple[int, str]]) -> None:
    kinds = {0o040000: "tree", 0o160000: "commit"}
    listed = [Entry(name, mode, oid, kinds.get(mode, "blob")) for name, (mode, oid) in entries.items()]
    data = format_tree(listed)

    assert sorted(parse_tree(data), key=lambda e: e.name) == sorted(listed, key=lambda e: e.name)
    assert format_tree(parse_tree(data)) == data


SAFE = st.text("abAB.-_0 é", min_size=1, max_size=4).filter(lambda name: name.strip(" .") == name and name != "")


@given(st.dictionaries(SAFE, st.booleans(), min_size=1, max_size=8))
def test_trees_are_sorted_as_git_sorts_them(entries: dict[str, bool]) -> None:
    """`git mktree` is asked; it refuses what is not there, so the objects are in the shared repository."""
    repo = _shared()
    blob, empty = write_blob(repo, b""), write_tree(repo)
    listed = [
        Entry(
            name.encode(), 0o040000 if is_tree else 0o100644, empty if is_tree else blob, "tree" if is_tree else "blob"
        )
        for name, is_tree in entries.items()
    ]
    text = "".join(f"{e.mode:06o} {e.kind} {e.oid}\t{e.name.decode()}\0" for e in listed)
    argv = ["git", "-C", str(repo.path), "mktree", "-z"]
    made = subprocess.run(argv, input=text.encode(), capture_output=True, check=True).stdout.decode().strip()

    assert object_id("tree", format_tree(listed)) == made


def test_a_quarantine_is_seen_by_one_instance_alone(repo: Repository, tmp_path: Path) -> None:
    elsewhere = pygit2.init_repository(str(tmp_path / "q.git"), bare=True)
    oid = str(elsewhere.odb.write(ObjectType.BLOB, b"not yet accepted"))
    inside = Repository(repo.path, quarantine=str(tmp_path / "q.git" / "objects"))

    assert inside.blob(oid) == b"not yet accepted"
    with pytest.raises(NotFound):
        repo.blob(oid)


def test_what_was_written_after_opening_is_seen(repo: Repository, git: Git) -> None:
    oid = git(repo.path, "hash-object", "-w", "--stdin", given=b"later")
    assert repo.blob(oid) == b"later"
    git(repo.path, "repack", "-a", "-d", "-q")
    git(repo.path, "prune-packed", "-q")
    assert repo.head() is not None
    assert repo.tree(repo.root_of(repo.resolve("main")))


def test_opening_and_reading_leaves_no_descriptor_open(repo: Repository) -> None:
    def read() -> None:
        again = Repository(repo.path)
        again.services(again.root_of(again.resolve("main")))
        history.set_live(again, "hello", again.resolve("main"))
        again.live_refs()

    repository.maintain(repo.path)  # packs are mapped
    read()
    before = count_descriptors()
    for _ in range(20):
        read()
    assert count_descriptors() <= before + 2


# -- lock, sweep, maintenance ---------------------------------------------------------------------------------------


def try_lock(path: Path, *, exclusive: bool) -> bool:
    """Is the lock to be had right now?"""
    try:
        with repository.lock(path, exclusive=exclusive, wait=False):
            return True
    except BlockingIOError:
        return False


def test_writers_share_the_lock_and_maintenance_has_it_alone(path: Path) -> None:
    with repository.lock(path):
        assert try_lock(path, exclusive=False)
        assert not try_lock(path, exclusive=True)
    with repository.lock(path, exclusive=True):
        assert not try_lock(path, exclusive=False)
    assert try_lock(path, exclusive=True)


def test_the_lock_is_given_up_however_its_block_ends(path: Path) -> None:
    before = count_descriptors()
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), repository.lock(path, exclusive=True):
            raise ZeroDivisionError
    assert count_descriptors() <= before


def test_a_waiting_writer_gets_the_lock(path: Path) -> None:
    got = threading.Event()

    def wait() -> None:
        with repository.lock(path):
            got.set()

    with repository.lock(path, exclusive=True):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not got.wait(0.05)
    thread.join(5)
    assert got.is_set()


def test_the_sweep_removes_what_killed_writers_left_and_nothing_else(path: Path, git: Git) -> None:
    leftovers = [
        *("objects/tmp_objdir-incoming-x/pack/p", "objects/incoming-y/z", "objects/ab/tmp_obj_123456"),
        *("objects/tmp_object_git2_1b3c", "objects/pack/tmp_pack_aBcDeF", "objects/pack/tmp_idx_aBcDeF"),
        *("HEAD.lock", "config.lock", "packed-refs.lock", "refs/heads/main.lock", "refs/internal/live/hello.lock"),
    ]
    for leftover in leftovers:
        (path / leftover).parent.mkdir(parents=True, exist_ok=True)
        (path / leftover).write_bytes(b"x")
    with repository.lock(path):
        pass
    before = {p.relative_to(path) for p in path.rglob("*") if p.is_file()} - {Path(p) for p in leftovers}
    removed = repository.sweep(path)

    assert {p.relative_to(path) for p in path.rglob("*") if p.is_file()} == before
    assert len(removed) == len(leftovers)
    assert git(path, "fsck", "--strict", "--full") == ""
    assert repository.sweep(path) == []
    assert Repository(path).head() is not None


def test_the_sweep_waits_for_writers(path: Path) -> None:
    with repository.lock(path):
        (path / "refs/heads/main.lock").write_bytes(b"")
        thread = threading.Thread(target=repository.sweep, args=(path,))
        thread.start()
        thread.join(0.05)
        assert (path / "refs/heads/main.lock").exists()
    thread.join(5)
    assert not (path / "refs/heads/main.lock").exists()


def test_maintenance_packs_and_keeps_everything(repo: Repository, git: Git) -> None:
    head = repo.head()
    assert head is not None
    tip = head
    for n in range(repository.LOOSE_LIMIT // 2):
        tree = write_tree(repo, (b"f", 0o100644, write_blob(repo, b"%d" % n)))
        tip = commit_tree(repo, tree, tip)
    repo.git.references.create("refs/heads/main", pygit2.Oid(hex=tip), force=True)
    history.set_live(repo, "hello", head)
    commits = git(repo.path, "rev-list", "--all")
    assert repository.needs_maintenance(repo.path)
    repository.maintain(repo.path)

    assert not repository.needs_maintenance(repo.path)
    assert git(repo.path, "rev-list", "--all") == commits
    assert git(repo.path, "count-objects").startswith("0 objects")
    assert git(repo.path, "fsck", "--strict", "--full") == ""
    assert repo.head() == tip
    assert Repository(repo.path).live_refs() == {"hello": head}


def test_a_fresh_repository_needs_no_maintenance(path: Path) -> None:
    assert not repository.needs_maintenance(path)


def test_maintenance_prunes_what_nothing_has_named_for_a_day(repo: Repository) -> None:
    young, old = write_blob(repo, b"young"), write_blob(repo, b"old")
    file = repo.path / "objects" / old[:2] / old[2:]
    os.utime(file, (time.time() - 100_000,) * 2)
    repository.maintain(repo.path)

    again = Repository(repo.path)
    assert again.blob(young) == b"young"
    with pytest.raises(NotFound):
        again.blob(old)


def test_packs_do_not_pile_up(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "PACK_LIMIT", 3)
    for n in range(6):
        tip = commit_tree(repo, write_tree(repo, (b"f", 0o100644, write_blob(repo, b"%d" % n))), repo.resolve("main"))
        repo.git.references.create("refs/heads/main", pygit2.Oid(hex=tip), force=True)
        repository.maintain(repo.path)

    assert len(list(repo.path.glob("objects/pack/*.pack"))) <= 3
    assert Repository(repo.path).head() == tip


def test_directories_are_synced_where_they_are(tmp_path: Path) -> None:
    before = count_descriptors()
    repository.sync_directories(tmp_path, tmp_path / "missing")
    assert count_descriptors() <= before
