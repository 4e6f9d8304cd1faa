"""History beside a slow and simple reading of it; what commits claim, whoever wrote them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pygit2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pygit2.enums import ObjectType

from core import history, repository
from core.commit import format_tree
from core.history import Past, Wanted, trace_services
from core.repository import Entry, Repository

Git = Callable[..., str]
SERVICES = ("a", "b", "c")
# A history: for each commit its parents (counted from the newest before it) and what it sets services to (0: gone).
STEPS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 6), min_size=1, max_size=2),
        st.dictionaries(st.sampled_from(SERVICES), st.integers(0, 2), max_size=2),
    ),
    min_size=1,
    max_size=14,
)


@dataclass
class Maker:
    """Makes commits without references."""

    repo: Repository
    clock: int = 1_700_000_000

    def tree(self, *entries: tuple[bytes, int, str]) -> str:
        """A raw tree."""
        data = format_tree(
            [Entry(name, mode, oid, "tree" if mode == 0o040000 else "blob") for name, mode, oid in entries]
        )
        return str(self.repo.git.odb.write(ObjectType.TREE, data))

    def blob(self, data: bytes) -> str:
        """A blob."""
        return str(self.repo.git.odb.write(ObjectType.BLOB, data))

    def root(self, state: dict[str, int]) -> str:
        """A root tree with services at versions."""
        entries = []
        for service, version in state.items():
            files = [(b"service.yaml", 0o100644, self.blob(b"")), (b"v", 0o100644, self.blob(b"%d" % version))]
            entries.append((service.encode(), 0o040000, self.tree(*files)))
        return self.tree(*entries, (b"README", 0o100644, self.blob(b"")))

    def commit(self, root: str, *parents: str, message: str = "m\n") -> str:
        """A commit; each has another time, so that each is another."""
        self.clock += 1
        who = pygit2.Signature("A", "a@b.c", self.clock, 0)
        return str(self.repo.git.create_commit(None, who, who, message, root, list(parents)))


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """One repository for all histories."""
    path = tmp_path_factory.mktemp("history") / "r.git"
    repository.create_repository(path, {"x": (0o100644, b"x")}, ("A", "a@b.c"))
    return Maker(Repository(path))


def make(maker: Maker, steps: list[tuple[list[int], dict[str, int]]]) -> list[str]:
    """The commits of a history, oldest first; a merge takes its own state over, as merges do."""
    commits, states = [maker.commit(maker.root({"a": 1}))], [{"a": 1}]
    for back, changes in steps:
        parents = list(dict.fromkeys(max(0, len(commits) - 1 - n) for n in back))
        state = {s: v for s, v in (states[parents[0]] | changes).items() if v}
        commits.append(maker.commit(maker.root(state), *(commits[p] for p in parents)))
        states.append(state)
    return commits


def slowly(repo: Repository, head: str) -> dict[str, tuple[str, str]]:
    """What `trace_services` promises, read as it is written: the oldest commit since which the tree is the same."""
    line = [str(commit.id) for commit in history.first_parents(repo, head)]
    trees = [repo.services(repo.root_of(commit)) for commit in line]
    found = {}
    for service, tree in trees[0].items():
        same = 0
        while same + 1 < len(line) and trees[same + 1].get(service) == tree:
            same += 1
        found[service] = (tree, line[same])
    return found


@given(STEPS)
@example([([0], {"a": 2}), ([0], {"a": 1})])
@example([([0], {"a": 0}), ([0], {"a": 1})])
@example([([0], {"b": 1}), ([1], {"b": 2}), ([0, 1], {})])
def test_services_are_traced_to_the_commit_in_which_they_last_changed(
    maker: Maker, steps: list[tuple[list[int], dict[str, int]]]
) -> None:
    for head in make(maker, steps)[-3:]:
        assert trace_services(maker.repo, head) == Past(head, slowly(maker.repo, head))


@given(STEPS, st.integers(0, 14))
def test_a_walk_that_starts_from_what_is_known_comes_to_the_same(
    maker: Maker, steps: list[tuple[list[int], dict[str, int]]], place: int
) -> None:
    """Whatever is known: an ancestor, a commit of another branch, a younger one, the head itself."""
    commits = make(maker, steps)
    known = trace_services(maker.repo, commits[place % len(commits)])

    assert trace_services(maker.repo, commits[-1], known) == trace_services(maker.repo, commits[-1])


@given(STEPS, st.integers(0, 14))
def test_what_became_of_each_service_between_two_tips(
    maker: Maker, steps: list[tuple[list[int], dict[str, int]]], place: int
) -> None:
    commits = make(maker, steps)
    old, new = commits[place % len(commits)], commits[-1]
    before, after = (maker.repo.services(maker.repo.root_of(c)) for c in (old, new))
    found = history.find_changes(maker.repo, old, new)

    assert {s: what for s, (what, _, _) in found.items()} == history.changed_services(maker.repo, old, new)
    assert {s for s, (what, _, _) in found.items() if what == "created"} == after.keys() - before.keys()
    assert {s for s, (what, _, _) in found.items() if what == "removed"} == before.keys() - after.keys()
    line = [str(commit.id) for commit in history.first_parents(maker.repo, new)]
    for service, (what, tree, commit) in found.items():
        assert tree == after.get(service, "")
        assert commit in line
        if what == "removed" and old in line:
            assert service not in maker.repo.services(maker.repo.root_of(commit))


def test_a_removal_is_found_where_it_happened(maker: Maker) -> None:
    first = maker.commit(maker.root({"a": 1, "b": 1}))
    removal = maker.commit(maker.root({"a": 1}), first)
    head = maker.commit(maker.root({"a": 2}), removal)

    assert history.find_removal(maker.repo, head, "b") == removal
    assert history.find_removal(maker.repo, removal, "b") == removal
    assert history.find_removal(maker.repo, head, "a") == head


def test_a_log_has_only_what_is_wanted(maker: Maker) -> None:
    first = maker.commit(maker.root({"a": 1}), message="Round Totals\n\nFor cents\n")
    second = maker.commit(maker.root({"a": 1, "b": 1}), first)
    third = maker.commit(maker.root({"a": 2, "b": 1}), second)

    def find(wanted: Wanted, limit: int = 9) -> list[str]:
        entries, further = history.list_commits(maker.repo, third, service=None, limit=limit, wanted=wanted)
        assert (further is None) == (len(entries) < limit)
        return [str(entry["sha"]) for entry in entries]

    assert find(Wanted()) == find(Wanted(author="A@B")) == [third, second, first]
    assert find(Wanted(text="totals")) == find(Wanted(text="CENTS")) == find(Wanted(text=first[:8])) == [first]
    assert find(Wanted(path="a/v")) == find(Wanted(path="a")) == [third, first]
    assert find(Wanted(path="b"), limit=1) == [second]
    assert find(Wanted(among={first, second}, path="b")) == [second]
    assert find(Wanted(author="ben")) == find(Wanted(path="a/nothing")) == find(Wanted(among=())) == []


# -- what is shown --------------------------------------------------------------------------------------------------


def test_a_commit_is_described(repo: Repository, git: Git) -> None:
    head = repo.resolve("main")
    found = history.describe_commit(repo, head)

    assert found["sha"] == head
    assert found["subject"] == "Start from the template"
    assert found["author"] == {"name": "PaaKS", "email": "paaks@localhost"}
    assert found["parents"] == []
    assert found["services"] == ["hello"]
    assert found["at"].startswith(
        git(repo.path, "log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%S", "--format=%cd", TZ="UTC")
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"tree %s\nauthor \xff\xfe <\xff@x> 0 +0000\ncommitter a <b> 0 +0000\n\n\xff\xfe subject\n",
        b"tree %s\nauthor a <b> 99999999999999 +0000\ncommitter a <b> 99999999999999 +0000\n\nx",
        b"tree %s\nauthor a <b> -5 +9999\ncommitter a <b> -5 -9999\n\n",
        b"tree %s\nauthor  <> 0 +0000\ncommitter  <> 0 +0000\nencoding ISO-8859-1\n\n\xe4\n",
        b"tree %s\nauthor a <b> 0 +0000\ncommitter a <b> 0 +0000\ngpgsig x\n y\n\n" + b"s" * 100_000,
        b"tree %s\nauthor a <b> 0 +0000\ncommitter a <b> 0 +0000\n\n\x1b[31m\0red\n",
    ],
    ids=["latin", "future", "past", "nobody", "long", "escape"],
)
def test_a_hostile_commit_can_be_shown(repo: Repository, raw: bytes) -> None:
    oid = str(repo.git.odb.write(ObjectType.COMMIT, raw % repo.root_of(repo.resolve("main")).encode()))
    found = history.describe_commit(repo, oid)

    assert len(found["subject"]) <= 200
    assert len(found["message"]) <= 65_536
    assert found["at"].endswith("Z")
    found["message"].encode()
    found["author"]["name"].encode()


@pytest.mark.parametrize(
    "name", [b"\xff\xfe", b"a\nb", "né".encode(), b"a\\b", b" ", b"\x1b[31m", b'"', b"-x", b"a\tb"]
)
def test_a_hostile_file_name_can_be_shown_in_a_comparison(repo: Repository, name: bytes) -> None:
    maker = Maker(repo)
    old = repo.resolve("main")
    new = maker.commit(maker.tree((name, 0o100644, maker.blob(b"x\n"))), old)
    found = history.compare(repo, old, new)

    added = [file for file in found["files"] if file["status"] == "added"]
    assert [file["path"] for file in added] == [name.decode(errors="replace")]
    for file in found["files"]:
        file["path"].encode()
        (file["patch"] or "").encode()
    assert found["services"] == {"hello": "removed"}
    assert b"".join(history.write_patch(repo, old, new))


def test_a_patch_is_one_that_git_applies(repo: Repository, git: Git, tmp_path: Path) -> None:
    old = repo.resolve("main")
    maker = Maker(repo)
    hello = maker.tree(
        (b"handler.py", 0o100755, maker.blob("größe\n".encode())), (b"new", 0o100644, maker.blob(b"n\n"))
    )
    new = maker.commit(
        maker.tree((b"hello", 0o040000, hello), (b"README.md", 0o100644, maker.blob(b"# demo\nmore\n"))), old
    )
    patch = b"".join(history.write_patch(repo, old, new))
    where = {"GIT_DIR": str(repo.path), "GIT_INDEX_FILE": str(tmp_path / "index")}
    git(repo.path, "read-tree", old, **where)

    files = history.compare(repo, old, new)["files"]
    assert {file["path"] for file in files} == {"README.md", "hello/handler.py", "hello/new", "hello/service.yaml"}
    assert {f["path"]: (f["added"], f["removed"]) for f in files}["README.md"] == (1, 0)
    git(repo.path, "apply", "--cached", given=patch, **where)
    assert git(repo.path, "write-tree", **where) == repo.root_of(new)


def test_the_first_commit_is_compared_with_nothing(repo: Repository) -> None:
    found = history.compare(repo, None, repo.resolve("main"))

    assert {file["status"] for file in found["files"]} == {"added"}
    assert found["services"] == {"hello": "created"}


def test_large_patches_are_left_out(repo: Repository) -> None:
    maker = Maker(repo)
    old = repo.resolve("main")
    new = maker.commit(
        maker.tree((b"big", 0o100644, maker.blob(b"line\n" * 300_000)), (b"z", 0o100644, maker.blob(b"z\n"))), old
    )
    files = {file["path"]: file for file in history.compare(repo, old, new)["files"]}

    assert files["big"]["patch"] is None
    assert files["big"]["added"] == 300_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000.5, "2023-11-14T22:13:20.500Z"),
        (-1, "1969-12-31T23:59:59.000Z"),
        (1e18, "1970-01-01T00:00:00.000Z"),
        (float("nan"), "1970-01-01T00:00:00.000Z"),
        (float("inf"), "1970-01-01T00:00:00.000Z"),
    ],
)
def test_times(seconds: float, text: str) -> None:
    assert history.format_time(seconds) == text


@given(st.floats() | st.integers())
def test_any_time_can_be_shown(seconds: float) -> None:
    assert history.format_time(seconds).endswith("Z")
