"""RL-05: files of a repository that were cut short, by a power cut or a bad disk. Each is read in a process of its own,
for what libgit2 makes of them may be that it never comes back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.commit import Author, Draft, Put, create
from core.errors import NotFound, RetryLater
from core.object_files import Damaged, find_damaged_pack, read_loose
from core.repository import Repository

ROOT = Path(__file__).parents[3]
Git = Callable[..., str]
ANA = Author("Ana", "ana@example.org")

# Everything that reads, on a fresh instance each; prints what each raised, "" for nothing.
READERS = """
import contextlib, json, sys
from pathlib import Path
from core import history
from core.commit import Author, Draft, Put, create, merge_operations, merge_texts
from core.errors import Conflict, RetryLater
from core.repository import Repository

path, first, second, tag, file = Path(sys.argv[1]), *sys.argv[2:6]
ana = Author("Ana", "ana@example.org")


def save(repo, text, base=None):
    draft = Draft(repo, repo.root_of(repo.head()))
    operations = [Put("hello/handler.py", text)]
    if base is None:
        draft.apply(operations[0])
    else:
        merge_operations(draft, repo, repo.root_of(base), operations)
    create(repo, draft, repo.head(), "m\\n", ana, ana)


READERS = {
    "head": lambda repo: repo.head(),
    "resolve": lambda repo: (repo.resolve("main"), repo.resolve(second)),
    "tag": lambda repo: repo.resolve("v1"),
    "walk": lambda repo: history.trace_services(repo, second),
    "ahead": lambda repo: (repo.is_ahead(second, of=first), repo.is_ahead(first, of=second)),
    "find": lambda repo: repo.blob(repo.find(repo.root_of(second), "hello/handler.py").oid),
    "size": lambda repo: repo.size(file),
    "log": lambda repo: history.list_commits(repo, second, service=None, limit=9),
    "compare": lambda repo: history.compare(repo, first, second),
    "patch": lambda repo: list(history.write_patch(repo, None, second)),
    "live": lambda repo: repo.live_refs(),
    "actor": lambda repo: history.actor_of(repo, second),
    "set live": lambda repo: history.set_live(repo, "hello", second),
    "merge": lambda repo: merge_texts(repo, b"1\\n2\\n3\\n", b"1\\n2\\n4\\n", b"0\\n2\\n3\\n"),
    "save": lambda repo: save(repo, b"class Handler: ...\\n"),
    "save what is there": lambda repo: save(repo, b"class Handler: pass\\n"),
    "merged save": lambda repo: save(repo, b"1\\n2\\n", first),
}
for length in map(int, sys.argv[6].split(",")):
    target = Path(sys.argv[7])
    whole = target.read_bytes()
    main = (path / "refs/heads/main").read_bytes() if (path / "refs/heads/main").exists() else None
    target.chmod(0o600)
    target.write_bytes(whole[:length])
    said = {}
    for name, read in READERS.items():
        try:
            with contextlib.suppress(Conflict):
                read(Repository(path))
            said[name] = ""
        except RetryLater as error:
            said[name] = "later" if path.name in error.cause or "written" in error.cause else error.cause
        except Exception as error:
            said[name] = repr(error)
        if main is not None and target != path / "refs/heads/main":
            (path / "refs/heads/main").write_bytes(main)
    target.write_bytes(whole)
    print(json.dumps([length, said]), flush=True)
"""


class Damaging:
    """A repository with two commits and a tag, and what is said of it while one of its files is cut short."""

    def __init__(self, repo: Repository, git: Git) -> None:
        self.repo, self.git = repo, git
        self.first = repo.resolve("main")
        draft = Draft(repo, repo.root_of(self.first))
        draft.apply(Put("hello/handler.py", b"1\n2\n3\n" + bytes(range(128, 256)) * 3))
        self.root = draft.root
        self.second = create(repo, draft, self.first, "Second\n", ANA, ANA)
        found = draft.find("hello/handler.py")
        assert found is not None
        self.blob = found.oid
        who = ("-c", "user.name=P", "-c", "user.email=p@x")
        git(repo.path, *who, "tag", "-a", "v1", "-m", "one", self.second)
        self.tag = git(repo.path, "rev-parse", "v1")

    def file(self, oid: str) -> Path:
        return self.repo.path / "objects" / oid[:2] / oid[2:]

    def cut(self, file: Path, *lengths: int) -> Iterator[dict[str, str]]:
        """What each reader says, for each length to which a file is cut; a reader that hangs fails the test."""
        given = [str(self.repo.path), self.first, self.second, self.tag, self.blob, ",".join(map(str, lengths))]
        done = subprocess.run(
            [sys.executable, "-c", READERS, *given, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=20
        )
        assert done.returncode == 0, (done.returncode, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [line[0] for line in lines] == list(lengths)
        for length, said in lines:
            assert set(said.values()) <= {"", "later"}, (length, said)
            yield said


@pytest.fixture
def damaging(repo: Repository, git: Git) -> Damaging:
    return Damaging(repo, git)


LENGTHS = (0, 1, 2, 3, 10, 20, 30, 40)


@pytest.mark.parametrize(
    ("what", "readers"),
    [
        ("second", {"resolve", "tag", "walk", "ahead", "find", "log", "compare", "patch", "save"}),
        ("first", {"ahead", "log", "compare", "merged save"}),
        ("root", {"walk", "find", "log", "compare", "patch", "save"}),
        ("blob", {"find", "compare", "patch", "merged save"}),
        ("tag", {"tag"}),
    ],
)
def test_rl_05_a_loose_object_that_is_cut_short_is_told_and_never_waited_for(
    damaging: Damaging, what: str, readers: set[str]
) -> None:
    file = damaging.file(getattr(damaging, what))
    lengths = [length for length in (*LENGTHS, file.stat().st_size - 1) if length < file.stat().st_size]

    for said in damaging.cut(file, *lengths):
        assert {name for name, outcome in said.items() if outcome == "later"} >= readers, said


def test_rl_05_a_damaged_object_is_not_taken_for_written(damaging: Damaging) -> None:
    """What is there is not written again: a save of the same bytes would be acknowledged, and lost."""
    old = damaging.git(damaging.repo.path, "rev-parse", f"{damaging.first}:hello/handler.py")

    for said in damaging.cut(damaging.file(old), 0, 1, 2, 10, 20):
        assert said["save what is there"] == "later"
        assert said["save"] == ""


def test_rl_05_a_merge_does_not_read_what_is_cut_short(damaging: Damaging) -> None:
    side = damaging.git(damaging.repo.path, "hash-object", "-w", "--stdin", given=b"1\n2\n4\n")

    for said in damaging.cut(damaging.file(side), 2, 10):
        assert said["merge"] == "later"


@pytest.mark.parametrize("ending", [".pack", ".idx"])
def test_rl_05_a_pack_or_its_index_that_is_cut_short_is_nobodys_wish(damaging: Damaging, ending: str) -> None:
    """Not found would say that the tenant removed it."""
    path = damaging.repo.path
    damaging.git(path, "repack", "-a", "-d", "-q")
    (file,) = path.glob(f"objects/pack/*{ending}")
    size = file.stat().st_size

    for said in damaging.cut(file, 0, 1, 12, 40, size // 2, size - 20, size - 1):
        for reader in ("resolve", "walk", "find", "size", "log", "compare", "save", "ahead"):
            assert said[reader] == "later", (reader, said)


@pytest.mark.parametrize("length", [0, 1, 39])
def test_rl_05_a_reference_that_is_cut_short_is_told(damaging: Damaging, length: int) -> None:
    (said,) = damaging.cut(damaging.repo.path / "refs/heads/main", length)

    assert {"head", "resolve", "save"} <= {name for name, outcome in said.items() if outcome == "later"}


def test_rl_05_a_live_reference_that_is_cut_short_is_not_passed_over(damaging: Damaging) -> None:
    """Without it a fresh cluster would begin with the tip, whether or not that runs."""
    live = damaging.repo.path / "refs/internal/live/hello"
    live.parent.mkdir(parents=True)
    live.write_text(damaging.first + "\n")

    for said in damaging.cut(live, 0, 7):
        assert said["live"] == "later"


# -- the reader of loose objects ------------------------------------------------------------------------------------


@given(data=st.binary(max_size=400), at=st.integers(0, 10_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_loose_object_is_read_whole_or_not_at_all(repo: Repository, data: bytes, at: int) -> None:
    oid = str(repo.git.odb.write(3, data))
    directory, file = str(repo.path / "objects"), repo.path / "objects" / oid[:2] / oid[2:]
    assert read_loose(directory, oid) == (b"blob", data)

    whole = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(whole[: at % len(whole)])
    with pytest.raises(Damaged, match=oid[:12]):
        read_loose(directory, oid)
    file.write_bytes(whole + b"\0")
    with pytest.raises(Damaged):
        read_loose(directory, oid)
    file.unlink()
    assert read_loose(directory, oid) is None


def test_an_object_under_another_ones_name_is_damage(repo: Repository) -> None:
    one, other = (str(repo.git.odb.write(3, data)) for data in (b"one", b"other"))
    file = repo.path / "objects" / one[:2] / one[2:]
    file.chmod(0o600)
    file.write_bytes((repo.path / "objects" / other[:2] / other[2:]).read_bytes())

    with pytest.raises(RetryLater, match=r"r\.git"):
        repo.blob(one)


def test_whole_packs_and_packs_on_their_way_are_not_damage(damaging: Damaging) -> None:
    path = damaging.repo.path
    directory = str(path / "objects")
    damaging.git(path, "repack", "-a", "-d", "-q")
    assert find_damaged_pack(directory) is None
    (path / "objects/pack/pack-arriving.pack").write_bytes(b"PACK")
    assert find_damaged_pack(directory) is None
    with pytest.raises(NotFound):
        Repository(path).blob("0123456789" * 4)


def test_looking_at_a_small_object_first_costs_little(damaging: Damaging) -> None:
    """A sanity check of a hundred times what it takes: a few microseconds, once for each object."""
    repo, rounds = damaging.repo, 200
    began = time.perf_counter()
    for _ in range(rounds):
        read_loose(str(repo.path / "objects"), damaging.second)

    assert (time.perf_counter() - began) / rounds < 0.002
